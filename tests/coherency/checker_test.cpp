// SPDX-License-Identifier: Apache-2.0
// The checker against a brute-force enumeration of every order and every hardware schedule, over random tiny programs.
#include "models/coherency/checker.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <sstream>

#include "models/random.h"
#include "tests/coherency/oracle.h"

namespace dspmem::test {
namespace {

using Kind = TinyOperation::Kind;

struct Counter : FindingListener {
  void on_finding(const CoherencyFinding& finding) override {
    if (finding.unread) {
      ++unread;
      return;
    }
    ++findings;
    if (finding.rule != Rule::data_race && finding.access.kind == Operation::Kind::read)
      stale.insert(finding.access.site.pc - 1);
  }
  std::size_t findings = 0, unread = 0;
  std::set<std::size_t> stale;  ///< by index in the program
};

CacheRules rules_of(const TinyMachine& machine) {
  return {.cores = machine.cores,
          .line_bytes = machine.line_bytes,
          .prefetch = machine.prefetch,
          .byte_dirty = machine.byte_dirty,
          .write_through = machine.write_through};
}

std::vector<TinyVerdict> checker_verdicts(const TinyMachine& machine, const std::vector<TinyOperation>& program,
                                          Counter& listener) {
  CoherencyChecker checker({rules_of(machine), machine.agents}, listener);
  std::vector<TinyVerdict> verdicts(program.size(), TinyVerdict::fine);
  std::uint64_t cycle = 0;
  for (const TinyOperation& each : program) {
    ++cycle;
    const auto agent = static_cast<AgentId>(each.agent);
    const View view = each.cached ? View::cached : each.agent < machine.cores ? View::uncached : View::direct;
    const std::vector<std::uint8_t> value(each.bytes, static_cast<std::uint8_t>(cycle));
    const Site site{static_cast<std::uint32_t>(cycle), 0, nullptr};
    switch (each.kind) {
      case Kind::read: checker.read(agent, view, each.address, value, site, cycle); break;
      case Kind::write: checker.write(agent, view, each.address, value, site, cycle); break;
      case Kind::write_back: checker.maintain(agent, Operation::Kind::write_back, each.address, site, cycle); break;
      case Kind::invalidate: checker.maintain(agent, Operation::Kind::invalidate, each.address, site, cycle); break;
      case Kind::write_back_invalidate:
        checker.maintain(agent, Operation::Kind::write_back_invalidate, each.address, site, cycle);
        break;
      case Kind::release: checker.release(agent, each.object); break;
      case Kind::acquire: checker.acquire(agent, each.object); break;
      case Kind::forget: checker.forget(each.address, each.bytes); break;
      case Kind::go_down: checker.core_off(agent, cycle); break;
      case Kind::boot:
        checker.acquire(agent, each.object);
        checker.boot(agent);
        break;
    }
    if ((each.kind == Kind::read || each.kind == Kind::write) && checker.last_raced())
      verdicts[cycle - 1] = TinyVerdict::race;
  }
  checker.finish();
  for (const std::size_t index : listener.stale)
    if (verdicts.at(index) == TinyVerdict::fine) verdicts[index] = TinyVerdict::stale;
  return verdicts;
}

/// Draws programs that are partly synchronised: bugs that depend on the order hide both from those that are chained and
/// from those that race.
class Drawer {
 public:
  Drawer(const TinyMachine& machine, Random& random)
      : machine_(machine), random_(random), clocks_(machine.agents, std::vector<unsigned>(machine.agents)),
        objects_(objects, std::vector<unsigned>(machine.agents)), writes_(machine.lines * machine.line_bytes),
        reads_(machine.lines * machine.line_bytes, std::vector<unsigned>(machine.agents)) {
    for (unsigned agent = 0; agent < machine.agents; ++agent) clocks_[agent][agent] = 1;
  }

  std::vector<TinyOperation> program() {
    std::vector<TinyOperation> program;
    const std::size_t length = 3 + random_.below(11);
    const bool tolerates_races = random_.below(20) == 0;
    for (std::size_t tries = 0; program.size() < length && tries < 200; ++tries) {
      const TinyOperation each = draw();
      if (races(each) && !tolerates_races) continue;
      note(each);
      program.push_back(each);
    }
    return program;
  }

 private:
  TinyOperation draw() {
    TinyOperation each;
    each.agent = static_cast<unsigned>(random_.below(machine_.agents));
    const bool core = each.agent < machine_.cores;
    each.cached = core && random_.below(5) != 0;
    each.bytes = 1u << random_.below(3);
    each.address = static_cast<unsigned>(random_.below(machine_.lines * machine_.line_bytes / each.bytes)) * each.bytes;
    each.object = static_cast<unsigned>(random_.below(3));
    if (random_.below(30) == 0) {  // whole words, as allocators hand memory out
      each.kind = Kind::forget;
      each.bytes = random_.below(2) ? machine_.line_bytes : 4;
      each.address -= each.address % each.bytes;
      return each;
    }
    static constexpr Kind kinds[] = {Kind::read,
                                     Kind::read,
                                     Kind::read,
                                     Kind::write,
                                     Kind::write,
                                     Kind::write,
                                     Kind::release,
                                     Kind::release,
                                     Kind::acquire,
                                     Kind::acquire,
                                     Kind::write_back,
                                     Kind::invalidate,
                                     Kind::write_back_invalidate};
    each.kind = kinds[random_.below(core ? std::size(kinds) : 10)];
    return each;
  }

 protected:
  static constexpr unsigned objects = 16;

  bool races(const TinyOperation& each) const {
    const bool read = each.kind == Kind::read;
    if (!read && each.kind != Kind::write && each.kind != Kind::forget) return false;
    for (unsigned byte = each.address; byte < each.address + each.bytes; ++byte) {
      const auto& [writer, epoch] = writes_[byte];
      if (epoch > clocks_[each.agent][writer]) return true;
      for (unsigned agent = 0; !read && agent < machine_.agents; ++agent)
        if (reads_[byte][agent] > clocks_[each.agent][agent]) return true;
    }
    return false;
  }

  void note(const TinyOperation& each) {
    std::vector<unsigned>& clock = clocks_[each.agent];
    const auto join = [](std::vector<unsigned>& to, const std::vector<unsigned>& from) {
      for (std::size_t i = 0; i < to.size(); ++i) to[i] = std::max(to[i], from[i]);
    };
    if (each.kind == Kind::release) {
      join(objects_[each.object], clock);
      ++clock[each.agent];
    }
    if (each.kind == Kind::acquire || each.kind == Kind::boot) join(clock, objects_[each.object]);
    for (unsigned byte = each.address; byte < each.address + each.bytes; ++byte) {
      if (each.kind == Kind::read) reads_[byte][each.agent] = clock[each.agent];
      if (each.kind == Kind::write || each.kind == Kind::forget) writes_[byte] = {each.agent, clock[each.agent]};
    }
  }

  const TinyMachine& machine_;
  Random& random_;

 private:
  std::vector<std::vector<unsigned>> clocks_, objects_;
  std::vector<std::pair<unsigned, unsigned>> writes_;
  std::vector<std::vector<unsigned>> reads_;
};

std::vector<TinyOperation> random_program(const TinyMachine& machine, Random& random) {
  return Drawer(machine, random).program();
}

/// Draws programs as firmware is: locks, of which a core may hold two, and open the first one before the second;
/// masters that are started, work, and are waited for; cores that go down and are started again; memory that is handed
/// back.
class FirmwareDrawer : private Drawer {
 public:
  FirmwareDrawer(const TinyMachine& machine, Random& random)
      : Drawer(machine, random), held_(machine.agents), works_(machine.agents), off_(machine.agents) {}

  std::vector<TinyOperation> program() {
    const std::size_t length = 5 + random_.below(11);
    for (std::size_t tries = 0; program_.size() < length && tries < 300; ++tries) {
      const auto agent = static_cast<unsigned>(random_.below(machine_.agents));
      if (agent >= machine_.cores) work(agent);
      else if (!off_[agent]) act(agent);
    }
    return program_;
  }

 private:
  static constexpr unsigned locks = 2, starts = 4, ends = 8, boots = 12;  // objects, by lock, master and core

  void add(Kind kind, unsigned agent, unsigned object) {
    TinyOperation each;
    each.kind = kind;
    each.agent = agent;
    each.object = object;
    note_synchronising(each);
    program_.push_back(each);
  }
  /// One that only synchronises has no bytes.
  void note_synchronising(TinyOperation each) {
    each.bytes = 0;
    note(each);
  }

  void access(unsigned agent) {
    TinyOperation each;
    each.agent = agent;
    each.cached = agent < machine_.cores && random_.below(6) != 0;
    each.bytes = 1u << random_.below(3);
    each.address = static_cast<unsigned>(random_.below(machine_.lines * machine_.line_bytes / each.bytes)) * each.bytes;
    each.kind = random_.below(2) ? Kind::read : Kind::write;
    if (random_.below(40) == 0) each.kind = Kind::forget;
    if (races(each)) return;
    note(each);
    program_.push_back(each);
  }

  void maintain(unsigned agent) {
    static constexpr Kind kinds[] = {Kind::write_back, Kind::invalidate, Kind::write_back_invalidate};
    TinyOperation each;
    each.kind = kinds[random_.below(std::size(kinds))];
    each.agent = agent;
    each.address = static_cast<unsigned>(random_.below(machine_.lines)) * machine_.line_bytes;
    program_.push_back(each);
  }

  void act(unsigned core) {
    switch (random_.below(12)) {
      case 0:
      case 1: return lock(core);
      case 2:
      case 3: return unlock(core);
      case 4: return start(core);
      case 5: return wait(core);
      case 6: return switch_core(core);
      case 7:
      case 8: return maintain(core);
      default: return access(core);
    }
  }

  void lock(unsigned core) {
    const auto lock = static_cast<unsigned>(random_.below(locks));
    for (const auto& held : held_)
      if (held.contains(lock)) return;
    held_[core].insert(lock);
    add(Kind::acquire, core, lock);
  }
  void unlock(unsigned core) {
    if (held_[core].empty()) return;
    const unsigned lock = random_.below(2) ? *held_[core].begin() : *held_[core].rbegin();
    held_[core].erase(lock);
    add(Kind::release, core, lock);
  }

  enum class Work { idle, started, at_work, done };
  void start(unsigned core) {
    for (unsigned master = machine_.cores; master < machine_.agents; ++master)
      if (works_[master] == Work::idle) {
        add(Kind::release, core, starts + master - machine_.cores);
        works_[master] = Work::started;
        return;
      }
  }
  void work(unsigned master) {
    const unsigned number = master - machine_.cores;
    if (works_[master] == Work::started) {
      add(Kind::acquire, master, starts + number);
      works_[master] = Work::at_work;
    } else if (works_[master] == Work::at_work && random_.below(3)) {
      access(master);
    } else if (works_[master] == Work::at_work) {
      add(Kind::release, master, ends + number);
      works_[master] = Work::done;
    }
  }
  void wait(unsigned core) {
    for (unsigned master = machine_.cores; master < machine_.agents; ++master)
      if (works_[master] == Work::done) {
        add(Kind::acquire, core, ends + master - machine_.cores);
        works_[master] = Work::idle;
        return;
      }
  }
  /// Core 0 stays, and starts the others again.
  void switch_core(unsigned core) {
    if (core != 0) {
      if (!held_[core].empty()) return;
      off_[core] = true;
      return add(Kind::go_down, core, 0);
    }
    for (unsigned other = 1; other < machine_.cores; ++other)
      if (off_[other]) {
        add(Kind::release, core, boots + other);
        add(Kind::boot, other, boots + other);
        off_[other] = false;
        return;
      }
  }

  std::vector<TinyOperation> program_;
  std::vector<std::set<unsigned>> held_;
  std::vector<Work> works_;
  std::vector<bool> off_;
};

std::vector<TinyOperation> firmware_program(const TinyMachine& machine, Random& random) {
  return FirmwareDrawer(machine, random).program();
}

std::string describe(const TinyMachine& machine, const std::vector<TinyOperation>& program,
                     const std::vector<TinyVerdict>& ours, const std::vector<TinyVerdict>& theirs) {
  static constexpr const char* kinds[] = {"read",    "write",   "write-back", "invalidate", "write-back-invalidate",
                                          "release", "acquire", "forget",     "go-down",    "boot"};
  static constexpr const char* verdicts[] = {"fine", "stale", "race"};
  std::ostringstream text;
  text << machine.cores << " cores, " << machine.agents << " agents, lines of " << machine.line_bytes
       << (machine.prefetch ? ", prefetch" : "") << (machine.byte_dirty ? ", byte-dirty" : "")
       << (machine.write_through ? ", write-through" : "") << "\n";
  for (std::size_t i = 0; i < program.size(); ++i) {
    const TinyOperation& each = program[i];
    text << i << ": agent " << each.agent << " " << kinds[static_cast<int>(each.kind)] << (each.cached ? " cached" : "")
         << " address " << each.address << " bytes " << each.bytes << " object " << each.object << " -> checker "
         << verdicts[static_cast<int>(ours[i])] << ", oracle " << verdicts[static_cast<int>(theirs[i])] << "\n";
  }
  return text.str();
}

struct Shape {
  const char* name;
  bool prefetch, byte_dirty, write_through;
  std::uint64_t programs;

  TinyMachine draw_machine(Random& random) const {
    TinyMachine machine;
    machine.cores = static_cast<unsigned>(random.between(2, 3));
    machine.agents = machine.cores + static_cast<unsigned>(random.below(machine.cores == 2 ? 2 : 1));
    machine.line_bytes = random.below(2) ? 4 : 8;
    machine.lines = random.below(4) ? 1 : 2;
    machine.prefetch = prefetch;
    machine.byte_dirty = byte_dirty;
    machine.write_through = write_through;
    return machine;
  }
};
std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << shape.name; }

/// How many programs: this share of a million, or what DSPMEM_PROGRAMS says.
std::uint64_t count_of(std::uint64_t usual) {
  const char* const wanted = std::getenv("DSPMEM_PROGRAMS");
  return wanted ? std::strtoull(wanted, nullptr, 10) : usual;
}

class RandomPrograms : public testing::TestWithParam<Shape> {};

/// Lines of which some read is stale.
std::set<unsigned> stale_lines(const TinyMachine& machine, const std::vector<TinyOperation>& program,
                               const std::vector<TinyVerdict>& verdicts) {
  std::set<unsigned> lines;
  for (std::size_t i = 0; i < program.size(); ++i)
    if (verdicts[i] == TinyVerdict::stale) lines.insert(program[i].address / machine.line_bytes);
  return lines;
}

/// `draw` makes the programs.
void compare_with_oracle(const Shape& shape, std::uint64_t seed,
                         std::vector<TinyOperation> (*draw)(const TinyMachine&, Random&)) {
  Random random(seed);
  std::uint64_t counts[3] = {}, incoherent = 0;
  const std::uint64_t programs = count_of(shape.programs);
  for (std::uint64_t done = 0; done < programs; ++done) {
    const TinyMachine machine = shape.draw_machine(random);
    const auto program = draw(machine, random);
    Counter listener;
    const auto ours = checker_verdicts(machine, program, listener), theirs = enumerate_orders(machine, program);
    const auto races = [](const std::vector<TinyVerdict>& verdicts) {
      return std::find(verdicts.begin(), verdicts.end(), TinyVerdict::race) != verdicts.end();
    };
    const bool raced = races(theirs);
    const bool frees = std::any_of(program.begin(), program.end(),
                                   [](const TinyOperation& each) { return each.kind == Kind::forget; });
    // Who frees what others use is reported where the heap is known.
    if (raced && frees) continue;
    ASSERT_EQ(races(ours), raced) << "program " << done << "\n" << describe(machine, program, ours, theirs);
    if (raced) continue;
    // Nothing is accused that cannot happen, and of each line that can be wrong a read is named. Of reads of the same
    // write the last one is.
    for (const std::size_t i : listener.stale)
      ASSERT_EQ(theirs[i], TinyVerdict::stale) << "FALSE program " << done << "\n"
                                               << describe(machine, program, ours, theirs);
    ASSERT_EQ(stale_lines(machine, program, ours), stale_lines(machine, program, theirs))
        << "MISSED program " << done << "\n"
        << describe(machine, program, ours, theirs);
    incoherent += !stale_lines(machine, program, theirs).empty();
    for (std::size_t i = 0; i < program.size(); ++i)
      if (program[i].kind == Kind::read) ++counts[static_cast<int>(theirs[i])];
  }
  // The comparison means something: both verdicts occur often.
  EXPECT_GT(counts[0], programs / 20);
  EXPECT_GT(counts[1],
            programs / (shape.write_through ? 1000 : 50));  // where no line is dirty little can go wrong
  testing::Test::RecordProperty("reads_fine_stale", std::to_string(counts[0]) + " " + std::to_string(counts[1]));
  testing::Test::RecordProperty("incoherent_programs", std::to_string(incoherent));
}

std::uint64_t seed_of(const Shape& shape) { return shape.prefetch * 4 + shape.byte_dirty * 2 + shape.write_through; }

TEST_P(RandomPrograms, GetTheSameVerdictsFromTheOracle) {
  compare_with_oracle(GetParam(), seed_of(GetParam()) + 1, random_program);
}

TEST_P(RandomPrograms, OfLocksTransfersAndCoresThatGoDown) {
  compare_with_oracle(GetParam(), seed_of(GetParam()) + 1001, firmware_program);
}

/// The same program in another order that might have come of it: what each agent does, and what synchronises with what,
/// stays.
std::vector<TinyOperation> in_another_order(std::vector<TinyOperation> program, Random& random) {
  const auto synchronises = [](const TinyOperation& each) {
    return each.kind == Kind::release || each.kind == Kind::acquire;
  };
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
  Random random(GetParam().prefetch * 4 + GetParam().byte_dirty * 2 + GetParam().write_through + 101);
  std::uint64_t clean = 0;
  const std::uint64_t programs = count_of(GetParam().programs);
  for (std::uint64_t done = 0; done < programs; ++done) {
    const TinyMachine machine = GetParam().draw_machine(random);
    auto program = random_program(machine, random);
    std::erase_if(program, [](const TinyOperation& each) { return each.kind == Kind::forget; });
    const auto reordered = in_another_order(program, random);
    Counter before, after;
    const auto verdicts = checker_verdicts(machine, program, before),
               others = checker_verdicts(machine, reordered, after);
    ASSERT_EQ(before.findings == 0, after.findings == 0) << "program " << done << "\n"
                                                         << describe(machine, program, verdicts, verdicts) << "\n"
                                                         << describe(machine, reordered, others, others);
    clean += before.findings == 0 && program != reordered;
  }
  EXPECT_GT(clean, programs / 100);
}

INSTANTIATE_TEST_SUITE_P(Machines, RandomPrograms,
                         testing::Values(Shape{"WholeLines", false, false, false, 100000},
                                         Shape{"WholeLinesWithPrefetch", true, false, false, 40000},
                                         Shape{"ByteDirty", false, true, false, 40000},
                                         Shape{"ByteDirtyWithPrefetch", true, true, false, 20000},
                                         Shape{"WriteThrough", false, false, true, 40000},
                                         Shape{"WriteThroughWithPrefetch", true, false, true, 20000}),
                         [](const auto& info) { return info.param.name; });

// The line's last owner has left it dirty. The next one read the memory before it wrote to it, and what was read once
// was taken for safe to read again: nothing was said.
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
  void write(AgentId agent, View view, std::uint32_t address) {
    checker.write(agent, view, address, value, {}, ++cycle);
  }

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
    machine.checker.finish();
    EXPECT_EQ(machine.listener.unread, 1u);
  }
}

TEST(WritersInOneLine, AreFineWhereNoWriteBackTakesMoreThanWasWritten) {
  for (const CacheRules& rules : {CacheRules{.cores = 2, .line_bytes = 64, .byte_dirty = true},
                                  CacheRules{.cores = 2, .line_bytes = 64, .write_through = true}}) {
    TwoCores machine(rules);
    machine.write(0, View::cached, 0);
    machine.write(1, View::cached, 8);
    machine.checker.finish();
    EXPECT_EQ(machine.listener.findings + machine.listener.unread, 0u);
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
  machine.write(1, View::uncached, 8);
  machine.checker.read(1, View::uncached, 8, machine.value, {}, 9);
  EXPECT_EQ(machine.listener.findings, 1u);  // the line is dirty all the same
  machine.checker.forget(8, 4);
  machine.checker.finish();
  EXPECT_EQ(machine.listener.unread, 0u);
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

// In this run the invalidate comes after the write that it has to come after. Nothing makes it, and a prefetcher may
// fetch the line in between.
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

// Stores go through at once: a flush after the hand-over, of something else in the line, say, was taken for the
// write-back that was missed.
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

// Core 1 fills its copy by reading a neighbour, which nothing orders before the write-back.
TEST(Fills, ThatMayComeBeforeTheWriteBackAreFound) {
  TwoCores machine(two_cores);
  machine.write(0, View::cached, 0);
  machine.checker.maintain(0, Operation::Kind::write_back, 0, {}, 2);
  machine.checker.read(1, View::cached, 8, machine.value, {}, 3);
  machine.checker.release(0, 7);
  machine.checker.acquire(1, 7);
  machine.checker.read(1, View::cached, 0, machine.value, {}, 4);
  EXPECT_EQ(machine.listener.findings, 1u);
}

// A write-back after the hand-over may come later than the next owner's.
TEST(WriteBacks, AfterTheHandOverMayComeLaterThanTheOthers) {
  TwoCores machine(two_cores);
  machine.write(0, View::cached, 0);
  machine.checker.release(0, 7);
  machine.checker.maintain(0, Operation::Kind::write_back, 0, {}, 2);
  machine.checker.acquire(1, 7);
  machine.checker.maintain(1, Operation::Kind::invalidate, 0, {}, 3);
  machine.write(1, View::cached, 0);
  machine.checker.maintain(1, Operation::Kind::write_back, 0, {}, 4);
  machine.checker.release(1, 8);
  machine.checker.acquire(0, 8);
  machine.checker.maintain(0, Operation::Kind::invalidate, 0, {}, 5);
  machine.checker.read(0, View::cached, 0, machine.value, {}, 6);
  EXPECT_EQ(machine.listener.findings, 1u);
}

// What others switch off and on is on only for whom that is ordered before.
TEST(PowerOn, HasToComeBeforeTheUse) {
  for (const bool ordered : {true, false}) {
    TwoCores machine(two_cores);
    machine.checker.memory_on(0, 4096, {Operation::Kind::power_off, 0, View::uncached, {}, 1});
    machine.checker.release(0, 7);
    if (ordered) machine.checker.acquire(1, 7);
    machine.write(1, View::cached, 0);
    machine.write(1, View::cached, 64);  // reported once
    EXPECT_EQ(machine.listener.findings, ordered ? 0u : 1u);
  }
}

}  // namespace
}  // namespace dspmem::test
