// SPDX-License-Identifier: Apache-2.0
// Accounts of bank power: tables worked out by hand, and what must hold whatever happens.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <vector>

#include "models/devices/power_controller.h"
#include "models/power/energy_meter.h"
#include "models/random.h"
#include "models/system.h"

namespace dspmem {
namespace {

/// Round figures: a bank that is on leaks 10 a cycle, 3 in retention, 1 off. Off pays after 90 / 9 = 10 cycles,
/// retention after 14 / 7 = 2.
BankFigures round_figures() {
  BankFigures figures;
  figures.beat_read = 2;
  figures.beat_write = 3;
  figures.line_read = 8;
  figures.line_write = 12;
  figures.on = 10;
  figures.retention = 3;
  figures.off = 1;
  figures.wake_from_retention = 14;
  figures.wake_from_off = 50;
  figures.clear = 40;
  return figures;
}

/// Banks of 1000 bytes from address 0 on, and a meter for them.
class Banks {
 public:
  explicit Banks(std::uint32_t count, std::uint32_t small_count = 0, const BankFigures& figures = round_figures()) {
    add("HP", 0, 1000, count);
    if (small_count) add("LP", 100000, 500, small_count);
    BankFigures small = figures;
    small.on /= 2;
    small.retention /= 2;
    small.off /= 2;
    meter = std::make_unique<EnergyMeter>(srams, std::vector<BankFigures>{figures, small});
  }

  SramBank& bank(std::uint32_t index) {
    const std::uint32_t first = srams[0]->config().banks;
    return index < first ? srams[0]->bank(index) : srams[1]->bank(index - first);
  }
  void access(std::uint32_t index, std::uint64_t cycle) { bank(index).occupy(cycle, 1, 0); }
  const PowerPolicy& policy(const std::string& name) {
    for (std::size_t i = 0; i < power_policies().size(); ++i)
      if (name == power_policies()[i].name) return meter->policy(i);
    throw std::out_of_range(name);
  }
  std::uint64_t energy(const std::string& name) { return policy(name).energy(meter->access_energies()).total(); }

  SimulationContext context;
  std::vector<std::unique_ptr<Sram>> srams;
  std::unique_ptr<EnergyMeter> meter;

 private:
  void add(const std::string& name, std::uint32_t base, std::uint32_t bytes, std::uint32_t count) {
    SramConfig config;
    config.name = name;
    config.physical_base = base;
    config.bank_bytes = bytes;
    config.banks = count;
    config.wake = {5, 5};
    srams.push_back(std::make_unique<Sram>(name.c_str(), config, Clock{sc_core::sc_time(1, sc_core::SC_NS)}));
  }
};

// ---- Ten small runs, worked out on paper --------------------------------------------------------
// 100 cycles, unless the run says otherwise. Numbers are attojoules.

TEST(PowerTable, NothingHappens) {
  Banks banks(2);
  banks.meter->finish(100);
  EXPECT_EQ(banks.energy("always-on"), 2 * 100 * 10);
  EXPECT_EQ(banks.energy("firmware"), 2 * 100 * 10);
  EXPECT_EQ(banks.energy("page-refcount"), 2 * 100 * 1);
  EXPECT_EQ(banks.energy("retention-when-idle"), 2 * 100 * 1);
  EXPECT_EQ(banks.energy("ideal"), 2 * 100 * 1);
}

TEST(PowerTable, OneObjectLivesAllTheTime) {
  Banks banks(2);
  banks.meter->add_live(0, 64, 0);
  banks.meter->finish(100);
  // Bank 0 is switched off before anything lives, and on again at once: it pays for that wake.
  EXPECT_EQ(banks.energy("page-refcount"), 100 * 10 + 100 * 1 + 90);
  EXPECT_EQ(banks.policy("page-refcount").total_times().unrepaid, 1u);
  // In retention from cycle 2 on.
  EXPECT_EQ(banks.energy("retention-when-idle"), 2 * 10 + 98 * 3 + 100 * 1 + 90);
  EXPECT_EQ(banks.energy("ideal"), 100 * 3 + 100 * 1);
}

TEST(PowerTable, AnObjectComesAndGoes) {
  Banks banks(1);
  banks.meter->add_live(0, 64, 40);
  banks.meter->remove_live(0, 64, 70);
  banks.meter->finish(100);
  EXPECT_EQ(banks.energy("page-refcount"), 40 * 1 + 30 * 10 + 30 * 1 + 90);
  EXPECT_EQ(banks.policy("page-refcount").total_times().unrepaid, 0u);
  EXPECT_EQ(banks.energy("ideal"), 70 * 1 + 30 * 3);
}

TEST(PowerTable, TooShortToPay) {
  Banks banks(1);
  banks.meter->add_live(0, 64, 0);
  banks.meter->remove_live(0, 64, 50);
  banks.meter->add_live(0, 64, 55);
  banks.meter->finish(100);
  EXPECT_EQ(banks.energy("page-refcount"), 50 * 10 + 5 * 1 + 45 * 10 + 2 * 90);
  EXPECT_EQ(banks.policy("page-refcount").total_times().unrepaid, 2u);  // at cycle 0 and at cycle 55
  EXPECT_EQ(banks.policy("page-refcount").total_times().wake_cycles, 2u * 5);
}

TEST(PowerTable, AStrayObjectKeepsABankOn) {
  Banks banks(3);
  banks.meter->add_live(0, 900, 0);
  banks.meter->add_live(2000, 64, 0);
  banks.meter->finish(100);
  EXPECT_EQ(banks.energy("page-refcount"), 2 * 100 * 10 + 100 * 1 + 2 * 90);
  EXPECT_EQ(banks.energy("ideal"), 100 * 3 + 2 * 100 * 1);  // 964 bytes fit into one bank
}

TEST(PowerTable, AnObjectOverTwoBanks) {
  Banks banks(3);
  banks.meter->add_live(950, 100, 20);
  banks.meter->finish(100);
  EXPECT_EQ(banks.energy("page-refcount"), 2 * (20 * 1 + 80 * 10 + 90) + 100 * 1);
  EXPECT_EQ(banks.energy("ideal"), 20 * 3 + 80 * (3 + 1 + 1));
}

TEST(PowerTable, TheFirmwareSwitches) {
  Banks banks(2);
  const BankWake wake{5, 5};
  banks.bank(1).power_off(10);
  banks.bank(1).power_on(60, wake);
  banks.bank(1).retain(80);
  banks.bank(1).power_on(95, {1, 1});
  banks.meter->finish(100);
  EXPECT_EQ(banks.energy("firmware"), 100 * 10 + (10 * 10 + 50 * 1 + 20 * 10 + 15 * 3 + 5 * 10) + 90 + 14);
  const BankTimes times = banks.policy("firmware").bank_times()[1];
  EXPECT_EQ(times.on, 35u);
  EXPECT_EQ(times.off, 50u);
  EXPECT_EQ(times.retention, 15u);
  EXPECT_EQ(times.wakes_from_off, 1u);
  EXPECT_EQ(times.wakes_from_retention, 1u);
}

TEST(PowerTable, AccessesCostTheSameEverywhere) {
  Banks banks(1);
  banks.meter->add_live(0, 64, 0);
  banks.bank(0).count(false, 4);  // 2
  banks.bank(0).count(true, 16);  // 2 x 3
  banks.bank(0).count(false, 64);  // 8
  banks.bank(0).count(true, 128);  // 2 x 12
  banks.meter->finish(100);
  EXPECT_EQ(banks.energy("always-on"), 100 * 10 + 40);
  EXPECT_EQ(banks.energy("ideal"), 100 * 3 + 40);
}

TEST(PowerTable, RetentionBetweenAccesses) {
  Banks banks(1);
  banks.meter->add_live(0, 64, 0);
  for (const std::uint64_t cycle : {10, 11, 12, 50}) banks.access(0, cycle);
  banks.meter->finish(100);
  // On 0 to 2, kept to 10, on 10 to 14, kept to 50, on to 52, kept to the end; two wakes from retention.
  EXPECT_EQ(banks.energy("retention-when-idle"), (2 + 4 + 2) * 10 + (8 + 36 + 48) * 3 + 2 * 14 + 90);
}

TEST(PowerTable, LostWithItsBankIsNotNeeded) {
  Banks banks(2);
  banks.meter->add_live(0, 500, 0);
  banks.bank(0).power_off(40);
  banks.meter->remove_live(0, 500, 80);
  banks.meter->finish(100);
  EXPECT_EQ(banks.energy("ideal"), 40 * 3 + 60 * 1 + 100 * 1);
  EXPECT_EQ(banks.energy("page-refcount"), 40 * 10 + 60 * 1 + 90 + 100 * 1);
}

// ---- What must always hold ----------------------------------------------------------------------

TEST(PowerProperty, TimesAndEnergiesAddUpAndNobodyBeatsTheBound) {
  std::uint64_t compared = 0;
  for (std::uint64_t seed = 0; seed < 10000; ++seed) {
    Random random(seed);
    BankFigures figures = round_figures();
    figures.on = 1 + random.below(50);
    figures.retention = random.below(figures.on + 1);
    figures.off = random.below(figures.retention + 1);
    figures.wake_from_off = random.below(300);
    figures.wake_from_retention = random.below(60);
    figures.clear = random.below(2) * random.below(1000);
    const auto big = static_cast<std::uint32_t>(1 + random.below(5)),
               small = static_cast<std::uint32_t>(random.below(3));
    Banks banks(big, small, figures);
    struct Block {
      std::uint32_t address, bytes;
    };
    std::vector<Block> live;
    std::vector<bool> taken(100000 + 500 * 3);
    std::uint64_t cycle = 0;
    for (unsigned event = 0; event < 60; ++event) {
      cycle += random.below(random.below(4) ? 20 : 400);
      const auto index = static_cast<std::uint32_t>(random.below(big + small));
      switch (random.below(6)) {
        case 0:
        case 1: {
          const bool in_small = small && random.below(4) == 0;
          const auto room = in_small ? small * 500 : big * 1000;
          Block block{static_cast<std::uint32_t>((in_small ? 100000 : 0) + random.below(room)),
                      static_cast<std::uint32_t>(1 + random.below(random.below(3) ? 100 : 1500))};
          block.bytes = std::min(block.bytes, (in_small ? 100000 : 0) + room - block.address);
          bool free = true;
          for (std::uint32_t at = block.address; at < block.address + block.bytes; ++at) free &= !taken[at];
          if (!free) break;
          for (std::uint32_t at = block.address; at < block.address + block.bytes; ++at) taken[at] = true;
          live.push_back(block);
          banks.meter->add_live(block.address, block.bytes, cycle);
          break;
        }
        case 2: {
          if (live.empty()) break;
          const std::size_t which = random.below(live.size());
          for (std::uint32_t at = live[which].address; at < live[which].address + live[which].bytes; ++at)
            taken[at] = false;
          banks.meter->remove_live(live[which].address, live[which].bytes, cycle);
          live.erase(live.begin() + static_cast<std::ptrdiff_t>(which));
          break;
        }
        case 3:
          banks.access(index, cycle);
          banks.bank(index).count(random.below(2), 4);
          break;
        case 4: random.below(3) ? banks.bank(index).retain(cycle) : banks.bank(index).power_off(cycle); break;
        default: banks.bank(index).power_on(cycle, {5, 5});
      }
    }
    banks.meter->finish(cycle + random.below(500));
    const std::vector<Energy> accesses = banks.meter->access_energies();
    const EnergyParts bound = banks.policy("ideal").energy(accesses);
    for (std::size_t i = 0; i < power_policies().size(); ++i) {
      const PowerPolicy& policy = banks.meter->policy(i);
      for (const BankTimes& times : policy.bank_times())
        ASSERT_EQ(times.total(), banks.meter->cycle()) << power_policies()[i].name << " seed " << seed;
      ASSERT_EQ(policy.total_times().total(), banks.meter->cycle() * (big + small))
          << power_policies()[i].name << " seed " << seed;
      const EnergyParts parts = policy.energy(accesses);
      ASSERT_EQ(parts.total(),
                parts.leakage_on + parts.leakage_retention + parts.leakage_off + parts.accesses + parts.wakes);
      ASSERT_GE(parts.total(), bound.total()) << power_policies()[i].name << " seed " << seed;
      ++compared;
    }
  }
  EXPECT_EQ(compared, 10000 * power_policies().size());
}

}  // namespace
}  // namespace dspmem
