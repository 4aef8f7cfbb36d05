// SPDX-License-Identifier: Apache-2.0
#include "sim/heap/shortage.h"

#include <fmt/format.h>
#include <algorithm>

namespace dspmem {
namespace {

struct Piece {
  std::uint32_t base = 0;
  std::uint64_t bytes = 0;
  std::uint64_t end() const { return base + bytes; }
};

/// The gaps between live blocks.
std::vector<Piece> gaps(const LiveMemory& live, std::uint32_t base, std::uint64_t end) {
  std::vector<Piece> pieces;
  std::uint64_t at = base;
  for (const HeapBlock* block : live.between(base, end)) {
    if (block->base > at) pieces.push_back({static_cast<std::uint32_t>(at), block->base - at});
    at = std::max(at, std::uint64_t{block->base} + block->bytes);
  }
  if (at < end) pieces.push_back({static_cast<std::uint32_t>(at), end - at});
  return pieces;
}

/// Free blocks; runs of them in the last map, the only one whose blocks are joined.
std::vector<Piece> free_blocks(const LiveMemory& live, const HeapLayout& heap) {
  std::vector<Piece> pieces;
  std::uint32_t base = heap.base;
  for (const BlockMap& map : heap.maps) {
    bool joins = false;
    for (std::uint32_t block = 0; block < map.count; ++block, base += map.block_bytes) {
      const bool taken = live.bytes_between(base, std::uint64_t{base} + map.block_bytes) != 0;
      if (!taken && joins) pieces.back().bytes += map.block_bytes;
      else if (!taken) pieces.push_back({base, map.block_bytes});
      joins = !taken && &map == &heap.maps.back();
    }
  }
  return pieces;
}

std::vector<Piece> pieces_of(const LiveMemory& live, const HeapLayout& heap) {
  return heap.maps.empty() ? gaps(live, heap.base, std::uint64_t{heap.base} + heap.bytes) : free_blocks(live, heap);
}

}  // namespace

FreeSpace free_space(const LiveMemory& live, const HeapLayout& heap) {
  FreeSpace space;
  const std::vector<Piece> pieces = pieces_of(live, heap);
  for (const Piece& each : pieces) {
    space.free += each.bytes;
    ++space.pieces;
    if (each.bytes <= space.largest) continue;
    space.largest = static_cast<std::uint32_t>(each.bytes);
    space.largest_base = each.base;
  }
  const std::uint32_t joined_from =
      heap.maps.empty() ? heap.base : heap.base + heap.bytes - heap.maps.back().block_bytes * heap.maps.back().count;
  for (std::size_t i = 0; i + 1 < pieces.size(); ++i) {
    if (pieces[i].base < joined_from) continue;
    const std::vector<const HeapBlock*> between =
        live.between(static_cast<std::uint32_t>(pieces[i].end()), pieces[i + 1].base);
    const auto without = static_cast<std::uint32_t>(pieces[i + 1].end() - pieces[i].base);
    if (between.size() != 1 || without <= space.without) continue;
    space.without = without;
    space.between = between.front();
  }
  return space;
}

std::string explain_shortage(const LiveMemory& live, const Platform& platform, Zone zone, std::uint32_t core,
                             std::uint32_t capabilities, std::uint32_t bytes) {
  std::string text = fmt::format("{} bytes asked for", bytes);
  for (const HeapLayout& heap : platform.heaps) {
    if (!heap.serves(zone) || (heap.per_core && heap.core != core) ||
        (heap.capabilities & capabilities) != capabilities)
      continue;
    const FreeSpace space = free_space(live, heap);
    text += fmt::format("; {}: {} of {} are free", heap.name, space.free, heap.bytes);
    if (!space.pieces) continue;
    text +=
        fmt::format(", in {} {}, the largest {}", space.pieces, space.pieces == 1 ? "piece" : "pieces", space.largest);
    if (space.largest >= bytes && heap.maps.empty())
      text += " (beside what the allocator's metadata and size classes take)";
    if (!space.between || space.without < bytes || space.largest >= bytes) continue;
    const HeapBlock& block = *space.between;
    text += fmt::format("; without {} ({} bytes{}) one of {}",
                        block.name.empty() ? "the block between two of them" : "'" + block.name + "'", block.bytes,
                        block.where ? ", " + block.where->to_string() : "", space.without);
  }
  return text;
}

}  // namespace dspmem
