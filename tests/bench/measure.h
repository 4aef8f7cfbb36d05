// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/resource.h>

#include <cstdint>
#include <string>
#include <vector>

namespace dspmem::test {

/// What one run of a program took.
struct Measured {
  double seconds = 0;  ///< wall-clock, from start to end of the process
  std::uint64_t resident = 0;  ///< most memory it had at a time, bytes
};

/// Runs a program to its end, its output thrown away. Throws std::runtime_error when it cannot be run or fails.
Measured measure(const std::vector<std::string>& command);

struct Summary {
  double median = 0, low = 0, high = 0;
};
/// REQUIRES: not empty.
Summary summarise(std::vector<double> values);

/// What a benchmark's guest program did, from the report of a run.
struct GuestWork {
  std::uint64_t instructions = 0;  ///< of all cores
  std::uint64_t cycles = 0;  ///< of the run
  std::uint64_t accesses = 0, misses = 0, write_backs = 0;  ///< L1 data caches of all cores
};
GuestWork read_report(const std::string& json_file);

/// A benchmark as dspmem runs it: functions of bench.c, called on cores of a platform.
struct GuestProgram {
  std::string function;
  std::string platform;  ///< a name, or a file
  std::string image;  ///< name of the ELF
  unsigned cores = 1;
  bool shared_object = false;  ///< the function's second argument: two lines of shared data
  /// A scenario that calls the function once on each core.
  std::string scenario(std::uint32_t rounds) const;
};

/// The command that runs a scenario. `options` as for 'dspmem run'.
std::vector<std::string> dspmem_run(const GuestProgram& program, const std::string& scenario_file,
                                    const std::vector<std::string>& options = {});

}  // namespace dspmem::test
