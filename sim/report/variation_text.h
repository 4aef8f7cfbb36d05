// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/result/variation.h"

namespace dspmem {

/// What depends on assumed figures, as the text report says it. `verbose`: the figures that were left out, each.
std::string variation_text(const Variation& variation, bool verbose);
/// A value in its unit: 404119089, 82.37 %, 408.0 uJ.
std::string value_text(Variation::Range::Unit unit, std::int64_t value);

}  // namespace dspmem
