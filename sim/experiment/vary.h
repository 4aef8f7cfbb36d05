// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/experiment/compare.h"

namespace dspmem {

/// Replays a job at the low and at the high end of each assumed figure of its platform and of its energy preset, one
/// figure at a time; with all of them at their low, and at their high ends; and with the other energy presets that come
/// with dspmem. `plain` is what the job gave as it is. Figures without a range, and those that another firmware image
/// belongs to, are left out, and said. Throws InputError as load_job() does.
Variation vary(const JobRequest& request, const Job& job, const ReplayOptions& options, const Result& plain,
               const ExperimentProgress& progress);

}  // namespace dspmem
