// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "models/bus_access.h"
#include "models/memory/poller.h"

namespace dspmem {

/// Who is where in time. Cores run ahead of SystemC by up to a quantum (temporal decoupling); before a core does what
/// others can see, it waits for its turn: until none of them is behind it. A core that is alone never waits: nothing
/// can happen in its past, so no kernel call is needed either. Turns pass from process to process without SystemC's
/// queue of timed events: the kernel's time is never later than any master's, and moves on only when a master asks for
/// it.
class TimeKeeper {
 public:
  explicit TimeKeeper(std::size_t masters) : locals_(masters, never), waits_(masters), turn_comes_(masters) {}

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
  /// How many are not idle. While it is only one, every turn is that master's.
  const std::size_t& running() const { return running_; }

  /// The master's access at `cycle` is the next one of all, if nobody comes before it. Of several at one cycle, the
  /// lower number goes first.
  bool take_turn(std::size_t master, std::uint64_t cycle) {
    set_running(master, cycle);
    if (first() != master) return false;
    turn_ = {static_cast<std::uint32_t>(master), cycle};
    return true;
  }
  /// In a master's SystemC process: waits until it is.
  void await_turn(std::size_t master, std::uint64_t cycle) {
    while (!take_turn(master, cycle)) {
      waits_[master] = true;
      pass_on();
      sc_core::wait(turn_comes_[master]);
      waits_[master] = false;
    }
  }
  /// The same once the kernel's time is the master's.
  void reach(std::size_t master, std::uint64_t cycle, const Clock& clock) {
    set_running(master, cycle);
    if (const sc_core::sc_time turn = clock.to_time(cycle); turn > sc_core::sc_time_stamp()) {
      pass_on();
      sc_core::wait(turn - sc_core::sc_time_stamp());
    }
    await_turn(master, cycle);
  }
  /// A master's process that waits for something else than its turn calls this first, with its new time set.
  void pass_on() {
    const std::size_t next = first();
    if (waits_[next] && !over_) turn_comes_[next].notify();
  }
  /// The run ends here: nobody goes on.
  void end() { over_ = true; }
  void begin_turn(std::size_t master, std::uint64_t cycle) { turn_ = {static_cast<std::uint32_t>(master), cycle}; }
  /// Whose access is made now.
  const Turn& turn() const { return turn_; }

 private:
  static constexpr std::uint64_t never = ~0ull;

  std::size_t first() const {
    return static_cast<std::size_t>(std::min_element(locals_.begin(), locals_.end()) - locals_.begin());
  }

  std::vector<std::uint64_t> locals_;  ///< never: idle
  std::vector<char> waits_;  ///< in await_turn()
  std::vector<sc_core::sc_event> turn_comes_;
  std::size_t running_ = 0;
  bool over_ = false;
  Turn turn_;
};

}  // namespace dspmem
