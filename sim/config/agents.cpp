// SPDX-License-Identifier: Apache-2.0
#include "sim/config/agents.h"

namespace dspmem {

const Choices<std::uint32_t>& master_names() {
  static const Choices<std::uint32_t> all{{"dma0", 0}, {"dma1", 1}, {"dma2", 2}, {"dma3", 3}, {"host", host_master}};
  return all;
}

AgentId agent_of_master(std::uint32_t master, std::uint32_t cores) {
  return master == host_master ? host_agent : static_cast<AgentId>(cores + master);
}

std::optional<std::uint32_t> master_of_agent(AgentId agent, std::uint32_t cores) {
  if (agent == host_agent) return host_master;
  if (agent < cores) return std::nullopt;
  return agent - cores;
}

Agent agent_of(AgentId agent, std::uint32_t cores) {
  const auto master = master_of_agent(agent, cores);
  if (!master) return Agent::core(agent);
  if (*master == host_master) return {Agent::Kind::host, 0};
  return {Agent::Kind::dma, *master};
}

}  // namespace dspmem
