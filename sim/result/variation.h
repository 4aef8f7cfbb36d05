// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dspmem {

/// How far what a run says depends on figures that are assumed: the same run with other values of them.
/// sim/experiment/vary.h makes it.
struct Variation {
  /// A figure of the report, and its extremes over all replays.
  struct Range {
    enum class Unit : std::uint8_t { cycles, basis_points, attojoules };
    std::string name;  ///< "saved by page-refcount"
    Unit unit = Unit::cycles;
    std::int64_t value = 0, low = 0, high = 0;
    std::string low_with, high_with;  ///< what was changed there: "bus.latency = 6"; empty: nothing
  };
  /// What a reader takes from the report, and the replays in which it is otherwise.
  struct Conclusion {
    struct Other {
      std::string with, text;
    };
    std::string name, text;  ///< "findings": "none"
    std::vector<Other> others;
  };
  struct Left {
    std::string figure, why;
  };
  std::uint64_t replays = 0, figures = 0;
  std::vector<Conclusion> conclusions;
  std::vector<Range> ranges;
  std::vector<Left> left_out;  ///< assumed figures that were not varied
};

const char* to_string(Variation::Range::Unit unit);

}  // namespace dspmem
