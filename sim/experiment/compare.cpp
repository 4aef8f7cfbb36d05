// SPDX-License-Identifier: Apache-2.0
#include "sim/experiment/compare.h"

namespace dspmem {

std::vector<ComparedAllocator> compare(const std::vector<Job>& jobs, const ReplayOptions& options,
                                       const ExperimentProgress& progress) {
  std::vector<ComparedAllocator> rows;
  for (const Job& job : jobs) {
    progress(rows.size(), jobs.size());
    try {
      rows.push_back({job.allocator.name, run(job, options), ""});
    } catch (const InputError& error) { rows.push_back({job.allocator.name, {}, error.summary()}); }
  }
  progress(jobs.size(), jobs.size());
  return rows;
}

std::uint64_t finding_count(const Result& result) {
  std::uint64_t count = 0;
  for (const Result::Finding& each : result.findings) count += !each.is_advice();
  for (const auto& [rule, more] : result.unlisted_findings) count += more;
  return count;
}

}  // namespace dspmem
