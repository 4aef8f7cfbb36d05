// SPDX-License-Identifier: Apache-2.0
// Which part of a topology is there while some of its streams are open.
#include <algorithm>
#include <cctype>
#include <set>

#include "sim/import/module_buffers.h"
#include "sim/import/topology.h"

namespace dspmem {
namespace {

std::string folded(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

std::vector<std::string> stream_names(const Topology& topology) {
  std::vector<std::string> names;
  for (const Topology::Pcm& pcm : topology.pcms) names.push_back(pcm.name);
  return names;
}

Topology with_streams(const Topology& topology, const std::vector<std::string>& wanted) {
  // From a host to the outside and the other way round; what lies before a mixer on another stream's way is not open.
  std::set<std::string> ends[2], reached;
  for (const Topology::Pcm& pcm : topology.pcms) {
    if (std::none_of(wanted.begin(), wanted.end(),
                     [&pcm](const std::string& each) { return folded(each) == folded(pcm.name); }))
      continue;
    for (const Topology::Widget& widget : topology.widgets) {
      if (pcm.playback && widget.type == Topology::aif_in && widget.stream == pcm.playback_capabilities.name)
        ends[0].insert(widget.name);
      if (pcm.capture && widget.type == Topology::aif_out && widget.stream == pcm.capture_capabilities.name)
        ends[1].insert(widget.name);
    }
  }
  for (const bool backwards : {false, true}) {
    std::set<std::string> seen = ends[backwards];
    std::vector<std::string> open(seen.begin(), seen.end());
    while (!open.empty()) {
      const std::string name = std::move(open.back());
      open.pop_back();
      for (const Topology::Route& route : topology.routes) {
        const std::string &from = backwards ? route.sink : route.source, &to = backwards ? route.source : route.sink;
        if (from == name && seen.insert(to).second) open.push_back(to);
      }
    }
    reached.insert(seen.begin(), seen.end());
  }
  std::set<std::uint32_t> always;
  if (std::none_of(topology.widgets.begin(), topology.widgets.end(),
                   [](const Topology::Widget& widget) { return ModuleBuffers(widget).known(); }))
    for (const Topology::Widget& widget : topology.widgets)
      if (widget.type == Topology::scheduler && !widget.value(sof_token::dynamic_pipeline).value_or(0))
        always.insert(widget.pipeline);
  Topology result = topology;
  std::set<std::uint32_t> pipelines;
  for (const Topology::Widget& widget : topology.widgets)
    if (reached.contains(widget.name)) pipelines.insert(widget.pipeline);
  for (Topology::Widget& widget : result.widgets)
    widget.idle =
        always.contains(widget.pipeline) &&
        !(widget.type == Topology::scheduler ? pipelines.contains(widget.pipeline) : reached.contains(widget.name));
  std::erase_if(result.widgets, [&](const Topology::Widget& widget) {
    return !widget.idle &&
           (widget.type == Topology::scheduler ? !pipelines.contains(widget.pipeline) : !reached.contains(widget.name));
  });
  std::erase_if(result.pcms, [&](const Topology::Pcm& pcm) {
    return std::none_of(wanted.begin(), wanted.end(),
                        [&pcm](const std::string& each) { return folded(each) == folded(pcm.name); });
  });
  return result;
}

}  // namespace dspmem
