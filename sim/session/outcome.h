// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>

#include "sim/diagnose/finding_log.h"
#include "sim/result/result.h"

namespace dspmem {

/// What steps have to say of the run: checks of their own, and reads of wrong values.
class Outcome {
 public:
  explicit Outcome(Result& result) : result_(result) {}

  void expect(bool passed, const std::string& text, const std::string& actual, const Place& where);
  void stale_read(Result::StaleRead read);
  /// The cycles that a wake-up from light sleep took.
  void note_wake(std::uint64_t cycles) { result_.wake_latency = std::max(result_.wake_latency.value_or(0), cycles); }

 private:
  Result& result_;
};

}  // namespace dspmem
