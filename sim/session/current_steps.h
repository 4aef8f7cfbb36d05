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

  std::uint32_t pc(AgentId agent) const override { return is_core(agent) ? core(agent).current_pc() : 0; }
  std::uint64_t now(AgentId agent) const override {
    if (is_core(agent)) return core(agent).now();
    for (const auto& each : system_.scripted_masters())
      if (each->agent() == agent) return each->now();
    return 0;
  }
  std::vector<StackFrame> stack(AgentId agent) const override {
    return is_core(agent) ? core(agent).call_stack() : std::vector<StackFrame>{};
  }
  const SourceMark* step(AgentId agent) const override { return steps_[agent].where; }
  const std::string* step_kind(AgentId agent) const override { return steps_[agent].kind; }

  void on(const StepBegan& event) override { steps_[event.core] = {event.where, event.kind}; }

 private:
  struct Current {
    const SourceMark* where = nullptr;
    const std::string* kind = nullptr;
  };
  bool is_core(AgentId agent) const { return agent < system_.core_count(); }
  const Core& core(AgentId agent) const { return system_.core(agent).core(); }

  System& system_;
  std::array<Current, max_agents> steps_{};
};

}  // namespace dspmem
