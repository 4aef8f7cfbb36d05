// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/experiment/job.h"
#include "sim/sweep/matrix.h"
#include "sim/sweep/store.h"

namespace dspmem {

/// Runs single points of a sweep. What points have in common, such as images built for a platform that is varied, is
/// made once.
class PointRunner {
 public:
  /// `image_folder`: where images for varied platforms are kept.
  PointRunner(const Sweep& sweep, std::string image_folder);

  /// Names all that the point's result depends on: the scenario, the platform, the binding and the image as they are
  /// for it, seed, quantum, metrics and the version of dspmem. Throws InputError for a point that cannot be run.
  std::string hash(const SweepPoint& point);
  /// Replays it. Input that cannot be run is a result, too: exit code 2.
  SweepResult run(const SweepPoint& point);
  /// All that a point's replay needs, for who wants more of it than metrics. Throws InputError.
  Job job(const SweepPoint& point, ReplayOptions& options);
  /// Throws InputError for keys that the scenario or platform of this point does not have, and for metrics that the
  /// report of this point does not have.
  void check_metrics(const SweepPoint& point);

 private:
  /// What points have in common that differ in seed and quantum only: the image, and a digest of all files.
  struct Common {
    std::string image, digest;
  };
  const Common& common_of(const SweepPoint& point);

  const Sweep& sweep_;
  std::string image_folder_;
  std::map<std::string, Common> common_;
};

}  // namespace dspmem
