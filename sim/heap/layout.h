// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "sim/config/platform.h"
#include "sim/heap/heap_costs.h"

namespace dspmem {

/// HeapBlock sizes and counts for a heap of one zone, and what they would take and waste if every size were at its peak
/// at once.
struct BlockLayout {
  std::vector<BlockMap> maps;
  std::uint64_t bytes = 0;  ///< of all blocks
  std::uint64_t wasted = 0;  ///< bytes of blocks in use that nobody asked for
};

/// The best layout with at most `most_sizes` block sizes for what a zone was asked for: exact, by dynamic programming
/// over the sizes. Requests above `largest` bytes are left out: they are served by runs of blocks or by another zone.
BlockLayout suggest_blocks(const std::map<std::uint32_t, SizeProfile::Class>& sizes, std::size_t most_sizes,
                           std::uint32_t largest);

/// What the same requests make of given block sizes. Requests that fit into no block are left out.
BlockLayout fill_blocks(const std::map<std::uint32_t, SizeProfile::Class>& sizes, const std::vector<BlockMap>& maps);

}  // namespace dspmem
