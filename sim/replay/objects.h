// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/config/platform.h"

namespace dspmem {

/// Who wrote the bytes of one word last.
struct WriteMark {
  std::uint64_t cycle = 0;
  std::uint32_t core = ~0u;  ///< ~0: nobody yet
  const SourceMark* where = nullptr;
};

/// Memory that a scenario knows by name.
struct Object {
  std::string name;
  std::uint32_t address = 0;  ///< as the allocator returned it
  std::uint32_t bytes = 0;
  Zone zone = Zone::runtime;
  std::uint32_t flags = 0;
  std::uint32_t capabilities = 0;
  std::uint32_t core = 0;
  bool is_static = false;  ///< nobody allocated it, and it starts as zeros
  const SourceMark* freed = nullptr;  ///< where it was freed; the name stays, for accesses that come too late
  /// What the program has written, byte by byte, and who did; sized at the first write.
  std::vector<std::uint8_t> truth;
  std::vector<WriteMark> writers;
  /// A list of DMA transfers that a step has written into it.
  struct List {
    std::string to;  ///< object; empty: none
    std::uint32_t address = 0, offset = 0, bytes = 0;
  } listed;
};

/// What is allocated at this moment, by address. Checks every answer of the allocator: inside the zone asked for, aligned, and
/// on top of nothing else.
class LiveMemory {
 public:
  explicit LiveMemory(const Platform& platform) : platform_(platform), live_bytes_(platform.core_count(), std::vector<std::uint64_t>(platform.heaps.size())) {}

  /// Where and when firmware called the allocator: return addresses, innermost first, 0 behind the last.
  struct CallSite {
    std::uint64_t cycle = 0;
    std::array<std::uint32_t, 6> stack{};
  };

  struct Block {
    std::uint32_t base = 0;
    std::uint32_t bytes = 0;
    Zone zone = Zone::runtime;
    std::uint32_t core = 0;  ///< that allocated it
    std::string name;  ///< empty when firmware allocated it of its own accord
    const SourceMark* where = nullptr;
    const SourceMark* group = nullptr;  ///< of many that count as one where who keeps a bank on is told
    CallSite site;
    CallSite freed;  ///< where it was freed, once it was
    std::uint32_t freed_by = 0;
    bool shared = false;  ///< shared data, from the allocator's point of view
  };

  /// Memory that has a name and no allocator.
  struct Static {
    std::string name;
    std::uint32_t base = 0, bytes = 0;
    const SourceMark* where = nullptr;
  };
  void add_static(Static object) { statics_.push_back(std::move(object)); }
  const Static* static_at(std::uint32_t address) const;

  /// `block.base` is a cached address. Returns what is wrong with it, in words, if anything.
  std::optional<std::string> add(const Block& block, std::uint32_t alignment);
  /// The block that holds an address; null when none does.
  const Block* find(std::uint32_t address) const;
  /// The first block with a byte in [first, end); null when there is none.
  const Block* first_between(std::uint32_t first, std::uint64_t end) const;
  /// All of them.
  std::vector<const Block*> between(std::uint32_t first, std::uint64_t end) const;
  void remove(std::uint32_t base);
  /// Bytes that a core asked for and nobody has freed, by heap, in the order of the platform's heaps.
  const std::vector<std::uint64_t>& live_bytes(std::uint32_t core) const { return live_bytes_[core]; }
  /// Forgets everything in the heaps of a zone that belong to `core`: they are emptied when it goes down. Returns what was there.
  std::vector<Block> remove_core(std::uint32_t core, Zone zone);
  const std::map<std::uint32_t, Block>& blocks() const { return blocks_; }
  /// The heap that holds a cached address; null when none does.
  const HeapLayout* heap_of(std::uint32_t address) const;
  /// The last block that begins at or before an address; null when there is none.
  const Block* before(std::uint32_t address) const;
  std::uint64_t bytes_between(std::uint32_t first, std::uint64_t end) const;
  std::size_t size() const { return blocks_.size(); }

 private:
  const Platform& platform_;
  void count(const Block& block, bool added);

  std::map<std::uint32_t, Block> blocks_;
  std::vector<Static> statics_;
  std::vector<std::vector<std::uint64_t>> live_bytes_;  ///< by core and heap
};

}  // namespace dspmem
