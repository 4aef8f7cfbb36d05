// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/import/component_table.h"
#include "sim/import/topology.h"

namespace dspmem {

struct TopologyScenarioOptions {
  std::string name;                ///< of the scenario
  std::string platform;            ///< what the file says
  std::uint32_t platform_cores = 1;
  std::uint32_t line_bytes = 64;   ///< DMA buffers are aligned to it
  std::uint32_t periods = 10;      ///< of periodic work
};

struct TopologyScenario {
  std::string yaml;
  std::vector<std::string> remarks;  ///< what was left out or assumed, for the user
  std::size_t pipelines = 0, components = 0, buffers = 0, cores = 0;
};

/// A scenario that does what a firmware does with the topology: create its pipelines, open and start the streams, process for some
/// periods, stop, and tear all of it down, on the cores that the topology names, with the ends of the pipelines moved by DMA.
TopologyScenario make_scenario(const Topology& topology, const ComponentTable& table, const TopologyScenarioOptions& options);

}  // namespace dspmem
