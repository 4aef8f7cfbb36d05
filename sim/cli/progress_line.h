// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/experiment/compare.h"

namespace dspmem {

/// A line on standard error that is rewritten on terminals, and absent elsewhere: "comparing: 2 of 6 replays done".
/// Ends without a trace.
ExperimentProgress progress_line(const std::string& doing, const std::string& what);

}  // namespace dspmem
