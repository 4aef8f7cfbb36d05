// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/config/field_table.h"
#include "sim/config/platform.h"

namespace dspmem {

/// One allocation that a firmware makes for a component.
struct ComponentAllocation {
  enum class Size { fixed, period, periods, buffer };

  std::string what, source;
  Zone zone = Zone::runtime;
  std::vector<std::string> capabilities;
  Size size = Size::fixed;
  std::uint32_t bytes = 0;  ///< of a fixed size

  bool dma() const { return what == "dma"; }
  bool holds_data() const { return dma() || what == "data"; }
};

/// configs/topology/*.yaml: what is allocated for each kind of widget.
struct ComponentTable {
  std::vector<ComponentAllocation> pipeline, stream;
  std::vector<ComponentAllocation> module;  ///< of IPC4, where the kind of widget does not say what it is
  std::map<std::uint32_t, std::vector<ComponentAllocation>> widgets;  ///< by SND_SOC_TPLG_DAPM_*
};

/// The fields of a table of components.
const FieldType& component_fields();
/// A name from configs/topology, or a file. Throws InputError.
ComponentTable load_components(const std::string& name_or_path, const SourceMark& mark = {});

}  // namespace dspmem
