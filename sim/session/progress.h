// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>

namespace dspmem {

/// A line on standard error, rewritten as a replay goes on.
class Progress {
 public:
  explicit Progress(bool shown) : shown_(shown) {}

  void step_done() { ++steps_done_; }
  /// A core is at `cycle`, and has done `done` of `total` rounds or operations of what it is at; total 0: nothing that
  /// is counted.
  void show(std::uint32_t core, std::uint64_t cycle, std::uint64_t done, std::uint64_t total);
  void clear() const;

 private:
  /// How fast a core's present loop goes, for the estimate of what is left.
  struct Pace {
    std::uint64_t total = 0, first = 0, since_ms = 0, done = 0;
  };
  bool shown_;
  std::uint64_t steps_done_ = 0;
  std::map<std::uint32_t, Pace> paces_;
  std::uint64_t next_ms_ = 0;
};

}  // namespace dspmem
