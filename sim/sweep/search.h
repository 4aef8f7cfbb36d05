// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/sweep/matrix.h"

namespace dspmem {

/// Finds the combination of all keys but the seed that is best on average over the seeds, with fewer replays than all
/// of them: successive halving. Every combination is replayed with a few seeds; the better half goes on to the next
/// round, with twice as many. A combination that breaks a constraint with any seed is out.
class SeedSearch {
 public:
  /// REQUIRES: one metric is minimised; the sweep outlives it. Throws std::runtime_error for a sweep without a key
  /// 'seed' of at least four values that is not zipped with others.
  explicit SeedSearch(const Sweep& sweep);

  /// The points of the next round; none when it is over.
  std::vector<std::uint64_t> next_round();
  /// Nothing: the point has no such figure, or breaks a constraint.
  void take(std::uint64_t point, std::optional<double> value);

  std::uint64_t replayed() const { return replayed_; }
  /// The numbers of the best combination's points; none when none keeps the constraints.
  std::vector<std::uint64_t> best() const;
  /// How sure that is: the share of resamplings of the seeds (1000 of them) in which it is the best still. 0 to 1.
  double confidence() const;
  /// All of that in words.
  std::string text() const;

 private:
  struct Combination {
    std::vector<std::uint64_t> points;  ///< one a seed, in the order of the seeds
    std::vector<double> values;  ///< of the first so many
    bool possible = true;
    double mean() const;
  };
  std::vector<std::size_t> ranking() const;

  const Sweep& sweep_;
  std::vector<Combination> combinations_;
  std::map<std::uint64_t, std::pair<std::size_t, std::size_t>>
      places_;  ///< of a point: its combination, and which seed
  std::vector<std::size_t> left_;
  std::size_t seeds_ = 0, used_ = 0;
  std::uint64_t replayed_ = 0;
};

}  // namespace dspmem
