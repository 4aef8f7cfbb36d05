// SPDX-License-Identifier: Apache-2.0
#include "sim/session/start_up.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>

#include "models/core/isa.h"

namespace dspmem {
namespace {

constexpr std::uint32_t page = 4096;
constexpr const char* unlisted = "registers that are not listed";

}  // namespace

void add_unlisted_registers(SystemConfig& config, const FirmwareImage& image) {
  // What is taken, page by page; nothing is left of the first page, where null pointers lead, and of the last.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> taken{{0, page}, {0xfffff000, 1ull << 32}};
  for (const Region& region : config.regions) taken.push_back({region.base, std::uint64_t{region.base} + region.size});
  for (const auto& [address, name] : image.absolute_symbols())
    taken.push_back({address & ~(page - 1), (address & ~(page - 1)) + std::uint64_t{page}});
  // Physical addresses answer on the bus, and are no registers even where no core sees them.
  for (const SramConfig& sram : config.srams)
    taken.push_back({sram.physical_base, std::uint64_t{sram.physical_base} + sram.size()});
  std::sort(taken.begin(), taken.end());
  std::uint64_t at = 0;
  for (const auto& [begin, end] : taken) {
    const std::uint64_t first = (at + page - 1) / page * page, last = begin / page * page;
    if (first < last) {
      const auto base = static_cast<std::uint32_t>(first), bytes = static_cast<std::uint32_t>(last - first);
      config.registers.push_back({base, bytes, RegisterRange::Answer::poll, 0});
      config.regions.push_back({unlisted, base, bytes, RegionKind::device, base});
    }
    at = std::max(at, end);
  }
}

void StartUp::begin() {
  for (const Allocator::Stub& stub : allocator_.stubs) place_stub(stub);
  const bool boots = image_.starts_itself() || executes_start_up();
  if (executes_start_up()) {
    system_.core(0).core().stop_before(*image_.symbol(allocator_.until));
    const auto note = [this](std::uint32_t address, bool write, std::uint32_t core) {
      const std::uint32_t pc = system_.core(core).core().current_pc();
      result_.unlisted_registers.push_back({address & ~(page - 1), write, address, describer_.frame(pc, pc)});
    };
    const auto& registers = system_.foreign_registers();
    // Those of the binding come first.
    for (std::size_t index = allocator_.registers.size(); index < registers.size(); ++index)
      registers[index]->tell_of_pages(note);
  }
  system_.core(0).power_on(boots ? image_.entry() : Core::trap_address, 0);
}

void StartUp::end(DspCore& core) {
  over_ = true;
  if (!executes_start_up()) return;
  const std::uint32_t stack = core.core().reg(1);
  const Region* region = system_.map().find(stack - 4);
  if (!region || region->kind == RegionKind::device)
    throw InputError(allocator_.start_mark,
                     fmt::format("the start-up code of the firmware has its stack at {:#x}, where platform '{}' has no "
                                 "memory: RAM that it lacks can stand in the binding (memory: [{{name: dram, base: "
                                 "{:#x}, bytes: 128 KiB}}])",
                                 stack, platform_.name, (stack - 1) & ~0xffffu));
  core.core().forget_watched_calls();  // the start-up may have been in one
  const std::uint32_t until = *image_.symbol(allocator_.until);
  if (core.core().pc() != until)
    throw InputError(allocator_.start_mark, fmt::format("the start-up code of the firmware, from {:#x} on, returned "
                                                        "without a call of '{}', which 'until' names",
                                                        image_.entry(), allocator_.until));
  bus_.emit(AllocatorEntered{0, AllocatorEntered::State::done, core.core().now()});
  core.core().stop_before(Core::trap_address);
  core.core().set_pc(Core::trap_address);
  system_.remove_region(unlisted);
}

void StartUp::on(const AllocatorEntered& event) {
  if (event.state == AllocatorEntered::State::abandoned && event.core == 0 && !over_ && executes_start_up())
    bus_.emit(AllocatorEntered{0, AllocatorEntered::State::inside, event.cycle});
}

/// Writes code over a function that only returns.
void StartUp::place_stub(const Allocator::Stub& stub) {
  const std::uint32_t address = *image_.symbol(stub.function);
  const auto first = image_.bytes_at(address, 3);
  const bool windowed = first.empty() ? image_.abi() == FirmwareImage::Abi::windowed
                                      : decode(first[0] | first[1] << 8 | first[2] << 16) == Opcode::entry;
  std::vector<std::uint8_t> code;
  if (windowed) code = {0x36, 0x41, 0x00};  // entry a1, 32
  if (stub.result == Allocator::Stub::Result::number) {  // movi a2, number
    const auto value = static_cast<std::uint32_t>(stub.number);
    for (const std::uint32_t byte : {0x22u, 0xa0u | (value >> 8 & 0xf), value & 0xff})
      code.push_back(static_cast<std::uint8_t>(byte));
  }
  const std::array<std::uint8_t, 3> back{windowed ? std::uint8_t{0x90} : std::uint8_t{0x80}, 0, 0};  // retw or ret
  code.insert(code.end(), back.begin(), back.end());
  const std::uint32_t room = image_.function_bytes(address);
  if (room && room < code.size())
    throw InputError(stub.mark, fmt::format("function '{}' of the firmware has {} bytes, and its stub needs {}",
                                            stub.function, room, code.size()));
  try {
    system_.load(address, code);
  } catch (const std::out_of_range&) {
    throw InputError(stub.mark, fmt::format("'{}' is at {:#x}, where no memory is that could hold its stub",
                                            stub.function, address));
  }
}

// ---- What a binding can do about a crash ----------------------------------------------------------

void StartUp::explain(const CoreFault& fault, std::string& message) const {
  if (image_.starts_itself()) return;
  if (fault.cause == FaultCause::watchdog) {
    if (!over_ && executes_start_up())
      message = fmt::format("watchdog: the start-up code has not come to '{}', which 'until' names, after {} cycles",
                            allocator_.until,
                            allocator_.start_up_cycles ? allocator_.start_up_cycles : limits_.watchdog_cycles);
    message += hint_for_loop();
  }
  if (fault.cause == FaultCause::unmapped_access || fault.cause == FaultCause::bus_error)
    message += hint_for_address(fault);
}

std::string StartUp::hint_for_loop() const {
  constexpr std::uint64_t many = 1000;
  for (const auto& registers : system_.foreign_registers())
    if (const ForeignRegisters::Poll& poll = registers->last_poll(); poll.times > many) {
      const bool polls = registers->range().answer == RegisterRange::Answer::poll;
      return fmt::format(
          "; register {:#x} was read {} times in a row, and the binding answers {:#x}{}: {} there may end "
          "the loop",
          poll.address, poll.times, poll.value, polls ? " or its complement" : "",
          polls ? "'answers: constant' with the 'value' that it waits for" : "'answers: poll' or another 'value'");
    }
  return "";
}

std::string StartUp::hint_for_address(const CoreFault& fault) const {
  const Core& core = system_.core(fault.core).core();
  const std::uint32_t vectors = core.special_register(special::vecbase);
  constexpr std::uint32_t window_vectors = 0x180;  // overflow and underflow, of three sizes
  if (!over_ && executes_start_up() && fault.address == fault.pc && fault.pc - vectors < window_vectors &&
      fault.pc % 0x40 == 0 && fault.pc != image_.entry() && image_.abi() == FirmwareImage::Abi::windowed)
    return fmt::format(
        "; a register window overflowed or underflowed, and the image has no handler at VECBASE {:#x}: 'start: none' "
        "has the simulator handle window exceptions",
        vectors);
  const Region* region = system_.map().find(fault.pc);
  if (region && region->kind == RegionKind::device)
    return fmt::format(
        "; the code that runs is at {:#x}, where no memory is: RAM that the platform lacks can stand in the binding "
        "(memory: [{{name: iram, base: {:#x}, bytes: 128 KiB}}])",
        fault.pc, fault.pc & ~(page - 1));
  if (fault.cause != FaultCause::unmapped_access) return "";
  const CoreArea& area = platform_.core_areas[fault.core];
  if (const std::uint32_t stack = core.reg(1);
      !executes_start_up() && (stack < area.stack_base || stack > area.stack_base + area.stack_bytes))
    return fmt::format(
        "; the stack pointer is {:#x}, outside the stack of core {} ({:#x} to {:#x}): it may have run over", stack,
        fault.core, area.stack_base, area.stack_base + area.stack_bytes);
  for (const std::string& name : image_.symbol_names())
    if (image_.symbol(name) == fault.address)
      return fmt::format(
          "; this is '{0}', which the ELF has no bytes for: the binding can stand in for it (stubs: {{{0}: returns "
          "0}})",
          name);
  if (fault.address == fault.pc) return "";
  return fmt::format(
      "; if it is a register of the product, add {{base: {:#x}, bytes: 4 KiB}} to 'registers' of the binding (with "
      "'answers' and 'value' for what reads return)",
      fault.address & ~(page - 1));
}

}  // namespace dspmem
