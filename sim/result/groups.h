// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "sim/result/result.h"

namespace dspmem {

/// Findings of one cause, as far as the result tells: of one object, or with the same two places. The first is the one
/// to begin with: a race before all else, since nothing is certain beside one; what happened in this run before what
/// might; the earliest link of the chain before what follows from it.
struct Group {
  std::vector<const Result::Finding*> findings;
  const Result::Finding& root() const { return *findings.front(); }
  /// Of the most urgent finding.
  Severity severity() const;
};

inline bool fails_with(Severity severity, bool strict) {
  return severity < Severity::warning || (strict && severity == Severity::warning);
}

/// All findings but advice, the most urgent group first. REQUIRES: the findings outlive the groups.
std::vector<Group> groups_of(const std::vector<Result::Finding>& findings);

/// Names a finding from run to run, whatever lines are added around it: rule, agents, functions or steps, object. 16
/// hexadecimal digits.
std::string fingerprint_of(const Result::Finding& finding);

}  // namespace dspmem
