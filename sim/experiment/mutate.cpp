// SPDX-License-Identifier: Apache-2.0
#include "sim/experiment/mutate.h"

#include "sim/experiment/orders.h"

namespace dspmem {
namespace {

Trouble trouble_of(const Result& result) {
  Trouble trouble;
  trouble.crash = result.crash.has_value();
  for (const Result::Finding& finding : result.findings)
    if (!finding.is_advice()) trouble.rules.insert(finding.rule);
  trouble.wrong_values = !trouble.crash && trouble.rules.empty() && result.verdict != Result::Verdict::passed;
  return trouble;
}

}  // namespace

Mutation mutate(const Job& job, ReplayOptions options, const ExperimentProgress& progress) {
  MaintenanceSites sites(*job.image);
  options.sites = &sites;
  Mutation mutation;
  mutation.before = trouble_of(run(job, options));
  if (mutation.before.any()) return mutation;
  const std::vector<MaintenanceSites::Entry> executed = sites.entries();
  const std::vector<ReplayOptions::LockOrder> orders = other_lock_orders(job);
  for (std::size_t index = 0; index < executed.size(); ++index) {
    progress(index, executed.size());
    sites.restart();
    sites.mute(index);
    mutation.mutants.push_back({executed[index], trouble_of(run(job, options))});
    // What the locks of this run hide.
    for (const ReplayOptions::LockOrder& order : orders) {
      if (mutation.mutants.back().trouble.any()) break;
      sites.restart();
      sites.mute(index);
      try {
        mutation.mutants.back().trouble = trouble_of(run(job, in_lock_order(options, order)));
      } catch (const InputError&) {  // the scenario cannot go in this order, whatever is left out
        continue;
      }
      mutation.mutants.back().trouble.wrong_values = false;  // its times are not the scenario's
    }
  }
  progress(executed.size(), executed.size());
  return mutation;
}

}  // namespace dspmem
