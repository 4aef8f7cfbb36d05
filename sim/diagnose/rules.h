// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "sim/result/rule_info.h"

namespace dspmem {

/// Rules that findings of several topics have. The others are known in the file of their topic alone.
namespace rule {
inline constexpr RuleId data_race{"data-race", 0}, leak{"leak"}, lost_on_power_off{"lost-on-power-off"},
    lost_update{"lost-update"};
}

/// Every rule, in alphabetical order: those of all diagnoses (see diagnosis.h).
std::span<const RuleInfo* const> rules();
/// Null when there is none of that name.
const RuleInfo* find_rule(std::string_view name);
const std::vector<std::string>& rule_names();

}  // namespace dspmem
