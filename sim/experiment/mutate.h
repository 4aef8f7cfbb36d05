// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/experiment/compare.h"
#include "sim/experiment/job.h"

namespace dspmem {

/// How a replay differs from a clean one.
struct Trouble {
  bool crash = false, wrong_values = false;
  std::set<RuleId> rules;
  bool any() const { return crash || wrong_values || !rules.empty(); }
};

/// A place that maintains caches, left out.
struct Mutant {
  MaintenanceSites::Entry site;  ///< with how often it was executed when it was not left out
  Trouble trouble;  ///< none: the mutant survived
};
struct Mutation {
  Trouble before;  ///< of the scenario as it is; with any, nothing was left out
  std::vector<Mutant> mutants;
};

/// Replays a scenario once for each place that maintains caches, with that place left out.
Mutation mutate(const Job& job, ReplayOptions options, const ExperimentProgress& progress);

}  // namespace dspmem
