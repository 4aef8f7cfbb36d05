// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "models/memory/sram_bank.h"

namespace dspmem {

/// Attojoules (10^-18 J): integers, so that parts add up exactly and every machine computes the same. Room for 18 J.
using Energy = std::uint64_t;

/// What one bank costs. Leakage is per cycle of the common clock.
struct BankFigures {
  Energy beat_read = 0, beat_write = 0;  ///< up to 8 bytes
  Energy line_read = 0, line_write = 0;  ///< 64 bytes
  Energy on = 0, retention = 0, off = 0;
  Energy wake_from_retention = 0;
  Energy wake_from_off = 0;  ///< the rail's charge
  Energy clear = 0;  ///< filling the bank once after it was off; 0 where that is not counted

  /// Cycles in a state after which having gone there costs less than having stayed on.
  std::uint64_t off_break_even() const { return repaid(wake_from_off + clear, on - off); }
  std::uint64_t retention_break_even() const { return repaid(wake_from_retention, on - retention); }

 private:
  static std::uint64_t repaid(Energy cost, Energy saved) { return saved ? (cost + saved - 1) / saved : ~0ull; }
};

/// Where a bank's time went, in cycles, and how often it changed.
struct BankTimes {
  std::uint64_t on = 0, retention = 0, off = 0;
  std::uint64_t wakes_from_off = 0, wakes_from_retention = 0;
  std::uint64_t power_offs = 0;
  std::uint64_t unrepaid = 0;  ///< times off that were shorter than the break-even
  std::uint64_t wake_cycles = 0;  ///< spent waiting for the bank to come up

  std::uint64_t total() const { return on + retention + off; }
  BankTimes& operator+=(const BankTimes& other);
};

/// Where a bank's, or all banks', energy went.
struct EnergyParts {
  Energy leakage_on = 0, leakage_retention = 0, leakage_off = 0, accesses = 0, wakes = 0;

  Energy total() const { return leakage_on + leakage_retention + leakage_off + accesses + wakes; }
  EnergyParts& operator+=(const EnergyParts& other);
};

Energy access_energy(const BankStatistics& statistics, const BankFigures& figures);
EnergyParts energy_of(const BankTimes& times, Energy accesses, const BankFigures& figures);

/// One bank as policies see it.
struct PoweredBank {
  BankFigures figures;
  std::uint32_t bytes = 0;
  std::uint32_t memory = 0;  ///< banks of one memory are alike
  std::uint32_t wake_cycles = 0;  ///< from off to usable
  std::uint32_t retention_wake_cycles = 0;
};

}  // namespace dspmem
