// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/experiment/job.h"

namespace dspmem {

/// `done` of `total` replays of an experiment are over.
using ExperimentProgress = std::function<void(std::size_t done, std::size_t total)>;

/// What one allocator makes of a scenario.
struct ComparedAllocator {
  std::string allocator;
  Result result;
  std::string refusal;  ///< why the allocator cannot serve the scenario; then there is no result
};

/// Replays each job. What one allocator cannot do says nothing about the others.
std::vector<ComparedAllocator> compare(const std::vector<Job>& jobs, const ReplayOptions& options,
                                       const ExperimentProgress& progress);

/// Findings that are no advice, those that are not listed too.
std::uint64_t finding_count(const Result& result);

}  // namespace dspmem
