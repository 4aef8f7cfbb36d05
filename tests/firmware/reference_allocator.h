// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace dspmem::test {

/// What the zones allocator is specified to do, in the plainest words: first fit over blocks kept in a vector of bool,
/// every search a loop from the start. Predicts the address and the counters of every answer.
class ReferenceAllocator {
 public:
  struct BlockRow {
    std::uint64_t block_bytes, count;
  };
  struct HeapSpec {
    std::uint32_t zone, core;  ///< zone: number of enum mem_zone
    bool per_core;
    std::uint64_t base, bytes;
    std::uint32_t capabilities;
    std::vector<BlockRow> rows;  ///< empty: bump heap
  };
  struct Counters {
    std::uint64_t used = 0, peak = 0, free = 0, largest_free = 0, failed = 0;
    bool operator==(const Counters&) const = default;
  };

  ReferenceAllocator(std::vector<HeapSpec> heaps, std::uint64_t line_bytes, std::uint64_t least_alignment);

  /// Address, or 0 when nothing fits. `alignment` 0 stands for the platform's.
  std::uint64_t allocate(std::uint32_t zone, std::uint32_t core, bool shared, std::uint32_t capabilities,
                         std::uint64_t bytes, std::uint64_t alignment);
  void release(std::uint64_t address);
  void reset(std::uint32_t zone, std::uint32_t core);
  /// Memory that was taken before the comparison began. REQUIRES: the heap is a bump heap.
  void set_bump_used(std::size_t heap, std::uint64_t used);

  const std::vector<HeapSpec>& heaps() const { return specs_; }
  Counters counters(std::size_t heap) const;

 private:
  struct Heap {
    std::vector<std::vector<bool>> taken;  ///< per row
    std::vector<std::uint64_t> row_bases;
    Counters counters;
  };
  struct Allocation {
    std::size_t heap, row, first, count;
  };

  std::uint64_t from_zone(std::uint32_t zone, std::uint32_t core, std::uint32_t capabilities, std::uint64_t bytes,
                          std::uint64_t alignment);
  std::uint64_t from_heap(std::size_t heap, std::uint64_t bytes, std::uint64_t alignment);

  std::vector<HeapSpec> specs_;
  std::vector<Heap> heaps_;
  std::map<std::uint64_t, Allocation> allocations_;
  std::uint64_t line_bytes_, least_alignment_;
};

/// Half-open intervals, none of which may overlap: the second, independent witness.
class IntervalSet {
 public:
  /// False when [base, base + bytes) overlaps what is there; it is then not added.
  bool add(std::uint64_t base, std::uint64_t bytes);
  /// False when nothing starts at `base`.
  bool remove(std::uint64_t base) { return intervals_.erase(base) != 0; }
  std::size_t size() const { return intervals_.size(); }
  void clear() { intervals_.clear(); }

 private:
  std::map<std::uint64_t, std::uint64_t> intervals_;  ///< base -> end
};

}  // namespace dspmem::test
