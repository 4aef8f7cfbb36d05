// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/config/field_table.h"

namespace dspmem {

/// A JSON Schema (draft 7) of files with these fields. `step_kinds` is what a step is, where lists of steps occur.
/// Editors that check YAML take it.
std::string json_schema(const std::string& title, const std::string& description, const FieldType& fields,
                        const FieldType& step_kinds);

}  // namespace dspmem
