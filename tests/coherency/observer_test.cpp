// SPDX-License-Identifier: Apache-2.0
// From instructions to findings: what a core does with locks and sweeps, seen by the observer.
#include "models/coherency/coherency_observer.h"

#include <gtest/gtest.h>

#include "tests/support/flat_environment.h"

namespace dspmem::test {
namespace {

constexpr std::uint32_t ram = 0x60000000, lock = ram + 0x1000;

struct Findings : FindingListener {
  void on_finding(const CoherencyFinding& finding) override { all.push_back(finding); }
  std::vector<CoherencyFinding> all;
};

class ObservedCore : public testing::Test {
 protected:
  ObservedCore() {
    config_.cores.resize(2);
    for (std::uint32_t id = 0; id < 2; ++id) config_.cores[id].id = id;
    config_.devices = {0x71000, 0x72000, 0x73000, 0x74000};
    observer_ = std::make_unique<CoherencyObserver>(config_, origins_, findings_);
    memory_ = std::make_unique<FlatEnvironment>(map_);
    core_ = std::make_unique<Core>(config_.cores[0], map_, *memory_);
    memory_->core = core_.get();
    core_->observe(observer_.get());
  }

  /// Runs instructions, then stops at the trap address.
  void run(std::vector<std::uint8_t> code) {
    code.insert(code.end(), {0x80, 0x00, 0x00});  // ret
    std::copy(code.begin(), code.end(), memory_->at(ram, code.size()));
    core_->set_reg(0, Core::trap_address);
    core_->set_pc(ram);
    core_->run();
  }

  const AddressMap map_{{{"ram", ram, 1u << 20, RegionKind::cached, ram}}};
  SystemConfig config_;
  Findings findings_;
  Origins origins_;
  std::unique_ptr<CoherencyObserver> observer_;
  std::unique_ptr<FlatEnvironment> memory_;
  std::unique_ptr<Core> core_;
};

const std::vector<std::uint8_t> s32c1i_a2_at_a3{0x22, 0xe3, 0x00};

// A15: two cores could both take such a lock.
TEST_F(ObservedCore, FindsALockThatStaysInTheCache) {
  core_->set_special_register(special::atomctl,
                              0x28);  // the reset value: cached addresses are handled inside the cache
  core_->set_reg(2, 1);
  core_->set_reg(3, lock);
  run(s32c1i_a2_at_a3);
  ASSERT_EQ(findings_.all.size(), 1u);
  EXPECT_EQ(findings_.all[0].rule, Rule::lock_in_cache);
  EXPECT_EQ(findings_.all[0].address, lock);
  EXPECT_EQ(findings_.all[0].access.site.pc, ram);
}

TEST_F(ObservedCore, AcceptsALockThatReachesMemory) {
  core_->set_special_register(special::atomctl, 0x15);
  core_->set_reg(2, 1);
  core_->set_reg(3, lock);
  run(s32c1i_a2_at_a3);
  EXPECT_TRUE(findings_.all.empty());
}

// Where user mode is kept out of some memory, its loads are checked one by one: and told, like others.
TEST_F(ObservedCore, ChecksWhatUserModeLoads) {
  CoreConfig config = config_.cores[0];
  config.kernel_only = {{ram + 0x8000, 0x1000}};
  Core core(config, map_, *memory_);
  core.observe(observer_.get());
  core.set_special_register(special::ps, 0);
  core.set_ring(1);
  ASSERT_TRUE(core.user_mode());
  CoherencyChecker& checker = observer_->checker();
  checker.set_alone(false);
  checker.write(1, View::cached, lock, std::vector<std::uint8_t>(4), {}, 0);  // and never written back
  checker.release(1, 1);
  checker.acquire(0, 1);
  core.load(lock, 4);
  ASSERT_EQ(findings_.all.size(), 1u);
  EXPECT_EQ(findings_.all[0].rule, Rule::missing_writeback);
  core.store(lock + 64, 1, 4);
  core.observe(nullptr);
}

// Data that is dirty in one core's cache is stale for another, until every set and way was swept.
TEST_F(ObservedCore, CountsASweepByIndexOnlyWhenItIsComplete) {
  const std::vector<std::uint8_t> zero(4);
  CoherencyChecker& checker = observer_->checker();
  checker.set_alone(false);
  core_->store(lock, 7, 4);
  checker.release(0, 1);
  checker.acquire(1, 1);
  checker.read(1, View::cached, lock, zero, {}, 0);
  EXPECT_TRUE(checker.last_stale());
  const CacheConfig& cache = config_.cores[0].data_cache;
  for (std::uint32_t set = 0; set < cache.sets(); ++set)
    for (std::uint32_t way = 0; way < cache.ways; ++way) {
      if (set == 3 && way == 1) continue;
      observer_->on_index_operation(*core_, CacheOperation::index_write_back, set, way);
    }
  checker.maintain(1, Operation::Kind::invalidate, lock, {}, 0);
  checker.read(1, View::cached, lock, zero, {}, 0);
  EXPECT_TRUE(checker.last_stale());
  observer_->on_index_operation(*core_, CacheOperation::index_write_back, 3, 1);
  checker.release(0, 2);
  checker.acquire(1, 2);
  checker.maintain(1, Operation::Kind::invalidate, lock, {}, 0);
  checker.read(1, View::cached, lock, zero, {}, 0);
  EXPECT_FALSE(checker.last_stale());
}

// A line lies in one of the ways of its set.
TEST_F(ObservedCore, FollowsASweepOfASingleSet) {
  const std::vector<std::uint8_t> zero(4);
  const CacheConfig& cache = config_.cores[0].data_cache;
  CoherencyChecker& checker = observer_->checker();
  checker.set_alone(false);
  for (const bool whole : {false, true}) {
    const std::uint32_t line = lock + (whole ? 64 : 0), set = core_->data_cache().set_of(line);
    core_->store(line, 7, 4);
    for (std::uint32_t way = whole ? 0 : 1; way < cache.ways; ++way)
      observer_->on_index_operation(*core_, CacheOperation::index_write_back, set, way);
    core_->load(lock + 0x4000, 4);
    checker.release(0, 1 + whole);
    checker.acquire(1, 1 + whole);
    checker.maintain(1, Operation::Kind::invalidate, line, {}, 0);
    checker.read(1, View::cached, line, zero, {}, 0);
    EXPECT_EQ(checker.last_stale(), !whole);
  }
}

}  // namespace
}  // namespace dspmem::test
