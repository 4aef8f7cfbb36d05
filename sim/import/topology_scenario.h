// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/import/topology_plan.h"

namespace dspmem {

struct TopologyScenario {
  std::map<std::uint32_t, std::string> steps;  ///< of each core, as YAML
  std::vector<std::string> remarks;  ///< what was left out or assumed, for the user
  std::size_t pipelines = 0, components = 0, buffers = 0, cores = 0;
};

/// A scenario that does what a firmware does with the topology: create its pipelines, open and start the streams,
/// process for some periods, stop, and tear all of it down, on the cores that the topology names, with the ends of the
/// pipelines moved by DMA.
TopologyScenario make_scenario(const Topology& topology, const ComponentTable& table,
                               const TopologyScenarioOptions& options);
/// Lets one scenario follow another. `part` tells its barriers from others'.
void append(TopologyScenario& all, TopologyScenario next, const std::string& part);
/// The whole file.
std::string text_of(const TopologyScenario& scenario, const Topology& topology, const TopologyScenarioOptions& options);

}  // namespace dspmem
