// SPDX-License-Identifier: Apache-2.0
#include "sim/heap/live_memory.h"

#include <fmt/format.h>
#include <algorithm>

namespace dspmem {

const HeapLayout* LiveMemory::heap_of(std::uint32_t address) const {
  for (const HeapLayout& heap : platform_.heaps)
    if (address - heap.base < heap.bytes) return &heap;
  return nullptr;
}

namespace {

std::string label(const HeapBlock& block) {
  return block.name.empty() ? fmt::format("a block of {} bytes", block.bytes) : "'" + block.name + "'";
}

}  // namespace

std::string LiveMemory::add(HeapBlock& block, std::uint32_t alignment) {
  block.id = ++last_id_;
  std::string wrong;
  const HeapLayout* heap = heap_of(block.base);
  const bool runtime = block.zone == Zone::runtime || block.zone == Zone::runtime_shared;
  const HeapBlock* const other = first_between(block.base, std::uint64_t{block.base} + block.bytes);
  if (is_allowed(block.base)) {
    // nothing is wrong with it
  } else if (!heap || std::uint64_t{block.base} + block.bytes > std::uint64_t{heap->base} + heap->bytes) {
    wrong = fmt::format("{} ({} bytes at {:#x}) lies outside of every heap", label(block), block.bytes, block.base);
  } else if (!heap->serves(block.zone) &&
             !(runtime && (heap->zone == Zone::buffer || heap->zone == Zone::runtime_shared))) {
    wrong = fmt::format("{} was asked for in zone {}, but lies in heap {}", label(block), to_string(block.zone),
                        heap->name);
  } else if (heap->per_core && heap->core != block.core) {
    wrong = fmt::format("{} of core {} lies in heap {}", label(block), block.core, heap->name);
  } else if (alignment && block.base % alignment) {
    wrong = fmt::format("{} at {:#x} is not aligned to {} bytes", label(block), block.base, alignment);
  } else if (other) {
    wrong = fmt::format("{} ({} bytes at {:#x}) overlaps {} ({} bytes at {:#x})", label(block), block.bytes, block.base,
                        label(*other), other->bytes, other->base);
  }
  const auto [place, fresh] = blocks_.try_emplace(block.base, block);
  if (!fresh) {
    count(place->second, false);
    place->second = block;
  }
  count(block, true);
  return wrong;
}

void LiveMemory::remove(std::uint32_t base) {
  const auto known = blocks_.find(base);
  if (known == blocks_.end()) return;
  count(known->second, false);
  blocks_.erase(known);
}

void LiveMemory::count(const HeapBlock& block, bool added) {
  if (const HeapLayout* heap = heap_of(block.base)) {
    std::uint64_t& bytes = live_bytes_[block.core][static_cast<std::size_t>(heap - platform_.heaps.data())];
    bytes = added ? bytes + block.bytes : bytes - block.bytes;
  }
}

const HeapBlock* LiveMemory::before(std::uint32_t address) const {
  const auto next = blocks_.upper_bound(address);
  return next == blocks_.begin() ? nullptr : &std::prev(next)->second;
}

const HeapBlock* LiveMemory::find(std::uint32_t address) const {
  const HeapBlock* block = before(address);
  return block && address - block->base < block->bytes ? block : nullptr;
}

const LiveMemory::Static* LiveMemory::static_at(std::uint32_t address) const {
  for (const Static& each : statics_)
    if (address - each.base < each.bytes) return &each;
  return nullptr;
}

const HeapBlock* LiveMemory::first_between(std::uint32_t first, std::uint64_t end) const {
  const auto next = blocks_.upper_bound(first);
  if (next != blocks_.begin())
    if (const HeapBlock& before = std::prev(next)->second; first - before.base < before.bytes) return &before;
  return next != blocks_.end() && next->first < end ? &next->second : nullptr;
}

std::vector<const HeapBlock*> LiveMemory::between(std::uint32_t first, std::uint64_t end) const {
  std::vector<const HeapBlock*> found;
  if (const HeapBlock* block = find(first)) found.push_back(block);
  for (auto next = blocks_.upper_bound(first); next != blocks_.end() && next->first < end; ++next)
    found.push_back(&next->second);
  return found;
}

std::vector<HeapBlock> LiveMemory::remove_core(std::uint32_t core, Zone zone) {
  std::vector<HeapBlock> gone;
  for (auto block = blocks_.begin(); block != blocks_.end();) {
    const HeapLayout* heap = heap_of(block->first);
    if (heap && heap->per_core && heap->core == core && heap->zone == zone) {
      gone.push_back(block->second);
      count(block->second, false);
      block = blocks_.erase(block);
    } else {
      ++block;
    }
  }
  return gone;
}

std::uint64_t LiveMemory::bytes_between(std::uint32_t first, std::uint64_t end) const {
  std::uint64_t total = 0;
  for (const auto& [base, block] : blocks_) {
    const std::uint64_t from = std::max<std::uint64_t>(base, first),
                        to = std::min<std::uint64_t>(std::uint64_t{base} + block.bytes, end);
    if (from < to) total += to - from;
  }
  return total;
}

}  // namespace dspmem
