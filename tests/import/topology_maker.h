// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/import/topology_scenario.h"

namespace dspmem::test {

/// Small topologies, built in memory.
struct Maker {
  Topology topology;

  Topology::Widget& widget(const std::string& name, std::uint32_t type, std::uint32_t pipeline = 1) {
    Topology::Widget& made = topology.widgets.emplace_back();
    made.name = name;
    made.type = type;
    made.pipeline = pipeline;
    return made;
  }
  static void say(Topology::Widget& widget, std::uint32_t token, std::uint32_t value) {
    widget.values.try_emplace(token, value);
    widget.all_words.emplace_back(token, value);
  }
  static void name_pin(Topology::Widget& widget, std::uint32_t token, const std::string& other) {
    widget.texts.try_emplace(token, other);
    widget.all_strings.emplace_back(token, other);
  }
  static void input(Topology::Widget& widget, std::uint32_t bytes, std::uint32_t pin = 0) {
    say(widget, sof_token::input_pin, pin);
    say(widget, sof_token::input_buffer_size, bytes);
  }
  static void output(Topology::Widget& widget, std::uint32_t bytes, std::uint32_t pin = 0) {
    say(widget, sof_token::output_pin, pin);
    say(widget, sof_token::output_buffer_size, bytes);
  }
  void route(const std::string& source, const std::string& sink) { topology.routes.push_back({source, "", sink, 1}); }
  void scheduler(std::uint32_t pipeline = 1, bool chain = false) {
    Topology::Widget& made = widget("pipeline." + std::to_string(pipeline), Topology::scheduler, pipeline);
    say(made, sof_token::chain_dma, chain);
  }
  TopologyScenario scenario(std::uint32_t largest = ~0u) const {
    TopologyScenarioOptions options;
    options.largest_buffer = largest;
    return made(options);
  }
  TopologyScenario made(const TopologyScenarioOptions& options) const {
    return make_scenario(topology, load_components("components"), options);
  }
};

/// Bytes of what is allocated, by name; 0 where nothing is.
inline std::uint32_t bytes_of(const TopologyScenario& scenario, const std::string& object) {
  for (const auto& [core, steps] : scenario.steps) {
    const std::size_t at = steps.find("as: \"" + object + "\",");
    if (at == std::string::npos) continue;
    return static_cast<std::uint32_t>(std::stoul(steps.substr(steps.find("bytes: ", at) + 7)));
  }
  return 0;
}

}  // namespace dspmem::test
