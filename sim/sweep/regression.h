// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/sweep/store.h"

namespace dspmem {

struct SweepRegression {
  std::string text;  ///< the points that became worse, each with why, and how many there are
  bool worse = false;
};

/// Which points of a sweep have become worse against an earlier run of it: a larger exit code, a new finding, a larger
/// metric, or no result any more. Throws std::runtime_error when they have no point in common.
SweepRegression compare_sweeps(SweepStore& before, SweepStore& after);

}  // namespace dspmem
