// SPDX-License-Identifier: Apache-2.0
#include "sim/report/variation_text.h"

#include <fmt/format.h>
#include <algorithm>

namespace dspmem {

std::string value_text(Variation::Range::Unit unit, std::int64_t value) {
  switch (unit) {
    case Variation::Range::Unit::cycles: return std::to_string(value);
    case Variation::Range::Unit::basis_points: return fmt::format("{:.2f} %", static_cast<double>(value) / 100);
    case Variation::Range::Unit::attojoules: return fmt::format("{:.1f} uJ", static_cast<double>(value) / 1e12);
  }
  return "";
}

std::string variation_text(const Variation& variation, bool verbose) {
  std::string out =
      fmt::format("\nassumed figures: {} of them varied over their ranges, in {} more replays; [what was changed]\n",
                  variation.figures, variation.replays);
  for (const Variation::Conclusion& each : variation.conclusions) {
    out += fmt::format("  {} {}: {}\n", each.others.empty() ? "always   " : "depends  ", each.name, each.text);
    for (const Variation::Conclusion::Other& other : each.others)
      out += fmt::format("            with {}: {}\n", other.with, other.text);
  }
  std::size_t width = 0, still = 0;
  for (const Variation::Range& each : variation.ranges) width = std::max(width, each.name.size());
  for (const Variation::Range& each : variation.ranges) {
    if (each.low == each.high) {
      ++still;
      continue;
    }
    const auto end = [&each](std::int64_t value, const std::string& with) {
      return value_text(each.unit, value) + (with.empty() ? "" : " [" + with + "]");
    };
    out += fmt::format("  {:<{}}  {} ({} to {})\n", each.name, width, value_text(each.unit, each.value),
                       end(each.low, each.low_with), end(each.high, each.high_with));
  }
  if (still) out += fmt::format("  {} more figures of the report do not move\n", still);
  if (variation.left_out.empty()) return out;
  if (!verbose)
    return out +
           fmt::format("  {} assumed figures were not varied: -v says which, and why\n", variation.left_out.size());
  for (const Variation::Left& each : variation.left_out)
    out += fmt::format("  not varied: {}: {}\n", each.figure, each.why);
  return out;
}

}  // namespace dspmem
