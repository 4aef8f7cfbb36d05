// SPDX-License-Identifier: Apache-2.0
// The L1 cache against a reference that keeps nothing but lists, over millions of random accesses and every shipped
// geometry.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <map>

#include "models/cache/l1_cache.h"
#include "models/random.h"

namespace dspmem {
namespace {

constexpr std::uint32_t memory_bytes = 1 << 20;

/// Memory that counts.
class CountingPort : public LinePort {
 public:
  CountingPort() : bytes(memory_bytes) {}
  void fill(std::uint32_t address, std::span<std::uint8_t> line, bool) override {
    ++fills;
    std::memcpy(line.data(), &bytes[address], line.size());
  }
  void write_back(std::uint32_t address, std::span<const std::uint8_t> line, const ByteMask& mask) override {
    ++write_backs;
    for (std::size_t i = 0; i < line.size(); ++i)
      if (mask.test(static_cast<unsigned>(i))) bytes[address + i] = line[i];
  }
  void write_through(std::uint32_t address, std::span<const std::uint8_t> data) override {
    std::memcpy(&bytes[address], data.data(), data.size());
  }
  bool may_prefetch(std::uint32_t address) const override { return address < memory_bytes; }

  std::vector<std::uint8_t> bytes;
  std::uint64_t fills = 0, write_backs = 0;
};

/// The reference: each set is a list of lines, most recent first. Obviously LRU, obviously write-back.
class ReferenceCache {
 public:
  ReferenceCache(const CacheConfig& config) : config_(config), sets_(config.sets()), memory_(memory_bytes) {}

  std::uint8_t& access(std::uint32_t address, bool write) {
    const std::uint32_t number = address / config_.line_bytes;
    std::list<Line>& set = sets_[number % config_.sets()];
    auto found = std::find_if(set.begin(), set.end(), [number](const Line& line) { return line.number == number; });
    if (found == set.end()) {
      ++misses;
      if (set.size() == config_.ways) {
        retire(set.back());
        set.pop_back();
      }
      Line line{number, false, {}};
      const std::uint8_t* from = &memory_[number * config_.line_bytes];
      line.bytes.assign(from, from + config_.line_bytes);
      set.push_front(line);
    } else {
      set.splice(set.begin(), set, found);
    }
    set.front().dirty |= write;
    return set.front().bytes[address % config_.line_bytes];
  }

  void maintain(std::uint32_t address, bool write_back, bool invalidate) {
    const std::uint32_t number = address / config_.line_bytes;
    std::list<Line>& set = sets_[number % config_.sets()];
    for (auto line = set.begin(); line != set.end(); ++line)
      if (line->number == number) {
        if (write_back) retire(*line);
        if (invalidate) set.erase(line);
        return;
      }
  }

  std::uint64_t misses = 0, write_backs = 0;

 private:
  struct Line {
    std::uint32_t number;
    bool dirty;
    std::vector<std::uint8_t> bytes;
  };
  void retire(Line& line) {
    if (!line.dirty) return;
    ++write_backs;
    line.dirty = false;
    std::copy(line.bytes.begin(), line.bytes.end(), &memory_[line.number * config_.line_bytes]);
  }

  CacheConfig config_;
  std::vector<std::list<Line>> sets_;
  std::vector<std::uint8_t> memory_;
};

struct Shape {
  const char* name;
  std::uint32_t size, ways, line;
};

/// Every geometry of configs/platforms, data and instruction caches.
constexpr Shape shapes[] = {
    {"cavs_and_ace_l1d", 48 * 1024, 3, 64}, {"imx8_l1d", 48 * 1024, 3, 128}, {"cnl_l1i", 16 * 1024, 4, 64},
    {"apl_mtl_l1i", 16 * 1024, 2, 64},      {"imx8_l1i", 32 * 1024, 2, 128},
};

class CacheGeometry : public testing::TestWithParam<Shape> {};

TEST_P(CacheGeometry, TenMillionRandomAccessesMatchTheReference) {
  CacheConfig config{.size_bytes = GetParam().size, .ways = GetParam().ways, .line_bytes = GetParam().line};
  CountingPort port;
  L1Cache cache(config, port);
  ReferenceCache reference(config);
  L1Cache::FastEntry* fast = cache.fast_entries();
  Random random(GetParam().size + GetParam().ways);
  const std::uint32_t line_mask = ~(config.line_bytes - 1);
  std::uint64_t fast_hits = 0;
  std::uint32_t hot = 0;
  for (int step = 0; step < 10'000'000; ++step) {
    // Mostly near the last access, as programs are; sometimes anywhere.
    const std::uint64_t draw = random.next();
    if (draw % 8 == 0) hot = static_cast<std::uint32_t>(random.below(memory_bytes / 4));
    const std::uint32_t address = (hot + static_cast<std::uint32_t>(draw >> 8 & 0x3ff)) % memory_bytes;
    const auto kind = draw >> 32 & 0xff;
    if (kind < 4) {
      const bool write_back = kind != 0, invalidate = kind != 1;
      reference.maintain(address, write_back, invalidate);
      if (!write_back) cache.invalidate(address);
      else if (!invalidate) cache.write_back(address);
      else cache.write_back_invalidate(address);
      continue;
    }
    const std::uint32_t set = address >> cache.line_shift() & cache.set_mask();
    if (kind < 100) {
      const auto value = static_cast<std::uint8_t>(draw >> 40);
      reference.access(address, true) = value;
      // The interpreter's hit path.
      if (fast[set].write_key == (address & line_mask)) {
        *fast[set].at(address) = value;
        ++fast_hits;
      } else {
        cache.store(address, {&value, 1});
      }
    } else {
      const std::uint8_t expected = reference.access(address, false);
      std::uint8_t seen;
      if (fast[set].read_key == (address & line_mask)) {
        seen = *fast[set].at(address);
        ++fast_hits;
      } else {
        seen = cache.line_for_read(address)[address & ~line_mask];
      }
      ASSERT_EQ(seen, expected) << "step " << step << " address " << address;
    }
  }
  EXPECT_EQ(cache.statistics().misses, reference.misses);
  EXPECT_EQ(cache.statistics().write_backs, reference.write_backs);
  EXPECT_EQ(port.fills, reference.misses);
  EXPECT_EQ(port.write_backs, reference.write_backs);
  EXPECT_GT(fast_hits, 1'000'000u);
}

INSTANTIATE_TEST_SUITE_P(Shipped, CacheGeometry, testing::ValuesIn(shapes),
                         [](const auto& info) { return info.param.name; });

TEST(L1Cache, RejectsShapesThatCannotBeBuilt) {
  CountingPort port;
  EXPECT_THROW(L1Cache({.size_bytes = 1000, .ways = 3, .line_bytes = 64}, port), std::invalid_argument);
  EXPECT_THROW(L1Cache({.size_bytes = 48 * 1024, .ways = 3, .line_bytes = 48}, port), std::invalid_argument);
  EXPECT_THROW(L1Cache({.size_bytes = 1024, .ways = 32, .line_bytes = 32}, port), std::invalid_argument);
  EXPECT_THROW(L1Cache({.size_bytes = 1024, .ways = 2, .line_bytes = 32, .replacement = "belady"}, port),
               std::invalid_argument);
}

TEST(L1Cache, WritesBackTheWholeLineSoFalseSharingLosesUpdates) {
  CountingPort port;
  L1Cache a({}, port), b({}, port);
  const std::uint8_t one = 1, two = 2;
  a.line_for_read(0);
  b.store(1, {&two, 1});
  b.write_back(1);
  a.store(0, {&one, 1});
  a.write_back(0);
  EXPECT_EQ(port.bytes[0], 1);
  EXPECT_EQ(port.bytes[1], 0) << "the neighbour's byte is overwritten by the stale copy, as hardware does";
}

TEST(L1Cache, ByteDirtyStateKeepsTheNeighboursBytes) {
  CountingPort port;
  CacheConfig config;
  config.byte_dirty = true;
  L1Cache a(config, port), b(config, port);
  const std::uint8_t one = 1, two = 2;
  a.line_for_read(0);
  b.store(1, {&two, 1});
  b.write_back(1);
  a.store(0, {&one, 1});
  a.write_back(0);
  EXPECT_EQ(port.bytes[0], 1);
  EXPECT_EQ(port.bytes[1], 2);
}

TEST(L1Cache, WriteThroughNeverHoldsDirtyLines) {
  CountingPort port;
  CacheConfig config;
  config.write_policy = WritePolicy::write_through;
  L1Cache cache(config, port);
  const std::uint8_t value = 7;
  cache.line_for_read(64);
  cache.store(64, {&value, 1});
  cache.store(4096, {&value, 1});
  EXPECT_EQ(port.bytes[64], 7);
  EXPECT_EQ(port.bytes[4096], 7);
  EXPECT_EQ(cache.dirty_lines(), 0u);
  EXPECT_EQ(cache.peek(4096), nullptr) << "a write miss does not allocate";
  EXPECT_EQ(*cache.peek(64), 7);
}

TEST(L1Cache, PrefetcherFetchesTheNextLineOnce) {
  CountingPort port;
  CacheConfig config;
  config.prefetch_lines = 1;
  L1Cache cache(config, port);
  cache.line_for_read(0);
  EXPECT_NE(cache.peek(64), nullptr);
  EXPECT_EQ(cache.peek(128), nullptr);
  cache.line_for_read(64);
  EXPECT_EQ(cache.statistics().misses, 1u);
  EXPECT_EQ(cache.statistics().prefetches, 1u);
}

TEST(L1Cache, LockedLinesAreNeverReplacedAndOneWayStaysFree) {
  CountingPort port;
  L1Cache cache({}, port);  // 3 ways, 256 sets of 64 bytes
  const std::uint32_t stride = 256 * 64;
  EXPECT_TRUE(cache.lock(0));
  EXPECT_TRUE(cache.lock(stride));
  EXPECT_FALSE(cache.lock(2 * stride));
  for (std::uint32_t i = 2; i < 20; ++i) cache.line_for_read(i * stride);
  EXPECT_NE(cache.peek(0), nullptr);
  EXPECT_NE(cache.peek(stride), nullptr);
  cache.invalidate(0);
  EXPECT_NE(cache.peek(0), nullptr);
  cache.unlock(0);
  cache.invalidate(0);
  EXPECT_EQ(cache.peek(0), nullptr);
}

TEST(L1Cache, IndexOperationsReachEveryLine) {
  CountingPort port;
  CacheConfig config;
  L1Cache cache(config, port);
  const std::uint8_t value = 9;
  for (std::uint32_t address = 0; address < config.size_bytes; address += 64) cache.store(address, {&value, 1});
  EXPECT_EQ(cache.dirty_lines(), 768u);
  for (std::uint32_t index = 0; index < config.size_bytes; index += 64)
    cache.by_index(index, L1Cache::IndexOperation::write_back);
  EXPECT_EQ(cache.dirty_lines(), 0u);
  EXPECT_EQ(port.bytes[47 * 1024], 9);
}

TEST(WayOrder, IsAListWhoseWaysAreBroughtForward) {
  Random random(9);
  for (std::uint32_t ways = 1; ways <= 16; ++ways) {
    WayOrder order;
    std::vector<std::uint32_t> list(ways);
    for (std::uint32_t way = 0; way < ways; ++way) list[way] = way;
    for (int step = 0; step < 20'000; ++step) {
      const auto way = static_cast<std::uint32_t>(random.below(ways));
      order.bring_forward(way);
      list.erase(std::find(list.begin(), list.end(), way));
      list.insert(list.begin(), way);
      for (std::uint32_t position = 0; position < ways; ++position)
        ASSERT_EQ(order.at(position), list[position]) << ways << " ways, step " << step;
    }
  }
}

class Replacement : public testing::TestWithParam<const char*> {};

TEST_P(Replacement, NeverEvictsTheMostRecentLineOfASetAndLosesNoData) {
  CountingPort port;
  CacheConfig config{.size_bytes = 3 * 8 * 64, .ways = 3, .line_bytes = 64, .replacement = GetParam()};
  L1Cache cache(config, port);
  std::vector<std::uint8_t> truth(memory_bytes);
  Random random(5);
  for (int step = 0; step < 200'000; ++step) {
    const auto address = static_cast<std::uint32_t>(random.below(16 * 1024));
    if (random.below(2)) {
      const auto value = static_cast<std::uint8_t>(random.next());
      truth[address] = value;
      cache.store(address, {&value, 1});
    } else {
      ASSERT_EQ(cache.line_for_read(address)[address % 64], truth[address]);
    }
    ASSERT_NE(cache.peek(address), nullptr);
  }
}

INSTANTIATE_TEST_SUITE_P(Policies, Replacement, testing::Values("lru", "tree-plru", "random"));

/// Lets everything pass, and forgets that it did.
class Forgetful : public CountingPort {
 public:
  Permission filled(std::uint32_t, StoreLog& of_line) override {
    log = &of_line;
    log->owner = 7;
    return {~0ull, ~0ull};
  }
  void end_log(StoreLog& ended) override {
    ended.take();
    ++logs_ended;
  }
  StoreLog* log = nullptr;
  std::uint64_t logs_ended = 0;
};

// Stores that are only noted in a line's log, and may have been taken from there since, make it as dirty as others do.
TEST(StoreLogs, SayThatTheirLineIsDirty) {
  const CacheConfig config{.size_bytes = 4 * 1024, .ways = 4, .line_bytes = 64};
  Forgetful port;
  L1Cache cache(config, port);
  cache.use_fast_entries(L1Cache::FastAccess::permitted);
  ReferenceCache reference(config);
  L1Cache::FastEntry* fast = cache.fast_entries();
  Random random(5);
  std::uint64_t noted = 0;
  for (int step = 0; step < 2'000'000; ++step) {
    const std::uint64_t draw = random.next();
    const auto address = static_cast<std::uint32_t>(draw % (16 * 1024));
    const auto kind = draw >> 32 & 0xff;
    if (kind < 6) {
      const bool write_back = kind >= 2, invalidate = kind < 4;
      reference.maintain(address, write_back, invalidate);
      if (!write_back) cache.invalidate(address);
      else if (!invalidate) cache.write_back(address);
      else cache.write_back_invalidate(address);
    } else if (kind < 12) {
      cache.revoke(address);
    } else if (kind < 100) {
      const auto value = static_cast<std::uint8_t>(draw >> 40);
      reference.access(address, true) = value;
      if (!cache.touch(address)) cache.fetch(address);
      const L1Cache::FastEntry& entry = fast[cache.set_of(address)];
      if (entry.write_key == cache.line_address(address)) {
        *entry.at(address) = value;
        entry.place->log.written |= 1ull << address % 64;
        ++noted;
        if (kind % 4 == 0) entry.place->log.take();
      } else {
        cache.store(address, {&value, 1});
      }
      ASSERT_TRUE(cache.dirty(address));
    } else {
      ASSERT_EQ(cache.line_for_read(address)[address % 64], reference.access(address, false)) << "step " << step;
    }
  }
  EXPECT_GT(noted, 300'000u);
  EXPECT_GT(port.logs_ended, 300'000u);
  EXPECT_EQ(cache.statistics().misses, reference.misses);
  EXPECT_EQ(cache.statistics().write_backs, reference.write_backs);
}

// An observer may be gone when a line leaves that it had taken the log of: the next one must not find it there.
TEST(StoreLogs, AreNobodysOnceTheirLineHasLeft) {
  Forgetful port;
  L1Cache cache({.size_bytes = 1024, .ways = 2, .line_bytes = 64}, port);
  cache.use_fast_entries(L1Cache::FastAccess::permitted);
  cache.line_for_read(0x100);
  ASSERT_NE(port.log, nullptr);
  EXPECT_EQ(port.log->owner, 7u);
  cache.invalidate(0x100);
  EXPECT_EQ(port.log->owner, StoreLog::nobody);
}

// Nor may it find the logs of lines that stay.
TEST(StoreLogs, AreNobodysOnceTheirOwnerGoes) {
  Forgetful port;
  L1Cache cache({.size_bytes = 1024, .ways = 2, .line_bytes = 64}, port);
  cache.use_fast_entries(L1Cache::FastAccess::permitted);
  cache.line_for_read(0x100);
  port.log->written = 1;
  cache.end_logs();
  EXPECT_EQ(port.log->owner, StoreLog::nobody);
  EXPECT_EQ(port.logs_ended, 1u);
  EXPECT_TRUE(cache.dirty(0x100));
}

}  // namespace
}  // namespace dspmem
