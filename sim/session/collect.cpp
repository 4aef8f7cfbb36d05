// SPDX-License-Identifier: Apache-2.0
// The figures of a run.
#include "sim/session/session.h"

namespace dspmem {
namespace {

Result::AllocatorCalls calls_of(const char* name, const OperationCosts& costs) {
  return {name,
          costs.cycles.total(),
          costs.failed,
          costs.cycles.quantile(500),
          costs.cycles.quantile(990),
          costs.cycles.largest(),
          costs.instructions,
          costs.l1d_misses,
          costs.waiting_cycles,
          costs.waiting_instructions};
}

Result::Core figures_of(DspCore& dsp) {
  const CoreStatistics statistics = dsp.core().statistics();
  const CacheStatistics& data = dsp.core().data_cache().statistics();
  const CacheStatistics& code = dsp.core().instruction_cache().statistics();
  return {dsp.id(),
          dsp.powered(),
          statistics.instructions,
          statistics.cycles,
          {statistics.data_accesses, data.misses, data.write_backs, data.prefetches},
          {statistics.instructions, code.misses, 0, code.prefetches},
          statistics.uncached_reads,
          statistics.uncached_writes,
          statistics.atomics,
          statistics.lines_dropped_by_atomics,
          statistics.waiting_cycles,
          statistics.waiting_instructions};
}

}  // namespace

void Session::collect_hardware() {
  result_.allocations = allocator_watch_.allocations();
  result_.frees = allocator_watch_.frees();
  if (!result_.cores.empty()) return;
  for (std::size_t index = 0; index < system_->core_count(); ++index) system_->core(index).stop_polling();
  // What comes from here on is not part of the program.
  for (std::size_t index = 0; options_.blocks && index < system_->core_count(); ++index) {
    Core& core = system_->core(index).core();
    if (core.statistics().instructions) options_.blocks->on_leave(core);
    core.watch_blocks(nullptr);
  }
  for (const auto& [name, costs] :
       {std::pair<const char*, const OperationCosts&>{"allocate", costs_.allocation_costs()},
        {"free", costs_.free_costs()},
        {"reallocate", costs_.reallocation_costs()}})
    if (costs.cycles.total()) result_.operations.push_back(calls_of(name, costs));
  result_.footprint = {costs_.peak_bytes(), shadow_ ? shadow_->touched_bytes() : 0, costs_.scattered_basis_points()};
  for (std::size_t index = 0; index < system_->core_count(); ++index) {
    const Result::Core& core = result_.cores.emplace_back(figures_of(system_->core(index)));
    if (core.powered || core.instructions) result_.cycles = std::max(result_.cycles, core.cycles);
  }
  for (const auto& sram : system_->srams())
    for (std::uint32_t index = 0; index < sram->config().banks; ++index) {
      const SramBank& bank = sram->bank(index);
      const std::uint32_t base = sram->config().physical_base + index * sram->config().bank_bytes;
      result_.banks.push_back({sram->bank_name(index), bank.on(), bank.state() == BankState::retention,
                               bank.statistics().accesses, bank.statistics().conflicts,
                               bank.statistics().conflict_cycles,
                               live_.bytes_between(base, std::uint64_t{base} + sram->config().bank_bytes)});
    }
  result_.power = power_.finish(result_.cycles, [this](const HeapBlock& block) { return describer_.object(block); });
}

void Session::collect_heaps(DspCore& core) {
  // Asking for figures is not part of the program that is judged.
  core.observe(nullptr);
  // Asking the allocator takes time on the core: the figures of the hardware are taken before.
  collect_hardware();
  const Platform& platform = input_.platform;
  if (input_.allocator.heap_info.empty()) {
    for (std::size_t index = 0; index < platform.heaps.size(); ++index) {
      const HeapLayout& heap = platform.heaps[index];
      const HeapCosts::HeapFigures figures = costs_.figures(index);
      result_.heaps.push_back({heap.name, heap.all_zones ? "all" : to_string(heap.zone), heap.bytes, figures.live,
                               figures.peak, heap.bytes - figures.live, figures.largest_gap, figures.failed});
    }
    return;
  }
  const auto info = input_.image.symbol("scenario_heap_info");
  if (!info || !input_.image.symbol(input_.allocator.heap_info)) return;
  for (std::uint32_t index = 0; index < platform.heaps.size(); ++index) {
    if (firmware_.call(core, input_.allocator.heap_info, {index}, {}) != 0) continue;
    const auto word = [&](std::uint32_t field) { return core.core().load(*info + 4 * field, 4); };
    const HeapLayout& heap = platform.heaps[index];
    result_.heaps.push_back({heap.name, to_string(heap.zone), word(0), word(1), word(2), word(3), word(4), word(5)});
  }
}

}  // namespace dspmem
