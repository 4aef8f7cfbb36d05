// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace dspmem::test {

/// What valijson, which is not ours, says against JSON text by a schema of configs/schema ("report.schema.json"); empty
/// when it is valid.
std::string schema_errors(const std::string& schema, std::string_view json);

}  // namespace dspmem::test
