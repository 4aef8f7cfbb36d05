// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "sim/sweep/store.h"

namespace dspmem {

/// Runs points in processes of their own, several at a time. A process serves many points; one that dies takes the point with it that it was
/// at, which becomes a result with exit code 128 and the signal.
class ProcessPool {
 public:
  /// `run` is called in the processes, for a number that `next` gave.
  ProcessPool(unsigned processes, std::function<SweepResult(std::uint64_t)> run) : processes_(processes), run_(std::move(run)) {}

  /// Until `next` gives nothing more and all is done. `done` is told of each result, in the order in which they come. Returns false if
  /// `interrupted` came to hold: what was not done is not told.
  bool serve(const std::function<std::optional<std::uint64_t>()>& next, const std::function<void(const SweepResult&)>& done, const std::function<bool()>& interrupted);

 private:
  unsigned processes_;
  std::function<SweepResult(std::uint64_t)> run_;
};

}  // namespace dspmem
