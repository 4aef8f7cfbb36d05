// SPDX-License-Identifier: Apache-2.0
// The heap shadow, fed with events of our own: no core, no firmware, no simulation.
#include "sim/heap/heap_shadow.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

#include "models/random.h"

namespace dspmem::test {
namespace {

struct Seen final : Subscriber {
  void on(const StrayAccess& event) override { stray.push_back(event.address); }
  void on(const UninitialisedRead& event) override { uninitialised.push_back(event.address); }
  void on(const MetadataChanged& event) override {
    metadata += event.claimed ? event.bytes : -static_cast<std::int64_t>(event.bytes);
  }
  std::vector<std::uint32_t> stray, uninitialised;
  std::int64_t metadata = 0;
};

class Shadow : public testing::Test {
 protected:
  Shadow() {
    bus_.subscribe(seen_);
    bus_.subscribe(shadow_);
    for (const HeapLayout& heap : platform_.heaps)
      if (heap.zone == Zone::runtime) base_ = heap.base;
  }

  HeapBlock block(std::uint32_t offset, std::uint32_t bytes) const {
    HeapBlock block;
    block.base = base_ + offset;
    block.bytes = bytes;
    return block;
  }
  void allocate(HeapBlock block) {
    live_.add(block, 4);
    bus_.emit(Allocated{0, block, "", 1});
  }
  void free(const HeapBlock& block) {
    bus_.emit(Freeing{0, block, 2});
    live_.remove(block.base);
  }
  void enter(AllocatorEntered::State state) { bus_.emit(AllocatorEntered{0, state, 3}); }
  void read(std::uint32_t offset, std::uint32_t bytes = 4) {
    shadow_.judge_read(access(Operation::Kind::read), base_ + offset, bytes);
  }
  void write(std::uint32_t offset, std::uint32_t bytes = 4) {
    shadow_.write(access(Operation::Kind::write), base_ + offset, bytes, true);
  }
  static Operation access(Operation::Kind kind) { return {kind, 0, View::cached, {0x1000, 0, nullptr}, 5}; }

  const Platform platform_ = load_platform("tgl");
  const AddressMap map_{platform_.system.regions};
  LiveMemory live_{platform_};
  EventBus bus_;
  Seen seen_;
  std::set<std::uint32_t> revoked_;
  std::vector<bool> roles_;
  HeapShadow shadow_{
      platform_,
      map_,
      {},
      live_,
      bus_,
      {[this](std::uint32_t, std::uint32_t line) { revoked_.insert(line); }, [](std::uint32_t) { return false; },
       [this](AgentId, bool allocator) { roles_.push_back(allocator); }}};
  std::uint32_t base_ = 0;
};

TEST_F(Shadow, ReportsAccessesToNobodysMemory) {
  allocate(block(0, 64));
  write(60);
  EXPECT_TRUE(seen_.stray.empty());
  write(64);
  read(62, 4);
  EXPECT_EQ(seen_.stray, (std::vector{base_ + 64, base_ + 62}));
}

TEST_F(Shadow, ReportsUseAfterFreeAndTakesPermissionsBack) {
  const HeapBlock object = block(128, 64);
  allocate(object);
  EXPECT_EQ(shadow_.writable(0, object.base), ~0ull);
  free(object);
  EXPECT_TRUE(revoked_.contains(object.base));
  EXPECT_EQ(shadow_.writable(0, object.base), 0u);
  write(128);
  EXPECT_EQ(seen_.stray.size(), 1u);
}

TEST_F(Shadow, KnowsWhatNobodyHasWritten) {
  allocate(block(0, 64));
  EXPECT_FALSE(shadow_.ever_written(base_, 64));
  read(8);
  EXPECT_EQ(seen_.uninitialised, std::vector{base_ + 8});
  write(8);
  EXPECT_EQ(shadow_.never_written(base_ + 8, 8), base_ + 12);
  EXPECT_EQ(shadow_.readable(0, base_), 0xf00ull);  // what may be read unseen is what was written
  free(block(0, 64));
  allocate(block(0, 64));
  EXPECT_FALSE(shadow_.ever_written(base_, 64));  // its next owner starts anew
}

TEST_F(Shadow, LetsTheAllocatorTouchWhatItLikesAndClaimsWhatStaysItsOwn) {
  enter(AllocatorEntered::State::inside);
  write(0, 8);  // a header
  write(8, 64);  // zeros for the object that it is about to give out
  allocate(block(8, 64));
  enter(AllocatorEntered::State::done);
  EXPECT_TRUE(seen_.stray.empty());
  EXPECT_EQ(seen_.metadata, 8);
  EXPECT_TRUE(shadow_.is_metadata(base_));
  EXPECT_TRUE(shadow_.ever_written(base_ + 8, 64));
  write(4);
  EXPECT_EQ(seen_.stray, std::vector{base_ + 4});
}

TEST_F(Shadow, ForgetsWhatAnAbandonedCallWrote) {
  enter(AllocatorEntered::State::inside);
  write(0, 8);
  enter(AllocatorEntered::State::abandoned);
  EXPECT_EQ(seen_.metadata, 0);
}

TEST_F(Shadow, LeavesStepsAlone) {
  shadow_.write(access(Operation::Kind::write), base_, 4, false);
  EXPECT_TRUE(seen_.stray.empty());
  EXPECT_TRUE(shadow_.ever_written(base_, 4));
}

TEST_F(Shadow, TellsTheCoreItsRole) {
  using State = AllocatorEntered::State;
  for (const State state : {State::inside, State::interrupted, State::inside, State::done}) enter(state);
  EXPECT_EQ(roles_, (std::vector{true, false, true, false}));
}

// What is cut off a block must be seen again.
TEST_F(Shadow, TakesPermissionsBackWhenABlockBecomesSmaller) {
  allocate(block(0, 128));
  EXPECT_EQ(shadow_.writable(0, base_ + 64), ~0ull);
  bus_.emit(Resizing{0, block(0, 128), 2});
  live_.remove(base_);
  allocate(block(0, 64));
  EXPECT_TRUE(revoked_.contains(base_ + 64));
  write(64);
  EXPECT_EQ(seen_.stray, std::vector{base_ + 64});
}

// Stores that are only noted in a line's log count as soon as they are asked for, taken by another observer or not.
TEST_F(Shadow, ReadsLogs) {
  allocate(block(0, 64));
  alignas(64) std::array<std::uint8_t, sizeof(StoreLog) + 16 * sizeof(StoreLog::Record) + 64> room{};
  auto& log = *new (room.data()) StoreLog;
  shadow_.use_log(0, base_, log);
  log.note(0xf0, 1, {1, 2, 3});
  EXPECT_TRUE(shadow_.ever_written(base_ + 4, 4));
  EXPECT_FALSE(shadow_.ever_written(base_ + 8, 4));
  log.note(0xf00, 2, {1, 2, 3});
  shadow_.on_stored(base_, log.take());
  shadow_.end_log(base_, log);
  EXPECT_TRUE(shadow_.ever_written(base_ + 8, 4));
}

// A million random accesses against one byte of state for each byte of memory.
TEST_F(Shadow, AgreesWithAByteForEachByte) {
  constexpr std::uint32_t size = 4096;
  enum : std::uint8_t { free_memory, fresh, written };
  std::array<std::uint8_t, size> model{};
  std::map<std::uint32_t, HeapBlock> blocks;
  Random random(1);
  std::size_t reported = 0;
  for (int step = 0; step < 1'000'000; ++step) {
    const auto at = static_cast<std::uint32_t>(random.below(size / 4)) * 4;
    const auto next = blocks.lower_bound(at + 1);
    const bool taken = next != blocks.begin() && at < std::prev(next)->first + std::prev(next)->second.bytes;
    switch (random.below(8)) {
      case 0:
        if (const auto bytes = static_cast<std::uint32_t>(1 + random.below(100));
            !taken && at + bytes <= (next == blocks.end() ? size : next->first)) {
          allocate(blocks[at] = block(at, bytes));
          std::fill_n(model.begin() + at, bytes, fresh);
        }
        break;
      case 1:
        if (blocks.contains(at)) {
          free(blocks[at]);
          std::fill_n(model.begin() + at, blocks[at].bytes, free_memory);
          blocks.erase(at);
        }
        break;
      default: {
        const std::uint32_t bytes = 1u << random.below(3),
                            from = at + static_cast<std::uint32_t>(random.below(4 / bytes)) * bytes;
        const auto begin = model.begin() + from, end = begin + bytes;
        const bool stray = std::find(begin, end, free_memory) != end;
        if (random.below(2)) {
          write(from, bytes);
          reported += stray;
          if (!stray) std::fill(begin, end, written);
          ASSERT_EQ(seen_.stray.size(), reported) << step;
        } else {
          const std::size_t before = seen_.uninitialised.size();
          read(from, bytes);
          reported += stray;
          ASSERT_EQ(seen_.stray.size(), reported) << step;
          // What was written while nobody had it may count: only memory that was written in its present life must.
          if (!stray && std::find(begin, end, written) != end) {
            ASSERT_EQ(seen_.uninitialised.size(), before) << step;
          }
        }
      }
    }
  }
  EXPECT_GT(reported, 100'000u);
  EXPECT_GT(seen_.uninitialised.size(), 1000u);
}

}  // namespace
}  // namespace dspmem::test
