// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "models/observe/operation.h"
#include "sim/config/fields.h"
#include "sim/result/place.h"

namespace dspmem {

/// Masters without a cache, by the names that scenarios have for them: DMA channels 0 to 3, then the host.
inline constexpr std::uint32_t dma_masters = 4, host_master = dma_masters;
const Choices<std::uint32_t>& master_names();

/// How the agents of a platform with so many cores are numbered.
AgentId agent_of_master(std::uint32_t master, std::uint32_t cores);
std::optional<std::uint32_t> master_of_agent(AgentId agent, std::uint32_t cores);
Agent agent_of(AgentId agent, std::uint32_t cores);

}  // namespace dspmem
