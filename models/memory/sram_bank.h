// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "models/memory/poller.h"
#include "models/memory/sram_config.h"

namespace dspmem {

/// What a powered-off bank's bytes turn into, so that lost contents are recognised in a dump.
inline constexpr std::uint8_t lost_contents_byte = 0xdb;

/// In retention a bank keeps its contents at a lower voltage, and cannot be accessed. Off, it loses them.
enum class BankState : std::uint8_t { on, retention, off };

struct BankStatistics {
  std::uint64_t accesses = 0;
  std::uint64_t conflicts = 0;  ///< accesses that found the port busy with another master
  std::uint64_t conflict_cycles = 0;  ///< cycles they waited
  // What was moved, for energy: whole lines of 64 bytes, and beats of up to 8 bytes of accesses that are smaller.
  std::uint64_t line_reads = 0, line_writes = 0, beat_reads = 0, beat_writes = 0;
};

/// Is told of what matters for power. Cycles are those of the access or register write, and may lie a quantum before
/// earlier ones.
class BankListener {
 public:
  virtual ~BankListener() = default;
  virtual void on_bank_state(std::uint32_t bank, BankState state, std::uint64_t cycle) = 0;
  /// Nobody accessed the bank between two cycles that lie further apart than the threshold.
  virtual void on_bank_idle(std::uint32_t bank, std::uint64_t from, std::uint64_t to) {
    (void)bank, (void)from, (void)to;
  }
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

  /// Occupies the port for `busy_cycles`, first come first served; of those that come in one cycle, in the order of the
  /// calls. Returns the cycles waited for it. What one master does at once is one access: it does not wait for itself.
  /// An access may lie before the last one by the few cycles that one instruction takes (a line goes out, another comes
  /// in): it is served in the gap before that, if it fits.
  std::uint32_t occupy(std::uint64_t now, std::uint32_t busy_cycles, std::uint32_t master) {
    if (!pollers_.empty()) [[unlikely]]
      catch_up();
    return take_port(now, busy_cycles, master);
  }
  // Masters that sleep: see Poller.
  /// REQUIRES: outlives its time in the bank; accesses of `beats` cycles; `turn` is always the present one.
  void add_poller(Poller& poller, std::uint32_t beats, const Turn& turn) {
    poller_beats_ = beats;
    turn_ = &turn;
    pollers_.push_back(&poller);
  }
  void remove_poller(Poller& poller) { std::erase(pollers_, &poller); }
  /// Makes the pollers' accesses whose turn was before the present one.
  void catch_up();
  bool polled() const { return !pollers_.empty(); }
  /// Wakes those that poll near `offset`, of the memory. REQUIRES: they have caught up.
  void wrote(std::uint32_t offset, std::uint32_t bytes);

 private:
  std::uint32_t take_port(std::uint64_t now, std::uint32_t busy_cycles, std::uint32_t master) {
    ++statistics_.accesses;
    std::uint64_t begin = now;
    if (now < last_arrival_) [[unlikely]] {
      begin = serve_before_last(now, busy_cycles, master);
    } else {
      if (now > busy_until_) {
        gap_begin_ = busy_until_;
        gap_end_ = busy_until_ = now;
      }
      if (master != last_master_) begin = busy_until_;
      busy_until_ += busy_cycles;
      if (now - last_arrival_ > idle_threshold_ && listener_) [[unlikely]]
        listener_->on_bank_idle(number_, last_arrival_, now);
      last_arrival_ = now;
      last_master_ = master;
    }
    const auto waited = static_cast<std::uint32_t>(begin - now);
    if (waited) {
      ++statistics_.conflicts;
      statistics_.conflict_cycles += waited;
    }
    return waited;
  }

 public:
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
  std::uint64_t last_access() const { return last_arrival_; }

  /// No effect when on already. After off, contents are what the bank came up with, not what it held before. A bank
  /// that had not come up when it went into retention still has to.
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
  /// The port was asked at a later cycle already. Returns when the access begins.
  std::uint64_t serve_before_last(std::uint64_t now, std::uint32_t busy_cycles, std::uint32_t master);

  std::span<std::uint8_t> contents_;
  BankState state_ = BankState::on;
  std::uint64_t ready_at_ = 0, usable_at_ = 0;
  std::uint64_t last_arrival_ = 0;  ///< when the port was last asked for
  std::uint64_t busy_until_ = 0;
  std::uint64_t gap_begin_ = 0, gap_end_ = 0;  ///< the port was last idle then
  std::uint32_t last_master_ = ~0u;
  std::uint64_t idle_threshold_ = ~0ull;
  BankListener* listener_ = nullptr;
  std::uint32_t number_ = 0;
  struct StateListener {
    BankListener* listener;
    std::uint32_t number;
  };
  std::vector<StateListener> state_listeners_;
  std::vector<Poller*> pollers_;
  std::uint32_t poller_beats_ = 1;
  const Turn* turn_ = nullptr;
  BankStatistics statistics_;
};

}  // namespace dspmem
