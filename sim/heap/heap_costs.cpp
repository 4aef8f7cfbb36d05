// SPDX-License-Identifier: Apache-2.0
#include "sim/heap/heap_costs.h"

#include <algorithm>
#include <utility>

namespace dspmem {

HeapCosts::HeapCosts(const Platform& platform, const LiveMemory& live)
    : platform_(platform), live_(live), figures_(platform.heaps.size()) {}

namespace {

void add(OperationCosts& costs, const HeapCosts::Start& from, const HeapCosts::Start& to) {
  costs.cycles.add(to.cycle - from.cycle);
  costs.instructions += to.instructions - from.instructions;
  costs.l1d_misses += to.l1d_misses - from.l1d_misses;
  costs.waiting_cycles += to.waiting_cycles - from.waiting_cycles;
  costs.waiting_instructions += to.waiting_instructions - from.waiting_instructions;
}

}  // namespace

void HeapCosts::end_use(const Core& core) {
  const Use use = std::exchange(uses_[core.id()], {});
  if (use.costs) add(*use.costs, use.start, start_of(core));
}

void HeapCosts::count(const Core& core, AllocatorFunction::Role role, Zone zone, const Start& start,
                      std::uint32_t result, bool outermost) {
  using Role = AllocatorFunction::Role;
  OperationCosts* costs = role == Role::allocate || role == Role::allocate_zeroed ? &allocation_costs_
                          : role == Role::free                                    ? &free_costs_
                          : role == Role::reallocate                              ? &reallocation_costs_
                                                                                  : nullptr;
  if (!costs) return;
  if (Use& use = uses_[core.id()]; use.open && outermost) use.costs = costs;
  else add(*costs, start, start_of(core));
  if (costs == &free_costs_ || result) return;
  ++costs->failed;
  for (std::size_t heap = 0; heap < figures_.size(); ++heap)
    if (platform_.heaps[heap].serves(zone)) {
      ++figures_[heap].failed;
      break;
    }
}

void HeapCosts::added(const HeapBlock& block) {
  live_bytes_ += block.bytes;
  count_in_heap(block, true);
  profile(block, true);
  measure_peak();
}

void HeapCosts::removed(const HeapBlock& block) {
  live_bytes_ -= std::min<std::uint64_t>(live_bytes_, block.bytes);
  count_in_heap(block, false);
  profile(block, false);
}

void HeapCosts::profile(const HeapBlock& block, bool allocated) {
  const std::uint32_t unit = std::max(block.shared ? platform_.line_bytes() : 0, platform_.allocation_alignment);
  SizeProfile::Class& sizes = sizes_.zones[block.zone][(block.bytes + unit - 1) / unit * unit];
  if (!allocated) {
    --sizes.live;
    return;
  }
  ++sizes.total;
  sizes.peak = std::max(sizes.peak, ++sizes.live);
}

void HeapCosts::count_in_heap(const HeapBlock& block, bool added) {
  const HeapLayout* heap = live_.heap_of(block.base);
  if (!heap) return;
  HeapFigures& figures = figures_[static_cast<std::size_t>(heap - platform_.heaps.data())];
  figures.live = added ? figures.live + block.bytes : figures.live - std::min<std::uint64_t>(figures.live, block.bytes);
  figures.peak = std::max(figures.peak, figures.live);
}

HeapCosts::HeapFigures HeapCosts::figures(std::size_t heap) const {
  HeapFigures figures = figures_[heap];
  for_each_gap(platform_.heaps[heap],
               [&figures](std::uint64_t bytes) { figures.largest_gap = std::max(figures.largest_gap, bytes); });
  return figures;
}

template <class Visit>
void HeapCosts::for_each_gap(const HeapLayout& heap, Visit visit) const {
  std::uint64_t from = heap.base;
  for (auto block = live_.blocks().lower_bound(heap.base);
       block != live_.blocks().end() && block->first - heap.base < heap.bytes; ++block) {
    if (block->first > from) visit(block->first - from);
    from = std::max<std::uint64_t>(from, std::uint64_t{block->first} + block->second.bytes);
  }
  if (std::uint64_t{heap.base} + heap.bytes > from) visit(std::uint64_t{heap.base} + heap.bytes - from);
}

void HeapCosts::measure_peak() {
  peak_bytes_ = std::max(peak_bytes_, live_bytes_);
  // Looking at all objects takes long: only when there is a 64th more than the last time.
  if (live_bytes_ < measured_at_ + measured_at_ / 64 + 1) return;
  measured_at_ = live_bytes_;
  std::uint64_t between = 0, largest = 0;
  for (std::size_t heap = 0; heap < figures_.size(); ++heap)
    if (figures_[heap].live)
      for_each_gap(platform_.heaps[heap], [&](std::uint64_t bytes) {
        between += bytes;
        largest = std::max(largest, bytes);
      });
  scattered_basis_points_ = between ? 10000 - largest * 10000 / between : 0;
}

}  // namespace dspmem
