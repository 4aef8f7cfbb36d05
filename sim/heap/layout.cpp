// SPDX-License-Identifier: Apache-2.0
#include "sim/heap/layout.h"

#include <algorithm>

namespace dspmem {

BlockLayout suggest_blocks(const std::map<std::uint32_t, SizeProfile::Class>& sizes, std::size_t most_sizes,
                           std::uint32_t largest) {
  struct Size {
    std::uint32_t bytes;
    std::uint64_t count;
  };
  std::vector<Size> list;
  for (const auto& [bytes, each] : sizes)
    if (bytes <= largest && each.peak) list.push_back({bytes, each.peak});
  BlockLayout layout;
  if (list.empty() || most_sizes == 0) return layout;
  // cost[k][i]: the fewest bytes in which the first i sizes fit with k block sizes, the last of which is the i-th.
  const std::size_t n = list.size(), most = std::min(most_sizes, n);
  constexpr std::uint64_t impossible = ~0ull;
  std::vector<std::vector<std::uint64_t>> cost(most + 1, std::vector<std::uint64_t>(n + 1, impossible));
  std::vector<std::vector<std::size_t>> from(most + 1, std::vector<std::size_t>(n + 1));
  cost[0][0] = 0;
  for (std::size_t k = 1; k <= most; ++k)
    for (std::size_t i = 1; i <= n; ++i) {
      std::uint64_t count = 0;
      for (std::size_t j = i; j-- > 0;) {  // sizes j to i - 1 share blocks of size i - 1
        count += list[j].count;
        if (cost[k - 1][j] == impossible) continue;
        const std::uint64_t total = cost[k - 1][j] + count * list[i - 1].bytes;
        if (total < cost[k][i]) {
          cost[k][i] = total;
          from[k][i] = j;
        }
      }
    }
  std::size_t best = 1;
  for (std::size_t k = 2; k <= most; ++k)
    if (cost[k][n] < cost[best][n]) best = k;
  for (std::size_t k = best, i = n; k > 0; --k) {
    const std::size_t j = from[k][i];
    std::uint64_t count = 0;
    for (std::size_t each = j; each < i; ++each) {
      count += list[each].count;
      layout.wasted += list[each].count * (list[i - 1].bytes - list[each].bytes);
    }
    layout.maps.insert(layout.maps.begin(), {list[i - 1].bytes, static_cast<std::uint32_t>(count)});
    layout.bytes += count * list[i - 1].bytes;
    i = j;
  }
  return layout;
}

BlockLayout fill_blocks(const std::map<std::uint32_t, SizeProfile::Class>& sizes, const std::vector<BlockMap>& maps) {
  BlockLayout layout;
  for (const BlockMap& map : maps) layout.maps.push_back({map.block_bytes, 0});
  for (const auto& [bytes, each] : sizes) {
    const auto block = std::find_if(layout.maps.begin(), layout.maps.end(),
                                    [size = bytes](const BlockMap& map) { return map.block_bytes >= size; });
    if (block == layout.maps.end()) continue;
    block->count += static_cast<std::uint32_t>(each.peak);
    layout.bytes += each.peak * block->block_bytes;
    layout.wasted += each.peak * (block->block_bytes - bytes);
  }
  return layout;
}

}  // namespace dspmem
