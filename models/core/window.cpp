// SPDX-License-Identifier: Apache-2.0
// The Windowed Register Option: a window of 16 registers moves over 32 or 64 physical ones by quads, once for each
// call. Names and pseudocode are those of the Xtensa Instruction Set Architecture reference manual.
//
// a_ is a copy of what the window shows, which goes back into physical_ when the window moves: no instruction pays for
// windows but those that move them. While a frame that is not saved yet lies ahead within reach (window_room_ <
// most_room), horizon_ is 0: every block stops at its head, where at_horizon() compares the registers that it uses with
// the room there is.
#include "models/core/core.h"

#include <bit>
#include <string>

namespace dspmem {
namespace {

constexpr std::uint32_t registers_per_quad = 4;
constexpr std::uint32_t address_mask = 0x3fffffff;  // of a return address: the two bits above are the window increment
constexpr unsigned increment_shift = 30;
// Where a frame's registers are saved (ISA manual, windowed procedure-call protocol): a0 to a3 below the stack pointer
// of the frame that it called; the others below that of the frame that called it, with four words between.
constexpr std::uint32_t base_save_bytes = 16;
constexpr std::uint32_t stack_pointer = 1;
constexpr std::uint32_t saved_stack_pointer = base_save_bytes - 4 * stack_pointer;
constexpr std::uint32_t extra_save_bytes(std::uint32_t quads) { return base_save_bytes * quads; }

constexpr std::uint32_t overflow_vector(std::uint32_t quads) { return (quads - 1) * 0x80; }
constexpr std::uint32_t underflow_vector(std::uint32_t quads) { return (quads - 1) * 0x80 + 0x40; }

}  // namespace

void Core::move_window(std::uint32_t quads) { show_window(quads, sr_[special::windowstart]); }

void Core::show_window(std::uint32_t quads, std::uint32_t starts) {
  constexpr std::uint32_t shown = 4;  // quads
  const std::uint32_t base = sr_[special::windowbase], moved = (base + quads) & quad_mask_;
  const auto is_whole = [this](std::uint32_t first) { return first + shown <= quad_mask_ + 1; };
  if (is_whole(base)) {
    std::copy_n(a_.data(), shown * registers_per_quad, &physical_[base * registers_per_quad]);
  } else {
    for (std::uint32_t quad = 0; quad < shown; ++quad)
      std::copy_n(&a_[quad * registers_per_quad], registers_per_quad,
                  &physical_[((base + quad) & quad_mask_) * registers_per_quad]);
  }
  if (is_whole(moved)) {
    std::copy_n(&physical_[moved * registers_per_quad], shown * registers_per_quad, a_.data());
  } else {
    for (std::uint32_t quad = 0; quad < shown; ++quad)
      std::copy_n(&physical_[((moved + quad) & quad_mask_) * registers_per_quad], registers_per_quad,
                  &a_[quad * registers_per_quad]);
  }
  sr_[special::windowbase] = moved;
  sr_[special::windowstart] = starts & ((2u << quad_mask_) - 1);
  measure_room();
}

void Core::write_windowstart(std::uint32_t value) {
  sr_[special::windowstart] = value & ((2u << quad_mask_) - 1);
  measure_room();
}

void Core::measure_room() {
  const bool checked = (sr_[special::ps] & (ps::woe | ps::excm)) == ps::woe;
  const std::uint32_t ahead = frames_from(1);
  const std::uint32_t room = checked && ahead ? static_cast<std::uint32_t>(std::countr_zero(ahead)) : most_room;
  const std::uint32_t before = std::exchange(window_room_, room);
  if (before != window_room_) stop_at(stop_);
}

void Core::push_window_call(unsigned increment, std::uint32_t callee, std::uint32_t return_address) {
  sr_[special::ps] = (sr_[special::ps] & ~ps::callinc) | increment << ps::callinc_shift;
  a_[registers_per_quad * increment] = increment << increment_shift | (return_address & address_mask);
  push_frame(callee, return_address);
}

std::uint32_t Core::enter_window(unsigned stack_register, std::uint32_t frame_bytes) {
  if (stack_register > 3 || (sr_[special::ps] & (ps::woe | ps::excm)) != ps::woe)
    fault(FaultCause::illegal_instruction, "ENTRY while register windows are off (PS.WOE)");
  const std::uint32_t increment = (sr_[special::ps] & ps::callinc) >> ps::callinc_shift;
  if (increment > window_room_) return save_frame(current_pc());
  const std::uint32_t moved = a_[stack_register] - frame_bytes;
  const std::uint32_t next = after_block(*block_);
  show_window(increment, sr_[special::windowstart] | 1u << ((sr_[special::windowbase] + increment) & quad_mask_));
  a_[stack_register] = moved;
  return next;
}

std::uint32_t Core::return_from_window() {
  const std::uint32_t pc = current_pc();
  const std::uint32_t increment = a_[0] >> increment_shift;
  // How many quads behind the nearest frame begins; 4 for none within reach.
  const std::uint32_t behind = frames_from(0u - most_room);  // bit 2 is the nearest
  const std::uint32_t frame = 4 - static_cast<std::uint32_t>(std::bit_width(behind));
  if ((sr_[special::ps] & (ps::woe | ps::excm)) != ps::woe)
    fault(FaultCause::illegal_instruction, "RETW while register windows are off (PS.WOE)");
  if (increment == 0 || (frame < 4 && frame != increment))
    fault(FaultCause::illegal_instruction,
          "RETW with a return address that no CALL4, CALL8 or CALL12 of the frame before left in a0: " +
              std::to_string(a_[0]));
  if (frame == 4) return restore_frame(pc, increment);
  const bool from_simulator = (a_[0] & address_mask) == (trap_address & address_mask);
  const std::uint32_t to = from_simulator ? trap_address : (pc & ~address_mask) | (a_[0] & address_mask);
  pop_frame(to);  // observers find the result in the function's own registers
  show_window(0 - increment, sr_[special::windowstart] & ~(1u << sr_[special::windowbase]));
  return to;
}

std::uint32_t Core::return_from_window_handler(bool underflow) {
  const std::uint32_t here = 1u << sr_[special::windowbase];
  write_windowstart(underflow ? sr_[special::windowstart] | here : sr_[special::windowstart] & ~here);
  move_window(((sr_[special::ps] & ps::owb) >> ps::owb_shift) - sr_[special::windowbase]);
  sr_[special::ps] &= ~ps::excm;
  apply_ps();
  if (interrupt_pending()) stop_at(0);
  return sr_[special::epc1];
}

std::uint32_t Core::move_stack_pointer(unsigned target, unsigned source) {
  if (!frame_begins_at(0u - 1) && !frame_begins_at(0u - 2) && !frame_begins_at(0u - 3)) {
    // The caller's frame is saved below this frame's stack pointer, which is about to move.
    if (config_.window_vectors) return take_exception(cause_alloca, current_pc());
    return restore_frame(current_pc(), a_[0] >> increment_shift);
  }
  a_[target] = a_[source];
  return after_block(*block_);
}

// ---- Overflow and underflow ---------------------------------------------------------------------

std::uint32_t Core::enter_window_vector(std::uint32_t vector, std::uint32_t pc, std::uint32_t quads) {
  sr_[special::ps] = (sr_[special::ps] & ~ps::owb) | sr_[special::windowbase] << ps::owb_shift | ps::excm;
  sr_[special::epc1] = pc;
  move_window(quads);
  apply_ps();
  return sr_[special::vecbase] + vector;
}

/// Overflow: the nearest frame ahead gives way to the instruction at `pc`.
std::uint32_t Core::save_frame(std::uint32_t pc) {
  const std::uint32_t ahead = window_room_ + 1;
  std::uint32_t quads = 1;
  while (quads < 3 && !frame_begins_at(ahead + quads)) ++quads;
  if (config_.window_vectors) return enter_window_vector(overflow_vector(quads), pc, ahead);

  move_window(ahead);
  const std::uint32_t callee_stack = a_[registers_per_quad * quads + stack_pointer];
  for (std::uint32_t number = 0; number < registers_per_quad; ++number)
    store(callee_stack - base_save_bytes + 4 * number, a_[number], 4);
  if (quads > 1) {
    const std::uint32_t caller_stack = load(a_[stack_pointer] - saved_stack_pointer, 4) - extra_save_bytes(quads);
    for (std::uint32_t number = registers_per_quad; number < registers_per_quad * quads; ++number)
      store(caller_stack + 4 * (number - registers_per_quad), a_[number], 4);
  }
  write_windowstart(sr_[special::windowstart] & ~(1u << sr_[special::windowbase]));
  move_window(0 - ahead);
  advance(config_.timing.window_exception_cycles);
  return pc;
}

/// Underflow: the frame that a RETW at `pc` returns to is brought back.
std::uint32_t Core::restore_frame(std::uint32_t pc, std::uint32_t increment) {
  if (config_.window_vectors) return enter_window_vector(underflow_vector(increment), pc, 0 - increment);

  move_window(0 - increment);
  const std::uint32_t callee_stack = a_[registers_per_quad * increment + stack_pointer];
  for (std::uint32_t number = 0; number < registers_per_quad; ++number)
    a_[number] = load(callee_stack - base_save_bytes + 4 * number, 4);
  if (increment > 1) {
    const std::uint32_t caller_stack = load(a_[stack_pointer] - saved_stack_pointer, 4) - extra_save_bytes(increment);
    for (std::uint32_t number = registers_per_quad; number < registers_per_quad * increment; ++number)
      a_[number] = load(caller_stack + 4 * (number - registers_per_quad), 4);
  }
  write_windowstart(sr_[special::windowstart] | 1u << sr_[special::windowbase]);
  move_window(increment);
  advance(config_.timing.window_exception_cycles);
  return pc;
}

/// The block uses registers of a frame that is not saved yet: executes what comes before the first instruction that
/// does, and saves the frame.
bool Core::make_room(Block& block) {
  std::size_t first = 0;
  while (block.quads_used[first] <= window_room_) ++first;
  const std::uint32_t pc = block.pc + block.offsets[first];
  if (first) {
    fetch_block(block);
    if (blocks_.clear_pending()) return true;
    const auto data_accesses = [&block](std::size_t from) {
      std::uint64_t count = 0;
      for (std::size_t index = from; index < block.counts.instructions; ++index)
        count += accesses_data(instruction_table()[static_cast<std::size_t>(block.ops[index].opcode)].kind);
      return count;
    };
    cycles_ += block.cycles;
    counts_.instructions += block.counts.instructions;
    counts_.data_accesses += block.counts.data_accesses;
    block_ = &block;
    for (std::size_t index = 0; index < first; ++index) {
      op_ = block.ops + index;
      step();
    }
    block_ = nullptr;
    cycles_ -= block.cycles - block.cycles_before[first];
    counts_.instructions -= block.counts.instructions - first;
    counts_.data_accesses -= data_accesses(first);
  }
  pc_ = pc;
  pc_ = save_frame(pc);
  return true;
}

}  // namespace dspmem
