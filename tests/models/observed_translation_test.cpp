// SPDX-License-Identifier: Apache-2.0
// Translated code under an observer that permits at random: it shows the same accesses and notes the same stores as the
// interpreter, and computes what a core without an observer does.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <vector>

#include "models/random.h"
#include "tests/support/flat_environment.h"

namespace dspmem {
namespace {

using test::FlatEnvironment;

constexpr std::uint32_t ram = 0x80000000, physical = 0x50000, data = ram + 0x2000, data_bytes = 0x1000;

struct Shape {
  const char* name;
  std::uint32_t line_bytes;
  bool byte_dirty = false;
  WritePolicy policy = WritePolicy::write_back;
};
std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << shape.name; }

/// Lets the core do anything unseen, nothing, or something, and writes down all that it is shown.
class Capricious final : public HardwareObserver {
 public:
  Capricious(const Shape& shape, std::uint64_t seed) : shape_(shape), random_(seed) {}

  std::uint64_t on_read(const CoreAccess& access) override {
    return show(1, access.core, access.address, access.bytes);
  }
  bool watches_accesses() const override { return true; }
  std::uint64_t on_write(const CoreAccess& access) override {
    const std::uint64_t parts = show(2, access.core, access.address, access.bytes);
    return shape_.policy == WritePolicy::write_back ? parts : 0;
  }
  void on_stores_unseen(const Core&, std::uint32_t address, StoreLog& log) override { log.owner = address; }
  Permission on_line_filled(Core&, std::uint32_t address, StoreLog& log) override {
    const Permission permission{parts(), parts()};
    if (permission.writes) log.owner = address;
    return permission;
  }
  void on_log_ends(StoreLog& log) override {
    const std::uint64_t written = log.take();
    events.insert(events.end(), {3, log.owner, written});
    const std::uint32_t parts_of_word = shape_.line_bytes > 64 ? 4 * 64 / shape_.line_bytes : 4;
    for (std::uint32_t word = 0; word < shape_.line_bytes / 4; ++word)
      if (written >> word * parts_of_word & ((1u << parts_of_word) - 1)) {
        const StoreLog::Record& record = log.words()[word];
        events.insert(events.end(), {word, record.cycle(), record.tag(), record.pc, record.caller});
        ++noted;
      }
  }
  std::vector<std::uint64_t> events;
  std::uint64_t noted = 0;

 private:
  std::uint64_t parts() {
    const std::uint64_t some = random_.next() | random_.next();
    return std::array<std::uint64_t, 3>{0, ~0ull, some}[random_.below(3)];
  }
  std::uint64_t show(std::uint64_t kind, Core& core, std::uint32_t address, std::span<const std::uint8_t> bytes) {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data(), bytes.size());
    events.insert(events.end(), {kind, address, bytes.size(), value, core.current_pc(), core.now()});
    return parts();
  }

  const Shape& shape_;
  Random random_;
};

/// Loads and stores of 1, 2 and 4 bytes through a1, a3, a5 and a12, which point into the data; the last instruction
/// returns.
std::vector<std::uint8_t> random_program(Random& random) {
  struct Access {
    std::uint8_t opcode;
    std::uint32_t bytes;
  };
  constexpr std::array<Access, 7> accesses{
      {{0x0, 1}, {0x1, 2}, {0x2, 4}, {0x9, 2}, {0x4, 1}, {0x5, 2}, {0x6, 4}}};  // L8UI L16UI L32I L16SI S8I S16I S32I
  constexpr std::array<std::uint8_t, 4> bases{1, 3, 5, 12};
  constexpr std::array<std::uint8_t, 11> others{2, 4, 6, 7, 8, 9, 10, 11, 13, 14, 15};
  std::vector<std::uint8_t> code;
  for (int i = 0; i < 60; ++i) {
    const Access access = accesses[random.below(accesses.size())];
    const std::uint8_t base = bases[random.below(bases.size())], value = others[random.below(others.size())];
    const auto offset = static_cast<std::uint8_t>(random.below(24) * 4 / access.bytes);
    code.insert(code.end(), {static_cast<std::uint8_t>(value << 4 | 2),
                             static_cast<std::uint8_t>(access.opcode << 4 | base), offset});
  }
  code.insert(code.end(), {0x0d, 0xf0});  // RET.N
  return code;
}

struct Outcome {
  std::vector<std::uint64_t> computed;  ///< registers and cycles after each call, and memory at the end
  std::vector<std::uint64_t> events;  ///< what the observer was shown
  std::uint64_t noted = 0;
};

Outcome outcome_of(const Shape& shape, std::uint64_t seed, bool translated, bool observed) {
  Random random(seed);
  const AddressMap map({{"ram", ram, 0x10000, RegionKind::cached, physical}});
  FlatEnvironment memory(map);
  memory.wait_cycles = 3;
  CoreConfig config;
  const auto ways = static_cast<std::uint32_t>(1 + random.below(random.below(2) ? 4 : 16));
  config.data_cache = {.size_bytes = shape.line_bytes * ways * 4, .ways = ways, .line_bytes = shape.line_bytes};
  config.data_cache.byte_dirty = shape.byte_dirty;
  config.data_cache.write_policy = shape.policy;
  config.data_cache.prefetch_lines = random.below(3) == 0;
  config.translate_after = translated ? 1 : 0;
  const std::vector<std::uint8_t> program = random_program(random);
  std::memcpy(memory.at(ram, program.size()), program.data(), program.size());
  Capricious observer(shape, seed);
  Core core(config, map, memory);
  memory.core = &core;
  if (observed) core.observe(&observer);
  Outcome outcome;
  for (int call = 0; call < 30; ++call) {
    if (random.below(4) == 0) core.use_context(static_cast<std::uint32_t>(random.below(L1Cache::contexts)));
    core.tag_stores(static_cast<std::uint32_t>(random.below(4096)));
    const auto anywhere = static_cast<std::uint32_t>(random.below(data_bytes));
    switch (random.below(8)) {
      case 0: core.revoke_all(); break;
      case 1: core.revoke(physical + (data - ram) + anywhere); break;
      case 2: core.data_cache().write_back(data + anywhere); break;
      case 3: core.data_cache().write_back_invalidate(data + anywhere); break;
      default: break;
    }
    for (unsigned number = 1; number < 16; ++number) core.set_reg(number, static_cast<std::uint32_t>(random.next()));
    for (const unsigned base : {1u, 3u, 5u, 12u})
      core.set_reg(base, data + static_cast<std::uint32_t>(random.below(0x200)) * 4);
    core.begin_call(ram, {});
    core.run();
    for (unsigned number = 0; number < 16; ++number) outcome.computed.push_back(core.reg(number));
    outcome.computed.push_back(core.statistics().cycles);
  }
  core.observe(nullptr);
  core.data_cache().write_back_invalidate_all();
  for (std::uint32_t offset = 0; offset < data_bytes; ++offset)
    outcome.computed.push_back(*memory.at(data + offset, 1));
  outcome.events = std::move(observer.events);
  outcome.noted = observer.noted;
  return outcome;
}

class ObservedTranslation : public testing::TestWithParam<Shape> {};

TEST_P(ObservedTranslation, ShowsAndNotesWhatTheInterpreterDoes) {
  std::uint64_t noted = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    const Outcome interpreted = outcome_of(GetParam(), seed, false, true),
                  translated = outcome_of(GetParam(), seed, true, true);
    ASSERT_EQ(translated.events, interpreted.events) << "seed " << seed;
    ASSERT_EQ(translated.computed, interpreted.computed) << "seed " << seed;
    ASSERT_EQ(translated.computed, outcome_of(GetParam(), seed, true, false).computed) << "seed " << seed;
    noted += translated.noted;
  }
  const bool may_note = !GetParam().byte_dirty && GetParam().policy == WritePolicy::write_back;
  EXPECT_EQ(noted > 10'000, may_note) << noted;
}

INSTANTIATE_TEST_SUITE_P(All, ObservedTranslation,
                         testing::Values(Shape{"Lines32", 32}, Shape{"Lines64", 64}, Shape{"Lines128", 128},
                                         Shape{"Lines256", 256}, Shape{"ByteDirty", 64, true},
                                         Shape{"WriteThrough", 64, false, WritePolicy::write_through}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace dspmem
