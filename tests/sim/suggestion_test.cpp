// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sim/config/error.h"

namespace dspmem {
namespace {

TEST(Suggestion, IsTheNearestName) {
  EXPECT_EQ(suggestion("alloctae", {"free", "allocate"}).text, "; did you mean 'allocate'?");
  EXPECT_EQ(suggestion("x", {}).text, "");
}

TEST(Suggestion, IsEverythingWhereThatIsLittle) {
  EXPECT_EQ(suggestion("teleport", {"free", "fill"}).text, "; known are: free, fill");
}

TEST(Suggestion, AmongManyNamesIsThoseWithAWordOfIt) {
  std::vector<std::string> known{"bank_get", "free_heap", "rfree"};
  for (int i = 0; i < 100; ++i) known.push_back("f" + std::to_string(i));
  EXPECT_EQ(suggestion("use_after_free_of_it", known).text,
            "; of 103 known, these have a word of it: free_heap, rfree");
  EXPECT_EQ(suggestion("completely_different", known).text, "; of 103 known, none resembles it");
  for (int i = 0; i < 100; ++i) known.push_back("heap_of_core_number_" + std::to_string(i));
  const std::string many = suggestion("my_favourite_heap", known).text;
  EXPECT_LT(many.size(), 1000u);
}

}  // namespace
}  // namespace dspmem
