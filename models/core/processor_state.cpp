// SPDX-License-Identifier: Apache-2.0
// Special registers, privilege, interrupts and exceptions.
#include "models/core/core.h"

#include <cstdio>
#include <string>

namespace dspmem {

namespace {

/// Special registers that hold what was written and nothing more.
bool plain_register(std::uint32_t number) {
  using namespace special;
  switch (number) {
    case lbeg:
    case lcount:
    case litbase:
    case br:
    case acclo:
    case acchi:
    case windowbase:
    case windowstart:
    case scompare1:
    case memctl:
    case atomctl:
    case configid0:
    case configid1:
    case depc:
    case cpenable:
    case intenable:
    case vecbase:
    case exccause:
    case debugcause:
    case excvaddr:
    case ccompare0:
    case special::ps:
    case lend: return true;
    // Of debugging, protection and error reporting, which is not modelled: start-up code clears them.
    case prefctl:
    case ptevaddr:
    case rasid:
    case itlbcfg:
    case dtlbcfg:
    case eraccess:
    case ibreakenable:
    case cacheattr:
    case ddr:
    case icount:
    case icountlevel: return true;
    default:
      if ((number >= mepc && number < mepc + 6) || (number >= ibreaka0 && number < ibreaka0 + 2) ||
          (number >= dbreaka0 && number < dbreaka0 + 2) || (number >= dbreakc0 && number < dbreakc0 + 2) ||
          (number >= ccompare0 && number < ccompare0 + 3))
        return true;
      return (number >= epc1 && number < epc1 + 7) || (number >= eps2 && number < eps2 + 6) ||
             (number >= excsave1 && number < excsave1 + 7) || (number >= misc0 && number < misc0 + 4) ||
             (number >= m0 && number < m0 + 4);
  }
}

}  // namespace

std::uint32_t Core::read_special(std::uint32_t number) {
  switch (number) {
    case special::sar: return sar_;
    case special::ccount: return static_cast<std::uint32_t>(now());
    case special::prid:
    case special::interrupt: return sr_[number];
    default: break;
  }
  if (!plain_register(number))
    fault(FaultCause::illegal_instruction, "special register " + std::to_string(number) + " does not exist");
  return sr_[number];
}

void Core::write_special(std::uint32_t number, std::uint32_t value) {
  switch (number) {
    case special::sar: sar_ = value & 63; return;
    case special::interrupt: sr_[special::interrupt] |= value; break;  // INTSET
    case special::intclear: sr_[special::interrupt] &= ~value; break;
    case special::lend:
      sr_[number] = value;
      if (blocks_.add_loop_end(value)) blocks_.request_clear();
      return;
    case special::br: sr_[number] = value & 0xffff; return;
    case special::acchi: sr_[number] = static_cast<std::uint32_t>(static_cast<std::int8_t>(value)); return;  // 8 bits
    case special::windowbase: move_window(value - sr_[number]); return;
    case special::windowstart: write_windowstart(value); return;
    case special::ccount: return;  // the cycle counter is shared with the reports and runs on
    default:
      if (!plain_register(number))
        fault(FaultCause::illegal_instruction, "special register " + std::to_string(number) + " does not exist");
      sr_[number] = value;
  }
  if (number == special::ps) apply_ps();
  if (interrupt_pending()) stop_at(0);
}

std::uint32_t Core::exchange_special(std::uint32_t number, std::uint32_t value) {
  const std::uint32_t old = read_special(number);
  write_special(number, value);
  return old;
}

std::uint32_t Core::read_user(std::uint32_t number) {
  if (number - user::first >= user::count)
    fault(FaultCause::illegal_instruction, "user register " + std::to_string(number) + " does not exist");
  return user_[number - user::first];
}

void Core::write_user(std::uint32_t number, std::uint32_t value) {
  if (number - user::first >= user::count)
    fault(FaultCause::illegal_instruction, "user register " + std::to_string(number) + " does not exist");
  user_[number - user::first] = value;
}

void Core::accumulate(Accumulate what, std::uint32_t x, std::uint32_t y, std::uint32_t halves) {
  const std::uint32_t left = (halves & 1 ? x >> 16 : x) & 0xffff, right = (halves & 2 ? y >> 16 : y) & 0xffff;
  const std::int64_t product = std::int64_t{static_cast<std::int16_t>(left)} * static_cast<std::int16_t>(right);
  const auto sum = static_cast<std::int64_t>(std::uint64_t{sr_[special::acchi]} << 32 | sr_[special::acclo]);
  std::int64_t result = 0;
  switch (what) {
    case Accumulate::set_unsigned: result = std::int64_t{left} * right; break;
    case Accumulate::set: result = product; break;
    case Accumulate::add: result = sum + product; break;
    case Accumulate::subtract: result = sum - product; break;
  }
  sr_[special::acclo] = static_cast<std::uint32_t>(result);
  write_special(special::acchi, static_cast<std::uint32_t>(result >> 32));
}

std::uint32_t Core::raise_interrupt_level(std::uint32_t level) {
  const std::uint32_t old = sr_[special::ps];
  sr_[special::ps] = (old & ~ps::intlevel) | level;
  if (interrupt_pending()) stop_at(0);
  return old;
}

void Core::wait_for_interrupt(std::uint32_t level, std::uint32_t next_pc) {
  sr_[special::ps] = (sr_[special::ps] & ~ps::intlevel) | level;
  pc_ = next_pc;
  ++unseen_effects_;
  environment_.wait_for_interrupt();
  if (interrupt_pending()) stop_at(0);
}

void Core::raise_interrupt(unsigned line) {
  sr_[special::interrupt] |= 1u << line;
  stop_at(0);
}

void Core::lower_interrupt(unsigned line) { sr_[special::interrupt] &= ~(1u << line); }

bool Core::interrupt_pending() const {
  return (sr_[special::interrupt] & sr_[special::intenable]) != 0 &&
         (sr_[special::ps] & (ps::excm | ps::intlevel)) == 0;
}

std::uint32_t Core::take_exception(std::uint32_t cause, std::uint32_t pc) {
  sr_[special::epc1] = pc;
  sr_[special::exccause] = cause;
  const std::uint32_t vector = sr_[special::ps] & ps::um ? config_.user_vector : config_.kernel_vector;
  sr_[special::ps] |= ps::excm;
  apply_ps();
  return sr_[special::vecbase] + vector;
}

void Core::enter_vector(std::uint32_t cause, std::uint32_t pc) {
  pc_ = take_exception(cause, pc);
  push_frame(pc_, pc);
  handlers_entered_.push_back(frame_count_);
  if (!watched_calls_.empty()) call_observer_->on_interruption(*this);
}

void Core::enter_interrupt() { enter_vector(cause_level1_interrupt, pc_); }

void Core::illegal_instruction() {
  std::uint32_t word = 0;  // as the core fetched it: it may reach into the next line
  for (std::uint32_t byte = 0; byte < 3; ++byte) {
    const std::uint32_t address = current_pc() + byte;
    word |= static_cast<std::uint32_t>(fetch_line(address)[address - instruction_cache_.line_address(address)])
            << 8 * byte;
  }
  const auto is = [word](Opcode opcode) {
    const Instruction& row = instruction_table()[static_cast<std::size_t>(opcode)];
    return (word & row.mask) == row.match;
  };
  if (is(Opcode::ill) || is(Opcode::ill_n)) fault(FaultCause::illegal_instruction);  // it is meant to be one
  char text[120];
  std::snprintf(text, sizeof text, "%.*s (%06x), which is not modelled",
                static_cast<int>(unknown_instruction(word).size()), unknown_instruction(word).data(), word);
  fault(FaultCause::illegal_instruction, text);
}

std::uint32_t Core::take_syscall(std::uint32_t pc) {
  enter_vector(cause_syscall, pc);
  return pc_;
}

std::uint32_t Core::return_from_exception() {
  sr_[special::ps] &= ~ps::excm;
  apply_ps();
  if (interrupt_pending()) stop_at(0);
  pop_frame(sr_[special::epc1]);
  if (!handlers_entered_.empty()) handlers_entered_.pop_back();
  if (!watched_calls_.empty()) call_observer_->on_interruption(*this);
  return sr_[special::epc1];
}

std::uint32_t Core::return_from_interrupt(std::uint32_t level) {
  if (level < 2 || level > 7) fault(FaultCause::illegal_instruction, "RFI level " + std::to_string(level));
  sr_[special::ps] = sr_[special::eps2 + level - 2];
  apply_ps();
  if (interrupt_pending()) stop_at(0);
  return sr_[special::epc1 + level - 1];
}

// ---- Privilege ----------------------------------------------------------------------------------

void Core::set_ring(std::uint32_t ring) {
  sr_[special::ps] = (sr_[special::ps] & ~ps::ring) | ring << 6;
  apply_ps();
}

L1Cache::FastAccess Core::fast_access() const {
  return checked_ ? L1Cache::FastAccess::none : observer_ ? L1Cache::FastAccess::permitted : L1Cache::FastAccess::all;
}

void Core::apply_ps() {
  if (const bool check = user_mode() && !config_.kernel_only.empty(); check != checked_) {
    checked_ = check;
    data_cache_.use_fast_entries(fast_access());
  }
  measure_room();
}

}  // namespace dspmem
