// SPDX-License-Identifier: Apache-2.0
#include "sim/experiment/orders.h"

#include <fmt/format.h>
#include <algorithm>
#include <set>

#include "sim/diagnose/rules.h"

namespace dspmem {

namespace {

/// The scenario comes to an end in this order: a warning, since nothing says that the order may happen in the product.
Result::Finding stops(std::uint32_t core, const Place& where, const std::string& why) {
  Result::Finding finding;
  finding.rule = rule::data_race;
  finding.severity = Severity::warning;
  finding.message = fmt::format("where core {} takes its locks last, the scenario cannot go on: {}", core, why);
  finding.access.kind = Result::Operation::Kind::access;
  finding.access.step = where;
  finding.fix = "order the cores with signal and wait: a lock does not say who is first";
  return finding;
}

}  // namespace

std::vector<std::uint32_t> cores_with_shared_locks(const Job& job) {
  std::set<std::uint32_t> cores;
  for (const auto& [lock, users] : check_scenario(job.scenario, job.platform).lock_users)
    if (users.size() > 1) cores.insert(users.begin(), users.end());
  return {cores.begin(), cores.end()};
}

ReplayOptions in_lock_order(ReplayOptions options, std::uint32_t core) {
  options.takes_locks_last = core;
  options.subscribers.clear();
  options.observers.clear();
  options.blocks = nullptr;
  options.recorder = nullptr;
  options.dump.clear();
  options.show_progress = false;
  // What the user suppresses or knows is left out of the whole, once.
  options.suppressions = nullptr;
  options.baseline = nullptr;
  return options;
}

std::vector<Result::Finding> find_in_other_lock_orders(const Job& job, const ReplayOptions& options) {
  constexpr std::uint64_t most_cycles = 20'000'000;
  std::vector<Result::Finding> found;
  for (const std::uint32_t core : cores_with_shared_locks(job)) {
    ReplayOptions other = in_lock_order(options, core);
    other.until = std::min(options.until.value_or(most_cycles), most_cycles);
    Result result;
    try {
      result = run(job, other);
    } catch (
        const InputError& error) {  // such as an object that is not allocated yet: the scenario relies on who is first
      found.push_back(stops(core, error.mark(), error.message()));
      continue;
    }
    if (result.interrupted) break;
    const bool fails = std::any_of(result.findings.begin(), result.findings.end(),
                                   [](const Result::Finding& each) { return each.fails(false); });
    if (result.crash && !fails)
      found.push_back(stops(core, result.crash->step ? result.crash->step->where : Place{}, result.crash->message));
    for (Result::Finding& finding : result.findings) {
      if (finding.is_advice()) continue;
      if (finding.severity == Severity::manifest) finding.severity = Severity::latent;
      finding.message += fmt::format("; seen where core {} takes its locks last", core);
      found.push_back(std::move(finding));
    }
  }
  return found;
}

}  // namespace dspmem
