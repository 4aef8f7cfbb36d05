// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/events/block.h"

namespace dspmem {

/// What is allocated at this moment, by address. Checks every answer of the allocator: inside the zone asked for,
/// aligned, and on top of nothing else.
class LiveMemory {
 public:
  explicit LiveMemory(const Platform& platform)
      : platform_(platform), live_bytes_(platform.core_count(), std::vector<std::uint64_t>(platform.heaps.size())) {}

  /// Memory that has a name and no allocator.
  struct Static {
    std::string name;
    std::uint32_t base = 0, bytes = 0;
    const SourceMark* where = nullptr;
  };
  void add_static(Static object) { statics_.push_back(std::move(object)); }
  const Static* static_at(std::uint32_t address) const;

  /// Takes the block in, and gives it its id. Returns what is wrong with it, in words; empty for nothing.
  std::string add(HeapBlock& block, std::uint32_t alignment);
  /// Blocks in this range, cached addresses, are right though no heap is there.
  void allow(std::uint32_t base, std::uint32_t bytes) { allowed_base_ = base, allowed_bytes_ = bytes; }
  bool is_allowed(std::uint32_t address) const { return address - allowed_base_ < allowed_bytes_; }
  /// The block that holds an address; null when none does.
  const HeapBlock* find(std::uint32_t address) const;
  /// The first block with a byte in [first, end); null when there is none.
  const HeapBlock* first_between(std::uint32_t first, std::uint64_t end) const;
  /// All of them.
  std::vector<const HeapBlock*> between(std::uint32_t first, std::uint64_t end) const;
  void remove(std::uint32_t base);
  /// Bytes that a core asked for and nobody has freed, by heap, in the order of the platform's heaps.
  std::size_t heaps() const { return platform_.heaps.size(); }
  const std::vector<std::uint64_t>& live_bytes(std::uint32_t core) const { return live_bytes_[core]; }
  /// Forgets everything in the heaps of a zone that belong to `core`: they are emptied when it goes down. Returns what
  /// was there.
  std::vector<HeapBlock> remove_core(std::uint32_t core, Zone zone);
  const std::map<std::uint32_t, HeapBlock>& blocks() const { return blocks_; }
  /// The heap that holds a cached address; null when none does.
  const HeapLayout* heap_of(std::uint32_t address) const;
  /// The last block that begins at or before an address; null when there is none.
  const HeapBlock* before(std::uint32_t address) const;
  std::uint64_t bytes_between(std::uint32_t first, std::uint64_t end) const;
  std::size_t size() const { return blocks_.size(); }

 private:
  const Platform& platform_;
  void count(const HeapBlock& block, bool added);

  std::map<std::uint32_t, HeapBlock> blocks_;
  std::uint64_t last_id_ = 0;
  std::uint32_t allowed_base_ = 0, allowed_bytes_ = 0;
  std::vector<Static> statics_;
  std::vector<std::vector<std::uint64_t>> live_bytes_;  ///< by core and heap
};

}  // namespace dspmem
