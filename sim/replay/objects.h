// SPDX-License-Identifier: Apache-2.0
#pragma once

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
  const SourceMark* freed = nullptr;  ///< where it was freed; the name stays, for accesses that come too late
  /// What the program has written, byte by byte, and who did; sized at the first write.
  std::vector<std::uint8_t> truth;
  std::vector<WriteMark> writers;
};

/// What is allocated at this moment, by address. Checks every answer of the allocator: inside the zone asked for, aligned, and
/// on top of nothing else.
class LiveMemory {
 public:
  explicit LiveMemory(const Platform& platform) : platform_(platform) {}

  struct Block {
    std::uint32_t base = 0;
    std::uint32_t bytes = 0;
    Zone zone = Zone::runtime;
    std::uint32_t core = 0;  ///< that allocated it
    std::string name;
    const SourceMark* where = nullptr;
    bool shared = false;  ///< shared data, from the allocator's point of view
  };

  /// `block.base` is a cached address. Returns what is wrong with it, in words, if anything.
  std::optional<std::string> add(const Block& block, std::uint32_t alignment);
  /// The block that holds an address; null when none does.
  const Block* find(std::uint32_t address) const;
  /// Blocks with a byte in [first, end).
  std::vector<const Block*> between(std::uint32_t first, std::uint64_t end) const;
  void remove(std::uint32_t base) { blocks_.erase(base); }
  /// Forgets everything in heaps that belong to `core`: they are emptied when it goes down. Returns what was there.
  std::vector<Block> remove_core(std::uint32_t core);
  std::uint64_t bytes_between(std::uint32_t first, std::uint64_t end) const;
  std::size_t size() const { return blocks_.size(); }

 private:
  const HeapLayout* heap_of(std::uint32_t address) const;

  const Platform& platform_;
  std::map<std::uint32_t, Block> blocks_;
};

}  // namespace dspmem
