// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/window_program.h"

#include <stdexcept>

namespace dspmem::test {
namespace {

constexpr std::uint32_t stack_offset = 0x2000000, vectors_offset = 0x400, program_bytes_limit = 16 << 20;
constexpr std::uint32_t results = 2;  // the register of the outermost frame that says where they go

const Instruction& row(Opcode opcode) { return instruction_table()[static_cast<std::size_t>(opcode)]; }

}  // namespace

/// Overflow and underflow handlers as the ISA manual gives them for frames of 4, 8 and 12 registers.
void WindowProgram::handler(unsigned quads, bool overflow) {
  const Opcode move = overflow ? Opcode::s32e : Opcode::l32e;
  const std::uint32_t callee_stack = 4 * quads + 1, last = 4 * quads - 1;
  const auto transfer = [this](Opcode opcode, std::uint32_t value, std::uint32_t pointer, std::int32_t offset) {
    emit_fields(opcode, static_cast<std::uint32_t>(offset + 64) / 4, pointer, value);
  };
  const std::uint32_t chain = overflow ? 0 : last;  // the register that holds the caller's stack pointer meanwhile
  transfer(move, 0, callee_stack, -16);
  if (overflow && quads > 1) transfer(Opcode::l32e, chain, 1, -12);
  transfer(move, 1, callee_stack, -12);
  transfer(move, 2, callee_stack, -8);
  if (!overflow && quads > 1) transfer(Opcode::l32e, chain, 1, -12);
  transfer(move, 3, callee_stack, -4);
  for (std::uint32_t number = 4; number <= last; ++number)
    transfer(move, number, chain,
             -16 - 16 * static_cast<std::int32_t>(quads - 1) + 4 * static_cast<std::int32_t>(number - 4));
  const Opcode back = overflow ? Opcode::rfwo : Opcode::rfwu;
  emit(back, row(back).match);
}

void WindowProgram::vectors() {
  for (unsigned quads = 1; quads <= 3; ++quads)
    for (const bool overflow : {true, false}) {
      while ((here() - origin_ - vectors_offset) % 0x40 || here() < origin_ + vectors_offset) code_.push_back(0);
      handler(quads, overflow);
    }
}

/// Folds registers a2 to a[registers - 1] into one of them.
void WindowProgram::mix(std::uint32_t accumulator, unsigned registers) {
  for (std::uint32_t number = 2; number < registers; ++number) {
    if (number == accumulator) continue;
    emit_fields(Opcode::addx2, accumulator, accumulator, number);
    if (random_.below(2)) emit_fields(Opcode::xor_, number, number, accumulator);
  }
}

/// Calls a function with the argument that a register holds. Returns by how many quads the window moved; the result is
/// behind them.
unsigned WindowProgram::call(std::uint32_t target, std::uint32_t argument) {
  const auto increment = 1 + static_cast<unsigned>(random_.below(3));
  static constexpr Opcode near[] = {Opcode::call4, Opcode::call8, Opcode::call12},
                          far[] = {Opcode::callx4, Opcode::callx8, Opcode::callx12};
  emit_fields(Opcode::mov_n, 0, argument, 4 * increment + 2);
  emit_fields(Opcode::addi, 0, argument, 4 * increment + 3, static_cast<std::uint32_t>(random_.below(256)));
  if (random_.below(2)) {
    const std::uint32_t offset = (target - (here() & ~3u) - 4) >> 2 & 0x3ffff;
    emit(near[increment - 1], row(near[increment - 1]).match | offset << 6);
  } else {
    const std::uint32_t pointer = 4 * increment;
    load_literal(pointer, target);
    emit_fields(far[increment - 1], 0, pointer, 0);
  }
  return increment;
}

/// A function of two arguments, with those that it calls before it. Returns its address.
std::uint32_t WindowProgram::function(unsigned depth) {
  std::vector<std::uint32_t> callees;
  if (depth) callees.push_back(function(depth - 1));
  if (depth && random_.below(4) == 0) callees.push_back(function(static_cast<unsigned>(random_.below(2))));
  align4();
  const std::uint32_t address = here();
  // Room for the registers of a frame that calls with CALL12, and some for its own.
  const std::uint32_t frame = 48 + 16 * static_cast<std::uint32_t>(random_.below(4));
  emit(Opcode::entry, row(Opcode::entry).match | 1 << 8 | frame / 8 << 12);
  unsigned registers = 4;  // a2 to a[registers - 1] hold something
  for (const std::uint32_t callee : callees) {
    if (options_.moves_stack && random_.below(8) == 0) {
      emit_fields(Opcode::addi, 0, 1, 3, 0x100 - 16 * (1 + static_cast<std::uint32_t>(random_.below(7))));
      emit_fields(Opcode::movsp, 0, 3, 1);
    }
    const auto more = 4 + static_cast<unsigned>(random_.below(13));
    for (; registers < more && registers < 16; ++registers)
      movi(registers, static_cast<std::int32_t>(random_.below(4096)) - 2048);
    mix(2, registers);
    if (options_.shows_windows && random_.below(4) == 0) {
      emit_fields(Opcode::rsr, special::windowstart >> 4, special::windowstart & 0xf, 3);
      emit_fields(Opcode::xor_, 2, 2, 3);
    }
    const unsigned increment = call(callee, 2);
    registers = 4;
    if (increment == 1) emit_fields(Opcode::mov_n, 0, 6, 3);
    else emit_fields(Opcode::xor_, 3, 2, 4 * increment + 2);
    mix(2, registers);
  }
  for (const auto more = 4 + static_cast<unsigned>(random_.below(13)); registers < more && registers < 16; ++registers)
    movi(registers, static_cast<std::int32_t>(random_.below(4096)) - 2048);
  mix(2, registers);
  if (options_.shows_windows) {
    emit_fields(Opcode::rsr, special::windowbase >> 4, special::windowbase & 0xf, 3);
    emit_fields(Opcode::add, 2, 2, 3);
  }
  const Opcode back = random_.below(2) ? Opcode::retw : Opcode::retw_n;
  emit(back, row(back).match);
  return address;
}

void WindowProgram::sequence() {
  const std::uint32_t over = here();
  emit(Opcode::j, row(Opcode::j).match);
  const std::uint32_t top = function(1 + static_cast<unsigned>(random_.below(40)));
  set_target(over, Opcode::j, here());
  load_literal(3, any_value());
  const unsigned increment = call(top, 3);
  emit_fields(Opcode::s32i, 0, results, 4 * increment + 2, 0);
  emit_fields(Opcode::s32i, 0, results, 1, 1);
  std::uint32_t slot = 2;
  for (const std::uint8_t number : {special::windowbase, special::windowstart}) {
    if (options_.shows_windows) emit_fields(Opcode::rsr, number >> 4, number & 0xf, 4);
    else movi(4, 0);
    emit_fields(Opcode::s32i, 0, results, 4, slot++);
  }
  emit_fields(Opcode::s32i, 0, results, 3, 4);
  emit_fields(Opcode::addi, 0, results, results, result_bytes);
}

std::vector<std::uint8_t> WindowProgram::generate(unsigned sequences) {
  code_.clear();
  results_address_ = origin_ + program_bytes_limit;
  const std::uint32_t over = here();
  emit(Opcode::j, row(Opcode::j).match);
  vectors();
  set_target(over, Opcode::j, here());
  load_literal(2, origin_ + vectors_offset);
  emit_fields(Opcode::wsr, special::vecbase >> 4, special::vecbase & 0xf, 2);
  movi(2, 0);
  emit_fields(Opcode::wsr, special::windowbase >> 4, special::windowbase & 0xf, 2);
  movi(2, 1);
  emit_fields(Opcode::wsr, special::windowstart >> 4, special::windowstart & 0xf, 2);
  load_literal(2, ps::woe | 0xf);
  emit_fields(Opcode::wsr, special::ps >> 4, special::ps & 0xf, 2);
  emit(Opcode::rsync, row(Opcode::rsync).match);
  load_literal(1, origin_ + stack_offset - 4096);
  // The frame before the outermost: where the registers of the outermost go is found through its stack pointer.
  load_literal(2, origin_ + stack_offset);
  emit_fields(Opcode::s32e, (64 - 12) / 4, 1, 2);
  load_literal(results, results_address_);
  for (unsigned index = 0; index < sequences; ++index) sequence();
  const std::uint32_t bytes = sequences * result_bytes;
  movi(2, 4);
  movi(3, 1);
  load_literal(4, results_address_);
  load_literal(5, bytes);
  emit(Opcode::simcall, row(Opcode::simcall).match);
  movi(2, 1);
  movi(3, 0);
  emit(Opcode::simcall, row(Opcode::simcall).match);
  if (code_.size() > program_bytes_limit) throw std::runtime_error("too many sequences");
  return code_;
}

}  // namespace dspmem::test
