// SPDX-License-Identifier: Apache-2.0
#include "tests/conformance/program_generator.h"

#include <algorithm>
#include <stdexcept>

namespace dspmem::test {
namespace {

const Instruction& row(Opcode opcode) { return instruction_table()[static_cast<std::size_t>(opcode)]; }

std::vector<Opcode> choose(bool (*wanted)(Opcode)) {
  std::vector<Opcode> chosen;
  for (std::size_t i = 0; i + 1 < opcode_count; ++i)
    if (wanted(static_cast<Opcode>(i))) chosen.push_back(static_cast<Opcode>(i));
  return chosen;
}

bool one_of(Opcode opcode, std::initializer_list<Opcode> list) {
  for (const Opcode each : list)
    if (each == opcode) return true;
  return false;
}

constexpr std::uint32_t bits(std::uint32_t value, unsigned low, unsigned count) {
  return (value & ((1u << count) - 1)) << low;
}

std::set<Opcode> all_from(Opcode first, Opcode last) {
  std::set<Opcode> all;
  for (auto number = static_cast<std::size_t>(first); number <= static_cast<std::size_t>(last); ++number)
    all.insert(static_cast<Opcode>(number));
  return all;
}

}  // namespace

/// What has generators of its own.
std::set<Opcode> options() {
  std::set<Opcode> all = ProgramGenerator::exclusive_access();
  all.merge(ProgramGenerator::mac16());
  all.merge(ProgramGenerator::floating_point());
  return all;
}

std::set<Opcode> ProgramGenerator::exclusive_access() { return all_from(Opcode::l32ex, Opcode::clrex); }
std::set<Opcode> ProgramGenerator::without_effect() { return all_from(Opcode::witlb, Opcode::wer); }
std::set<Opcode> ProgramGenerator::mac16() { return all_from(Opcode::umul_aa, Opcode::lddec); }
std::set<Opcode> ProgramGenerator::floating_point() { return all_from(Opcode::add_s, Opcode::ssxp); }

ProgramGenerator::ProgramGenerator(std::uint64_t seed, std::uint32_t origin, const std::set<Opcode>& left_out)
    : random_(seed), origin_(origin), has_mac16_(!left_out.contains(Opcode::umul_aa)),
      has_floating_point_(!left_out.contains(Opcode::add_s)) {
  straight_ = choose([](Opcode opcode) {
    const InstructionKind kind = row(opcode).kind;
    return (kind == InstructionKind::alu || kind == InstructionKind::multiply || kind == InstructionKind::barrier) &&
           !one_of(opcode, {Opcode::rsr, Opcode::rur, Opcode::wur});
  });
  branches_ = choose([](Opcode opcode) { return row(opcode).kind == InstructionKind::branch; });
  for (std::vector<Opcode>* choices : {&straight_, &branches_})
    std::erase_if(*choices, [&left_out, optional = options()](Opcode opcode) {
      return left_out.contains(opcode) || optional.contains(opcode);
    });
}

std::uint32_t ProgramGenerator::any_value() {
  switch (random_.below(6)) {
    case 0: return static_cast<std::uint32_t>(random_.below(40));
    case 1: return static_cast<std::uint32_t>(0 - random_.below(40));
    case 2: return 1u << random_.below(32);
    case 3: return (1u << random_.below(32)) - 1;
    default: return static_cast<std::uint32_t>(random_.next());
  }
}

void ProgramGenerator::emit(Opcode opcode, std::uint32_t word) {
  ++emitted_[static_cast<std::size_t>(opcode)];
  const std::uint32_t length = instruction_length(word);
  for (std::uint32_t byte = 0; byte < length; ++byte) code_.push_back(word >> 8 * byte & 0xff);
}

void ProgramGenerator::emit_fields(Opcode opcode, std::uint32_t r, std::uint32_t s, std::uint32_t t,
                                   std::uint32_t imm8) {
  const Instruction& instruction = row(opcode);
  const std::uint32_t fields = bits(imm8, 16, 8) | r << 12 | s << 8 | t << 4;
  emit(opcode, instruction.match | (fields & ~instruction.mask));
}

void ProgramGenerator::movi(std::uint32_t target, std::int32_t value) {
  const auto number = static_cast<std::uint32_t>(value);
  emit(Opcode::movi, row(Opcode::movi).match | bits(number, 16, 8) | bits(number >> 8, 8, 4) | target << 4);
}

void ProgramGenerator::align4() {
  while (code_.size() % 4) code_.push_back(0);
}

/// Places a word in the code, with a jump over it, and returns its address.
std::uint32_t ProgramGenerator::place_literal(std::uint32_t value) {
  const std::uint32_t jump = here();
  emit(Opcode::j, row(Opcode::j).match);
  align4();
  const std::uint32_t address = here();
  for (unsigned byte = 0; byte < 4; ++byte) code_.push_back(value >> 8 * byte & 0xff);
  set_target(jump, Opcode::j, here());
  return address;
}

/// Returns the literal's address, for values that are known only later.
std::uint32_t ProgramGenerator::load_literal(std::uint32_t target, std::uint32_t value) {
  const std::uint32_t literal = place_literal(value);
  const std::uint32_t offset = (literal - ((here() + 3) & ~3u)) >> 2;
  emit(Opcode::l32r, row(Opcode::l32r).match | bits(offset, 8, 16) | target << 4);
  return literal;
}

void ProgramGenerator::patch_literal(std::uint32_t literal, std::uint32_t value) {
  for (unsigned byte = 0; byte < 4; ++byte) code_[literal - origin_ + byte] = value >> 8 * byte & 0xff;
}

/// Points the branch, jump, call or loop at `at` to `target`.
void ProgramGenerator::set_target(std::uint32_t at, Opcode opcode, std::uint32_t target) {
  const std::uint32_t relative = target - at - 4;
  std::uint32_t field = 0;
  const std::uint32_t match = row(opcode).match;
  if (opcode == Opcode::j) {
    field = bits(relative, 6, 18);
  } else if (opcode == Opcode::call0) {
    field = bits((target - (at & ~3u) - 4) >> 2, 6, 18);
  } else if (one_of(opcode, {Opcode::beqz, Opcode::bnez, Opcode::bltz, Opcode::bgez})) {
    field = bits(relative, 12, 12);
  } else if ((match & 0xf) == 0xc) {
    field = bits(relative >> 4, 4, 2) | bits(relative, 12, 4);
  } else {
    field = bits(relative, 16, 8);
  }
  for (unsigned byte = 0; byte < instruction_length(match); ++byte)
    code_[at - origin_ + byte] |= field >> 8 * byte & 0xff;
}

void ProgramGenerator::random_straight() {
  const Opcode opcode = straight_[random_.below(straight_.size())];
  const Instruction& instruction = row(opcode);
  // QEMU 7.2 shifts right by 0 where SSL or SSA8B left 32 in SAR; the manual says 32. Keep to what both agree on.
  const bool right = one_of(opcode, {Opcode::srl, Opcode::sra});
  if (right || (opcode == Opcode::sll && random_.below(2))) {
    // Translated code makes one of the two, unless something comes between them that may change the register.
    const std::uint32_t count = any_register();
    emit_fields(right ? Opcode::ssr : Opcode::ssl, 0, count, 0);
    if (random_.below(2)) movi(count, static_cast<std::int32_t>(random_.below(4096)) - 2048);
  }
  auto word = static_cast<std::uint32_t>(random_.next());
  const unsigned used = instruction.format->reads | instruction.format->writes;
  const struct { unsigned field, shift; } fields[] = {{field_r, 12}, {field_s, 8}, {field_t, 4}};
  for (const auto& each : fields)
    if (used & each.field) word = (word & ~(0xfu << each.shift)) | any_register() << each.shift;
  // Groups of booleans begin at multiples of their size.
  if (one_of(opcode, {Opcode::any4, Opcode::all4})) word &= ~(3u << 8);
  if (one_of(opcode, {Opcode::any8, Opcode::all8})) word &= ~(7u << 8);
  emit(opcode, instruction.match | (word & ~instruction.mask & 0xffffff));
}

void ProgramGenerator::random_memory() {
  static const std::vector<Opcode> choices = choose([](Opcode opcode) {
    const InstructionKind kind = row(opcode).kind;
    return (kind == InstructionKind::load || kind == InstructionKind::store ||
            kind == InstructionKind::synchronising) &&
           !one_of(opcode, {Opcode::l32r, Opcode::l32e, Opcode::s32e}) && !options().contains(opcode);
  });
  const Opcode opcode = choices[random_.below(choices.size())];
  if (opcode == Opcode::s32c1i) {
    // Half of them compare with what is there.
    const std::uint32_t value = any_register(), slot = static_cast<std::uint32_t>(random_.below(256));
    if (random_.below(2)) emit_fields(Opcode::l32i, 0, scratch_register, value, slot);
    emit_fields(Opcode::wsr, 0, special::scompare1, value);
    emit_fields(Opcode::s32c1i, 0, scratch_register, any_register(), slot);
    return;
  }
  const auto imm8 = static_cast<std::uint32_t>(random_.below(256));
  emit_fields(opcode, imm8 & 0xf, scratch_register, any_register(), imm8);
}

void ProgramGenerator::random_branch() {
  const Opcode opcode = branches_[random_.below(branches_.size())];
  const Instruction& instruction = row(opcode);
  const std::uint32_t at = here();
  std::uint32_t word = instruction.match | (any_register() << 8 & ~instruction.mask);
  const bool wide = (instruction.match & 0xf) != 0xc;
  const bool field12 = one_of(opcode, {Opcode::beqz, Opcode::bnez, Opcode::bltz, Opcode::bgez});
  if (wide && !field12) {
    word |= static_cast<std::uint32_t>(random_.below(16)) << 12 & ~instruction.mask & 0xf000;
    const bool register_t = instruction.format->reads & field_t;
    word |=
        (register_t ? any_register() : static_cast<std::uint32_t>(random_.below(16))) << 4 & ~instruction.mask & 0xf0;
  }
  emit(opcode, word);
  for (std::uint64_t skipped = 1 + random_.below(3); skipped; --skipped) random_straight();
  set_target(at, opcode, here());
}

void ProgramGenerator::random_loop() {
  static const std::vector<Opcode> choices =
      choose([](Opcode opcode) { return row(opcode).kind == InstructionKind::loop_; });
  const Opcode opcode = choices[random_.below(choices.size())];
  const std::uint32_t counter = any_register();
  const std::int32_t count = opcode == Opcode::loop      ? 1 + static_cast<std::int32_t>(random_.below(4))
                             : opcode == Opcode::loopnez ? static_cast<std::int32_t>(random_.below(4))
                                                         : static_cast<std::int32_t>(random_.below(6)) - 2;
  movi(counter, count);
  const std::uint32_t at = here();
  emit_fields(opcode, 0, counter, 0);
  for (std::uint64_t body = 1 + random_.below(4); body; --body) {
    if (random_.below(4) == 0) random_memory();
    else random_straight();
  }
  random_straight();  // never end a loop with what random_memory() may have ended in: a write of special state
  set_target(at, opcode, here());
}

void ProgramGenerator::random_call() {
  const std::uint32_t over = here();
  emit(Opcode::j, row(Opcode::j).match);
  align4();
  const std::uint32_t function = here();
  const std::uint32_t saved = 1 + static_cast<std::uint32_t>(random_.below(free_registers - 1));
  emit_fields(Opcode::mov_n, 0, 0, saved);
  for (std::uint64_t body = random_.below(3); body; --body) random_memory();
  emit_fields(Opcode::mov_n, 0, saved, 0);
  const std::uint32_t literal = load_literal(0, 0);
  const Opcode back = random_.below(2) ? Opcode::ret : Opcode::ret_n;
  emit(back, row(back).match);
  set_target(over, Opcode::j, here());
  std::uint32_t return_address;
  if (random_.below(2)) {
    const std::uint32_t at = here();
    emit(Opcode::call0, row(Opcode::call0).match);
    set_target(at, Opcode::call0, function);
    return_address = here();
  } else {
    const std::uint32_t pointer = any_register();
    load_literal(pointer, function);
    emit_fields(Opcode::callx0, 0, pointer, 0);
    return_address = here();
  }
  patch_literal(literal, return_address);
}

void ProgramGenerator::random_jump() {
  const std::uint32_t pointer = any_register();
  const auto kind = random_.below(3);
  const std::uint32_t literal = load_literal(pointer, 0);
  if (kind == 0) {
    emit_fields(Opcode::jx, 0, pointer, 0);
  } else if (kind == 1) {
    emit_fields(Opcode::wsr, special::epc1 >> 4, special::epc1 & 0xf, pointer);
    emit(Opcode::rfe, row(Opcode::rfe).match);
  } else {
    const std::uint32_t state = any_register();
    emit_fields(Opcode::wsr, special::epc2 >> 4, special::epc2 & 0xf, pointer);
    emit_fields(Opcode::rsr, special::ps >> 4, special::ps & 0xf, state);
    emit_fields(Opcode::wsr, special::eps2 >> 4, special::eps2 & 0xf, state);
    emit_fields(Opcode::rfi, 0, 2, 0);
  }
  random_straight();  // skipped
  patch_literal(literal, here());
}

void ProgramGenerator::random_state() {
  static constexpr std::uint8_t registers[] = {special::scompare1, special::epc1, special::excsave1, special::excvaddr,
                                               special::depc};
  const std::uint8_t number = registers[random_.below(std::size(registers))];
  const std::uint32_t value = any_register();
  switch (random_.below(6)) {
    case 0: emit_fields(Opcode::rsr, number >> 4, number & 0xf, value); break;
    case 1: emit_fields(Opcode::wsr, number >> 4, number & 0xf, value); break;
    case 2: emit_fields(Opcode::xsr, number >> 4, number & 0xf, value); break;
    case 3: emit_fields(Opcode::rsil, 0, static_cast<std::uint32_t>(random_.below(16)), value); break;
    case 4:
      movi(value, static_cast<std::int32_t>(random_.below(33)));
      emit_fields(Opcode::wsr, 0, special::sar, value);
      break;
    default: emit(Opcode::isync, row(Opcode::isync).match); break;
  }
}

void ProgramGenerator::random_divide() {
  static const std::vector<Opcode> choices =
      choose([](Opcode opcode) { return row(opcode).kind == InstructionKind::divide; });
  const std::uint32_t divisor = any_register();
  std::uint32_t value = any_value();
  if (value == 0) value = ~0u;
  load_literal(divisor, value);
  emit_fields(choices[random_.below(choices.size())], any_register(), any_register(), divisor);
}

/// Operations that lose no data. Dirty lines are written back before they are invalidated.
void ProgramGenerator::random_cache() {
  const auto imm8 = static_cast<std::uint32_t>(random_.below(256));
  const auto line = static_cast<std::uint32_t>(random_.below(16));
  static constexpr Opcode simple[] = {Opcode::dhwb,  Opcode::dhwbi, Opcode::dpfr, Opcode::dpfw, Opcode::dpfro,
                                      Opcode::dpfwo, Opcode::ipf,   Opcode::ihi,  Opcode::iii};
  switch (random_.below(4)) {
    case 0:
      emit_fields(Opcode::dhwb, 0, scratch_register, 0, imm8);
      emit_fields(Opcode::dhi, 0, scratch_register, 0, imm8);
      break;
    case 1:
      if (random_.below(2)) {
        emit_fields(Opcode::dpfl, 0, scratch_register, 0, line << 4);
        emit_fields(Opcode::dhu, 0, scratch_register, 0, line << 4);
      } else {
        emit_fields(Opcode::ipfl, 0, scratch_register, 0, line << 4);
        emit_fields(Opcode::ihu, 0, scratch_register, 0, line << 4);
      }
      break;
    case 2: {
      static constexpr Opcode by_index[] = {Opcode::diwb, Opcode::diwbi, Opcode::diu, Opcode::iiu};
      const Opcode indexed = by_index[random_.below(std::size(by_index))];
      emit_fields(indexed, 0, scratch_register, 0, line << 4);
      break;
    }
    default: {
      const Opcode opcode = simple[random_.below(std::size(simple))];
      emit_fields(opcode, 0, scratch_register, 0, imm8);
      break;
    }
  }
}

/// Sets ACC and M0 to M3, multiplies a few times, and has the result in two registers.
void ProgramGenerator::random_mac16() {
  static const std::set<Opcode> all = mac16();
  static const std::vector<Opcode> choices(all.begin(), all.end());
  const auto special = [this](Opcode opcode, std::uint32_t number, std::uint32_t value) {
    emit_fields(opcode, number >> 4, number & 0xf, value);
  };
  special(Opcode::wsr, special::acclo, any_register());
  special(Opcode::wsr, special::acchi, any_register());
  for (std::uint32_t number = 0; number < 4; ++number) special(Opcode::wsr, special::m0 + number, any_register());
  const std::uint32_t pointer = any_register();
  emit_fields(Opcode::addi, 0, scratch_register, pointer, 64);
  for (std::uint64_t count = 1 + random_.below(6); count; --count) {
    const Opcode opcode = choices[random_.below(choices.size())];
    const Instruction& instruction = row(opcode);
    auto word = static_cast<std::uint32_t>(random_.next());
    if (instruction.format->reads & field_t) word = (word & ~0xf0u) | any_register() << 4;
    word = (word & ~0xf00u) | (instruction.kind == InstructionKind::load ? pointer : any_register()) << 8;
    emit(opcode, instruction.match | (word & ~instruction.mask & 0xffffff));
  }
  special(Opcode::rsr, special::acclo, any_register());
  special(Opcode::rsr, special::acchi, any_register());
  special(Opcode::rsr, special::m0 + static_cast<std::uint32_t>(random_.below(4)), any_register());
}

/// A few instructions on floating-point registers, with operands of all kinds, and one of these in a register.
void ProgramGenerator::random_floating_point() {
  static const std::set<Opcode> all = floating_point();
  static const std::vector<Opcode> choices(all.begin(), all.end());
  const auto any = [this] { return static_cast<std::uint32_t>(random_.below(16)); };
  for (int operand = 0; operand < 3; ++operand) {
    // Numbers of like size half of the time: sums are then no copies.
    const std::uint32_t source = any_register();
    if (random_.below(2)) load_literal(source, 0x3f000000u + static_cast<std::uint32_t>(random_.next() & 0x83ffffff));
    else if (random_.below(4) == 0) load_literal(source, static_cast<std::uint32_t>(random_.next() & 0x807fffff));
    emit_fields(Opcode::wfr, any(), source, 0);
  }
  if (random_.below(8) == 0) {  // FCR: how to round
    const std::uint32_t mode = any_register();
    movi(mode, static_cast<std::int32_t>(random_.below(4)));
    emit(Opcode::wur, row(Opcode::wur).match | (user::first + user::fcr) << 8 | mode << 4);
  }
  for (std::uint64_t count = 1 + random_.below(5); count; --count) {
    const Opcode opcode = choices[random_.below(choices.size())];
    const Instruction& instruction = row(opcode);
    auto word = static_cast<std::uint32_t>(random_.next());
    if (accesses_data(instruction.kind)) {
      const std::uint32_t pointer = any_register();
      emit_fields(Opcode::mov_n, 0, scratch_register, pointer);
      word = (word & ~0xf00u) | pointer << 8;
      if (instruction.format->reads & field_t) {
        const std::uint32_t index = (pointer + 1) % free_registers;
        movi(index, 4 * static_cast<std::int32_t>(random_.below(256)));
        word = (word & ~0xf0u) | index << 4;
      }
    } else {
      if (instruction.format->reads & field_s) word = (word & ~0xf00u) | any_register() << 8;
      if (instruction.format->reads & field_t) word = (word & ~0xf0u) | any_register() << 4;
      if (instruction.format->writes & field_r) word = (word & ~0xf000u) | any_register() << 12;
    }
    emit(opcode, instruction.match | (word & ~instruction.mask & 0xffffff));
  }
  for (int result = 0; result < 2; ++result) { emit_fields(Opcode::rfr, any_register(), any(), 0); }
}

void ProgramGenerator::sequence(bool first) {
  for (std::uint32_t target = 0; target < free_registers; ++target) {
    if (first || random_.below(3)) load_literal(target, any_value());
  }
  for (std::uint64_t count = 4 + random_.below(9); count; --count) {
    if (has_mac16_ && random_.below(8) == 0) random_mac16();
    if (has_floating_point_ && random_.below(4) == 0) random_floating_point();
    switch (random_.below(16)) {
      case 0:
      case 1: random_branch(); break;
      case 2: random_loop(); break;
      case 3: random_call(); break;
      case 4: random_jump(); break;
      case 5: random_state(); break;
      case 6: random_divide(); break;
      case 7: random_cache(); break;
      case 8:
      case 9:
      case 10: random_memory(); break;
      default: random_straight(); break;
    }
  }
  for (std::uint32_t source = 0; source < free_registers; ++source)
    emit_fields(Opcode::s32i, 0, results_register, source, source);
  for (const auto& [number, slot] :
       {std::pair<std::uint32_t, std::uint32_t>{special::sar, 14}, {special::lcount, 15}}) {
    emit_fields(Opcode::rsr, 0, number, 0);
    emit_fields(Opcode::s32i, 0, results_register, 0, slot);
  }
  emit_fields(Opcode::addi, 0, results_register, results_register, result_bytes);
}

void ProgramGenerator::prologue(std::uint32_t scratch_address) {
  load_literal(results_register, results_address_);
  load_literal(scratch_register, scratch_address);
  movi(2, 0x15);
  emit_fields(Opcode::wsr, special::atomctl >> 4, special::atomctl & 0xf, 2);
  movi(2, 0xf);  // EXCM off: it disables loops
  emit_fields(Opcode::wsr, special::ps >> 4, special::ps & 0xf, 2);
  emit(Opcode::isync, row(Opcode::isync).match);
  if (has_floating_point_) {
    movi(2, 0xff);
    emit_fields(Opcode::wsr, special::cpenable >> 4, special::cpenable & 0xf, 2);
    emit(Opcode::rsync, row(Opcode::rsync).match);
    movi(2, 0);
    for (std::uint32_t number = 0; number < 16; ++number)
      emit(Opcode::wfr, row(Opcode::wfr).match | number << 12 | 2 << 8);
  }
  for (const std::uint8_t number :
       {special::scompare1, special::epc1, special::excsave1, special::excvaddr, special::depc}) {
    movi(2, number);
    emit_fields(Opcode::wsr, number >> 4, number & 0xf, 2);
  }
}

void ProgramGenerator::epilogue(unsigned sequences) {
  // write(1, results, all of them and the scratch memory behind), then exit(0)
  const std::uint32_t bytes = sequences * result_bytes + scratch_bytes;
  constexpr std::uint32_t chunk = 1 << 16;
  for (std::uint32_t offset = 0; offset < bytes; offset += chunk) {
    movi(2, 4);
    movi(3, 1);
    load_literal(4, results_address_ + offset);
    load_literal(5, std::min(chunk, bytes - offset));
    emit(Opcode::simcall, row(Opcode::simcall).match);
  }
  movi(2, 1);
  movi(3, 0);
  emit(Opcode::simcall, row(Opcode::simcall).match);
}

std::vector<std::uint8_t> ProgramGenerator::generate(unsigned sequences) {
  code_.clear();
  constexpr std::uint32_t program_bytes_limit = 48 << 20;
  results_address_ = origin_ + program_bytes_limit;
  prologue(results_address_ + sequences * result_bytes);
  for (unsigned index = 0; index < sequences; ++index) sequence(index == 0);
  epilogue(sequences);
  if (code_.size() > program_bytes_limit) throw std::runtime_error("too many sequences");
  return code_;
}

}  // namespace dspmem::test
