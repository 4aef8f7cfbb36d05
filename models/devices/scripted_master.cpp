// SPDX-License-Identifier: Apache-2.0
#include "models/devices/scripted_master.h"

#include <algorithm>

#include "models/core/dsp_core.h"

namespace dspmem {

ScriptedMaster::ScriptedMaster(sc_core::sc_module_name name, AgentId agent, std::size_t time_slot, TimeKeeper& keeper,
                               const Clock& clock, CoreHost& host)
    : sc_module(name), agent_(agent), time_slot_(time_slot), keeper_(keeper), clock_(clock), host_(host) {
  SC_HAS_PROCESS(ScriptedMaster);
  SC_THREAD(process);
}

void ScriptedMaster::process() {
  std::exception_ptr failure;
  try {
    while (!started_) wait(wake_event_);
    host_.run_master(*this);
    keeper_.set_idle(time_slot_);
    keeper_.pass_on();
    return;
  } catch (...) { failure = std::current_exception(); }
  keeper_.await_turn(time_slot_, cycle_);  // what others did before comes first
  host_.failed(failure);
}

void ScriptedMaster::start(std::uint64_t now) {
  started_ = true;
  wake(now);
}

void ScriptedMaster::wait_until(const std::function<bool()>& ready) {
  for (synchronise(); !ready(); synchronise()) {
    keeper_.set_idle(time_slot_);
    keeper_.pass_on();
    wait(wake_event_);
  }
}

void ScriptedMaster::wake(std::uint64_t now) {
  if (!started_ || keeper_.running(time_slot_)) return;
  cycle_ = std::max(cycle_, now);
  keeper_.set_running(time_slot_, cycle_);
  wake_event_.notify(sc_core::SC_ZERO_TIME);
}

}  // namespace dspmem
