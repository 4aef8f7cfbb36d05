// SPDX-License-Identifier: Apache-2.0
// Order that comes only from what agents share by chance.
#include <gtest/gtest.h>

#include "models/coherency/checker.h"
#include "models/random.h"

namespace dspmem::test {
namespace {

struct Accidents : FindingListener {
  void on_finding(const CoherencyFinding& finding) override {
    races += finding.rule == Rule::data_race;
    write_races += finding.rule == Rule::data_race && finding.other.kind == Operation::Kind::write;
    accidents += finding.rule == Rule::accidental_order;
  }
  std::size_t races = 0, write_races = 0, accidents = 0;
};

// What is ordered by accident races once the accident is left out: two checkers see the same program, one of them
// without what happens aside.
TEST(AccidentalOrder, IsWhatRacesWithoutTheAccident) {
  Random random(12);
  std::size_t accidental = 0, meant = 0;
  for (int program = 0; program < 200'000; ++program) {
    Accidents all, without;
    const auto agents = static_cast<std::uint32_t>(2 + random.below(2));
    const CoherencyChecker::Config config{{.cores = agents, .line_bytes = 8}, agents};
    CoherencyChecker checker(config, all), stricter(config, without);
    const std::size_t length = 4 + random.below(10);
    for (std::size_t at = 0; at < length && !all.races; ++at) {
      const auto agent = static_cast<AgentId>(random.below(agents));
      const Site site{static_cast<std::uint32_t>(at + 1), 0, nullptr};
      const std::uint8_t value[4] = {1, 1, 1, 1};
      const auto address = static_cast<std::uint32_t>(random.below(2) * 4);
      const std::uint64_t object = random.below(2);
      const bool aside = object == 0;
      switch (random.below(6)) {
        case 0:
        case 1:
          checker.set_aside(agent, aside);
          checker.release(agent, object);
          checker.set_aside(agent, false);
          if (!aside) stricter.release(agent, object);
          break;
        case 2:
        case 3:
          checker.set_aside(agent, aside);
          checker.acquire(agent, object);
          checker.set_aside(agent, false);
          if (!aside) stricter.acquire(agent, object);
          break;
        case 4:
          checker.read(agent, View::uncached, address, value, site, at);
          stricter.read(agent, View::uncached, address, value, site, at);
          break;
        default:
          checker.write(agent, View::uncached, address, value, site, at);
          stricter.write(agent, View::uncached, address, value, site, at);
      }
    }
    if (all.races) continue;
    if (all.accidents) { EXPECT_GT(without.races, 0u) << program; }
    accidental += all.accidents != 0;
    meant += !without.races;
    if (without.write_races) {  // a write after a read hands nothing over
      EXPECT_GT(all.accidents, 0u) << program;
    }
  }
  EXPECT_GT(accidental, 300u);
  EXPECT_GT(meant, 1000u);
}

}  // namespace
}  // namespace dspmem::test
