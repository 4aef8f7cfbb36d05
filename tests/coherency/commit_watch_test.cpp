// SPDX-License-Identifier: Apache-2.0
// Shared data that is kept current by commits: which opening of which lock hands it over.
#include "models/coherency/commit_watch.h"

#include <gtest/gtest.h>

namespace dspmem {
namespace {

constexpr std::uint32_t data = 0x1000, lock_a = 0x2000, lock_b = 0x2040, flag = 0x2080;

/// Cores that use data and words; time goes on with everything they do.
class Commits : public testing::Test, public FindingListener {
 public:
  Commits() {
    watch_.require(true);
    watch_.set_shared(data, 64, true);
  }
  void on_finding(const CoherencyFinding& finding) override { findings_.push_back(finding); }

 protected:
  void read(AgentId core) { watch_.on_access({Operation::Kind::read, core, View::cached, {}, ++now_}, data); }
  void write(AgentId core) { watch_.on_access({Operation::Kind::write, core, View::cached, {}, ++now_}, data + 4); }
  void commit(AgentId core) { watch_.on_maintenance(core, Operation::Kind::write_back_invalidate, data + 8); }
  void set(AgentId core, std::uint32_t word) { watch_.on_set(core, word, true); }
  std::uint64_t clear(AgentId core, std::uint32_t word) {
    watch_.on_opened({Operation::Kind::write, core, View::uncached, {}, ++now_}, word);
    return now_;
  }
  std::uint64_t tell(AgentId core) {
    watch_.on_told({Operation::Kind::write, core, View::uncached, {}, ++now_});
    return now_;
  }
  /// Of two, beside a flag that is set; the outer one, lock_a, stays shut.
  void commit_between_unlocks() {
    set(0, flag);
    set(0, lock_a);
    set(0, lock_b);
    write(0);
    clear(0, lock_b);
    commit(0);
  }
  /// When what was handed over.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> found() const {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> pairs;
    for (const CoherencyFinding& each : findings_) {
      EXPECT_EQ(each.rule, Rule::uncommitted_access);
      EXPECT_EQ(each.address, data);
      pairs.emplace_back(each.access.cycle, each.other.cycle);
    }
    return pairs;
  }
  using Found = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

  std::vector<CoherencyFinding> findings_;
  CommitWatch watch_{64, *this};
  std::uint64_t now_ = 0;
};

TEST_F(Commits, CountUntilTheLockOpens) {
  set(0, lock_a);
  read(0);
  commit(0);
  clear(0, lock_a);
  EXPECT_EQ(found(), Found{});
  set(0, lock_a);
  read(0);
  const std::uint64_t read_at = now_, opened = clear(0, lock_a);
  EXPECT_EQ(found(), (Found{{read_at, opened}}));
  commit(0);
  watch_.finish();
  EXPECT_EQ(findings_.size(), 1u);
}

TEST_F(Commits, OfWritesNeedMoreThanAnInvalidate) {
  set(0, lock_a);
  write(0);
  watch_.on_maintenance(0, Operation::Kind::invalidate, data);
  clear(0, lock_a);
  EXPECT_EQ(findings_.size(), 1u);
}

TEST_F(Commits, OfNestedLocksCountUntilTheOuterOneOpens) {
  for (const bool in_time : {true, false}) {
    set(0, lock_a);
    set(0, lock_b);
    write(0);
    const std::uint64_t written = now_;
    clear(0, lock_b);
    if (in_time) commit(0);
    const std::uint64_t opened = clear(0, lock_a);
    EXPECT_EQ(found(), in_time ? Found{} : (Found{{written, opened}}));
  }
  commit(0);
  watch_.finish();
  EXPECT_EQ(findings_.size(), 1u);
}

TEST_F(Commits, CountUntilTheInnerLockOpensWhereOthersTakeOnlyThat) {
  set(1, lock_b);
  write(1);
  commit(1);
  clear(1, lock_b);
  set(0, lock_a);
  set(0, lock_b);
  write(0);
  const std::uint64_t written = now_, opened = clear(0, lock_b);
  commit(0);
  clear(0, lock_a);
  EXPECT_EQ(found(), (Found{{written, opened}}));
}

TEST_F(Commits, OfNestedLocksCountUntilTheOuterOneOpensThoughNothingGuardedTheInitialisation) {
  write(0);
  commit(0);
  tell(0);
  for (const AgentId core : {AgentId{1}, AgentId{0}}) {
    set(core, lock_a);
    set(core, lock_b);
    write(core);
    clear(core, lock_b);
    commit(core);
    clear(core, lock_a);
  }
  EXPECT_EQ(found(), Found{});
}

TEST_F(Commits, ThatWaitForAFlagAreFew) {
  set(0, flag);
  for (std::uint32_t round = 0; round < 100'000; ++round) {
    set(0, lock_a);
    watch_.on_access({Operation::Kind::read, 0, View::cached, {round % 1000, 0, nullptr}, ++now_}, data);
    clear(0, lock_a);
    commit(0);
  }
  watch_.finish();
  EXPECT_GT(findings_.size(), 1u);
  EXPECT_LT(findings_.size(), 1000u);
}

TEST_F(Commits, DoNotWaitForFlagsThatNobodyEverClears) {
  for (const bool late : {true, false}) {
    findings_.clear();
    set(0, flag);
    set(0, lock_a);
    write(0);
    const std::uint64_t written = now_, opened = clear(0, lock_a);
    if (late) commit(0);
    tell(0);
    if (late) watch_.set_shared(data, 64, false);
    watch_.finish();
    EXPECT_EQ(found().size(), 1u) << late;
    EXPECT_EQ(found().front().first, written) << late;
    EXPECT_EQ(found().front().second, late ? opened : now_) << late;
    watch_.set_shared(data, 64, true);
  }
}

TEST_F(Commits, BetweenNestedLocksAreInTimeBesideAFlag) {
  commit_between_unlocks();
  clear(0, lock_a);
  watch_.finish();
  EXPECT_EQ(found(), Found{});
}

TEST_F(Commits, DoNotWaitForWhatSomebodyElseClears) {
  set(0, flag);
  clear(1, flag);
  set(0, flag);
  set(0, lock_a);
  write(0);
  const std::uint64_t written = now_, opened = clear(0, lock_a);
  commit(0);
  watch_.finish();
  EXPECT_EQ(found(), (Found{{written, opened}}));
}

TEST_F(Commits, DoNotWaitForWhatSomebodyElseSetsAgain) {
  set(1, flag);
  watch_.on_set(0, flag, false);  // a core that polls it with an atomic
  set(1, lock_a);
  write(1);
  const std::uint64_t written = now_, opened = clear(1, lock_a);
  EXPECT_EQ(found(), (Found{{written, opened}}));
}

TEST_F(Commits, OfWhatNoLockGuardsCountUntilSomebodyIsTold) {
  set(0, lock_a);
  clear(0, lock_a);
  write(0);
  const std::uint64_t written = now_, told = tell(0);
  EXPECT_EQ(found(), (Found{{written, told}}));
}

TEST_F(Commits, OfWhatALockGuardsCountUntilItOpensWhateverIsTold) {
  for (const bool in_time : {true, false}) {
    set(0, lock_a);
    write(0);
    const std::uint64_t written = now_;
    tell(0);
    if (in_time) commit(0);
    const std::uint64_t opened = clear(0, lock_a);
    EXPECT_EQ(found(), in_time ? Found{} : (Found{{written, opened}}));
  }
}

TEST_F(Commits, OfOneAccessSayNothingOfTheNext) {
  commit_between_unlocks();
  write(0);
  const std::uint64_t written = now_, opened = clear(0, lock_a);
  watch_.finish();
  EXPECT_EQ(found(), (Found{{written, opened}}));
}

TEST_F(Commits, OfMemoryThatIsSharedNoMoreDoNotMatter) {
  set(0, lock_a);
  write(0);
  watch_.set_shared(data, 64, false);
  clear(0, lock_a);
  watch_.finish();
  EXPECT_EQ(found(), Found{});
}

}  // namespace
}  // namespace dspmem
