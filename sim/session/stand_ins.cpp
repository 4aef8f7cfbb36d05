// SPDX-License-Identifier: Apache-2.0
#include "sim/session/stand_ins.h"

namespace dspmem {

const std::map<std::string, StandIns::Action>& StandIns::actions() {
  static const std::map<std::string, Action> table{
      {"dcache_writeback_region", &StandIns::write_back},
      {"dcache_invalidate_region", &StandIns::invalidate},
      {"dcache_writeback_invalidate_region", &StandIns::write_back_invalidate},
      {"platform_shared_commit", &StandIns::commit},
      {"memset", &StandIns::fill},
      {"scenario_lock", &StandIns::lock},
      {"scenario_unlock", &StandIns::unlock},
      {"cpu_enable_core", &StandIns::enable_core},
      {"pm_banks_on", &StandIns::banks_on},
      {"pm_banks_off", &StandIns::banks_off},
  };
  return table;
}

bool StandIns::knows(const std::string& function) { return actions().contains(function); }

std::uint32_t StandIns::call(DspCore& core, const std::string& function, std::span<const std::uint32_t> arguments,
                             const SourceMark& mark) {
  used_.insert(function);
  return (this->*actions().at(function))(core, arguments, mark);
}

void StandIns::each_line(DspCore& core, CacheOperation operation, std::uint32_t address, std::uint32_t bytes) {
  const L1Cache& cache = core.core().data_cache();
  const std::uint64_t end = std::uint64_t{address} + bytes;
  for (std::uint64_t line = cache.line_address(address); line < end; line += cache.config().line_bytes)
    core.core().cache_operation(operation, static_cast<std::uint32_t>(line));
}

std::uint32_t StandIns::write_back(DspCore& core, Arguments arguments, const SourceMark&) {
  each_line(core, CacheOperation::write_back, arguments[0], arguments[1]);
  return 0;
}

std::uint32_t StandIns::invalidate(DspCore& core, Arguments arguments, const SourceMark&) {
  each_line(core, CacheOperation::invalidate, arguments[0], arguments[1]);
  return 0;
}

std::uint32_t StandIns::write_back_invalidate(DspCore& core, Arguments arguments, const SourceMark&) {
  each_line(core, CacheOperation::write_back_invalidate, arguments[0], arguments[1]);
  return 0;
}

std::uint32_t StandIns::commit(DspCore& core, Arguments arguments, const SourceMark& mark) {
  return platform_.shared == SharedData::writeback_invalidate ? write_back_invalidate(core, arguments, mark) : 0;
}

/// memset(): address, value, bytes.
std::uint32_t StandIns::fill(DspCore& core, Arguments arguments, const SourceMark&) {
  const std::uint32_t word = (arguments[1] & 0xff) * 0x01010101u;
  std::uint32_t address = arguments[0], left = arguments[2];
  while (left) {
    const unsigned bytes = address % 4 == 0 && left >= 4 ? 4 : 1;
    core.core().store(address, word, bytes);
    address += bytes;
    left -= bytes;
  }
  return arguments[0];
}

std::uint32_t StandIns::lock(DspCore& core, Arguments arguments, const SourceMark& mark) {
  rendezvous_.lock(core, arguments.empty() ? allocators_lock : arguments[0], mark);
  return 0;
}

std::uint32_t StandIns::unlock(DspCore& core, Arguments arguments, const SourceMark&) {
  rendezvous_.unlock(core, arguments.empty() ? allocators_lock : arguments[0]);
  return 0;
}

void StandIns::power_on(DspCore& core, std::uint32_t other) {
  core.synchronise();
  hub_.on_device_write(core.core(),
                       config_.devices.core_control + CoreControl::core_stride * other + CoreControl::control);
  system_.core(other).power_on(Core::trap_address, core.core().now());
}

std::uint32_t StandIns::enable_core(DspCore& core, Arguments arguments, const SourceMark&) {
  if (!system_.core(arguments[0]).powered()) power_on(core, arguments[0]);
  return 0;
}

std::uint32_t StandIns::banks_on(DspCore& core, Arguments arguments, const SourceMark&) {
  switch_banks(core, arguments, true);
  return 0;
}

std::uint32_t StandIns::banks_off(DspCore& core, Arguments arguments, const SourceMark&) {
  switch_banks(core, arguments, false);
  return 0;
}

/// As pm_banks_on() and pm_banks_off() of models/firmware/src/power.c: memory, first bank, count. The registers are
/// described in models/devices/power_controller.h.
void StandIns::switch_banks(DspCore& dsp, Arguments arguments, bool on) {
  Core& core = dsp.core();
  const std::uint32_t memory = arguments[0], first = arguments[1], count = arguments[2], base = config_.devices.power;
  const bool per_bank = config_.power_registers == PowerRegisters::ace;
  const std::uint32_t regulator = base + 0xf00 + 4 * memory;
  const bool regulated = on && platform_.switchable_memories[memory].regulator;
  const auto poll = [&](std::uint32_t address, std::uint32_t mask, std::uint32_t wanted) {
    while ((core.load(address, 4) & mask) != wanted) dsp.synchronise();
  };
  if (regulated) {
    core.store(regulator, 1, 4);
    poll(regulator, 2, 2);
  }
  for (std::uint32_t bank = first; bank < first + count; ++bank) {
    const std::uint32_t control = base + (per_bank ? 0x400 * memory + 8 * bank : 0x100 * memory + 0x10 * (bank / 32));
    const std::uint32_t bit = per_bank ? 1 : 1u << bank % 32, status = control + (per_bank ? 4 : 8);
    const std::uint32_t others = per_bank ? 0 : core.load(control, 4) & ~bit;
    core.store(control, on ? others : others | bit, 4);
    if (on) poll(status, bit, 0);
  }
  if (regulated) core.store(regulator, 0, 4);
}

}  // namespace dspmem
