// SPDX-License-Identifier: Apache-2.0
#include "sim/import/topology_scenario.h"

#include "sim/import/module_buffers.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

namespace dspmem {
namespace {

// Assumed where the topology does not say, and bounds on what it says.
constexpr std::uint32_t sample_bytes = 4, usual_rate = 48000, usual_channels = 2, most_channels = 8;
constexpr std::uint32_t usual_period_us = 1000, shortest_period_us = 100, longest_period_us = 100000;
constexpr std::uint32_t usual_periods = 2, most_periods = 64;

struct Data {
  std::string object;
  std::uint32_t bytes = 0;
  std::uint32_t filled = 0;  ///< in a period, from the beginning on
  std::set<std::uint32_t> cores;  ///< whose components touch it
};

struct Allocation {
  std::string object;
  const ComponentAllocation* kind = nullptr;
  std::uint32_t bytes = 0;
  std::uint32_t core = 0;
  int data = -1;  ///< index of what it holds
  bool zeroed = true;
  bool at_start = false;  ///< when streams start, not when pipelines are created
};

struct Node {
  const Topology::Widget* widget = nullptr;
  std::optional<ModuleBuffers> module;  ///< of IPC4
  bool chained = false;                 ///< the host's and the link's DMA share one buffer, and no core touches it
  std::uint32_t core = 0, period_bytes = 0;
  int dma = -1, buffer = -1;       ///< data
  std::vector<int> inputs, outputs;  ///< data
  std::vector<std::size_t> next;   ///< nodes behind it
  bool has_inputs = false;
};

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' || c == '\\' ? '?' : c;
  return out + "\"";
}

class Builder {
 public:
  Builder(const Topology& topology, const ComponentTable& table, const TopologyScenarioOptions& options) : topology_(topology), table_(table), options_(options) {}

  TopologyScenario build() {
    find_pipelines();
    make_nodes();
    connect();
    sort();
    allocate();
    find_sharers();
    measure();
    report_unused();
    write();
    result_.pipelines = pipelines_.size();
    for (const Node& node : nodes_) ++(node.widget->type == Topology::buffer && !node.module ? result_.buffers : result_.components);
    result_.cores = cores_.size();
    return std::move(result_);
  }

 private:
  struct Pipeline {
    std::uint32_t core = 0;
    std::uint32_t period_us = usual_period_us;
    std::uint32_t rate = usual_rate, channels = usual_channels;
    bool has_stream = false, scheduled = false, chained = false;
  };

  void remark(std::string text) { result_.remarks.push_back(std::move(text)); }

  /// A name for an object: as it can be written, and no other's.
  std::string unique(std::string wanted) {
    std::replace_if(wanted.begin(), wanted.end(), [](char c) { return c == '"' || c == '\\'; }, '?');
    std::string name = wanted;
    for (int number = 2; !names_.insert(name).second; ++number) name = fmt::format("{} ({})", wanted, number);
    return name;
  }

  std::uint32_t core_of(std::uint32_t named) {
    if (named < options_.platform_cores) return named;
    if (told_cores_.insert(named).second) remark(fmt::format("core {} does not exist on this platform: what it has runs on core 0", named));
    return 0;
  }

  void find_pipelines() {
    for (const Topology::Widget& widget : topology_.widgets) {
      Pipeline& pipeline = pipelines_[widget.pipeline];
      if (widget.type == Topology::scheduler) {
        pipeline.scheduled = true;
        pipeline.chained = widget.value(sof_token::chain_dma).value_or(0) != 0;
        if (const auto core = widget.value(sof_token::scheduling_core)) pipeline.core = core_of(*core);
        if (const auto period = widget.value(sof_token::scheduling_period); period && *period) pipeline.period_us = std::clamp(*period, shortest_period_us, longest_period_us);
      }
      // The stream that the pipeline's end names says how much data a period has.
      for (const Topology::Pcm& pcm : topology_.pcms)
        for (const auto* capabilities : {pcm.playback ? &pcm.playback_capabilities : nullptr, pcm.capture ? &pcm.capture_capabilities : nullptr})
          if (capabilities && !pipeline.has_stream && !widget.stream.empty() && capabilities->name == widget.stream) {
            pipeline.has_stream = true;
            if (capabilities->rate_max) pipeline.rate = std::min(capabilities->rate_max, usual_rate);
            if (capabilities->channels_max) pipeline.channels = std::clamp(capabilities->channels_max, 1u, most_channels);
          }
    }
    for (const auto& [index, pipeline] : pipelines_) tick_us_ = std::min(tick_us_, pipeline.period_us);
    if (std::any_of(pipelines_.begin(), pipelines_.end(), [this](const auto& each) { return each.second.period_us != tick_us_; }))
      remark(fmt::format("pipelines have different periods: all run every {} us, the shortest", tick_us_));
  }

  std::uint32_t period_bytes(const Pipeline& pipeline) const {
    const std::uint64_t frames = std::max<std::uint64_t>(std::uint64_t{pipeline.rate} * pipeline.period_us / 1000000, 1);
    return static_cast<std::uint32_t>(frames) * pipeline.channels * sample_bytes;
  }

  void make_nodes() {
    for (const Topology::Widget& widget : topology_.widgets) {
      if (!by_name_.emplace(widget.name, nodes_.size()).second) remark(fmt::format("widget '{}' is defined more than once: routes go to the first", widget.name));
      Node node;
      node.widget = &widget;
      const Pipeline& pipeline = pipelines_[widget.pipeline];
      const auto own = widget.value(sof_token::component_core);
      node.core = own ? core_of(*own) : pipeline.core;
      node.period_bytes = period_bytes(pipeline);
      if (ModuleBuffers module(widget); module.known()) {
        node.module = std::move(module);
        node.chained = pipeline.chained;
        node.period_bytes = std::max({node.module->input_bytes(), node.module->output_bytes(), sample_bytes});
        if (!node.module->input_bytes() && !node.module->output_bytes())
          remark(fmt::format("widget '{}' says that it takes and makes 0 bytes a millisecond (tokens {} and {}): taken as one sample", widget.name, sof_token::input_buffer_size, sof_token::output_buffer_size));
      }
      nodes_.push_back(node);
    }
  }

  int add_data(const std::string& object, std::uint32_t bytes) {
    data_.push_back({object, bytes, 0, {}});
    return static_cast<int>(data_.size()) - 1;
  }

  /// Routes between widgets of the topology; others lead to the sound card.
  void connect() {
    std::size_t outside = 0;
    std::set<std::pair<std::size_t, std::size_t>> known;
    for (const Topology::Route& route : topology_.routes) {
      const auto source = by_name_.find(route.source), sink = by_name_.find(route.sink);
      if (source == by_name_.end() || sink == by_name_.end()) ++outside;
      else if (source->second != sink->second && known.emplace(source->second, sink->second).second) edges_.emplace_back(source->second, sink->second);
      else if (source->second == sink->second) remark(fmt::format("the route from '{}' to itself is left out", route.source));
    }
    if (outside) remark(fmt::format("{} of {} routes lead to or from what is not in the file (codecs, streams)", outside, topology_.routes.size()));
  }

  /// An order in which everything comes behind what feeds it. Routes that lead back are left out.
  void sort() {
    for (const auto& [source, sink] : edges_) nodes_[source].next.push_back(sink);
    enum class State : char { fresh, open, done };
    std::vector<State> states(nodes_.size(), State::fresh);
    std::set<std::pair<std::size_t, std::size_t>> back;
    for (std::size_t root = 0; root < nodes_.size(); ++root) {
      if (states[root] != State::fresh) continue;
      std::vector<std::pair<std::size_t, std::size_t>> path{{root, 0}};  // node, and which of its successors comes next
      states[root] = State::open;
      while (!path.empty()) {
        auto& [node, child] = path.back();
        if (child == nodes_[node].next.size()) {
          states[node] = State::done;
          order_.push_back(node);
          path.pop_back();
          continue;
        }
        const std::size_t next = nodes_[node].next[child++];
        if (states[next] == State::open) back.emplace(node, next);
        if (states[next] != State::fresh) continue;
        states[next] = State::open;
        path.emplace_back(next, 0);
      }
    }
    std::reverse(order_.begin(), order_.end());
    if (!back.empty()) {
      std::erase_if(edges_, [&back](const auto& edge) { return back.contains(edge); });
      remark(fmt::format("{} routes lead in a circle: those that close it are left out", back.size()));
    }
  }

  std::uint32_t bytes_of(const ComponentAllocation& allocation, const Node& node) {
    const auto periods = [&](std::uint32_t token) { return std::clamp(node.widget->value(token).value_or(usual_periods), 1u, most_periods); };
    switch (allocation.size) {
      case ComponentAllocation::Size::fixed: return allocation.bytes;
      case ComponentAllocation::Size::period: return node.period_bytes;
      case ComponentAllocation::Size::periods: {
        if (node.module && node.module->dma_bytes()) return bounded(node, node.module->dma_bytes(), 2 * node.period_bytes);
        const bool sinks = node.widget->type == Topology::aif_in || node.widget->type == Topology::dai_out;
        return node.period_bytes * periods(sinks ? sof_token::sink_periods : sof_token::source_periods);
      }
      case ComponentAllocation::Size::buffer: {
        constexpr std::uint32_t largest = 16u << 20;
        const std::uint32_t said = node.widget->value(sof_token::buffer_size).value_or(0);
        if (said > largest) remark(fmt::format("buffer '{}' says that it has {} bytes: taken as two periods", node.widget->name, said));
        return said && said <= largest ? std::max((said + 3) / 4 * 4, 4u) : node.period_bytes * usual_periods;
      }
    }
    return 0;
  }

  /// A buffer that no heap can hold would fail a scenario that nothing is wrong with.
  std::uint32_t bounded(const Node& node, std::uint32_t bytes, std::uint32_t instead) {
    if (bytes <= options_.largest_buffer) return bytes;
    const std::uint32_t taken = std::min(instead, options_.largest_buffer);
    remark(fmt::format("widget '{}' wants a buffer of {} bytes (tokens {}, {}, {}), and the platform's largest heap for buffers has {}: taken as {}", node.widget->name, bytes, sof_token::input_buffer_size,
                       sof_token::output_buffer_size, sof_token::deep_buffer_ms, options_.largest_buffer, taken));
    return taken;
  }

  /// What is allocated for a widget; null for one that the table does not know, empty for those that are no component of the firmware.
  const std::vector<ComponentAllocation>* kinds_of(const Node& node) const {
    static const std::vector<ComponentAllocation> nothing;
    const std::uint32_t type = node.widget->type;
    // Ends that only the driver's power management knows.
    const bool end = type == Topology::input || type == Topology::output || type == Topology::out_drv;
    if (end && !node.module && !pipelines_.at(node.widget->pipeline).scheduled) return &nothing;
    if (type == Topology::buffer && (node.module || node.widget->texts.contains(sof_token::uuid))) return &table_.module;
    const auto kinds = table_.widgets.find(type);
    return kinds == table_.widgets.end() ? nullptr : &kinds->second;
  }

  void allocate_for(const std::string& owner, const std::vector<ComponentAllocation>& kinds, Node& node) {
    for (const ComponentAllocation& kind : kinds) {
      Allocation allocation{unique(owner + " " + kind.what), &kind, bytes_of(kind, node), node.core, -1, !kind.holds_data(), kind.dma()};
      if (kind.holds_data()) {
        allocation.data = add_data(allocation.object, allocation.bytes);
        (kind.dma() ? node.dma : node.buffer) = allocation.data;
      }
      allocations_.push_back(std::move(allocation));
    }
  }

  void allocate() {
    for (const auto& [index, pipeline] : pipelines_) {
      const bool any = std::any_of(nodes_.begin(), nodes_.end(), [&](const Node& node) {
        const auto* const kinds = kinds_of(node);
        return node.widget->pipeline == index && (!kinds || !kinds->empty());
      });
      if (pipeline.chained || !any) continue;  // no pipeline is created
      Node owner;
      owner.core = pipeline.core;
      allocate_for(fmt::format("pipeline {}", index), table_.pipeline, owner);
    }
    std::set<std::uint32_t> unknown;
    for (const std::size_t index : order_) {
      Node& node = nodes_[index];
      if (node.chained || pipelines_.at(node.widget->pipeline).chained) {
        chain(node);
        continue;
      }
      if (const auto* const kinds = kinds_of(node)) allocate_for(node.widget->name, *kinds, node);
      else if (unknown.insert(node.widget->type).second) remark(fmt::format("the table says nothing of widgets of kind {}", Topology::widget_type_name(node.widget->type)));
    }
    for (const std::size_t index : order_) allocate_for_domain(nodes_[index]);
    // Components that are connected without a buffer between them have one all the same.
    static const ComponentAllocation implied{"data", "assumed", Zone::buffer, {}, ComponentAllocation::Size::buffer, 0};
    for (const auto& [source, sink] : edges_) {
      Node &from = nodes_[source], &to = nodes_[sink];
      if (from.chained || to.chained) continue;
      int data = from.buffer >= 0 ? from.buffer : to.buffer;
      if (data < 0) {
        const std::string object = unique(from.widget->name + " to " + to.widget->name);
        data = add_data(object, bytes_between(from, to));
        allocations_.push_back({object, &implied, data_.back().bytes, from.core, data, false, false});
      }
      if (from.buffer < 0) from.outputs.push_back(data);
      if (to.buffer < 0) {
        to.inputs.push_back(data);
        to.has_inputs = true;
      } else if (from.buffer >= 0) {
        remark(fmt::format("buffer '{}' feeds buffer '{}' directly: nothing moves between them", from.widget->name, to.widget->name));
      }
    }
    for (const Topology::Pcm& pcm : topology_.pcms)
      for (const bool playback : {true, false})
        if (playback ? pcm.playback : pcm.capture) {
          Node owner;
          const std::size_t before = allocations_.size();
          allocate_for(fmt::format("{} {}", pcm.name, playback ? "playback" : "capture"), table_.stream, owner);
          for (std::size_t i = before; i < allocations_.size(); ++i) allocations_[i].at_start = true;
        }
  }

  /// The buffer behind a route. IPC4 connects modules with twice what its ends make or take at once.
  std::uint32_t bytes_between(const Node& from, const Node& to) {
    std::uint32_t bytes = std::max(from.period_bytes, to.period_bytes);
    if (from.module && to.module) {
      const std::uint32_t made = from.module->output_bytes(from.module->output_pin(to.widget->name)), taken = to.module->input_bytes(to.module->input_pin(from.widget->name));
      if (made || taken) bytes = std::max(made, taken);
    }
    return bounded(from, bytes * usual_periods, usual_periods * sample_bytes);
  }

  /// The host's DMA and the link's, one behind the other: one buffer of two milliseconds, and nothing else.
  void chain(Node& node) {
    static const ComponentAllocation fifo{"dma", "two milliseconds: ipc4-topology.c of the Linux kernel", Zone::buffer, {"dma"}, ComponentAllocation::Size::fixed, 0};
    node.chained = true;
    const bool host = node.widget->type == Topology::aif_in || node.widget->type == Topology::aif_out;
    if (!host || !node.module) return;
    const std::uint32_t once = node.widget->type == Topology::aif_in ? node.module->input_bytes() : node.module->output_bytes();
    Allocation allocation{unique(node.widget->name + " chain"), &fifo, bounded(node, 2 * std::max(once, sample_bytes), 2 * sample_bytes), node.core, -1, false, true};
    allocation.data = node.dma = add_data(allocation.object, allocation.bytes);
    allocations_.push_back(std::move(allocation));
  }

  /// A module that the firmware schedules by itself (domain "DP") has a heap and a stack of its own.
  void allocate_for_domain(const Node& node) {
    static const ComponentAllocation own{"domain", "tokens 420 and 421", Zone::buffer, {}, ComponentAllocation::Size::fixed, 0};
    for (const auto& [token, what] : {std::pair{sof_token::heap_bytes, "heap"}, {sof_token::stack_bytes, "stack"}})
      if (const std::uint32_t bytes = node.widget->value(token).value_or(0); bytes && !node.chained)
        allocations_.push_back({unique(fmt::format("{} {}", node.widget->name, what)), &own, bounded(node, bytes, 4096), node.core, -1, true, false});
  }

  void find_sharers() {
    for (const Node& node : nodes_) {
      for (const int data : node.inputs) data_[data].cores.insert(node.core);
      for (const int data : node.outputs) data_[data].cores.insert(node.core);
    }
    for (const Allocation& each : allocations_) {
      cores_.insert(each.core);
      if (each.data >= 0) data_[each.data].cores.insert(each.core);
    }
    for (const Node& node : nodes_)
      if (!node.inputs.empty() || !node.outputs.empty()) cores_.insert(node.core);
    if (cores_.empty()) cores_.insert(0);
    // Who fills a buffer that several cores use, in which order: each waits for the one before, the readers for the last.
    for (const std::size_t index : order_)
      for (const int data : nodes_[index].outputs) {
        std::vector<std::uint32_t>& writers = writers_[data];
        if (std::find(writers.begin(), writers.end(), nodes_[index].core) == writers.end()) writers.push_back(nodes_[index].core);
      }
  }

  /// How much of each buffer is filled in a period: nobody reads more.
  void measure() {
    for (const std::size_t index : order_) {
      const Node& node = nodes_[index];
      std::uint32_t bytes = node.period_bytes;
      if (!node.inputs.empty()) bytes = readable(node, node.inputs.front());
      else if (node.dma >= 0) bytes = std::min(bytes, data_[node.dma].bytes);
      for (const int output : node.outputs) {
        std::uint32_t& filled = data_[output].filled;
        filled = std::max(filled, std::min(bytes, data_[output].bytes));
      }
    }
  }
  std::uint32_t readable(const Node& node, int input) const {
    const Data& data = data_[input];
    return std::min(node.period_bytes, data.filled ? data.filled : data.bytes);
  }

  std::size_t last_writer_on(int data, std::uint32_t core) const {
    std::size_t last = nodes_.size();
    for (const std::size_t index : order_)
      if (nodes_[index].core == core && std::find(nodes_[index].outputs.begin(), nodes_[index].outputs.end(), data) != nodes_[index].outputs.end()) last = index;
    return last;
  }

  void report_unused() {
    std::map<std::uint32_t, std::size_t> tokens;
    std::uint64_t unreadable = 0;
    for (const Topology::Widget& widget : topology_.widgets) {
      for (const auto& [token, value] : widget.values)
        if (!known_token(token)) ++tokens[token];
      for (const auto& [token, value] : widget.texts)
        if (token != sof_token::input_binding && token != sof_token::output_binding && token != sof_token::uuid) ++tokens[token];
      unreadable += widget.unreadable_bytes;
    }
    std::string list;
    for (const auto& [token, count] : tokens) list += fmt::format("{}{}", list.empty() ? "" : ", ", token);
    if (!list.empty()) remark("vendor tokens that are kept (as comments) and not used: " + list);
    if (unreadable) remark(fmt::format("{} bytes of private data are no tokens", unreadable));
    for (const Topology::OtherBlock& block : topology_.others)
      if (block.type > 12) remark(fmt::format("a block of type {} with {} elements in {} bytes is a vendor's: not used", block.type, block.count, block.bytes));
  }

  static bool known_token(std::uint32_t token) {
    using namespace sof_token;
    for (const std::uint32_t known : {buffer_size, buffer_capabilities, scheduling_period, scheduling_core, scheduling_frames, sink_periods, source_periods, component_core, chain_dma, heap_bytes, stack_bytes, input_pin, output_pin, input_buffer_size, output_buffer_size, deep_buffer_ms})
      if (token == known) return true;
    return false;
  }

  // ---- Text ----

  bool shared(const Data& data) const { return data.cores.size() > 1; }

  void write_allocation(const Allocation& each, std::string& out) const {
    const ComponentAllocation& kind = *each.kind;
    std::string extra;
    if (each.data >= 0 && shared(data_[each.data])) extra += ", flags: [shared]";
    if (!kind.capabilities.empty()) extra += fmt::format(", capabilities: [{}]", fmt::join(kind.capabilities, ", "));
    if (kind.holds_data() && !each.zeroed && kind.zone == Zone::buffer) extra += fmt::format(", align: {}", options_.line_bytes);
    out += fmt::format("    - {}: {{as: {}, zone: {}, bytes: {}{}}}\n", each.zeroed ? "zalloc" : "alloc", quoted(each.object), to_string(kind.zone), each.bytes, extra);
  }

  void write_tokens(const Topology::Widget& widget, std::string& out) const {
    std::string list;
    for (const auto& [token, value] : widget.values) list += fmt::format(" {}={}", token, value);
    for (const auto& [token, value] : widget.texts) list += fmt::format(" {}='{}'", token, value);
    out += fmt::format("    # {} '{}', pipeline {}{}{}\n", Topology::widget_type_name(widget.type), widget.name, widget.pipeline, list.empty() ? "" : "; tokens", list);
  }

  void step(std::string& out, const char* kind, const std::string& settings) const { out += fmt::format("        - {}: {{{}}}\n", kind, settings); }

  void commit(const Data& data, std::string& out) const {
    if (shared(data)) step(out, "commit", "object: " + quoted(data.object));
  }

  void move(const Data& from, const Data& to, std::uint32_t bytes, std::string& out) const {
    step(out, "copy", fmt::format("from: {}, to: {}, bytes: {}", quoted(from.object), quoted(to.object), std::min({bytes, from.bytes, to.bytes})));
    commit(from, out);
    commit(to, out);
  }

  /// Waits, once a period, for whoever fills a buffer on another core before this one touches it.
  void wait_for_writers(int data, std::uint32_t core, std::set<int>& waited, std::string& out) const {
    const auto writers = writers_.find(data);
    if (writers == writers_.end() || !shared(data_[data]) || !waited.insert(data).second) return;
    const std::vector<std::uint32_t>& cores = writers->second;
    const auto own = std::find(cores.begin(), cores.end(), core);
    // One that fills it too comes behind those before it; one that only reads behind the last.
    if (own == cores.end() ? cores.back() != core : own != cores.begin()) out += fmt::format("        - wait: filled {} for {}{}\n", data, core, options_.part);
  }

  /// Tells whoever is next that this core has filled its part.
  void tell_filled(int data, std::uint32_t core, std::string& out) const {
    const std::vector<std::uint32_t>& cores = writers_.at(data);
    const auto own = std::find(cores.begin(), cores.end(), core);
    if (own + 1 != cores.end()) {
      out += fmt::format("        - signal: filled {} for {}{}\n", data, *(own + 1), options_.part);
      return;
    }
    for (const std::uint32_t reader : data_[data].cores)
      if (std::find(cores.begin(), cores.end(), reader) == cores.end() && reads(data, reader)) out += fmt::format("        - signal: filled {} for {}{}\n", data, reader, options_.part);
  }

  void write_period(std::uint32_t core, std::string& out) const {
    std::set<int> waited;  // shared buffers that this core has waited for in this period
    std::set<int> owed;    // those that it fills last: it must not do so again before they have been read
    for (const std::size_t index : order_) {
      const Node& node = nodes_[index];
      if (node.core == core && node.chained && node.dma >= 0) {
        const Data& data = data_[node.dma];
        out += fmt::format("        # {}\n", node.widget->name);
        step(out, "write", fmt::format("to: {}, bytes: {}, pattern: counter, by: dma0", quoted(data.object), data.bytes));
        step(out, "read", fmt::format("from: {}, bytes: {}, by: dma1", quoted(data.object), data.bytes));
      }
      if (node.core != core || node.buffer >= 0 || (node.inputs.empty() && node.outputs.empty())) continue;
      out += fmt::format("        # {}\n", node.widget->name);
      for (const int input : node.inputs) wait_for_writers(input, core, waited, out);
      for (const int output : node.outputs) wait_for_writers(output, core, waited, out);
      const Data* source = node.inputs.empty() ? nullptr : &data_[node.inputs.front()];
      if (!node.has_inputs && node.dma >= 0) {
        source = &data_[node.dma];
        const std::uint32_t bytes = std::min(node.period_bytes, source->bytes);
        step(out, "write", fmt::format("to: {}, bytes: {}, pattern: counter, by: dma0", quoted(source->object), bytes));
        step(out, "invalidate", fmt::format("object: {}, bytes: {}", quoted(source->object), bytes));
      }
      // What is mixed with the first input is read, too.
      for (std::size_t i = 1; i < node.inputs.size(); ++i) {
        const Data& data = data_[node.inputs[i]];
        step(out, "read", fmt::format("from: {}, bytes: {}", quoted(data.object), readable(node, node.inputs[i])));
        commit(data, out);
      }
      const std::uint32_t taken = node.inputs.empty() ? node.period_bytes : readable(node, node.inputs.front());
      for (const int output : node.outputs) {
        const Data& data = data_[output];
        if (source) {
          move(*source, data, taken, out);
        } else {
          step(out, "write", fmt::format("to: {}, bytes: {}, pattern: counter", quoted(data.object), std::min(node.period_bytes, data.bytes)));
          commit(data, out);
        }
        if (shared(data) && last_writer_on(output, core) == index) {
          tell_filled(output, core, out);
          owed.insert(output);
        }
      }
      if (node.has_inputs && node.dma >= 0) {
        const Data& data = data_[node.dma];
        const std::uint32_t bytes = std::min({taken, data.bytes, source->bytes});
        move(*source, data, bytes, out);
        step(out, "writeback", fmt::format("object: {}, bytes: {}", quoted(data.object), bytes));
        step(out, "read", fmt::format("from: {}, bytes: {}, by: dma1", quoted(data.object), bytes));
      } else if (node.outputs.empty() && source) {
        step(out, "read", fmt::format("from: {}, bytes: {}", quoted(source->object), std::min(taken, source->bytes)));
        commit(*source, out);
      }
      for (const int input : node.inputs)
        if (shared(data_[input]) && last_reader(input, core) == index) tell_emptied(input, core, out);
    }
    for (const int data : owed)
      for (const std::uint32_t reader : data_[data].cores)
        if (reader != core && reads(data, reader)) out += fmt::format("        - wait: emptied {} by {} for {}{}\n", data, reader, core, options_.part);
  }

  /// Tells all that fill it that this core has read it.
  void tell_emptied(int data, std::uint32_t core, std::string& out) const {
    if (!writers_.contains(data)) return;
    for (const std::uint32_t writer : writers_.at(data))
      if (writer != core) out += fmt::format("        - signal: emptied {} by {} for {}{}\n", data, core, writer, options_.part);
  }

  bool reads(int data, std::uint32_t core) const {
    return std::any_of(nodes_.begin(), nodes_.end(), [&](const Node& node) { return node.core == core && std::find(node.inputs.begin(), node.inputs.end(), data) != node.inputs.end(); });
  }
  std::size_t last_reader(int data, std::uint32_t core) const {
    std::size_t last = nodes_.size();
    for (const std::size_t index : order_)
      if (nodes_[index].core == core && std::find(nodes_[index].inputs.begin(), nodes_[index].inputs.end(), data) != nodes_[index].inputs.end()) last = index;
    return last;
  }

  void write() {
    for (const std::uint32_t core : cores_) {
      std::string& out = result_.steps[core];
      out += "    # Pipelines are created.\n";
      std::map<std::string, const Topology::Widget*> owners;
      for (const Node& node : nodes_)
        if (node.core == core) write_tokens(*node.widget, out);
      for (const bool at_start : {false, true}) {
        if (at_start) out += "    # Streams are opened and start.\n";
        for (const Allocation& each : allocations_)
          if (each.core == core && each.at_start == at_start) write_allocation(each, out);
      }
      if (cores_.size() > 1) out += fmt::format("    - barrier: started{}\n", options_.part);
      std::string period;
      write_period(core, period);
      if (!period.empty()) out += fmt::format("    # Every period.\n    - every:\n        period: {} us\n        times: {}\n        steps:\n{}", tick_us_, options_.periods, indented(period));
      if (cores_.size() > 1) out += fmt::format("    - barrier: stopped{}\n", options_.part);
      out += "    # Streams stop, pipelines are freed.\n";
      bool freed = false;
      for (auto each = allocations_.rbegin(); each != allocations_.rend(); ++each)
        if (each->core == core) {
          out += fmt::format("    - free: {}\n", quoted(each->object));
          freed = true;
        }
      if (!freed && period.empty()) out += "    - idle: 1 us\n";
    }
  }

  static std::string indented(const std::string& text) {
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
      const std::size_t end = text.find('\n', at) + 1;
      out += "  " + text.substr(at, end - at);
      at = end;
    }
    return out;
  }

  const Topology& topology_;
  const ComponentTable& table_;
  const TopologyScenarioOptions& options_;
  TopologyScenario result_;
  std::map<std::uint32_t, Pipeline> pipelines_;
  std::uint32_t tick_us_ = longest_period_us;
  std::vector<Node> nodes_;
  std::map<std::string, std::size_t> by_name_;
  std::vector<std::pair<std::size_t, std::size_t>> edges_;
  std::vector<std::size_t> order_;
  std::vector<Data> data_;
  std::vector<Allocation> allocations_;
  std::set<std::uint32_t> cores_, told_cores_;
  std::map<int, std::vector<std::uint32_t>> writers_;  ///< data -> the cores that fill it, in order
  std::set<std::string> names_;
};

}  // namespace

TopologyScenario make_scenario(const Topology& topology, const ComponentTable& table, const TopologyScenarioOptions& options) { return Builder(topology, table, options).build(); }

std::string text_of(const TopologyScenario& scenario, const Topology& topology, const TopologyScenarioOptions& options) {
  std::string out = fmt::format("# Made by 'dspmem import topology'. ABI {}, {} endian.\n# {}\n", topology.abi, topology.big_endian ? "big" : "little", options.open);
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
    if (std::find(all.remarks.begin(), all.remarks.end(), each) == all.remarks.end()) all.remarks.push_back(std::move(each));
  all.pipelines += next.pipelines;
  all.components += next.components;
  all.buffers += next.buffers;
  all.cores = all.steps.size();
}

}  // namespace dspmem
