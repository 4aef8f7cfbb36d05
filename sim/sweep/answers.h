// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/sweep/matrix.h"
#include "sim/sweep/store.h"

namespace dspmem {

/// What a sweep says, as text: which points keep the constraints, the best of them or, for several metrics to minimise,
/// those that no other beats in all (the Pareto front); which key moves which metric, and by how much; what went wrong
/// where.
std::string sweep_answers(const Sweep& sweep, SweepStore& store);

/// Rows of the results: number, keys, exit code, verdict, metrics.
std::string sweep_csv(const Sweep& sweep, SweepStore& store);
std::string sweep_json(const Sweep& sweep, SweepStore& store);

}  // namespace dspmem
