// SPDX-License-Identifier: Apache-2.0
#include "models/coherency/line_table.h"

#include <gtest/gtest.h>

#include <map>

#include "models/random.h"

namespace dspmem::test {
namespace {

struct Leaf {
  struct Line {
    std::uint32_t address = 0, value = 0;
  };
  Leaf(std::uint32_t base, std::uint32_t line_bytes) {
    for (std::uint32_t i = 0; i < lines.size(); ++i) lines[i].address = base + i * line_bytes;
  }
  std::array<Line, LineTable<Leaf>::page_lines> lines;
};

class LineTables : public testing::TestWithParam<std::uint32_t> {};

TEST_P(LineTables, RememberWhatAMapDoes) {
  const std::uint32_t shift = GetParam(), bytes = 1u << shift;
  LineTable<Leaf> table(shift);
  std::map<std::uint32_t, std::uint32_t> reference;  // line address -> value
  const auto make = [bytes](std::uint32_t base) { return std::make_unique<Leaf>(base, bytes); };
  Random random(shift);
  for (std::uint32_t step = 1; step <= 100'000; ++step) {
    // Near a few places, the ends of the address space among them.
    const std::uint32_t places[] = {0, 0x60000000, 0x601fff00, 0xffffe000};
    const std::uint32_t address =
                            places[random.below(std::size(places))] + static_cast<std::uint32_t>(random.below(0x2000)),
                        line = address & ~(bytes - 1);
    if (random.below(2)) {
      Leaf::Line& found = table.at(address, make);
      ASSERT_EQ(found.address, line);
      ASSERT_EQ(&found, table.find(address));
      found.value = reference[line] = step;
    } else if (const auto known = reference.find(line); known != reference.end()) {
      ASSERT_NE(table.find(address), nullptr);
      ASSERT_EQ(table.find(address)->value, known->second);
    } else if (const Leaf::Line* neighbour = table.find(address)) {
      ASSERT_EQ(neighbour->value, 0u);
    }
  }
  std::vector<std::pair<std::uint32_t, std::uint32_t>> visited;
  table.for_each([&](const Leaf::Line& line) {
    if (line.value) visited.emplace_back(line.address, line.value);
  });
  EXPECT_EQ(visited, (std::vector<std::pair<std::uint32_t, std::uint32_t>>(reference.begin(), reference.end())));
}

INSTANTIATE_TEST_SUITE_P(LineSizes, LineTables, testing::Values(5, 6, 7, 8));

}  // namespace
}  // namespace dspmem::test
