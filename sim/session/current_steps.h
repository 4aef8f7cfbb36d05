// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "models/system.h"
#include "sim/diagnose/finding_log.h"
#include "sim/events/bus.h"

namespace dspmem {

/// What each agent of a system is doing now.
class CurrentSteps final : public Moment, public Subscriber {
 public:
  explicit CurrentSteps(System& system) : system_(system) {}

  std::uint32_t pc(AgentId core) const override { return system_.core(core).core().current_pc(); }
  std::uint64_t now(AgentId core) const override { return system_.core(core).core().now(); }
  std::vector<StackFrame> stack(AgentId core) const override { return system_.core(core).core().call_stack(); }
  const SourceMark* step(AgentId agent) const override { return steps_[agent].where; }
  const std::string* step_kind(AgentId agent) const override { return steps_[agent].kind; }

  void on(const StepBegan& event) override { steps_[event.core] = {event.where, event.kind}; }

 private:
  struct Current {
    const SourceMark* where = nullptr;
    const std::string* kind = nullptr;
  };
  System& system_;
  std::array<Current, max_agents> steps_{};
};

}  // namespace dspmem
