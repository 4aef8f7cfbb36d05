// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "models/core/time_keeper.h"
#include "models/observe/operation.h"

namespace dspmem {

class CoreHost;

/// A bus master without a cache, such as a host processor or a DMA engine, whose program the simulation's host
/// supplies: see CoreHost::run_master().
class ScriptedMaster : public sc_core::sc_module {
 public:
  /// `time_slot`: the master's place in the time keeper.
  ScriptedMaster(sc_core::sc_module_name name, AgentId agent, std::size_t time_slot, TimeKeeper& keeper,
                 const Clock& clock, CoreHost& host);

  AgentId agent() const { return agent_; }
  std::uint64_t now() const { return cycle_; }  ///< cycles of the platform's clock

  /// Its program begins. REQUIRES: once.
  void start(std::uint64_t now);

  // For the program, from within the master's process.
  void advance(std::uint64_t cycles) { cycle_ += cycles; }
  void advance_to(std::uint64_t cycle) { cycle_ = std::max(cycle_, cycle); }
  /// Lets all others catch up with this one.
  void synchronise() { keeper_.reach(time_slot_, cycle_, clock_); }
  /// Whoever makes `ready` hold must call wake().
  void wait_until(const std::function<bool()>& ready);
  /// Wakes it from wait_until(); `now` is the waker's time.
  void wake(std::uint64_t now);

 private:
  void process();

  AgentId agent_;
  std::size_t time_slot_;
  TimeKeeper& keeper_;
  Clock clock_;
  CoreHost& host_;
  sc_core::sc_event wake_event_;
  bool started_ = false;
  std::uint64_t cycle_ = 0;
};

}  // namespace dspmem
