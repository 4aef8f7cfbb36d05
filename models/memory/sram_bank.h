// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace dspmem {

/// What a powered-off bank's bytes turn into, so that lost contents are recognised in a dump.
inline constexpr std::uint8_t lost_contents_byte = 0xdb;

struct BankStatistics {
  std::uint64_t accesses = 0;
  std::uint64_t conflicts = 0;        ///< accesses that found the port busy with another master
  std::uint64_t conflict_cycles = 0;  ///< cycles they waited
};

/// One SRAM bank: a single port and a power switch. Times are cycles of the common clock.
class SramBank {
 public:
  /// REQUIRES: `contents` outlives the bank.
  explicit SramBank(std::span<std::uint8_t> contents) : contents_(contents) {}

  /// Occupies the port for `busy_cycles`, when it is free. Returns the cycles waited for it. Masters run ahead of each
  /// other by up to a quantum, so an access may come from before the port's last use: it then found the port free.
  std::uint32_t occupy(std::uint64_t now, std::uint32_t busy_cycles, std::uint32_t master);

  bool usable(std::uint64_t now) const { return on_ && now >= usable_at_; }
  bool on() const { return on_; }
  /// No effect when on already. Contents are what the bank came up with, not what it held before.
  void power_on(std::uint64_t now, std::uint32_t wake_cycles);
  /// Contents are lost at once.
  void power_off();

  const BankStatistics& statistics() const { return statistics_; }

 private:
  std::span<std::uint8_t> contents_;
  bool on_ = true;
  std::uint64_t usable_at_ = 0;
  std::uint64_t busy_from_ = 0;
  std::uint64_t busy_until_ = 0;
  std::uint32_t last_master_ = ~0u;
  BankStatistics statistics_;
};

}  // namespace dspmem
