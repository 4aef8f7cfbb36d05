// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>

#include "models/observe/operation.h"

namespace dspmem {

/// What the host says each agent is doing: a pointer that means something to the host alone, such as the step of a
/// scenario. Masters that a device drives do what the agent was doing that started them.
class Origins {
 public:
  void set(AgentId agent, const void* origin) { origins_[agent] = origin; }
  const void* of(AgentId agent) const { return origins_[agent]; }

  /// `agent` writes to the device registers that masters are started by releasing `object`.
  void starts(AgentId agent, std::uint64_t object) { starters_[object] = origins_[agent]; }
  /// A master begins what whoever released `object` last told it to.
  void begins(AgentId master, std::uint64_t object) {
    if (const auto starter = starters_.find(object); starter != starters_.end()) origins_[master] = starter->second;
  }

 private:
  std::array<const void*, max_agents> origins_{};
  std::unordered_map<std::uint64_t, const void*> starters_;
};

}  // namespace dspmem
