// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sim/config/error.h"
#include "sim/report/result.h"

namespace dspmem {

/// Findings to leave out. Empty fields match any; at least one is not empty.
struct Suppression {
  std::string rule, function, file, object, reason;
  SourceMark mark;
};
using SuppressionList = std::vector<Suppression>;

/// Reads a file with a list 'suppressions'. Throws InputError.
SuppressionList load_suppressions(const std::string& path);

/// Removes what the list names from the findings, and notes how often each entry was needed.
void suppress(const SuppressionList& list, Result& result);

}  // namespace dspmem
