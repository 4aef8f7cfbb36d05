// SPDX-License-Identifier: Apache-2.0
#include "sim/import/component_table.h"

#include "sim/config/fields.h"
#include "sim/config/paths.h"
#include "sim/import/topology.h"

namespace dspmem {
namespace {

std::vector<ComponentAllocation> read_allocations(const YAML::Node& list, const std::string& file, FieldReader& owner,
                                                  const std::string& field) {
  if (!list.IsSequence())
    owner.fail(
        field,
        "'" + field +
            "' must be a list of allocations, such as [{what: volume, zone: runtime, bytes: 448, source: assumed}]");
  std::vector<ComponentAllocation> allocations;
  for (const auto& node : list) {
    FieldReader reader(node, file, "an allocation of '" + field + "'",
                       find_field(component_fields().fields, "pipeline")->type.parts[0]);
    ComponentAllocation allocation;
    std::string zone = "runtime", bytes;
    reader.required("what", allocation.what);
    reader.optional("zone", zone);
    allocation.zone = choose<Zone>(reader, "zone", zone, zone_names());
    if (allocation.zone == Zone::system) reader.fail("zone", "the system zone is never freed: components need another");
    if (reader.optional("capabilities", allocation.capabilities))
      for (const std::string& each : allocation.capabilities)
        choose<std::uint32_t>(reader, "capabilities", each, capability_names(), "capability");
    reader.required("bytes", bytes);
    if (bytes == "period") allocation.size = ComponentAllocation::Size::period;
    else if (bytes == "periods") allocation.size = ComponentAllocation::Size::periods;
    else if (bytes == "buffer") allocation.size = ComponentAllocation::Size::buffer;
    else {
      Bytes value;
      reader.convert(reader.node("bytes"), "bytes", value);
      if (value.value == 0 || value.value > 1u << 24)
        reader.fail("bytes", "'bytes' must be from 1 to 16 MiB, or 'period', 'periods' or 'buffer'");
      allocation.bytes = static_cast<std::uint32_t>(value.value);
    }
    reader.required("source", allocation.source);
    reader.finish();
    allocations.push_back(std::move(allocation));
  }
  return allocations;
}

}  // namespace

const FieldType& component_fields() {
  using namespace field;
  static const FieldType fields = [] {
    const FieldType allocations = list(mapping({
        needs("what", text(), "what it is for"),
        has("zone", choice(zone_names()), "zone to allocate from, not system; default runtime"),
        has("capabilities", list(choice(capability_names(), "capability")),
            "what the memory must be capable of; default any"),
        needs("bytes", either({choice({"period", "periods", "buffer"}), size(1, 1 << 24)}),
              "bytes, or what is computed from the topology"),
        needs("source", text(), "where the figure comes from"),
    }));
    FieldList widgets;
    for (std::uint32_t type = 0; type < Topology::widget_types; ++type)
      widgets.push_back(has(Topology::widget_type_name(type), allocations, "each widget of this type"));
    return mapping({has("pipeline", allocations, "each pipeline"), has("stream", allocations, "each stream"),
                    has("module", allocations, "each module of IPC4"),
                    needs("widgets", mapping(std::move(widgets)), "by type of widget")});
  }();
  return fields;
}

ComponentTable load_components(const std::string& name_or_path, const SourceMark& mark) {
  const std::string path = config_file("topology", name_or_path, mark, "table of components", "table of components");
  FieldReader reader(load_yaml(path), path, "the table of components", component_fields());
  ComponentTable table;
  for (const auto& [name, list] :
       {std::pair<const char*, std::vector<ComponentAllocation>*>{"pipeline", &table.pipeline},
        {"stream", &table.stream},
        {"module", &table.module}})
    if (const YAML::Node node = reader.node(name); node.IsDefined()) *list = read_allocations(node, path, reader, name);
  const YAML::Node widgets = reader.node("widgets");
  if (!widgets.IsDefined()) reader.missing("widgets", "a mapping from the kind of widget to its allocations");
  FieldReader kinds(widgets, path, "'widgets'", find_field(component_fields().fields, "widgets")->type);
  for (std::uint32_t type = 0; type < Topology::widget_types; ++type) {
    const std::string name = Topology::widget_type_name(type);
    if (const YAML::Node node = kinds.node(name); node.IsDefined())
      table.widgets[type] = read_allocations(node, path, kinds, name);
  }
  kinds.finish();
  reader.finish();
  return table;
}

}  // namespace dspmem
