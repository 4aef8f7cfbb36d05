// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "sim/events/bus.h"
#include "sim/heap/heap_costs.h"
#include "sim/heap/live_memory.h"
#include "sim/session/actor.h"

namespace dspmem {

/// Follows the rounds of steps that repeat others: emits LoopEnded, which says whether what the core holds grew all the
/// time, and keeps periods. Loops are told apart by a number of each core.
class LoopWatch {
 public:
  LoopWatch(const LiveMemory& live, const HeapCosts& costs, const EventBus& bus)
      : live_(live), costs_(costs), bus_(bus) {}

  /// The number of the loop that a step of the scenario is.
  std::uint64_t number_of(const SourceMark& mark) {
    return numbers_.try_emplace(&mark, numbers_.size() + 1).first->second;
  }

  /// With a period (cycles) the end of a round waits for the next one to begin.
  void begin(const Actor& actor, std::uint64_t loop, std::uint64_t period);
  void end_round(const Actor& actor, std::uint64_t loop, const SourceMark& mark);
  /// How many rounds there were, and how many of them were not done when their period was over.
  struct Rounds {
    std::uint64_t count = 0, late = 0;
  };
  Rounds end(const Actor& actor, std::uint64_t loop, const SourceMark& mark);

 private:
  /// A loop that a core is in, and what the heaps did in its rounds so far, by heap.
  struct Loop {
    std::uint64_t start = 0, period = 0, rounds = 0, late = 0;
    std::vector<std::uint64_t>
        first;  ///< live bytes of each heap at the end of the first round, which may set things up
    std::uint64_t total = 0;  ///< of all heaps, at the end of the last one; heaps may spill into each other
    std::uint64_t failed = 0;  ///< allocations until then
    std::uint64_t grown = 0;  ///< rounds after the first that ended with more
    std::uint64_t full_after = 0;  ///< the first round in which an allocation failed; 0: none
    bool gives_back = false;  ///< some round ended with less, or with as much though every allocation got memory
  };
  std::uint64_t failures() const;
  /// Bytes of each heap that it holds.
  const std::vector<std::uint64_t>& held_by(const Actor& actor) const;

  const LiveMemory& live_;
  const HeapCosts& costs_;
  const EventBus& bus_;
  std::map<std::pair<std::uint32_t, std::uint64_t>, Loop> loops_;  ///< by core and loop
  std::map<const SourceMark*, std::uint64_t> numbers_;
};

}  // namespace dspmem
