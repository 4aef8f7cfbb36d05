// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "sim/config/field_table.h"

namespace dspmem {

/// One kind of YAML file that dspmem reads.
struct FileKind {
  const char* name;
  const char* summary;
  FieldType (*fields)();
};

/// All of them. The schema of each is configs/schema/NAME.schema.json.
std::span<const FileKind> file_kinds();
/// What a step of a scenario is: a mapping with one of the kinds.
FieldType step_kinds_type();

}  // namespace dspmem
