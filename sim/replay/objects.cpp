// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/objects.h"

#include <algorithm>
#include <fmt/format.h>

namespace dspmem {

const HeapLayout* LiveMemory::heap_of(std::uint32_t address) const {
  for (const HeapLayout& heap : platform_.heaps)
    if (address - heap.base < heap.bytes) return &heap;
  return nullptr;
}

std::optional<std::string> LiveMemory::add(std::uint32_t base, std::uint32_t bytes, std::uint32_t alignment, Zone zone,
                                           std::uint32_t core, const std::string& name) {
  std::optional<std::string> wrong;
  const HeapLayout* heap = heap_of(base);
  const auto next = blocks_.upper_bound(base);
  const bool runtime = zone == Zone::runtime || zone == Zone::runtime_shared;
  if (!heap || base + bytes > heap->base + heap->bytes) {
    wrong = fmt::format("'{}' ({} bytes at {:#x}) lies outside of every heap", name, bytes, base);
  } else if (heap->zone != zone && !(runtime && (heap->zone == Zone::buffer || heap->zone == Zone::runtime_shared))) {
    wrong = fmt::format("'{}' was asked for in zone {}, but lies in heap {}", name, to_string(zone), heap->name);
  } else if (heap->per_core && heap->core != core) {
    wrong = fmt::format("'{}' of core {} lies in heap {}", name, core, heap->name);
  } else if (alignment && base % alignment) {
    wrong = fmt::format("'{}' at {:#x} is not aligned to {} bytes", name, base, alignment);
  } else if (next != blocks_.end() && next->first < base + bytes) {
    wrong = fmt::format("'{}' ({} bytes at {:#x}) overlaps '{}' ({} bytes at {:#x})", name, bytes, base, next->second.name, next->second.bytes, next->first);
  } else if (next != blocks_.begin()) {
    const auto before = std::prev(next);
    if (base < before->first + before->second.bytes)
      wrong = fmt::format("'{}' ({} bytes at {:#x}) overlaps '{}' ({} bytes at {:#x})", name, bytes, base, before->second.name, before->second.bytes, before->first);
  }
  blocks_[base] = {bytes, name};
  return wrong;
}

std::vector<std::string> LiveMemory::remove_core(std::uint32_t core) {
  std::vector<std::string> names;
  for (auto block = blocks_.begin(); block != blocks_.end();) {
    const HeapLayout* heap = heap_of(block->first);
    if (heap && heap->per_core && heap->core == core) {
      names.push_back(block->second.name);
      block = blocks_.erase(block);
    } else {
      ++block;
    }
  }
  return names;
}

std::uint64_t LiveMemory::bytes_between(std::uint32_t first, std::uint64_t end) const {
  std::uint64_t total = 0;
  for (const auto& [base, block] : blocks_) {
    const std::uint64_t from = std::max<std::uint64_t>(base, first), to = std::min<std::uint64_t>(std::uint64_t{base} + block.bytes, end);
    if (from < to) total += to - from;
  }
  return total;
}

}  // namespace dspmem
