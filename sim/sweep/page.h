// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "sim/sweep/matrix.h"
#include "sim/sweep/store.h"

namespace dspmem {

/// A sweep as one self-contained page: the answers, every point by any two figures, a heat map of two keys, all figures
/// side by side, and the points in a table. `report_of` names a page with the report of a point, beside this one; empty
/// for none.
std::string sweep_page(const Sweep& sweep, SweepStore& store,
                       const std::function<std::string(std::uint64_t)>& report_of);

}  // namespace dspmem
