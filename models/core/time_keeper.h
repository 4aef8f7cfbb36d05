// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "models/bus_access.h"
#include "models/memory/poller.h"

namespace dspmem {

/// Who is where in time. Cores run ahead of SystemC by up to a quantum (temporal decoupling); before a core does what
/// others can see, it waits for its turn: until none of them is behind it. A core that is alone never waits: nothing can happen in its
/// past, so no kernel call is needed either.
class TimeKeeper {
 public:
  explicit TimeKeeper(std::size_t masters) : locals_(masters, never) {}

  void set_running(std::size_t master, std::uint64_t cycle) {
    running_ += locals_[master] == never;
    locals_[master] = cycle;
  }
  /// The master waits for an event and may be woken only by another's action.
  void set_idle(std::size_t master) {
    running_ -= locals_[master] != never;
    locals_[master] = never;
  }
  bool running(std::size_t master) const { return locals_[master] != never; }
  /// Whether nobody else does anything: every turn is this master's.
  bool alone(std::size_t master) const { return running_ == 1 && running(master); }

  /// The master's access at `cycle` is the next one of all, if nobody comes before it. Of several at one cycle, the lower number goes first.
  bool take_turn(std::size_t master, std::uint64_t cycle) {
    set_running(master, cycle);
    for (std::size_t other = 0; other < locals_.size(); ++other)
      if (locals_[other] <= cycle && (locals_[other] < cycle || other < master)) return false;
    turn_ = {static_cast<std::uint32_t>(master), cycle};
    return true;
  }
  /// In a master's SystemC process: waits until it is.
  void await_turn(std::size_t master, std::uint64_t cycle, const Clock& clock) {
    while (!take_turn(master, cycle)) {
      const sc_core::sc_time turn = clock.to_time(cycle), now = sc_core::sc_time_stamp();
      sc_core::wait(turn > now ? turn - now : sc_core::SC_ZERO_TIME);
    }
  }
  void begin_turn(std::size_t master, std::uint64_t cycle) { turn_ = {static_cast<std::uint32_t>(master), cycle}; }
  /// Whose access is made now.
  const Turn& turn() const { return turn_; }

 private:
  static constexpr std::uint64_t never = ~0ull;

  std::vector<std::uint64_t> locals_;  ///< never: idle
  std::size_t running_ = 0;
  Turn turn_;
};

}  // namespace dspmem
