// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sim/config/field_table.h"
#include "sim/result/judge.h"

namespace dspmem {

/// Reads a file with a list 'suppressions'; `rules` are the names that it may use. Throws InputError.
SuppressionList load_suppressions(const std::string& path, const std::vector<std::string>& rules);

/// The fields of a suppression file.
FieldType suppression_fields(const std::vector<std::string>& rules);

}  // namespace dspmem
