// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "models/core/dsp_core.h"
#include "sim/events/bus.h"
#include "sim/heap/live_memory.h"

namespace dspmem {

/// Follows the rounds of steps that repeat others: emits LoopEnded with the heaps that grew in every round, and keeps periods. Loops are told
/// apart by a number of each core.
class LoopWatch {
 public:
  LoopWatch(const LiveMemory& live, std::size_t heaps, const EventBus& bus) : live_(live), heaps_(heaps), bus_(bus) {}

  /// The number of the loop that a step of the scenario is.
  std::uint64_t number_of(const SourceMark& mark) { return numbers_.try_emplace(&mark, numbers_.size() + 1).first->second; }

  /// With a period (cycles) the end of a round waits for the next one to begin.
  void begin(const DspCore& core, std::uint64_t loop, std::uint64_t period);
  void end_round(DspCore& core, std::uint64_t loop, const SourceMark& mark);
  /// How many rounds there were, and how many of them were not done when their period was over.
  struct Rounds {
    std::uint64_t count = 0, late = 0;
  };
  Rounds end(const DspCore& core, std::uint64_t loop, const SourceMark& mark);

 private:
  /// A loop that a core is in, and what the heaps did in its rounds so far, by heap.
  struct Loop {
    std::uint64_t start = 0, period = 0, rounds = 0, late = 0;
    std::vector<std::uint64_t> before;  ///< live bytes at the end of the last round
    std::vector<std::uint64_t> grown;   ///< rounds in a row in which it grew
    std::vector<std::uint64_t> bytes;   ///< by how much, in these
  };

  const LiveMemory& live_;
  std::size_t heaps_;
  const EventBus& bus_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, Loop> loops_;  ///< by core and loop
  std::map<const SourceMark*, std::uint64_t> numbers_;
};

}  // namespace dspmem
