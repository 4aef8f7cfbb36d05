// SPDX-License-Identifier: Apache-2.0
#include "sim/experiment/orders.h"

#include <fmt/format.h>
#include <algorithm>
#include <set>

#include "sim/diagnose/rules.h"

namespace dspmem {

namespace {

/// The scenario comes to an end in this order: a warning, since nothing says that the order may happen in the product.
Result::Finding stops(const std::string& order, const Place& where, const std::string& why) {
  Result::Finding finding;
  finding.rule = rule::data_race;
  finding.severity = Severity::warning;
  finding.message = order + ", the scenario cannot go on: " + why;
  finding.access.kind = Result::Operation::Kind::access;
  finding.access.step = where;
  finding.fix = "order the cores with signal and wait: a lock does not say who is first";
  return finding;
}

/// Adds what is found only so. False when the user ends it.
bool find_in_lock_order(const Job& job, const ReplayOptions& options, const ReplayOptions::LockOrder& order,
                        std::vector<Result::Finding>& found) {
  const std::uint64_t most_cycles = order.before ? 5'000'000 : 20'000'000;
  const std::string where = fmt::format("where core {} takes {}", order.core,
                                        order.before ? "a lock first, and then last" : "its locks last");
  ReplayOptions other = in_lock_order(options, order);
  other.until = std::min(options.until.value_or(most_cycles), most_cycles);
  Result result;
  try {
    result = run(job, other);
  } catch (
      const InputError& error) {  // such as an object that is not allocated yet: the scenario relies on who is first
    found.push_back(stops(where, error.mark(), error.message()));
    return true;
  }
  if (result.interrupted) return false;
  const bool fails = std::any_of(result.findings.begin(), result.findings.end(),
                                 [](const Result::Finding& each) { return each.fails(false); });
  if (result.crash && !fails)
    found.push_back(stops(where, result.crash->step ? result.crash->step->where : Place{}, result.crash->message));
  for (Result::Finding& finding : result.findings) {
    if (finding.is_advice()) continue;
    if (finding.severity == Severity::manifest) finding.severity = Severity::latent;
    finding.message += "; seen " + where;
    found.push_back(std::move(finding));
  }
  return true;
}

}  // namespace

std::vector<ReplayOptions::LockOrder> other_lock_orders(const Job& job) {
  std::set<std::uint32_t> cores;
  for (const auto& [lock, users] : check_scenario(job.scenario, job.platform).lock_users)
    if (users.size() > 1) cores.insert(users.begin(), users.end());
  std::vector<ReplayOptions::LockOrder> orders;
  for (const std::uint32_t before : {0, 1})
    for (const std::uint32_t core : cores) orders.push_back({core, before});
  return orders;
}

ReplayOptions in_lock_order(ReplayOptions options, const ReplayOptions::LockOrder& order) {
  options.lock_order = order;
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
  std::vector<Result::Finding> found;
  for (const ReplayOptions::LockOrder& order : other_lock_orders(job))
    if (!find_in_lock_order(job, options, order, found)) break;
  return found;
}

}  // namespace dspmem
