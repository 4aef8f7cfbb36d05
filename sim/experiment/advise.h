// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sim/experiment/compare.h"
#include "sim/experiment/job.h"
#include "sim/heap/layout.h"

namespace dspmem {

/// Objects that were put behind the firmware image, and what that saved. Hundredths of a percent.
struct VerifiedMove {
  std::string bank;  ///< that they leave
  std::vector<Result::Pin> objects;
  std::int64_t achievable_before = 0, achievable_after = 0;
  std::int64_t measured_before = 0, measured_after = 0;
};

/// Block sizes of a zone: as they are, and the best ones.
struct LayoutAdvice {
  Zone zone;
  std::uint32_t heap_bytes = 0;
  BlockLayout now, better;
};

struct Advice {
  Result before;
  std::uint32_t room_bytes = 0;  ///< behind the firmware image
  std::vector<VerifiedMove> moves;
  std::vector<LayoutAdvice> layouts;
};

/// Tries moves in replays of their own, and says which block sizes would have fitted. After a crash there is only
/// `before`.
Advice advise(const Job& job, const ReplayOptions& options, const ExperimentProgress& progress);

}  // namespace dspmem
