// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/import/component_table.h"
#include "sim/import/topology.h"

namespace dspmem {

struct TopologyScenarioOptions {
  std::string name;                ///< of the scenario
  std::string platform;            ///< what the file says
  std::uint32_t platform_cores = 1;
  std::uint32_t largest_buffer = ~0u;  ///< bytes of the largest heap for buffers
  std::uint32_t line_bytes = 64;   ///< DMA buffers are aligned to it
  std::uint32_t periods = 10;      ///< of periodic work
  std::string open;                ///< what is open at a time, for the file's header
  std::string part;                ///< behind names of signals and barriers
};

struct TopologyScenario {
  std::map<std::uint32_t, std::string> steps;  ///< of each core, as YAML
  std::vector<std::string> remarks;  ///< what was left out or assumed, for the user
  std::size_t pipelines = 0, components = 0, buffers = 0, cores = 0;
};

/// A scenario that does what a firmware does with the topology: create its pipelines, open and start the streams, process for some
/// periods, stop, and tear all of it down, on the cores that the topology names, with the ends of the pipelines moved by DMA.
TopologyScenario make_scenario(const Topology& topology, const ComponentTable& table, const TopologyScenarioOptions& options);
/// Lets one scenario follow another. `part` tells its barriers from others'.
void append(TopologyScenario& all, TopologyScenario next, const std::string& part);
/// The whole file.
std::string text_of(const TopologyScenario& scenario, const Topology& topology, const TopologyScenarioOptions& options);

}  // namespace dspmem
