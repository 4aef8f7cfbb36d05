// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "sim/sweep/point.h"
#include "sim/sweep/store.h"

namespace dspmem {

/// What is known of the points of a sweep, and what is to be done: a result that is there, in the results file or in
/// the cache, is not computed again.
class Ledger {
 public:
  /// Who wants to know how far it is, and who may end it.
  struct Watch {
    std::function<void(bool computed)> counted;  ///< a point has its result; computed: now
    std::function<bool()> interrupted;
  };

  /// `host`: who computes. `cache` may be null. REQUIRES: what is referred to outlives it.
  Ledger(const Sweep& sweep, PointRunner& runner, SweepStore& store, SweepStore* cache, std::string host, Watch watch)
      : sweep_(sweep), runner_(runner), store_(store), cache_(cache), host_(std::move(host)), watch_(std::move(watch)) {
  }

  /// The next of `numbers` that must be run.
  std::optional<std::uint64_t> next(const std::function<std::optional<std::uint64_t>()>& numbers);
  SweepResult run(std::uint64_t number);
  void take(SweepResult result);

  /// Of a point that is being run.
  const std::string& hash(std::uint64_t number) const { return hashes_.at(number); }
  /// The largest exit code of a point.
  int worst() const { return worst_; }
  /// Points whose results were there already.
  std::uint64_t reused() const { return reused_; }

 private:
  const Sweep& sweep_;
  PointRunner& runner_;
  SweepStore& store_;
  SweepStore* cache_;
  std::string host_;
  Watch watch_;
  std::map<std::uint64_t, std::string> hashes_;  ///< of points that are being run
  std::uint64_t reused_ = 0;
  int worst_ = 0;
};

}  // namespace dspmem
