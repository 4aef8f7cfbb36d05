// SPDX-License-Identifier: Apache-2.0
// The checker against a brute-force enumeration of every hardware schedule, read by read, over random tiny programs.
#include "models/coherency/checker.h"

#include <gtest/gtest.h>

#include <sstream>

#include "models/random.h"
#include "tests/coherency/oracle.h"

namespace dspmem::test {
namespace {

using Kind = TinyOperation::Kind;

struct Counter : FindingListener {
  void on_finding(const CoherencyFinding&) override { ++findings; }
  std::size_t findings = 0;
};

std::vector<TinyVerdict> checker_verdicts(const TinyMachine& machine, const std::vector<TinyOperation>& program, Counter& listener) {
  CoherencyChecker checker({{.cores = machine.cores, .line_bytes = machine.line_bytes, .prefetch = machine.prefetch, .byte_dirty = machine.byte_dirty}, machine.agents}, listener);
  std::vector<TinyVerdict> verdicts;
  std::uint64_t cycle = 0;
  for (const TinyOperation& each : program) {
    ++cycle;
    const auto agent = static_cast<AgentId>(each.agent);
    const View view = each.cached ? View::cached : each.agent < machine.cores ? View::uncached : View::direct;
    const std::vector<std::uint8_t> value(each.bytes, static_cast<std::uint8_t>(cycle));
    TinyVerdict verdict = TinyVerdict::fine;
    switch (each.kind) {
      case Kind::read: checker.read(agent, view, each.address, value, {}, cycle); break;
      case Kind::write: checker.write(agent, view, each.address, value, {}, cycle); break;
      case Kind::write_back: checker.maintain(agent, Operation::Kind::write_back, each.address, {}, cycle); break;
      case Kind::invalidate: checker.maintain(agent, Operation::Kind::invalidate, each.address, {}, cycle); break;
      case Kind::write_back_invalidate: checker.maintain(agent, Operation::Kind::write_back_invalidate, each.address, {}, cycle); break;
      case Kind::release: checker.release(agent, each.object); break;
      case Kind::acquire: checker.acquire(agent, each.object); break;
      case Kind::forget: checker.forget(each.address, each.bytes); break;
    }
    if (each.kind == Kind::read || each.kind == Kind::write) verdict = checker.last_raced() ? TinyVerdict::race : checker.last_stale() ? TinyVerdict::stale : TinyVerdict::fine;
    verdicts.push_back(verdict);
  }
  return verdicts;
}

std::vector<TinyOperation> random_program(const TinyMachine& machine, Random& random) {
  std::vector<TinyOperation> program(1 + random.below(12));
  // Some programs hand over often, so that few of their accesses race.
  const std::uint64_t hand_over = random.below(3);
  unsigned agent = 0;
  for (std::size_t i = 0; i < program.size(); ++i) {
    TinyOperation& each = program[i];
    const bool last_released = i && program[i - 1].kind == Kind::release;
    if (last_released && hand_over) {
      each = {.kind = Kind::acquire, .agent = static_cast<unsigned>(random.below(machine.agents)), .object = program[i - 1].object};
      agent = each.agent;
      continue;
    }
    if (!hand_over) agent = static_cast<unsigned>(random.below(machine.agents));
    const bool core = agent < machine.cores;
    const std::uint64_t pick = random.below(core ? 12 : 6);
    each.agent = agent;
    each.cached = core && random.below(4) != 0;
    each.bytes = 1u << random.below(3);
    each.address = static_cast<unsigned>(random.below(machine.lines * machine.line_bytes / each.bytes)) * each.bytes;
    each.object = static_cast<unsigned>(random.below(2));
    if (random.below(12) == 0) {  // whole words, as allocators hand memory out
      each.kind = Kind::forget;
      each.bytes = std::max(each.bytes, 4u);
      each.address -= each.address % 4;
      if (random.below(2)) {
        each.bytes = machine.line_bytes;
        each.address -= each.address % machine.line_bytes;
      }
      continue;
    }
    each.kind = pick < 2 ? Kind::read : pick < 4 ? Kind::write : pick < 5 ? Kind::release : pick < 6 ? Kind::acquire
              : pick < 7 ? Kind::write : pick < 8 ? Kind::read : pick < 9 ? Kind::write_back : pick < 10 ? Kind::invalidate
              : pick < 11 ? Kind::write_back_invalidate : Kind::release;
  }
  return program;
}

std::string describe(const TinyMachine& machine, const std::vector<TinyOperation>& program, const std::vector<TinyVerdict>& ours, const std::vector<TinyVerdict>& theirs) {
  static constexpr const char* kinds[] = {"read", "write", "write-back", "invalidate", "write-back-invalidate", "release", "acquire", "forget"};
  static constexpr const char* verdicts[] = {"fine", "stale", "race"};
  std::ostringstream text;
  text << machine.cores << " cores, " << machine.agents << " agents, lines of " << machine.line_bytes << (machine.prefetch ? ", prefetch" : "") << (machine.byte_dirty ? ", byte-dirty" : "") << "\n";
  for (std::size_t i = 0; i < program.size(); ++i) {
    const TinyOperation& each = program[i];
    text << i << ": agent " << each.agent << " " << kinds[static_cast<int>(each.kind)] << (each.cached ? " cached" : "") << " address " << each.address << " bytes " << each.bytes
         << " object " << each.object << " -> checker " << verdicts[static_cast<int>(ours[i])] << ", oracle " << verdicts[static_cast<int>(theirs[i])] << "\n";
  }
  return text.str();
}

struct Shape {
  const char* name;
  bool prefetch, byte_dirty;
  std::uint64_t programs;

  TinyMachine draw_machine(Random& random) const {
    TinyMachine machine;
    machine.cores = static_cast<unsigned>(random.between(2, 3));
    machine.agents = machine.cores + static_cast<unsigned>(random.below(machine.cores == 2 ? 2 : 1));
    machine.line_bytes = random.below(2) ? 4 : 8;
    machine.lines = static_cast<unsigned>(random.between(1, 3));
    machine.prefetch = prefetch;
    machine.byte_dirty = byte_dirty;
    return machine;
  }
};

class RandomPrograms : public testing::TestWithParam<Shape> {};

TEST_P(RandomPrograms, GetTheSameVerdictsFromTheOracle) {
  Random random(GetParam().prefetch * 2 + GetParam().byte_dirty + 1);
  std::uint64_t counts[3] = {};
  for (std::uint64_t done = 0; done < GetParam().programs; ++done) {
    const TinyMachine machine = GetParam().draw_machine(random);
    const auto program = random_program(machine, random);
    Counter listener;
    const auto ours = checker_verdicts(machine, program, listener);
    const auto theirs = enumerate_schedules(machine, program);
    ASSERT_EQ(ours, theirs) << "program " << done << "\n" << describe(machine, program, ours, theirs);
    for (std::size_t i = 0; i < program.size(); ++i)
      if (program[i].kind == Kind::read) ++counts[static_cast<int>(ours[i])];
  }
  // The comparison means something: every verdict occurs often.
  for (const std::uint64_t count : counts) EXPECT_GT(count, GetParam().programs / 20);
  RecordProperty("reads_fine_stale_raced", std::to_string(counts[0]) + " " + std::to_string(counts[1]) + " " + std::to_string(counts[2]));
}

/// The same program in another order that might have come of it: what each agent does, and what synchronises with what, stays.
std::vector<TinyOperation> in_another_order(std::vector<TinyOperation> program, Random& random) {
  const auto synchronises = [](const TinyOperation& each) { return each.kind == Kind::release || each.kind == Kind::acquire; };
  for (std::size_t swaps = program.size() * program.size() * 2; program.size() > 1 && swaps--;) {
    const std::size_t at = random.below(program.size() - 1);
    TinyOperation &one = program[at], &other = program[at + 1];
    if (one.agent == other.agent || (synchronises(one) && synchronises(other) && one.object == other.object)) continue;
    std::swap(one, other);
  }
  return program;
}

// A bug that nothing but luck keeps from happening is found in whatever order a run had it.
TEST_P(RandomPrograms, GetTheSameVerdictInAnyOrder) {
  Random random(GetParam().prefetch * 2 + GetParam().byte_dirty + 101);
  std::uint64_t clean = 0;
  for (std::uint64_t done = 0; done < GetParam().programs / 10; ++done) {
    const TinyMachine machine = GetParam().draw_machine(random);
    auto program = random_program(machine, random);
    std::erase_if(program, [](const TinyOperation& each) { return each.kind == Kind::forget; });
    const auto reordered = in_another_order(program, random);
    Counter before, after;
    const auto verdicts = checker_verdicts(machine, program, before), others = checker_verdicts(machine, reordered, after);
    ASSERT_EQ(before.findings == 0, after.findings == 0)
        << "program " << done << "\n" << describe(machine, program, verdicts, verdicts) << "\n" << describe(machine, reordered, others, others);
    clean += before.findings == 0 && program != reordered;
  }
  EXPECT_GT(clean, GetParam().programs / 100);
}

INSTANTIATE_TEST_SUITE_P(Machines, RandomPrograms,
                         testing::Values(Shape{"WholeLines", false, false, 400000}, Shape{"WholeLinesWithPrefetch", true, false, 200000},
                                         Shape{"ByteDirty", false, true, 200000}, Shape{"ByteDirtyWithPrefetch", true, true, 100000}),
                         [](const auto& info) { return info.param.name; });

// The line's last owner has left it dirty. The next one read the memory before it wrote to it, and what was read once was taken for safe to
// read again: nothing was said.
TEST(FreedMemory, IsNotSafeFromADirtyLineBecauseItWasReadBeforeItWasWritten) {
  Counter listener;
  CoherencyChecker checker({{.cores = 2, .line_bytes = 64}, 3}, listener);
  const std::vector<std::uint8_t> value(4);
  constexpr AgentId owner = 0, dma = 2;
  checker.write(owner, View::cached, 0, value, {}, 1);
  checker.forget(0, 64);
  checker.read(dma, View::direct, 0, value, {}, 2);
  checker.write(dma, View::direct, 0, value, {}, 3);
  EXPECT_FALSE(checker.last_stale());
  checker.read(dma, View::direct, 0, value, {}, 4);
  EXPECT_TRUE(checker.last_stale());
}

struct TwoCores {
  explicit TwoCores(const CacheRules& rules) : checker({rules, 3}, listener) {}
  void write(AgentId agent, View view, std::uint32_t address) { checker.write(agent, view, address, value, {}, ++cycle); }

  Counter listener;
  CoherencyChecker checker;
  std::vector<std::uint8_t> value = std::vector<std::uint8_t>(4);
  std::uint64_t cycle = 0;
};
constexpr CacheRules two_cores{.cores = 2, .line_bytes = 64};

// An uncached write covered the cached one before it, whose line may still come down.
TEST(WritersInOneLine, AreFoundThroughWhatCoversThem) {
  for (const bool cached_first : {true, false}) {
    TwoCores machine(two_cores);
    if (!cached_first) machine.write(0, View::uncached, 8);
    machine.write(1, View::cached, 0);
    machine.checker.maintain(1, Operation::Kind::write_back_invalidate, 0, {}, 1);
    machine.write(1, View::uncached, 0);
    if (cached_first) machine.write(0, View::uncached, 8);
    EXPECT_EQ(machine.listener.findings, 1u);
  }
}

TEST(WritersInOneLine, AreFineWhereNoWriteBackTakesMoreThanWasWritten) {
  for (const CacheRules& rules : {CacheRules{.cores = 2, .line_bytes = 64, .byte_dirty = true}, CacheRules{.cores = 2, .line_bytes = 64, .write_through = true}}) {
    TwoCores machine(rules);
    machine.write(0, View::cached, 0);
    machine.write(1, View::cached, 8);
    EXPECT_EQ(machine.listener.findings, 0u);
  }
  TwoCores machine(two_cores);
  machine.write(0, View::uncached, 0);
  machine.write(1, View::uncached, 8);
  machine.write(2, View::direct, 16);
  EXPECT_EQ(machine.listener.findings, 0u);
}

TEST(WritersInOneLine, DoNotMeetThoseWhoseMemoryIsFree) {
  TwoCores machine(two_cores);
  machine.write(0, View::cached, 0);
  machine.checker.forget(0, 4);
  machine.write(1, View::cached, 8);
  EXPECT_EQ(machine.listener.findings, 0u);
  machine.write(0, View::cached, 16);
  EXPECT_EQ(machine.listener.findings, 1u);
}

TEST(Frees, MeetUsersThatNothingOrdersBefore) {
  TwoCores machine(two_cores);
  machine.write(2, View::direct, 0);  // a DMA
  EXPECT_EQ(machine.checker.unordered_use(0, 0, 64).operation.agent, 2);
  EXPECT_EQ(machine.checker.unordered_use(0, 4, 60).operation.kind, Operation::Kind::none);
  machine.checker.release(2, 7);
  machine.checker.acquire(0, 7);
  EXPECT_EQ(machine.checker.unordered_use(0, 0, 64).operation.kind, Operation::Kind::none);
}

TEST(DirtyLines, AreCountedForEachCore) {
  TwoCores machine(two_cores);
  machine.write(0, View::cached, 0);
  machine.write(1, View::cached, 64 + 12);
  machine.write(1, View::cached, 128);
  machine.checker.maintain(0, Operation::Kind::write_back, 64, {}, 9);
  const auto found = machine.checker.dirty_lines(16, 4096);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].count, 1u);
  EXPECT_EQ(found[1].core, 1);
  EXPECT_EQ(found[1].count, 2u);
  EXPECT_EQ(found[1].first, 64u + 12);
}

// In this run the invalidate comes after the write that it has to come after. Nothing makes it, and a prefetcher may fetch the line in between.
TEST(Invalidates, AreToldFromThoseThatOnlyCameInTime) {
  for (const bool prefetch : {true, false}) {
    TwoCores machine({.cores = 2, .line_bytes = 64, .prefetch = prefetch});
    machine.write(0, View::uncached, 0);
    machine.checker.maintain(1, Operation::Kind::invalidate, 0, {}, 2);
    machine.checker.release(0, 7);
    machine.checker.acquire(1, 7);
    machine.checker.read(1, View::cached, 0, machine.value, {}, 3);
    EXPECT_EQ(machine.listener.findings, prefetch ? 1u : 0u);
    machine.checker.maintain(1, Operation::Kind::invalidate, 0, {}, 4);
    machine.checker.read(1, View::cached, 0, machine.value, {}, 5);
    EXPECT_EQ(machine.listener.findings, prefetch ? 1u : 0u);
  }
}

// What a core's spinning on a lock need not look at again is looked at when somebody else writes there.
TEST(Atomics, AreCheckedAgainAfterAPlainWrite) {
  TwoCores machine(two_cores);
  const auto spin = [&] {
    machine.checker.acquire(1, 0);
    machine.checker.atomic_read(1, View::uncached, 0, machine.value, {}, ++machine.cycle);
    return machine.checker.last_raced();
  };
  const auto set = [&] {
    machine.checker.acquire(0, 0);
    machine.checker.atomic_write(0, View::uncached, 0, machine.value, {}, ++machine.cycle);
    machine.checker.release(0, 0);
  };
  set();
  EXPECT_FALSE(spin());
  machine.write(0, View::uncached, 0);  // nothing has released this one
  EXPECT_TRUE(spin());
  set();
  EXPECT_FALSE(spin());
}

// Stores go through at once: a flush after the hand-over, of something else in the line, say, was taken for the write-back that was missed.
TEST(WriteThrough, LetsAFlushComeAfterTheHandOver) {
  for (const bool write_through : {true, false}) {
    Counter listener;
    CoherencyChecker checker({{.cores = 2, .line_bytes = 64, .write_through = write_through}, 2}, listener);
    const std::vector<std::uint8_t> value(4);
    checker.write(0, View::cached, 0, value, {}, 1);
    checker.release(0, 1);
    checker.acquire(1, 1);
    checker.maintain(0, Operation::Kind::write_back, 0, {}, 2);
    checker.maintain(1, Operation::Kind::invalidate, 0, {}, 3);
    checker.read(1, View::cached, 0, value, {}, 4);
    EXPECT_EQ(listener.findings, write_through ? 0u : 1u);
  }
}

}  // namespace
}  // namespace dspmem::test
