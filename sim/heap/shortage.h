// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/heap/live_memory.h"

namespace dspmem {

/// What is free in a heap, when a request finds no room in it. Bytes. A piece is what the allocator could give out as
/// one block: in a heap of blocks of fixed sizes one block, of the last size neighbouring ones too.
struct FreeSpace {
  std::uint64_t free = 0, pieces = 0;
  std::uint32_t largest = 0, largest_base = 0;
  const HeapBlock* between =
      nullptr;  ///< the live block without which the largest piece would be largest; null: there is none
  std::uint32_t without = 0;  ///< and how large it would be
};
FreeSpace free_space(const LiveMemory& live, const HeapLayout& heap);

/// Why a request of `core` gets nothing, in words, from what is live: one sentence for each heap that may serve it.
std::string explain_shortage(const LiveMemory& live, const Platform& platform, Zone zone, std::uint32_t core,
                             std::uint32_t capabilities, std::uint32_t bytes);

}  // namespace dspmem
