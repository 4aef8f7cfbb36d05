// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace dspmem {

/// Cycles from a command until the bank reports itself ready, and until it can really be accessed.
struct BankWake {
  std::uint64_t ready_cycles = 0, usable_cycles = 0;
};

struct SramConfig {
  std::string name;  ///< what users call it: HP, LP, SDRAM
  std::uint32_t physical_base = 0;
  std::uint32_t bank_bytes = 0;
  std::uint32_t banks = 1;
  std::uint32_t latency_cycles = 4;  ///< from request to first beat
  std::uint32_t beat_bytes = 8;  ///< moved per cycle after that
  BankWake wake{256, 256};  ///< from off
  BankWake retention_wake{2, 2};  ///< from retention
  bool regulator = false;  ///< banks come up only while the memory's regulator (LDO) is on and has settled
  std::uint32_t regulator_settle_cycles = 0;
  bool retained_access_wakes = true;  ///< an access to a bank in retention wakes it, and waits; else it is refused
  bool switchable = true;  ///< whether a power controller drives the banks

  std::uint32_t size() const { return bank_bytes * banks; }
};

}  // namespace dspmem
