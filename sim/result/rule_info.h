// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/result/result.h"

namespace dspmem {

/// What reports, 'dspmem explain' and the documents say of one kind of finding.
struct RuleInfo {
  RuleId id;
  Severity severity;  ///< of its most urgent findings
  const char* title;  ///< a few words
  const char* meaning;  ///< what the program did, and why that is wrong
  const char* fix;  ///< what removes the cause, in general

  /// Where the documents explain it, from the top of the source tree.
  std::string link() const { return "scenarios/bugs/README.md#" + to_string(id); }
};

}  // namespace dspmem
