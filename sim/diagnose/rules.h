// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "sim/result/result.h"

namespace dspmem {

/// What reports, 'dspmem explain' and the documents say of one kind of finding.
struct RuleInfo {
  RuleId id;
  Severity severity;    ///< of its most urgent findings
  const char* title;    ///< a few words
  const char* meaning;  ///< what the program did, and why that is wrong
  const char* fix;      ///< what removes the cause, in general

  /// Where the documents explain it, from the top of the source tree.
  std::string link() const { return "scenarios/bugs/README.md#" + to_string(id); }
};

/// Rules that findings of several topics have. The others are known in the file of their topic alone.
namespace rule {
inline constexpr RuleId data_race{"data-race"}, leak{"leak"}, lost_on_power_off{"lost-on-power-off"}, lost_update{"lost-update"};
}

/// Every rule, in alphabetical order: those of all diagnoses (see diagnosis.h).
std::span<const RuleInfo* const> rules();
/// Null when there is none of that name.
const RuleInfo* find_rule(std::string_view name);
const std::vector<std::string>& rule_names();

}  // namespace dspmem
