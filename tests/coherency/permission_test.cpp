// SPDX-License-Identifier: Apache-2.0
// What an observer lets a core do unseen changes no verdict: random programs on two cores with small caches, once with
// permissions and once with every access told.
#include <gtest/gtest.h>

#include <tuple>

#include "models/coherency/coherency_observer.h"
#include "models/random.h"
#include "tests/support/flat_environment.h"

namespace dspmem::test {
namespace {

constexpr std::uint32_t ram = 0x60000000, alias = 0x40000000, data = ram + 0x4000, lines = 6;

struct Verdicts : FindingListener {
  using Entry = std::tuple<Rule, bool, int, int, int, std::uint32_t, int, int, std::uint64_t>;
  void on_finding(const CoherencyFinding& f) override {
    // Of several reads in one epoch any may be reported.
    const void* const origin = f.other.kind == Operation::Kind::read ? nullptr : f.other.site.origin;
    all.emplace_back(f.rule, f.manifest, static_cast<int>(f.access.kind), f.access.agent,
                     static_cast<int>(f.access.view), f.address, static_cast<int>(f.other.kind), f.other.agent,
                     reinterpret_cast<std::uintptr_t>(origin));
  }
  std::vector<Entry> all;
};

/// Sees everything: no access goes unseen.
class Distrustful final : public CoherencyObserver {
 public:
  using CoherencyObserver::CoherencyObserver;
  std::uint64_t on_read(const CoreAccess& access) override {
    CoherencyObserver::on_read(access);
    return 0;
  }
  std::uint64_t on_write(const CoreAccess& access) override {
    CoherencyObserver::on_write(access);
    return 0;
  }
  Permission on_line_filled(Core&, std::uint32_t, StoreLog&) override { return {0, 0}; }
};

struct Shape {
  const char* name;
  std::uint32_t line_bytes;
  std::uint32_t prefetch_lines;
  WritePolicy policy;
  std::uint64_t alone = 0;  ///< steps that core 0 makes before core 1 starts
};
std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << shape.name; }

SystemConfig config_of(const Shape& shape) {
  SystemConfig config;
  config.cores.resize(2);
  for (std::uint32_t id = 0; id < 2; ++id) {
    config.cores[id].id = id;
    config.cores[id].data_cache = {.size_bytes = shape.line_bytes * 4, .ways = 2, .line_bytes = shape.line_bytes};
    config.cores[id].data_cache.prefetch_lines = shape.prefetch_lines;
    config.cores[id].data_cache.write_policy = shape.policy;
  }
  config.devices = {0x71000, 0x72000, 0x73000, 0x74000};
  return config;
}

/// Two cores, watched.
template <class Observer>
struct Machine {
  explicit Machine(const Shape& shape) : config(config_of(shape)), observer(config, origins, verdicts) {
    observer.checker().set_alone(shape.alone > 0);
    for (std::uint32_t id = 0; id < 2; ++id) {
      cores.push_back(std::make_unique<Core>(config.cores[id], map, memory));
      cores[id]->observe(&observer);
      if (id == 0 || !shape.alone) observer.on_core_start(*cores[id]);
    }
  }
  void begin(std::uint32_t core, std::uint64_t step) {
    memory.core = cores[core].get();
    observer.set_origin(static_cast<AgentId>(core), reinterpret_cast<const void*>(step));
  }

  SystemConfig config;
  Verdicts verdicts;
  Origins origins;
  Observer observer;
  AddressMap map{
      {{"ram", ram, 1u << 20, RegionKind::cached, ram}, {"alias", alias, 1u << 20, RegionKind::uncached, ram}}};
  FlatEnvironment memory{map};
  std::vector<std::unique_ptr<Core>> cores;
};

/// A random program: single operations, and objects that change hands, each with some of what that takes left out.
template <class Observer>
class RandomProgram {
 public:
  RandomProgram(const Shape& shape, std::uint64_t seed) : shape_(shape), machine_(shape), random_(seed) {}

  std::vector<Verdicts::Entry> verdicts() {
    while (step_ < 60) {
      if (one_in(8)) change_hands();
      else operate(next(), any_place());
    }
    EXPECT_EQ(machine_.observer.unexplained_reads(), 0u);
    return machine_.verdicts.all;
  }

 private:
  bool one_in(std::uint64_t count) { return random_.below(count) == 0; }
  std::uint32_t any_line() { return data + static_cast<std::uint32_t>(random_.below(lines)) * shape_.line_bytes; }
  std::uint32_t any_place() { return any_line() + static_cast<std::uint32_t>(random_.below(16)) * 4; }

  /// Begins the next step, of the core that is wanted, or any, as soon as there are two. Returns which.
  std::uint32_t next(std::uint32_t wanted = ~0u) {
    if (++step_ == shape_.alone + 1 && shape_.alone) {
      machine_.memory.core = machine_.cores[0].get();
      machine_.observer.on_device_write(*machine_.cores[0],
                                        machine_.config.devices.core_control + 16);  // core 1's registers
      machine_.observer.on_core_start(*machine_.cores[1]);
    }
    const std::uint32_t id = step_ <= shape_.alone ? 0
                             : wanted != ~0u       ? wanted
                                                   : static_cast<std::uint32_t>(random_.below(2));
    machine_.begin(id, step_);
    return id;
  }

  void operate(std::uint32_t id, std::uint32_t address) {
    Core& core = *machine_.cores[id];
    const auto bytes = 1u << random_.below(3);
    switch (random_.below(12)) {
      case 0:
      case 1:
      case 2: core.load(address, bytes); break;
      case 3:
      case 4:
      case 5:
      case 6: core.store(address, static_cast<std::uint32_t>(random_.next()), bytes); break;
      case 7: core.load(address - ram + alias, bytes); break;
      case 8: core.store(address - ram + alias, static_cast<std::uint32_t>(random_.next()), bytes); break;
      case 9: maintain(id, address); break;
      case 10: machine_.observer.release(static_cast<AgentId>(id), 1 + random_.below(2)); break;
      default: machine_.observer.checker().acquire(static_cast<AgentId>(id), 1 + random_.below(2)); break;
    }
    if (one_in(10)) machine_.observer.forget(address & ~(shape_.line_bytes - 1), shape_.line_bytes);
  }

  void maintain(std::uint32_t id, std::uint32_t address) {
    const CacheOperation operation = std::array{CacheOperation::write_back, CacheOperation::invalidate,
                                                CacheOperation::write_back_invalidate}[random_.below(3)];
    L1Cache& cache = machine_.cores[id]->data_cache();
    machine_.observer.on_cache_operation(*machine_.cores[id], operation, address, false);
    if (operation == CacheOperation::write_back) cache.write_back(address);
    if (operation == CacheOperation::invalidate) cache.invalidate(address);
    if (operation == CacheOperation::write_back_invalidate) cache.write_back_invalidate(address);
  }

  /// An object of one core, of a line or less, is freed, becomes another's, and is used there.
  void change_hands() {
    const std::uint32_t address = any_line(), size = one_in(3) ? shape_.line_bytes / 2 : shape_.line_bytes;
    const std::uint32_t from = static_cast<std::uint32_t>(random_.below(2)), to = one_in(4) ? from : 1 - from;
    use(from, address, size);
    if (!one_in(3)) maintain(next(from), address);
    if (!one_in(3)) hand_over(from, to);
    if (!one_in(4)) machine_.observer.forget(address, size);
    use(to, address, size);
    if (one_in(2)) maintain(next(to), address);
    if (!one_in(3)) hand_over(to, 1 - to);
    use(1 - to, one_in(2) ? address - ram + alias : address, size);
  }
  void use(std::uint32_t wanted, std::uint32_t address, std::uint32_t size) {
    for (std::uint64_t count = random_.below(4); count--;) {
      const std::uint32_t id = next(wanted),
                          offset = static_cast<std::uint32_t>(random_.below(std::min(size / 4, 4u))) * 4;
      if (one_in(3)) machine_.cores[id]->load(address + offset, 4);
      else machine_.cores[id]->store(address + offset, static_cast<std::uint32_t>(random_.next()), 4);
    }
  }
  void hand_over(std::uint32_t from, std::uint32_t to) {
    machine_.observer.release(static_cast<AgentId>(next(from)), 3);
    machine_.observer.checker().acquire(static_cast<AgentId>(next(to)), 3);
  }

  const Shape& shape_;
  Machine<Observer> machine_;
  Random random_;
  std::uint64_t step_ = 0;
};

class Permissions : public testing::TestWithParam<Shape> {};

TEST_P(Permissions, ChangeNoVerdict) {
  // What a core stores unseen behind a read of the same word counts as read: a lost update that nobody reads may be
  // reported in addition.
  const auto may_be_added = [](const Verdicts::Entry& each) {
    return std::get<0>(each) == Rule::lost_update && !std::get<1>(each);
  };
  std::size_t findings = 0, additional = 0;
  for (std::uint64_t seed = 1; seed <= 10'000; ++seed) {
    const auto with = RandomProgram<CoherencyObserver>(GetParam(), seed).verdicts(),
               without = RandomProgram<Distrustful>(GetParam(), seed).verdicts();
    std::size_t at = 0;
    for (const Verdicts::Entry& each : with) {
      if (at < without.size() && each == without[at]) ++at;
      else if (may_be_added(each)) ++additional;
      else ASSERT_EQ(with, without) << "seed " << seed;
    }
    ASSERT_EQ(at, without.size()) << "seed " << seed << ": not all were found";
    findings += with.size();
  }
  EXPECT_LT(additional, findings / 100);
  EXPECT_GT(findings, 10'000u);
}

INSTANTIATE_TEST_SUITE_P(All, Permissions,
                         testing::Values(Shape{"Lines64", 64, 0, WritePolicy::write_back},
                                         Shape{"Lines128", 128, 0, WritePolicy::write_back},
                                         Shape{"Prefetch", 64, 1, WritePolicy::write_back},
                                         Shape{"WriteThrough", 64, 0, WritePolicy::write_through},
                                         Shape{"AloneAtFirst", 64, 0, WritePolicy::write_back, 25},
                                         Shape{"AloneAtFirstLines128", 128, 0, WritePolicy::write_back, 25}),
                         [](const auto& info) { return std::string(info.param.name); });

template <class Observer>
std::vector<Verdicts::Entry> verdicts_of_reuse() {
  Machine<Observer> machine({"Lines64", 64, 0, WritePolicy::write_back});
  auto& [config, verdicts, origins, observer, map, memory, cores] = machine;
  machine.begin(0, 1);
  cores[0]->store(data, 1, 4);
  observer.on_cache_operation(*cores[0], CacheOperation::write_back_invalidate, data, false);
  cores[0]->data_cache().write_back_invalidate(data);
  machine.begin(1, 1);
  cores[1]->store(data, 2, 4);  // nothing orders it behind the other core's
  observer.forget(data, 64);
  machine.begin(1, 2);
  cores[1]->store(data, 3, 4);
  machine.begin(1, 3);
  cores[1]->store(data, 4, 4);  // unseen, if that is allowed
  observer.release(1, 1);
  observer.checker().acquire(0, 1);
  machine.begin(0, 2);
  cores[0]->load(data - ram + alias, 4);
  return verdicts.all;
}

// The line was still in the other core's list of those that may have unseen stores: the release did not find it, and
// what it orders was reported as a race.
TEST(Permissions, OfACoreEndAtItsReleaseWhoeverUsedTheLineBefore) {
  const auto verdicts = verdicts_of_reuse<CoherencyObserver>();
  EXPECT_EQ(verdicts, verdicts_of_reuse<Distrustful>());
  ASSERT_EQ(verdicts.size(), 2u);
  EXPECT_EQ(std::get<0>(verdicts[0]), Rule::data_race);
  EXPECT_EQ(std::get<0>(verdicts[1]), Rule::lost_update);  // the other core may write its line back later
  EXPECT_EQ(std::get<8>(verdicts[1]), 3u);
}

// A log has no room for whole origins, and tags for some thousand of them: the store's is known for as long as its line
// stays dirty.
TEST(Origins, OfUnseenStoresAreKnownHoweverManyFollow) {
  for (const std::uint64_t steps : {1, 2, 4093, 4094, 4095, 4096, 4097, 10'000}) {
    Machine<CoherencyObserver> machine({"Lines64", 64, 0, WritePolicy::write_back});
    Core& writer = *machine.cores[0];
    machine.begin(0, 1);
    for (const std::uint32_t address : {data, data + 64})
      writer.store(address, 1, 4);  // told; from now on they are not
    machine.begin(0, 2);
    writer.store(data, 2, 4);
    for (std::uint64_t step = 3; step < 3 + steps; ++step) {
      machine.begin(0, step);
      writer.store(data + 64, 3, 4);
    }
    machine.observer.release(0, 1);
    machine.observer.checker().acquire(1, 1);
    machine.begin(1, 1);
    for (const std::uint32_t address : {data, data + 64}) machine.cores[1]->load(address, 4);
    ASSERT_EQ(machine.verdicts.all.size(), 2u);
    EXPECT_EQ(std::get<0>(machine.verdicts.all[0]), Rule::missing_writeback);
    EXPECT_EQ(std::get<8>(machine.verdicts.all[0]), 2u) << steps << " steps later";
    EXPECT_EQ(std::get<8>(machine.verdicts.all[1]), 2 + steps);
  }
}

}  // namespace
}  // namespace dspmem::test
