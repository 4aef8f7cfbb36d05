// SPDX-License-Identifier: Apache-2.0
// What a topology says that does not fit together, or that an import does not use.
#include <fmt/format.h>
#include <algorithm>
#include <map>

#include "sim/import/topology.h"

namespace dspmem {
namespace {

/// What a widget says in two ways: what counts is in each remark.
void add_contradictions(const Topology& topology, std::vector<std::string>& remarks) {
  using namespace sof_token;
  for (const Topology::Widget& widget : topology.widgets) {
    for (const std::uint32_t token :
         {buffer_size, scheduling_period, scheduling_priority, scheduling_core, dynamic_pipeline, low_power_mode,
          chain_dma, sink_periods, source_periods, component_core, heap_bytes, stack_bytes, deep_buffer_ms}) {
      const std::vector<std::uint32_t> values = widget.all_values(token);
      if (std::any_of(values.begin(), values.end(), [&values](std::uint32_t each) { return each != values.front(); }))
        remarks.push_back(fmt::format("widget '{}' says {} more than once: the first counts, {}", widget.name,
                                      token_text(token), values.front()));
    }
    for (const auto& [count, bytes] :
         {std::pair{input_formats, input_buffer_size}, {output_formats, output_buffer_size}}) {
      const std::size_t listed = widget.all_values(bytes).size();
      if (const auto said = widget.value(count); said && *said != listed)
        remarks.push_back(
            fmt::format("widget '{}' says that it has {} formats ({}), and lists {} ({}): those that it lists count",
                        widget.name, *said, token_text(count), listed, token_text(bytes)));
    }
    for (const auto& [other, bytes] : {std::pair{input_pin, input_buffer_size},
                                       {output_pin, output_buffer_size},
                                       {input_rate, input_buffer_size},
                                       {output_rate, output_buffer_size}}) {
      const std::size_t listed = widget.all_values(bytes).size(), others = widget.all_values(other).size();
      if (others && others != listed)
        remarks.push_back(fmt::format(
            "widget '{}' lists {} of {}, and {} of {}: they belong together in their order, as far as there are both",
            widget.name, others, token_text(other), listed, token_text(bytes)));
    }
  }
}

bool known_token(std::uint32_t token) {
  using namespace sof_token;
  for (const std::uint32_t known :
       {buffer_size,    buffer_capabilities, scheduling_period,  scheduling_core, scheduling_frames,  sink_periods,
        source_periods, component_core,      chain_dma,          heap_bytes,      stack_bytes,        input_pin,
        output_pin,     input_buffer_size,   output_buffer_size, deep_buffer_ms,  input_rate,         output_rate,
        input_formats,  output_formats,      dynamic_pipeline,   low_power_mode,  scheduling_priority})
    if (token == known) return true;
  return false;
}

void add_unused(const Topology& topology, std::vector<std::string>& remarks) {
  std::map<std::uint32_t, std::size_t> tokens;
  std::uint64_t unreadable = 0;
  for (const Topology::Widget& widget : topology.widgets) {
    for (const auto& [token, value] : widget.values)
      if (!known_token(token)) ++tokens[token];
    for (const auto& [token, value] : widget.texts)
      if (token != sof_token::input_binding && token != sof_token::output_binding && token != sof_token::uuid)
        ++tokens[token];
    unreadable += widget.unreadable_bytes;
  }
  std::string list;
  for (const auto& [token, count] : tokens) list += fmt::format("{}{}", list.empty() ? "" : ", ", token_text(token));
  if (!list.empty()) remarks.push_back("vendor tokens that are kept (as comments) and not used: " + list);
  if (unreadable) remarks.push_back(fmt::format("{} bytes of private data are no tokens", unreadable));
  for (const Topology::OtherBlock& block : topology.others)
    if (block.type > 12)
      remarks.push_back(fmt::format("a block of type {} with {} elements in {} bytes is a vendor's: not used",
                                    block.type, block.count, block.bytes));
}

}  // namespace

std::vector<std::string> remarks_on(const Topology& topology) {
  std::vector<std::string> remarks;
  add_contradictions(topology, remarks);
  add_unused(topology, remarks);
  return remarks;
}

}  // namespace dspmem
