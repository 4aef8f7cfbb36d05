// SPDX-License-Identifier: Apache-2.0
// Instructions that are written, and what instruction caches keep of them.
#include <gtest/gtest.h>

#include <array>

#include "models/coherency/checker.h"

namespace dspmem::test {
namespace {

struct LastFinding : FindingListener {
  void on_finding(const CoherencyFinding& finding) override {
    ++count;
    last = finding;
  }
  std::size_t count = 0;
  CoherencyFinding last;
};

/// Two cores, and one line that holds code: core 0 writes it, either executes it.
class Code : public testing::Test {
 protected:
  void write(AgentId core) { checker_.write(core, View::cached, 0, value_, {}, ++now_); }
  void write_back(AgentId core) { checker_.maintain(core, Operation::Kind::write_back, 0, {}, ++now_); }
  void fetch(AgentId core) { checker_.fetch(core, 0, line_, 0, {}, ++now_); }
  void hand_over() {
    checker_.release(0, 7);
    checker_.acquire(1, 7);
  }

  LastFinding found_;
  CoherencyChecker checker_{{{.cores = 2, .line_bytes = 8}, 2}, found_};
  std::uint64_t now_ = 0;
  std::array<std::uint8_t, 4> value_{1, 2, 3, 4};
  std::array<std::uint8_t, 8> line_{1, 2, 3, 4};
};

TEST_F(Code, IsFreshAfterAWriteBackWhereNobodyHasExecutedItBefore) {
  write(0);
  write_back(0);
  fetch(0);
  hand_over();
  fetch(1);
  EXPECT_EQ(found_.count, 0u);
}

TEST_F(Code, ThatStaysInTheDataCacheIsNotFetched) {
  write(0);
  fetch(0);
  ASSERT_EQ(found_.count, 1u);
  EXPECT_EQ(found_.last.rule, Rule::stale_code);
  EXPECT_FALSE(found_.last.in_memory);
}

// The instruction cache happens to have evicted the line, and fetches what is right.
TEST_F(Code, MayBeOldInACoreThatHasExecutedItBefore) {
  fetch(1);
  write(0);
  write_back(0);
  hand_over();
  fetch(1);
  ASSERT_EQ(found_.count, 1u);
  EXPECT_EQ(found_.last.rule, Rule::stale_code);
  EXPECT_TRUE(found_.last.in_memory);
  EXPECT_FALSE(found_.last.manifest);
}

TEST_F(Code, IsFreshOnceTheInstructionCacheHasLostIt) {
  fetch(1);
  write(0);
  write_back(0);
  hand_over();
  checker_.drop_code(1, 0);
  fetch(1);
  EXPECT_EQ(found_.count, 0u);
}

TEST_F(Code, InvalidatedTooEarlyMayHaveBeenFetchedAgain) {
  fetch(1);
  checker_.drop_code(1, 0);
  fetch(1);
  write(0);
  write_back(0);
  hand_over();
  checker_.enter_code(1, 0, line_, {}, ++now_);
  EXPECT_EQ(found_.count, 1u);
}

TEST_F(Code, OfTheOwnCoreIsInTheOrderOfItsProgram) {
  fetch(0);
  write(0);
  write_back(0);
  checker_.enter_code(0, 0, line_, {}, ++now_);
  EXPECT_EQ(found_.count, 1u);
  checker_.drop_code_set(0, 0, 4, 8);
  fetch(0);
  checker_.enter_code(0, 0, line_, {}, ++now_);
  EXPECT_EQ(found_.count, 1u);
}

TEST_F(Code, PatchedWhileAnotherCoreExecutesItIsARace) {
  fetch(1);
  write(0);
  write_back(0);
  checker_.enter_code(1, 0, line_, {}, ++now_);
  ASSERT_EQ(found_.count, 1u);
  EXPECT_EQ(found_.last.rule, Rule::data_race);
}

// The instruction cache's lines are half as long: what was fetched of one says nothing of the other.
TEST(CodeInShortLines, IsKeptPieceByPiece) {
  LastFinding found;
  CoherencyChecker checker({{.cores = 1, .line_bytes = 8}, 1, false, 4}, found);
  const std::array<std::uint8_t, 4> half{1, 2, 3, 4};
  checker.fetch(0, 0, half, 0, {}, 1);
  checker.write(0, View::cached, 4, half, {}, 2);
  checker.maintain(0, Operation::Kind::write_back, 0, {}, 3);
  checker.fetch(0, 4, half, 0, {}, 4);
  EXPECT_EQ(found.count, 0u);
  checker.write(0, View::cached, 4, half, {}, 5);
  checker.maintain(0, Operation::Kind::write_back, 0, {}, 6);
  EXPECT_EQ(checker.code_holders(0, 8), 1u);
  checker.drop_code(0, 0);
  checker.fetch(0, 4, half, 0, {}, 7);
  EXPECT_EQ(found.count, 1u);
  checker.drop_code(0, 4);
  EXPECT_EQ(checker.code_holders(0, 8), 0u);
  checker.fetch(0, 4, half, 0, {}, 8);
  EXPECT_EQ(found.count, 1u);
}

}  // namespace
}  // namespace dspmem::test
