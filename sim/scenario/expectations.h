// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>
#include <string>
#include <vector>

#include "sim/result/judge.h"
#include "sim/scenario/step.h"

namespace dspmem {

/// The fields of the 'expect' section.
FieldType expectation_fields(const std::vector<std::string>& rules);
/// Reads the 'expect' section; `rules` are the names of rules that it may use. Throws InputError.
ExpectationList read_expectations(const YAML::Node& node, const std::string& file,
                                  const std::vector<std::string>& rules);
/// Throws InputError for heaps and banks that the platform does not have, and objects that the scenario does not.
void check_expectations(const ExpectationList& expectations, const ScenarioNames& names);

}  // namespace dspmem
