// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "models/observe/operation.h"

namespace dspmem {

/// What one agent knows of the progress of all others. An access of agent a in epoch e is ordered before whatever agent
/// b does once b's clock has entry a >= e.
class VectorClock {
 public:
  std::uint32_t operator[](AgentId agent) const { return entries_[agent]; }
  void advance(AgentId agent) { ++entries_[agent]; }
  void set(AgentId agent, std::uint32_t epoch) { entries_[agent] = epoch; }
  void join(const VectorClock& other) {
    for (std::size_t i = 0; i < max_agents; ++i) entries_[i] = std::max(entries_[i], other.entries_[i]);
  }

 private:
  std::array<std::uint32_t, max_agents> entries_{};
};

}  // namespace dspmem
