// SPDX-License-Identifier: Apache-2.0
// A plan of a topology as a scenario.
#include "sim/import/topology_scenario.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>

namespace dspmem {
namespace {

using Data = TopologyPlan::Data;
using Node = TopologyPlan::Node;

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' || c == '\\' ? '?' : c;
  return out + "\"";
}

std::string indented(const std::string& text, std::size_t blanks) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at) + 1;
    out += std::string(blanks, ' ') + text.substr(at, end - at);
    at = end;
  }
  return out;
}

void step(std::string& out, const char* kind, const std::string& settings) {
  out += fmt::format("    - {}: {{{}}}\n", kind, settings);
}

/// What is moved in one tick: by the components that are due in it, on all cores.
class Tick {
 public:
  Tick(const TopologyPlan& plan, std::uint32_t number, const std::string& part) : plan_(plan), part_(part) {
    for (const std::size_t index : plan.order)
      if (number % plan.nodes[index].every == 0) due_.push_back(&plan.nodes[index]);
    // Who fills a buffer that several cores use, in which order: each waits for the one before, the readers for the
    // last.
    for (const Node* node : due_)
      for (const int data : node->outputs) {
        std::vector<std::uint32_t>& writers = writers_[data];
        if (std::find(writers.begin(), writers.end(), node->core) == writers.end()) writers.push_back(node->core);
      }
  }

  /// The steps of a core, in YAML.
  std::string steps(std::uint32_t core) const {
    std::string out;
    std::set<int> waited;  // shared buffers that this core has waited for in this period
    std::set<int> owed;  // those that it fills last: it must not do so again before they have been read
    for (const Node* node : due_) {
      if (node->core != core) continue;
      if (node->chained && node->dma >= 0) write_chain(*node, out);
      if (node->buffer < 0 && !(node->inputs.empty() && node->outputs.empty()))
        write_component(*node, waited, owed, out);
    }
    for (const int data : owed)
      for (const std::uint32_t reader : data_of(data).cores)
        if (reader != core && reads(data, reader))
          out += fmt::format("    - wait: emptied {} by {} for {}{}\n", data, reader, core, part_);
    return out;
  }

 private:
  const Data& data_of(int data) const { return plan_.data[static_cast<std::size_t>(data)]; }
  static bool holds(const std::vector<int>& list, int data) {
    return std::find(list.begin(), list.end(), data) != list.end();
  }

  void write_chain(const Node& node, std::string& out) const {
    const Data& data = data_of(node.dma);
    out += fmt::format("    # {}\n", node.widget->name);
    step(out, "write", fmt::format("to: {}, bytes: {}, pattern: counter, by: dma0", quoted(data.object), data.bytes));
    step(out, "read", fmt::format("from: {}, bytes: {}, by: dma1", quoted(data.object), data.bytes));
  }

  void write_component(const Node& node, std::set<int>& waited, std::set<int>& owed, std::string& out) const {
    out += fmt::format("    # {}\n", node.widget->name);
    for (const int input : node.inputs) wait_for_writers(input, node.core, waited, out);
    for (const int output : node.outputs) wait_for_writers(output, node.core, waited, out);
    const Data* source = node.inputs.empty() ? nullptr : &data_of(node.inputs.front());
    if (!node.has_inputs && node.dma >= 0) {
      source = &data_of(node.dma);
      const std::uint32_t bytes = std::min(node.period_bytes, source->bytes);
      step(out, "write", fmt::format("to: {}, bytes: {}, pattern: counter, by: dma0", quoted(source->object), bytes));
      step(out, "invalidate", fmt::format("object: {}, bytes: {}", quoted(source->object), bytes));
    }
    // What is mixed with the first input is read, too.
    for (std::size_t i = 1; i < node.inputs.size(); ++i) {
      const Data& data = data_of(node.inputs[i]);
      step(out, "read", fmt::format("from: {}, bytes: {}", quoted(data.object), plan_.readable(node, node.inputs[i])));
      commit(data, out);
    }
    const std::uint32_t taken = node.inputs.empty() ? node.period_bytes : plan_.readable(node, node.inputs.front());
    for (const int output : node.outputs) {
      const Data& data = data_of(output);
      if (source) {
        move(*source, data, taken, out);
      } else {
        step(out, "write",
             fmt::format("to: {}, bytes: {}, pattern: counter", quoted(data.object),
                         std::min(node.period_bytes, data.bytes)));
        commit(data, out);
      }
      if (data.shared() && last_writer_on(output, node.core) == &node) {
        tell_filled(output, node.core, out);
        owed.insert(output);
      }
    }
    if (node.has_inputs && node.dma >= 0) {
      const Data& data = data_of(node.dma);
      const std::uint32_t bytes = std::min({taken, data.bytes, source->bytes});
      move(*source, data, bytes, out);
      step(out, "writeback", fmt::format("object: {}, bytes: {}", quoted(data.object), bytes));
      step(out, "read", fmt::format("from: {}, bytes: {}, by: dma1", quoted(data.object), bytes));
    } else if (node.outputs.empty() && source) {
      step(out, "read", fmt::format("from: {}, bytes: {}", quoted(source->object), std::min(taken, source->bytes)));
      commit(*source, out);
    }
    for (const int input : node.inputs)
      if (data_of(input).shared() && last_reader_on(input, node.core) == &node) tell_emptied(input, node.core, out);
  }

  static void commit(const Data& data, std::string& out) {
    if (data.shared()) step(out, "commit", "object: " + quoted(data.object));
  }

  static void move(const Data& from, const Data& to, std::uint32_t bytes, std::string& out) {
    step(out, "copy",
         fmt::format("from: {}, to: {}, bytes: {}", quoted(from.object), quoted(to.object),
                     std::min({bytes, from.bytes, to.bytes})));
    commit(from, out);
    commit(to, out);
  }

  /// Waits, once a period, for whoever fills a buffer on another core before this one touches it.
  void wait_for_writers(int data, std::uint32_t core, std::set<int>& waited, std::string& out) const {
    const auto writers = writers_.find(data);
    if (writers == writers_.end() || !data_of(data).shared() || !waited.insert(data).second) return;
    const std::vector<std::uint32_t>& cores = writers->second;
    const auto own = std::find(cores.begin(), cores.end(), core);
    // One that fills it too comes behind those before it; one that only reads behind the last.
    if (own == cores.end() ? cores.back() != core : own != cores.begin())
      out += fmt::format("    - wait: filled {} for {}{}\n", data, core, part_);
  }

  /// Tells whoever is next that this core has filled its part.
  void tell_filled(int data, std::uint32_t core, std::string& out) const {
    const std::vector<std::uint32_t>& cores = writers_.at(data);
    const auto own = std::find(cores.begin(), cores.end(), core);
    if (own + 1 != cores.end()) {
      out += fmt::format("    - signal: filled {} for {}{}\n", data, *(own + 1), part_);
      return;
    }
    for (const std::uint32_t reader : data_of(data).cores)
      if (std::find(cores.begin(), cores.end(), reader) == cores.end() && reads(data, reader))
        out += fmt::format("    - signal: filled {} for {}{}\n", data, reader, part_);
  }

  /// Tells all that fill it that this core has read it.
  void tell_emptied(int data, std::uint32_t core, std::string& out) const {
    if (!writers_.contains(data)) return;
    for (const std::uint32_t writer : writers_.at(data))
      if (writer != core) out += fmt::format("    - signal: emptied {} by {} for {}{}\n", data, core, writer, part_);
  }

  bool reads(int data, std::uint32_t core) const { return last_reader_on(data, core) != nullptr; }
  const Node* last_reader_on(int data, std::uint32_t core) const {
    const Node* last = nullptr;
    for (const Node* node : due_)
      if (node->core == core && holds(node->inputs, data)) last = node;
    return last;
  }
  const Node* last_writer_on(int data, std::uint32_t core) const {
    const Node* last = nullptr;
    for (const Node* node : due_)
      if (node->core == core && holds(node->outputs, data)) last = node;
    return last;
  }

  const TopologyPlan& plan_;
  const std::string& part_;
  std::vector<const Node*> due_;  ///< in the order of the data
  std::map<int, std::vector<std::uint32_t>> writers_;  ///< data -> the cores that fill it, in order
};

class ScenarioText {
 public:
  ScenarioText(const TopologyPlan& plan, const TopologyScenarioOptions& options) : plan_(plan), options_(options) {
    for (std::uint32_t tick = 0; tick < plan.ticks; ++tick) ticks_.emplace_back(plan, tick, options.part);
  }

  std::string steps(std::uint32_t core) const {
    std::string out = "    # Pipelines are created.\n";
    for (const Node& node : plan_.nodes)
      if (node.core == core) write_tokens(*node.widget, out);
    for (const bool at_start : {false, true}) {
      if (at_start) out += "    # Streams are opened and start.\n";
      for (const TopologyPlan::Allocation& each : plan_.allocations)
        if (each.core == core && each.at_start == at_start) write_allocation(each, out);
    }
    if (plan_.cores.size() > 1) out += fmt::format("    - barrier: started{}\n", options_.part);
    const std::string work = plan_.ticks == 1 ? period(core) : periods(core);
    out += work;
    if (plan_.cores.size() > 1) out += fmt::format("    - barrier: stopped{}\n", options_.part);
    out += "    # Streams stop, pipelines are freed.\n";
    bool freed = false;
    for (auto each = plan_.allocations.rbegin(); each != plan_.allocations.rend(); ++each)
      if (each->core == core) {
        out += fmt::format("    - free: {}\n", quoted(each->object));
        freed = true;
      }
    if (!freed && work.empty()) out += "    - idle: 1 us\n";
    return out;
  }

 private:
  void write_allocation(const TopologyPlan::Allocation& each, std::string& out) const {
    const ComponentAllocation& kind = *each.kind;
    const std::vector<std::string> low_power{"lp"}, &capabilities = each.low_power ? low_power : kind.capabilities;
    std::string extra;
    if (each.data >= 0 && plan_.data[static_cast<std::size_t>(each.data)].shared()) extra += ", flags: [shared]";
    if (!capabilities.empty()) extra += fmt::format(", capabilities: [{}]", fmt::join(capabilities, ", "));
    if (kind.holds_data() && !each.zeroed && kind.zone == Zone::buffer)
      extra += fmt::format(", align: {}", options_.line_bytes);
    out += fmt::format("    - {}: {{as: {}, zone: {}, bytes: {}{}}}\n", each.zeroed ? "zalloc" : "alloc",
                       quoted(each.object), to_string(kind.zone), each.bytes, extra);
  }

  static void write_tokens(const Topology::Widget& widget, std::string& out) {
    std::string list;
    for (const auto& [token, value] : widget.values) list += fmt::format(" {}={}", token, value);
    for (const auto& [token, value] : widget.texts) list += fmt::format(" {}='{}'", token, value);
    out += fmt::format("    # {} '{}', pipeline {}{}{}{}\n", Topology::widget_type_name(widget.type), widget.name,
                       widget.pipeline, widget.idle ? ", idle" : "", list.empty() ? "" : "; tokens", list);
  }

  /// All components have one period.
  std::string period(std::uint32_t core) const {
    const std::string work = ticks_.front().steps(core);
    return work.empty()
               ? ""
               : fmt::format(
                     "    # Every period.\n    - every:\n        period: {} us\n        times: {}\n        steps:\n{}",
                     plan_.tick_us, options_.periods, indented(work, 6));
  }

  /// Each component works when it is due: the ticks of a round one after the other, since what has a long period need
  /// not be done within a short one. Cores begin each tick together: what one does in a tick comes before what others
  /// do in the next.
  std::string periods(std::uint32_t core) const {
    std::string round;
    bool any = false;
    for (std::size_t tick = 0; tick < ticks_.size(); ++tick) {
      const std::string work = ticks_[tick].steps(core);
      any |= !work.empty();
      if (plan_.cores.size() > 1) round += fmt::format("    - barrier: tick{}\n", options_.part);
      if (!work.empty()) round += fmt::format("    # what is due at {} us\n{}", tick * plan_.tick_us, work);
    }
    if (!any && plan_.cores.size() == 1) return "";
    const std::uint32_t round_us = plan_.tick_us * plan_.ticks;
    const std::uint32_t times =
        std::max(1u, static_cast<std::uint32_t>(std::uint64_t{options_.periods} * plan_.tick_us / round_us));
    return fmt::format(
        "    # Periods differ: all is as it was after {} us.\n    - every:\n        period: {} us\n        times: {}\n "
        "       steps:\n{}",
        round_us, round_us, times, indented(round, 6));
  }

  const TopologyPlan& plan_;
  const TopologyScenarioOptions& options_;
  std::vector<Tick> ticks_;
};

}  // namespace

TopologyScenario make_scenario(const Topology& topology, const ComponentTable& table,
                               const TopologyScenarioOptions& options) {
  const TopologyPlan plan = plan_topology(topology, table, options);
  const ScenarioText text(plan, options);
  TopologyScenario result;
  for (const std::uint32_t core : plan.cores) result.steps[core] = text.steps(core);
  result.remarks = plan.remarks;
  result.pipelines = plan.pipelines.size();
  for (const Node& node : plan.nodes)
    ++(node.widget->type == Topology::buffer && !node.module ? result.buffers : result.components);
  result.cores = plan.cores.size();
  return result;
}

std::string text_of(const TopologyScenario& scenario, const Topology& topology,
                    const TopologyScenarioOptions& options) {
  std::string out = fmt::format("# Made by 'dspmem import topology'. ABI {}, {} endian.\n# {}\n", topology.abi,
                                topology.big_endian ? "big" : "little", options.open);
  for (const std::string& each : scenario.remarks) out += "# " + each + "\n";
  out += fmt::format("name: {}\nplatform: {}\ncores:\n", quoted(options.name), options.platform);
  for (const auto& [core, steps] : scenario.steps) out += fmt::format("  {}:\n{}", core, steps);
  return out;
}

void append(TopologyScenario& all, TopologyScenario next, const std::string& part) {
  if (!all.steps.empty()) {
    std::set<std::uint32_t> cores;
    for (const auto* each : {&all, &next})
      for (const auto& [core, steps] : each->steps) cores.insert(core);
    for (const std::uint32_t core : cores)
      if (cores.size() > 1) all.steps[core] += fmt::format("    - barrier: before{}\n", part);
  }
  for (const auto& [core, steps] : next.steps) all.steps[core] += steps;
  for (std::string& each : next.remarks)
    if (std::find(all.remarks.begin(), all.remarks.end(), each) == all.remarks.end())
      all.remarks.push_back(std::move(each));
  all.pipelines += next.pipelines;
  all.components += next.components;
  all.buffers += next.buffers;
  all.cores = all.steps.size();
}

}  // namespace dspmem
