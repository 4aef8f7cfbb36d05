// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/import/component_table.h"
#include "sim/import/module_buffers.h"
#include "sim/import/topology.h"

namespace dspmem {

struct TopologyScenarioOptions {
  std::string name;  ///< of the scenario
  std::string platform;  ///< what the file says
  std::uint32_t platform_cores = 1;
  std::uint32_t largest_buffer = ~0u;  ///< bytes of the largest heap for buffers
  std::uint64_t buffer_bytes = ~0ull;  ///< of all heaps for buffers together
  std::uint32_t low_power_bytes = 0;  ///< of the heap in low-power memory; 0: none
  std::uint32_t low_power_block = 0;  ///< bytes that the heap gives out together
  std::uint32_t line_bytes = 64;  ///< DMA buffers are aligned to it
  std::uint32_t periods = 10;  ///< of periodic work
  std::string open;  ///< what is open at a time, for the file's header
  std::string part;  ///< behind names of signals and barriers
};

/// What a firmware allocates for a topology, and what it moves in a period.
struct TopologyPlan {
  struct Pipeline {
    std::uint32_t core = 0, priority = 0;  ///< priority 0 is the highest
    std::uint32_t period_us = 0;
    std::uint32_t rate = 0, channels = 0;
    bool has_stream = false, scheduled = false, chained = false;
    bool open = false;  ///< some of it works; else it only exists
    bool dynamic = false;  ///< exists only while its stream is open
    bool low_power = false;  ///< its buffers are in low-power memory
  };
  struct Data {
    std::string object;
    std::uint32_t bytes = 0;
    std::uint32_t filled = 0;  ///< in a period, from the beginning on
    std::set<std::uint32_t> cores;  ///< whose components touch it
    bool shared() const { return cores.size() > 1; }
  };
  struct Allocation {
    std::string object;
    const ComponentAllocation* kind = nullptr;
    std::uint32_t bytes = 0;
    std::uint32_t core = 0;
    int data = -1;  ///< index of what it holds
    bool zeroed = true;
    bool at_start = false;  ///< when streams start, not when pipelines are created
    bool low_power = false;  ///< in the heap of low-power memory
  };
  struct Node {
    const Topology::Widget* widget = nullptr;
    std::optional<ModuleBuffers> module;  ///< of IPC4
    bool chained = false;  ///< the host's and the link's DMA share one buffer, and no core touches it
    std::uint32_t core = 0, period_bytes = 0;
    std::uint32_t every = 1;  ///< it works in one of so many ticks
    int dma = -1, buffer = -1;  ///< data
    std::vector<int> inputs, outputs;  ///< data
    std::vector<std::size_t> next;  ///< nodes behind it
    bool has_inputs = false;
  };

  std::map<std::uint32_t, Pipeline> pipelines;
  std::uint32_t tick_us = 0, ticks = 1;  ///< all is as it was after so many
  std::vector<Node> nodes;
  std::vector<std::size_t> order;  ///< of the nodes: what feeds comes before what is fed
  std::vector<Data> data;
  std::vector<Allocation> allocations;
  std::set<std::uint32_t> cores;
  std::vector<std::string> remarks;  ///< what was left out or assumed, for the user

  /// How much of a buffer a component takes in a period: no more than was put in.
  std::uint32_t readable(const Node& node, int input) const;
};

TopologyPlan plan_topology(const Topology& topology, const ComponentTable& table,
                           const TopologyScenarioOptions& options);

}  // namespace dspmem
