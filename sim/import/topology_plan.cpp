// SPDX-License-Identifier: Apache-2.0
#include "sim/import/topology_plan.h"

#include <fmt/format.h>
#include <algorithm>
#include <numeric>
#include <queue>
#include <utility>

namespace dspmem {
namespace {

// Assumed where the topology does not say, and bounds on what it says.
constexpr std::uint32_t usual_sample_bytes = 4, usual_rate = 48000, usual_channels = 2, most_channels = 8;
constexpr std::uint32_t usual_period_us = 1000, shortest_period_us = 100, longest_period_us = 100000;
constexpr std::uint32_t usual_periods = 2, most_periods = 64;
constexpr std::uint32_t most_ticks = 64;  ///< that are written out
constexpr std::size_t most_work = 200'000;  ///< components in all ticks

class Planner {
 public:
  using Pipeline = TopologyPlan::Pipeline;
  using Data = TopologyPlan::Data;
  using Allocation = TopologyPlan::Allocation;
  using Node = TopologyPlan::Node;

  Planner(const Topology& topology, const ComponentTable& table, const TopologyScenarioOptions& options)
      : topology_(topology), table_(table), options_(options) {}

  TopologyPlan plan() {
    find_pipelines();
    make_nodes();
    connect();
    sort();
    allocate();
    find_sharers();
    measure();
    report_size();
    for (std::string& each : remarks_on(topology_)) remark(std::move(each));
    return std::move(plan_);
  }

 private:
  void remark(std::string text) { plan_.remarks.push_back(std::move(text)); }

  /// A name for an object: as it can be written, and no other's.
  std::string unique(std::string wanted) {
    std::replace_if(
        wanted.begin(), wanted.end(), [](char c) { return c == '"' || c == '\\'; }, '?');
    std::string name = wanted;
    for (int number = 2; !names_.insert(name).second; ++number) name = fmt::format("{} ({})", wanted, number);
    return name;
  }

  std::uint32_t core_of(std::uint32_t named) {
    if (named < options_.platform_cores) return named;
    if (told_cores_.insert(named).second)
      remark(fmt::format("core {} does not exist on this platform: what it has runs on core 0", named));
    return 0;
  }

  void find_pipelines() {
    const bool ipc4 = std::any_of(topology_.widgets.begin(), topology_.widgets.end(),
                                  [](const Topology::Widget& widget) { return ModuleBuffers(widget).known(); });
    for (const Topology::Widget& widget : topology_.widgets) {
      const auto [place, fresh] = plan_.pipelines.try_emplace(widget.pipeline);
      Pipeline& pipeline = place->second;
      if (fresh) {
        pipeline.period_us = usual_period_us;
        pipeline.rate = usual_rate;
        pipeline.channels = usual_channels;
        pipeline.dynamic = ipc4;  // the driver creates them when their stream is opened
      }
      pipeline.open |= !widget.idle;
      if (widget.type == Topology::scheduler) read_scheduler(widget, pipeline);
      // The stream that the pipeline's end names says how much data a period has.
      for (const Topology::Pcm& pcm : topology_.pcms)
        for (const auto* capabilities :
             {pcm.playback ? &pcm.playback_capabilities : nullptr, pcm.capture ? &pcm.capture_capabilities : nullptr})
          if (capabilities && !pipeline.has_stream && !widget.stream.empty() && capabilities->name == widget.stream) {
            pipeline.has_stream = true;
            if (capabilities->rate_max)
              pipeline.rate = std::clamp(usual_rate, std::min(capabilities->rate_min, capabilities->rate_max),
                                         capabilities->rate_max);
            if (capabilities->channels_max)
              pipeline.channels = std::clamp(capabilities->channels_max, 1u, most_channels);
          }
    }
    find_ticks();
    low_power_left_ = options_.low_power_bytes;
  }

  void read_scheduler(const Topology::Widget& widget, Pipeline& pipeline) {
    pipeline.scheduled = true;
    pipeline.chained = widget.value(sof_token::chain_dma).value_or(0) != 0;
    pipeline.dynamic |= widget.value(sof_token::dynamic_pipeline).value_or(0) != 0;
    pipeline.low_power = widget.value(sof_token::low_power_mode).value_or(0) != 0;
    pipeline.priority = widget.value(sof_token::scheduling_priority).value_or(0);
    if (const auto core = widget.value(sof_token::scheduling_core)) pipeline.core = core_of(*core);
    if (const auto period = widget.value(sof_token::scheduling_period); period && *period)
      pipeline.period_us = std::clamp(*period, shortest_period_us, longest_period_us);
  }

  /// Pipelines work at the common divisor of their periods, each when it is due. What would take very many ticks runs
  /// at the shortest period.
  void find_ticks() {
    std::uint64_t divisor = 0, multiple = 1;
    std::uint32_t shortest = longest_period_us;
    for (const auto& [index, pipeline] : plan_.pipelines) {
      if (!pipeline.open) continue;
      divisor = std::gcd(divisor, std::uint64_t{pipeline.period_us});
      multiple = std::min<std::uint64_t>(std::lcm(multiple, std::uint64_t{pipeline.period_us}),
                                         std::uint64_t{most_ticks + 1} * longest_period_us);
      shortest = std::min(shortest, pipeline.period_us);
    }
    plan_.tick_us = divisor ? static_cast<std::uint32_t>(divisor) : usual_period_us;
    plan_.ticks = divisor ? static_cast<std::uint32_t>(multiple / divisor) : 1;
    if (plan_.ticks <= most_ticks && divisor >= shortest_period_us &&
        (plan_.ticks == 1 || topology_.widgets.size() * plan_.ticks <= most_work))
      return;
    remark(
        fmt::format("the periods of the pipelines (token {}) have no common multiple of at most {} ticks: all run "
                    "every {} us, the shortest",
                    token_text(sof_token::scheduling_period), most_ticks, shortest));
    plan_.tick_us = shortest;
    plan_.ticks = 1;
    for (auto& [index, pipeline] : plan_.pipelines) pipeline.period_us = shortest;
  }

  std::uint32_t period_bytes(const Pipeline& pipeline) const {
    const std::uint64_t frames =
        std::max<std::uint64_t>(std::uint64_t{pipeline.rate} * pipeline.period_us / 1000000, 1);
    return static_cast<std::uint32_t>(frames) * pipeline.channels * usual_sample_bytes;
  }
  /// Ticks from one period to the next.
  std::uint32_t ticks_of(const Pipeline& pipeline) const {
    return plan_.ticks == 1 ? 1 : std::max(1u, pipeline.period_us / plan_.tick_us);
  }

  void make_nodes() {
    for (const Topology::Widget& widget : topology_.widgets) {
      if (!by_name_.emplace(widget.name, plan_.nodes.size()).second)
        remark(fmt::format("widget '{}' is defined more than once: routes go to the first", widget.name));
      Node node;
      node.widget = &widget;
      const Pipeline& pipeline = plan_.pipelines[widget.pipeline];
      const auto own = widget.value(sof_token::component_core);
      node.core = own ? core_of(*own) : pipeline.core;
      node.period_bytes = period_bytes(pipeline);
      node.every = ticks_of(pipeline);
      if (ModuleBuffers module(widget, pipeline.rate); module.known()) {
        node.module = std::move(module);
        node.chained = pipeline.chained;
        node.period_bytes = std::max({node.module->input_bytes(), node.module->output_bytes(), usual_sample_bytes});
        if (!node.module->input_bytes() && !node.module->output_bytes())
          remark(fmt::format(
              "widget '{}' says that it takes and makes 0 bytes a millisecond (tokens {} and {}): taken as one sample",
              widget.name, token_text(sof_token::input_buffer_size), token_text(sof_token::output_buffer_size)));
      }
      plan_.nodes.push_back(node);
    }
  }

  int add_data(const std::string& object, std::uint32_t bytes) {
    plan_.data.push_back({object, bytes, 0, {}});
    return static_cast<int>(plan_.data.size()) - 1;
  }

  /// Routes between widgets of the topology; others lead to the sound card.
  void connect() {
    std::size_t outside = 0;
    std::set<std::pair<std::size_t, std::size_t>> known;
    for (const Topology::Route& route : topology_.routes) {
      const auto source = by_name_.find(route.source), sink = by_name_.find(route.sink);
      if (source == by_name_.end() || sink == by_name_.end()) ++outside;
      else if (source->second != sink->second && known.emplace(source->second, sink->second).second)
        edges_.emplace_back(source->second, sink->second);
      else if (source->second == sink->second)
        remark(fmt::format("the route from '{}' to itself is left out", route.source));
    }
    if (outside)
      remark(fmt::format("{} of {} routes lead to or from what is not in the file (codecs, streams)", outside,
                         topology_.routes.size()));
  }

  /// An order in which everything comes behind what feeds it. Routes that lead back are left out.
  void sort() {
    for (const auto& [source, sink] : edges_) plan_.nodes[source].next.push_back(sink);
    enum class State : char { fresh, open, done };
    std::vector<State> states(plan_.nodes.size(), State::fresh);
    std::set<std::pair<std::size_t, std::size_t>> back;
    for (std::size_t root = 0; root < plan_.nodes.size(); ++root) {
      if (states[root] != State::fresh) continue;
      std::vector<std::pair<std::size_t, std::size_t>> path{{root, 0}};  // node, and which of its successors comes next
      states[root] = State::open;
      while (!path.empty()) {
        auto& [node, child] = path.back();
        if (child == plan_.nodes[node].next.size()) {
          states[node] = State::done;
          plan_.order.push_back(node);
          path.pop_back();
          continue;
        }
        const std::size_t next = plan_.nodes[node].next[child++];
        if (states[next] == State::open) back.emplace(node, next);
        if (states[next] != State::fresh) continue;
        states[next] = State::open;
        path.emplace_back(next, 0);
      }
    }
    std::reverse(plan_.order.begin(), plan_.order.end());
    if (!back.empty()) {
      std::erase_if(edges_, [&back](const auto& edge) { return back.contains(edge); });
      remark(fmt::format("{} routes lead in a circle: those that close it are left out", back.size()));
    }
    heed_priorities();
  }

  /// Of what may come next, the pipeline with the higher priority does.
  void heed_priorities() {
    std::vector<std::size_t> feeders(plan_.nodes.size()), place(plan_.nodes.size());
    std::vector<std::vector<std::size_t>> fed(plan_.nodes.size());
    for (const auto& [source, sink] : edges_) {
      ++feeders[sink];
      fed[source].push_back(sink);
    }
    for (std::size_t i = 0; i < plan_.order.size(); ++i) place[plan_.order[i]] = i;
    using Ready = std::pair<std::pair<std::uint32_t, std::size_t>, std::size_t>;  // priority and place, node
    std::priority_queue<Ready, std::vector<Ready>, std::greater<>> ready;
    const auto add = [&](std::size_t node) {
      ready.push({{plan_.pipelines[plan_.nodes[node].widget->pipeline].priority, place[node]}, node});
    };
    for (std::size_t node = 0; node < feeders.size(); ++node)
      if (!feeders[node]) add(node);
    std::vector<std::size_t> order;
    while (!ready.empty()) {
      const std::size_t node = ready.top().second;
      ready.pop();
      order.push_back(node);
      for (const std::size_t next : fed[node])
        if (--feeders[next] == 0) add(next);
    }
    plan_.order = std::move(order);
  }

  std::uint32_t bytes_of(const ComponentAllocation& allocation, const Node& node) {
    const auto periods = [&](std::uint32_t token) {
      return std::clamp(node.widget->value(token).value_or(usual_periods), 1u, most_periods);
    };
    switch (allocation.size) {
      case ComponentAllocation::Size::fixed: return allocation.bytes;
      case ComponentAllocation::Size::period: return node.period_bytes;
      case ComponentAllocation::Size::periods: {
        if (node.module && node.module->dma_bytes())
          return bounded(node, node.module->dma_bytes(), 2 * node.period_bytes);
        const bool sinks = node.widget->type == Topology::aif_in || node.widget->type == Topology::dai_out;
        return node.period_bytes * periods(sinks ? sof_token::sink_periods : sof_token::source_periods);
      }
      case ComponentAllocation::Size::buffer: {
        constexpr std::uint32_t largest = 16u << 20;
        const std::uint32_t said = node.widget->value(sof_token::buffer_size).value_or(0);
        if (said > largest)
          remark(fmt::format("buffer '{}' says that it has {} bytes (token {}): taken as two periods",
                             node.widget->name, said, token_text(sof_token::buffer_size)));
        return said && said <= largest ? std::max((said + 3) / 4 * 4, 4u) : node.period_bytes * usual_periods;
      }
    }
    return 0;
  }

  /// A buffer that no heap can hold would fail a scenario that nothing is wrong with.
  std::uint32_t bounded(const Node& node, std::uint32_t bytes, std::uint32_t instead) {
    if (bytes <= options_.largest_buffer) return bytes;
    const std::uint32_t taken = std::min(instead, options_.largest_buffer);
    remark(fmt::format(
        "widget '{}' wants a buffer of {} bytes (tokens {}, {}, {}), and the platform's largest heap for buffers has "
        "{}: taken as {}",
        node.widget->name, bytes, token_text(sof_token::input_buffer_size), token_text(sof_token::output_buffer_size),
        token_text(sof_token::deep_buffer_ms), options_.largest_buffer, taken));
    return taken;
  }

  /// What is allocated for a widget; null for one that the table does not know, empty for those that are no component
  /// of the firmware.
  const std::vector<ComponentAllocation>* kinds_of(const Node& node) const {
    static const std::vector<ComponentAllocation> nothing;
    const std::uint32_t type = node.widget->type;
    // Ends that only the driver's power management knows.
    const bool end = type == Topology::input || type == Topology::output || type == Topology::out_drv;
    if (end && !node.module && !plan_.pipelines.at(node.widget->pipeline).scheduled) return &nothing;
    if (type == Topology::buffer && (node.module || node.widget->texts.contains(sof_token::uuid)))
      return &table_.module;
    const auto kinds = table_.widgets.find(type);
    return kinds == table_.widgets.end() ? nullptr : &kinds->second;
  }

  /// Adds an allocation of a pipeline; null for a stream's.
  void add(Allocation allocation, const Pipeline* pipeline) {
    if (pipeline && pipeline->dynamic) allocation.at_start = true;
    if (pipeline && pipeline->low_power && allocation.kind->zone == Zone::buffer) {
      const std::uint64_t block = std::max(options_.low_power_block, options_.line_bytes),
                          bytes = (allocation.bytes + block - 1) / block * block;
      allocation.low_power = bytes <= low_power_left_;
      if (allocation.low_power) low_power_left_ -= bytes;
      else if (!std::exchange(low_power_reported_, true))
        remark(fmt::format(
            "low-power mode (token {}): {}", token_text(sof_token::low_power_mode),
            options_.low_power_bytes
                ? fmt::format("the {} bytes of low-power memory are not enough for '{}': it is in the other memory",
                              options_.low_power_bytes, allocation.object)
                : "the platform has no low-power memory"));
    }
    plan_.allocations.push_back(std::move(allocation));
  }

  void allocate_for(const std::string& owner, const std::vector<ComponentAllocation>& kinds, Node& node,
                    const Pipeline* pipeline) {
    const bool idle = node.widget && node.widget->idle;
    for (const ComponentAllocation& kind : kinds) {
      if (idle && kind.dma()) continue;  // of an open stream
      Allocation allocation{
          unique(owner + " " + kind.what), &kind, bytes_of(kind, node), node.core, -1, !kind.holds_data(), kind.dma()};
      if (kind.holds_data()) {
        allocation.data = add_data(allocation.object, allocation.bytes);
        (kind.dma() ? node.dma : node.buffer) = allocation.data;
      }
      add(std::move(allocation), pipeline);
    }
  }

  void allocate() {
    for (const auto& [index, pipeline] : plan_.pipelines) {
      const bool any = std::any_of(plan_.nodes.begin(), plan_.nodes.end(), [&](const Node& node) {
        const auto* const kinds = kinds_of(node);
        return node.widget->pipeline == index && (!kinds || !kinds->empty());
      });
      if (pipeline.chained || !any) continue;  // no pipeline is created
      Node owner;
      owner.core = pipeline.core;
      allocate_for(fmt::format("pipeline {}", index), table_.pipeline, owner, &pipeline);
    }
    std::set<std::uint32_t> unknown;
    for (const std::size_t index : plan_.order) {
      Node& node = plan_.nodes[index];
      if (node.chained || plan_.pipelines.at(node.widget->pipeline).chained) {
        chain(node);
        continue;
      }
      if (const auto* const kinds = kinds_of(node))
        allocate_for(node.widget->name, *kinds, node, &plan_.pipelines.at(node.widget->pipeline));
      else if (unknown.insert(node.widget->type).second)
        remark(
            fmt::format("the table says nothing of widgets of kind {}", Topology::widget_type_name(node.widget->type)));
    }
    for (const std::size_t index : plan_.order) allocate_for_domain(plan_.nodes[index]);
    // Components that are connected without a buffer between them have one all the same.
    static const ComponentAllocation implied{"data", "assumed", Zone::buffer, {}, ComponentAllocation::Size::buffer, 0};
    for (const auto& [source, sink] : edges_) {
      Node &from = plan_.nodes[source], &to = plan_.nodes[sink];
      if (from.chained || to.chained) continue;
      int data = from.buffer >= 0 ? from.buffer : to.buffer;
      if (data < 0) {
        const std::string object = unique(from.widget->name + " to " + to.widget->name);
        data = add_data(object, bytes_between(from, to));
        add({object, &implied, plan_.data.back().bytes, from.core, data, false, false},
            &plan_.pipelines.at(from.widget->pipeline));
      }
      if (from.widget->idle || to.widget->idle) continue;
      if (from.buffer < 0) from.outputs.push_back(data);
      if (to.buffer < 0) {
        to.inputs.push_back(data);
        to.has_inputs = true;
      } else if (from.buffer >= 0) {
        remark(fmt::format("buffer '{}' feeds buffer '{}' directly: nothing moves between them", from.widget->name,
                           to.widget->name));
      }
    }
    for (const Topology::Pcm& pcm : topology_.pcms)
      for (const bool playback : {true, false})
        if (playback ? pcm.playback : pcm.capture) {
          Node owner;
          const std::size_t before = plan_.allocations.size();
          allocate_for(fmt::format("{} {}", pcm.name, playback ? "playback" : "capture"), table_.stream, owner,
                       nullptr);
          for (std::size_t i = before; i < plan_.allocations.size(); ++i) plan_.allocations[i].at_start = true;
        }
  }

  /// The buffer behind a route. IPC4 connects modules with twice what its ends make or take at once.
  std::uint32_t bytes_between(const Node& from, const Node& to) {
    std::uint32_t bytes = std::max(from.period_bytes, to.period_bytes);
    if (from.module && to.module) {
      const std::uint32_t made = from.module->output_bytes(from.module->output_pin(to.widget->name)),
                          taken = to.module->input_bytes(to.module->input_pin(from.widget->name));
      if (made || taken) bytes = std::max(made, taken);
    }
    return bounded(from, bytes * usual_periods, usual_periods * usual_sample_bytes);
  }

  /// The host's DMA and the link's, one behind the other: one buffer of two milliseconds, and nothing else.
  void chain(Node& node) {
    static const ComponentAllocation fifo{"dma",
                                          "two milliseconds: ipc4-topology.c of the Linux kernel",
                                          Zone::buffer,
                                          {"dma"},
                                          ComponentAllocation::Size::fixed,
                                          0};
    node.chained = true;
    const bool host = node.widget->type == Topology::aif_in || node.widget->type == Topology::aif_out;
    if (!host || !node.module) return;
    const std::uint32_t once =
        node.widget->type == Topology::aif_in ? node.module->input_bytes() : node.module->output_bytes();
    Allocation allocation{unique(node.widget->name + " chain"),
                          &fifo,
                          bounded(node, 2 * std::max(once, usual_sample_bytes), 2 * usual_sample_bytes),
                          node.core,
                          -1,
                          false,
                          true};
    allocation.data = node.dma = add_data(allocation.object, allocation.bytes);
    add(std::move(allocation), &plan_.pipelines.at(node.widget->pipeline));
  }

  /// A module that the firmware schedules by itself (domain "DP") has a heap and a stack of its own.
  void allocate_for_domain(const Node& node) {
    static const ComponentAllocation own{
        "domain", "tokens 420 and 421", Zone::buffer, {}, ComponentAllocation::Size::fixed, 0};
    for (const auto& [token, what] : {std::pair{sof_token::heap_bytes, "heap"}, {sof_token::stack_bytes, "stack"}})
      if (const std::uint32_t bytes = node.widget->value(token).value_or(0); bytes && !node.chained)
        add({unique(fmt::format("{} {}", node.widget->name, what)), &own, bounded(node, bytes, 4096), node.core, -1,
             true, false},
            &plan_.pipelines.at(node.widget->pipeline));
  }

  void find_sharers() {
    for (const Node& node : plan_.nodes) {
      for (const int data : node.inputs) plan_.data[data].cores.insert(node.core);
      for (const int data : node.outputs) plan_.data[data].cores.insert(node.core);
    }
    for (const Allocation& each : plan_.allocations) {
      plan_.cores.insert(each.core);
      if (each.data >= 0) plan_.data[each.data].cores.insert(each.core);
    }
    for (const Node& node : plan_.nodes)
      if (!node.inputs.empty() || !node.outputs.empty()) plan_.cores.insert(node.core);
    if (plan_.cores.empty()) plan_.cores.insert(0);
  }

  /// How much of each buffer is filled in a period: nobody reads more.
  void measure() {
    for (const std::size_t index : plan_.order) {
      const Node& node = plan_.nodes[index];
      std::uint32_t bytes = node.period_bytes;
      if (!node.inputs.empty()) bytes = plan_.readable(node, node.inputs.front());
      else if (node.dma >= 0) bytes = std::min(bytes, plan_.data[node.dma].bytes);
      for (const int output : node.outputs) {
        std::uint32_t& filled = plan_.data[output].filled;
        filled = std::max(filled, std::min(bytes, plan_.data[output].bytes));
      }
    }
  }
  void report_size() {
    std::uint64_t bytes = 0;
    for (const Allocation& each : plan_.allocations)
      if (each.kind->zone == Zone::buffer) bytes += each.bytes;
    if (bytes > options_.buffer_bytes)
      remark(
          fmt::format("buffers need {} bytes at a time, and the platform's heaps for them have {}: what is open at a "
                      "time is for --streams to say",
                      bytes, options_.buffer_bytes));
  }

  const Topology& topology_;
  const ComponentTable& table_;
  const TopologyScenarioOptions& options_;
  TopologyPlan plan_;
  std::map<std::string, std::size_t> by_name_;
  std::vector<std::pair<std::size_t, std::size_t>> edges_;
  std::set<std::uint32_t> told_cores_;
  std::set<std::string> names_;
  std::uint64_t low_power_left_ = 0;
  bool low_power_reported_ = false;
};

}  // namespace

TopologyPlan plan_topology(const Topology& topology, const ComponentTable& table,
                           const TopologyScenarioOptions& options) {
  return Planner(topology, table, options).plan();
}

std::uint32_t TopologyPlan::readable(const Node& node, int input) const {
  const Data& from = data[static_cast<std::size_t>(input)];
  return std::min(node.period_bytes, from.filled ? from.filled : from.bytes);
}

}  // namespace dspmem
