// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/sweep/store.h"

namespace dspmem {

/// Where the points of a sweep are replayed.
class SweepEngine {
 public:
  virtual ~SweepEngine() = default;

  /// Until `next` gives no more points and all are done. `done` receives each result, in the order in which they come.
  /// Returns false if that was not the end: `interrupted` came to hold, or what was begun goes on elsewhere. What was
  /// not done has no result.
  virtual bool serve(const std::function<std::optional<std::uint64_t>()>& next,
                     const std::function<void(const SweepResult&)>& done, const std::function<bool()>& interrupted) = 0;
};

/// Processes of this machine. A process serves many points; one that dies takes the point with it that it was at, which
/// becomes a result with exit code 128 and the signal. `run` is called in the processes.
std::unique_ptr<SweepEngine> local_engine(unsigned processes, std::function<SweepResult(std::uint64_t)> run);

/// How a sweep uses a Slurm cluster. Empty texts: as the cluster has it.
struct SlurmOptions {
  std::string partition, account, time;  ///< as sbatch takes them
  std::uint64_t chunk = 0;  ///< points a task; 0: such that a task takes about a minute
  std::uint64_t at_once = 0;  ///< tasks at a time at most; 0: as many as the cluster lets run
  bool detach = false;  ///< do not wait: a dependent job gathers the results
};

/// What its tasks need to know.
struct SlurmWork {
  std::string program;  ///< dspmem's executable, as the nodes see it
  std::string sweep;  ///< the sweep file, as the user named it
  std::string text;  ///< what the sweep file says
  std::string images;  ///< folder of the images for varied platforms
  std::string folder;  ///< for this sweep's tasks and their results; all nodes see it under this name
  std::vector<std::string> same_command;  ///< what gathers and goes on, for the dependent job
  double seconds_a_point = 0;
  std::function<std::string(std::uint64_t)> hash;  ///< that the result of a point must have
};

/// A Slurm cluster: the points go out as tasks of a job array, each with a list of points and a results file of its
/// own. Results are taken in as tasks finish. A task that fails is queued again with what it has not done. Whoever
/// starts the same sweep again goes on with the tasks that are there. serve() throws std::runtime_error when the
/// cluster refuses, and when tasks fail again and again.
std::unique_ptr<SweepEngine> slurm_engine(SlurmOptions options, SlurmWork work);
/// Throws std::runtime_error when there is no Slurm here, or not what the options name.
void check_slurm(const SlurmOptions& options);
/// How many tasks of a sweep wait and run: "3 tasks run, 12 wait"; empty: none.
std::string slurm_tasks(const std::string& folder);

}  // namespace dspmem
