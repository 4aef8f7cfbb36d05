// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/experiment/job.h"

namespace dspmem {

/// The image to run a job on: the one that is named or shipped, if it was built for this platform; else one that is
/// built for it, once, in `folder`. Needs the cross-compiler and dspmem's own firmware sources for that. Throws
/// InputError where neither can be had.
std::string image_for(const JobRequest& request, const Job& job, const std::string& folder);

}  // namespace dspmem
