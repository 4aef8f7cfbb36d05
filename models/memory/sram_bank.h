// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/memory/sram_config.h"

namespace dspmem {

/// What a powered-off bank's bytes turn into, so that lost contents are recognised in a dump.
inline constexpr std::uint8_t lost_contents_byte = 0xdb;

/// In retention a bank keeps its contents at a lower voltage, and cannot be accessed. Off, it loses them.
enum class BankState : std::uint8_t { on, retention, off };

struct BankStatistics {
  std::uint64_t accesses = 0;
  std::uint64_t conflicts = 0;        ///< accesses that found the port busy with another master
  std::uint64_t conflict_cycles = 0;  ///< cycles they waited
  // What was moved, for energy: whole lines of 64 bytes, and beats of up to 8 bytes of accesses that are smaller.
  std::uint64_t line_reads = 0, line_writes = 0, beat_reads = 0, beat_writes = 0;
};

/// Is told of what matters for power. Cycles are those of the access or register write, and may lie a quantum before earlier ones.
class BankListener {
 public:
  virtual ~BankListener() = default;
  virtual void on_bank_state(std::uint32_t bank, BankState state, std::uint64_t cycle) = 0;
  /// Nobody accessed the bank between two cycles that lie further apart than the threshold.
  virtual void on_bank_idle(std::uint32_t bank, std::uint64_t from, std::uint64_t to) { (void)bank, (void)from, (void)to; }
};

/// One SRAM bank: a single port and a power switch. Times are cycles of the common clock.
class SramBank {
 public:
  /// REQUIRES: `contents` outlives the bank.
  explicit SramBank(std::span<std::uint8_t> contents) : contents_(contents) {}

  /// `number` is what the listener knows the bank by. REQUIRES: outlives the bank.
  void listen(BankListener& listener, std::uint32_t number, std::uint64_t idle_threshold);
  /// One more, who is told of states only.
  void watch_state(BankListener& listener, std::uint32_t number) { state_listeners_.push_back({&listener, number}); }

  /// Occupies the port for `busy_cycles`, first come first served; of those that come in one cycle, in the order of the calls. Returns the
  /// cycles waited for it. What one master does at once is one access: it does not wait for itself. Masters run ahead of each other by up to
  /// a quantum, so an access may come from before the last one: it then found the port free.
  std::uint32_t occupy(std::uint64_t now, std::uint32_t busy_cycles, std::uint32_t master) {
    ++statistics_.accesses;
    std::uint32_t waited = 0;
    if (now < last_arrival_) {
      busy_until_ = now + busy_cycles;
    } else {
      const std::uint64_t free_at = busy_until_ > now ? busy_until_ : now;
      if (master != last_master_ && free_at > now) {
        waited = static_cast<std::uint32_t>(free_at - now);
        ++statistics_.conflicts;
        statistics_.conflict_cycles += waited;
      }
      busy_until_ = free_at + busy_cycles;
    }
    last_arrival_ = now;
    last_master_ = master;
    if (now > last_access_) {
      if (now - last_access_ > idle_threshold_ && listener_) listener_->on_bank_idle(number_, last_access_, now);
      last_access_ = now;
    }
    return waited;
  }
  void count_line(bool write) { ++(write ? statistics_.line_writes : statistics_.line_reads); }
  /// Counts what an access moved.
  void count(bool write, std::uint32_t bytes) {
    if (bytes >= line_bytes) (write ? statistics_.line_writes : statistics_.line_reads) += bytes / line_bytes;
    else (write ? statistics_.beat_writes : statistics_.beat_reads) += (bytes + beat_bytes - 1) / beat_bytes;
  }

  BankState state() const { return state_; }
  bool on() const { return state_ == BankState::on; }
  bool ready(std::uint64_t now) const { return on() && now >= ready_at_; }
  bool usable(std::uint64_t now) const { return on() && now >= usable_at_; }
  /// The cycle from which the bank can be accessed, or could when it went into retention. REQUIRES: not off.
  std::uint64_t usable_at() const { return usable_at_; }
  std::uint64_t last_access() const { return last_access_; }

  /// No effect when on already. After off, contents are what the bank came up with, not what it held before. A bank that had not come up when it
  /// went into retention still has to.
  void power_on(std::uint64_t now, const BankWake& wake);
  /// What feeds the bank goes away: if it has not come up yet, it never will.
  void starve(std::uint64_t now);
  /// A cycle that never comes.
  static constexpr std::uint64_t never = 1ull << 62;
  /// Contents are lost at once.
  void power_off(std::uint64_t now);
  /// No effect unless on.
  void retain(std::uint64_t now);

  const BankStatistics& statistics() const { return statistics_; }

  static constexpr std::uint32_t line_bytes = 64, beat_bytes = 8;  ///< units in which energy figures are known

 private:
  void enter(BankState state, std::uint64_t now);

  std::span<std::uint8_t> contents_;
  BankState state_ = BankState::on;
  std::uint64_t ready_at_ = 0, usable_at_ = 0;
  std::uint64_t last_arrival_ = 0;  ///< when the port was last asked for
  std::uint64_t busy_until_ = 0;
  std::uint32_t last_master_ = ~0u;
  std::uint64_t last_access_ = 0;
  std::uint64_t idle_threshold_ = ~0ull;
  BankListener* listener_ = nullptr;
  std::uint32_t number_ = 0;
  struct StateListener {
    BankListener* listener;
    std::uint32_t number;
  };
  std::vector<StateListener> state_listeners_;
  BankStatistics statistics_;
};

}  // namespace dspmem
