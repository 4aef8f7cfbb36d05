// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace dspmem {

/// Whose turn it is to access what others can see, and since when. Of several masters in one cycle, the lower number
/// goes first.
struct Turn {
  std::uint32_t master = 0;
  std::uint64_t cycle = 0;

  bool after(std::uint64_t other_cycle, std::uint32_t other_master) const {
    return other_cycle < cycle || (other_cycle == cycle && other_master < master);
  }
};

/// A master that makes the same access over and over and gets the same answer, such as a core that spins on a lock. The
/// bank makes the accesses while the master sleeps, each in its turn, and wakes the master when somebody has written
/// near the word. Cycles are those in which the bank is asked.
class Poller {
 public:
  virtual ~Poller() = default;
  /// Something was written in the 64 bytes around the word, before next(). The bank has forgotten the poller.
  virtual void woken() = 0;

  std::uint64_t made() const { return made_; }
  std::uint64_t next() const { return next_; }

 protected:
  /// Begins at `first`, `delay` cycles after its turn. Without conflicts an access begins `period` cycles after the one
  /// before.
  void restart(std::uint32_t master, std::uint32_t offset, std::uint32_t bytes, std::uint64_t first,
               std::uint32_t delay, std::uint64_t period) {
    master_ = master;
    offset_ = offset;
    bytes_ = bytes;
    next_ = first;
    delay_ = delay;
    period_ = period;
    made_ = 0;
  }

 private:
  friend class SramBank;
  std::uint32_t master_ = 0, offset_ = 0, bytes_ = 0, delay_ = 0;
  std::uint64_t next_ = 0, period_ = 0, made_ = 0;
};

}  // namespace dspmem
