// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/config/fields.h"

namespace dspmem {

/// A global variable that a scenario declares: memory without an allocator.
struct StaticObject {
  std::string name;
  std::uint32_t bytes = 0;
  std::uint32_t alignment = 4;
  bool shared = false;  ///< lines of its own, reached as shared data is
  std::optional<std::uint32_t> at;  ///< an address, either view
  std::string bank, behind;  ///< in this bank, or right behind that object; at most one of the three
  SourceMark mark;
};

/// The settings of one object.
const FieldType& static_fields();
/// Reads `objects:` of a scenario. Throws InputError.
std::vector<StaticObject> read_statics(const YAML::Node& node, const std::string& file);

}  // namespace dspmem
