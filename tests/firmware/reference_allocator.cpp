// SPDX-License-Identifier: Apache-2.0
#include "tests/firmware/reference_allocator.h"

#include <algorithm>

namespace dspmem::test {
namespace {

constexpr std::uint32_t system_zone = 0, runtime = 2, buffer = 3, runtime_shared = 4, system_shared = 5;

std::uint64_t round_up(std::uint64_t value, std::uint64_t to) { return (value + to - 1) / to * to; }

}  // namespace

ReferenceAllocator::ReferenceAllocator(std::vector<HeapSpec> heaps, std::uint64_t line_bytes,
                                       std::uint64_t least_alignment)
    : specs_(std::move(heaps)), heaps_(specs_.size()), line_bytes_(line_bytes), least_alignment_(least_alignment) {
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    std::uint64_t base = specs_[i].base;
    for (const BlockRow& row : specs_[i].rows) {
      heaps_[i].taken.emplace_back(row.count, false);
      heaps_[i].row_bases.push_back(base);
      base += row.block_bytes * row.count;
    }
  }
}

std::uint64_t ReferenceAllocator::allocate(std::uint32_t zone, std::uint32_t core, bool shared,
                                           std::uint32_t capabilities, std::uint64_t bytes, std::uint64_t alignment) {
  if (bytes == 0) return 0;
  shared = shared || zone == runtime_shared || zone == system_shared;
  alignment = std::max(alignment, least_alignment_);
  if (shared || zone == system_zone) {
    bytes = round_up(bytes, line_bytes_);
    alignment = std::max(alignment, line_bytes_);
  }
  if (shared && zone == runtime &&
      std::any_of(specs_.begin(), specs_.end(), [](const HeapSpec& heap) { return heap.zone == runtime_shared; }))
    zone = runtime_shared;
  std::uint64_t address = from_zone(zone, core, capabilities, bytes, alignment);
  if (!address && (zone == runtime || zone == runtime_shared))
    address = from_zone(buffer, core, capabilities, bytes, alignment);
  return address;
}

std::uint64_t ReferenceAllocator::from_zone(std::uint32_t zone, std::uint32_t core, std::uint32_t capabilities,
                                            std::uint64_t bytes, std::uint64_t alignment) {
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    const HeapSpec& heap = specs_[i];
    if (heap.zone != zone || (heap.per_core && heap.core != core) || (heap.capabilities & capabilities) != capabilities)
      continue;
    if (const std::uint64_t address = from_heap(i, bytes, alignment)) return address;
    ++heaps_[i].counters.failed;
  }
  return 0;
}

std::uint64_t ReferenceAllocator::from_heap(std::size_t index, std::uint64_t bytes, std::uint64_t alignment) {
  const HeapSpec& spec = specs_[index];
  Heap& heap = heaps_[index];
  const auto account = [&heap](std::uint64_t used) {
    heap.counters.used = used;
    heap.counters.peak = std::max(heap.counters.peak, used);
  };
  if (spec.rows.empty()) {
    const std::uint64_t start = round_up(spec.base + heap.counters.used, alignment);
    if (start + bytes > spec.base + spec.bytes) return 0;
    account(std::min(round_up(start + bytes, alignment) - spec.base, spec.bytes));
    return start;
  }
  const auto take = [&](std::size_t row, std::size_t first, std::size_t count) {
    for (std::size_t block = first; block < first + count; ++block) heap.taken[row][block] = true;
    account(heap.counters.used + count * spec.rows[row].block_bytes);
    const std::uint64_t start = round_up(heap.row_bases[row] + first * spec.rows[row].block_bytes, alignment);
    allocations_[start] = {index, row, first, count};
    return start;
  };
  // The first single block that holds the object at its alignment, smallest blocks first.
  for (std::size_t row = 0; row < spec.rows.size(); ++row)
    for (std::size_t block = 0; block < spec.rows[row].count; ++block) {
      const std::uint64_t base = heap.row_bases[row] + block * spec.rows[row].block_bytes;
      if (!heap.taken[row][block] && round_up(base, alignment) + bytes <= base + spec.rows[row].block_bytes)
        return take(row, block, 1);
    }
  // The first run of neighbours among the largest.
  const std::size_t last = spec.rows.size() - 1;
  const BlockRow& row = spec.rows[last];
  for (std::size_t first = 0; first < row.count; ++first) {
    const std::uint64_t base = heap.row_bases[last] + first * row.block_bytes;
    const std::uint64_t need = round_up(round_up(base, alignment) + bytes - base, row.block_bytes) / row.block_bytes;
    std::uint64_t have = 0;
    while (have < need && first + have < row.count && !heap.taken[last][first + have]) ++have;
    if (have == need) return take(last, first, need);
  }
  return 0;
}

void ReferenceAllocator::release(std::uint64_t address) {
  const Allocation gone = allocations_.at(address);
  allocations_.erase(address);
  for (std::size_t block = gone.first; block < gone.first + gone.count; ++block)
    heaps_[gone.heap].taken[gone.row][block] = false;
  heaps_[gone.heap].counters.used -= gone.count * specs_[gone.heap].rows[gone.row].block_bytes;
}

void ReferenceAllocator::reset(std::uint32_t zone, std::uint32_t core) {
  for (std::size_t i = 0; i < specs_.size(); ++i) {
    if (specs_[i].zone != zone || specs_[i].core != core) continue;
    heaps_[i].counters.used = 0;
    for (auto& row : heaps_[i].taken) row.assign(row.size(), false);
    std::erase_if(allocations_, [i](const auto& each) { return each.second.heap == i; });
  }
}

void ReferenceAllocator::set_bump_used(std::size_t heap, std::uint64_t used) {
  heaps_[heap].counters.used = heaps_[heap].counters.peak = used;
}

ReferenceAllocator::Counters ReferenceAllocator::counters(std::size_t index) const {
  const HeapSpec& spec = specs_[index];
  Counters counters = heaps_[index].counters;
  counters.free = spec.bytes - counters.used;
  counters.largest_free = spec.rows.empty() ? counters.free : 0;
  for (std::size_t row = 0; row < spec.rows.size(); ++row) {
    std::uint64_t run = 0, best = 0;
    for (const bool taken : heaps_[index].taken[row]) best = std::max(best, run = taken ? 0 : run + 1);
    if (row + 1 < spec.rows.size()) best = std::min<std::uint64_t>(best, 1);  // only the largest blocks are joined
    counters.largest_free = std::max(counters.largest_free, best * spec.rows[row].block_bytes);
  }
  return counters;
}

bool IntervalSet::add(std::uint64_t base, std::uint64_t bytes) {
  const auto next = intervals_.lower_bound(base);
  if (next != intervals_.end() && next->first < base + bytes) return false;
  if (next != intervals_.begin() && std::prev(next)->second > base) return false;
  intervals_[base] = base + bytes;
  return true;
}

}  // namespace dspmem::test
