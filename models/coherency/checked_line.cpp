// SPDX-License-Identifier: Apache-2.0
#include "models/coherency/checked_line.h"

namespace dspmem {

void CoherencyChecker::History::commit(const ByteMask& bytes, const Commit& commit) {
  if (!side) side = std::make_unique<Side>();
  if (side->committed.empty()) side->committed.resize(count);
  if (side->commits.size() > 2u * count) {
    // Most of them nobody refers to any more.
    std::vector<Commit> kept;
    std::vector<std::uint16_t> numbers(side->commits.size() + 1);
    for (std::uint16_t& each : side->committed) {
      if (!each) continue;
      if (!numbers[each]) {
        kept.push_back(side->commits[each - 1u]);
        numbers[each] = static_cast<std::uint16_t>(kept.size());
      }
      each = numbers[each];
    }
    side->commits = std::move(kept);
  }
  if (side->commits.empty() || side->commits.back() != commit) side->commits.push_back(commit);
  const auto number = static_cast<std::uint16_t>(side->commits.size());
  for (std::uint32_t cell = 0; cell < count; ++cell)
    if (!side->committed[cell] && cells[cell].write.epoch && bytes.test(cell << shift)) side->committed[cell] = number;
}

void CoherencyChecker::History::forget_side(std::uint32_t offset, std::uint32_t bytes, bool all) {
  for (std::uint32_t cell = offset >> shift; cell < count && cell << shift < offset + bytes; ++cell) {
    if (!side->committed.empty()) side->committed[cell] = 0;
    if (all && !side->sources.empty()) side->sources[cell] = {};
  }
}

/// Cells of words have become cells of bytes.
void CoherencyChecker::History::refine_side() {
  const auto refine = [this](auto& values) {
    if (values.empty()) return;
    const auto of_words = std::move(values);
    values.resize(count);
    for (std::uint32_t i = 0; i < count; ++i) values[i] = of_words[i / 4];
  };
  refine(side->committed);
  refine(side->sources);
  refine(side->former);
}

}  // namespace dspmem
