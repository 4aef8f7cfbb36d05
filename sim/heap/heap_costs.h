// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <vector>

#include "models/core/core.h"
#include "sim/config/allocator.h"
#include "sim/events/block.h"
#include "sim/heap/histogram.h"
#include "sim/heap/live_memory.h"

namespace dspmem {

/// What the calls of one kind cost the cores that made them.
struct OperationCosts {
  Histogram cycles;
  std::uint64_t instructions = 0, l1d_misses = 0;
  std::uint64_t waiting_cycles = 0, waiting_instructions = 0;  ///< for locks
  std::uint64_t failed = 0;  ///< calls that returned no block
};

/// How much memory of each size one zone needed at a time. Sizes are rounded up to the platform's alignment.
struct SizeProfile {
  struct Class {
    std::uint64_t live = 0, peak = 0, total = 0;
  };
  std::map<Zone, std::map<std::uint32_t, Class>> zones;
};

/// The figures of a run's heaps: costs of calls, bytes in use, what was asked for.
class HeapCosts {
 public:
  HeapCosts(const Platform& platform, const LiveMemory& live);

  /// Where a core's counters stood when something began.
  struct Start {
    std::uint64_t cycle = 0, instructions = 0, l1d_misses = 0, waiting_cycles = 0, waiting_instructions = 0;
  };
  static Start start_of(const Core& core) {
    const CoreStatistics statistics = core.statistics();
    return {core.now(), statistics.instructions, core.data_cache().statistics().misses, statistics.waiting_cycles,
            statistics.waiting_instructions};
  }
  /// Until end_use() the costs of a call by this core include all that it does: a lock around it, say.
  void begin_use(const Core& core) { uses_[core.id()] = {true, nullptr, start_of(core)}; }
  void end_use(const Core& core);

  /// A call is over. `outermost`: no other call of the allocator is under way on the core. `result`: the block that it
  /// returned, or 0.
  void count(const Core& core, AllocatorFunction::Role role, Zone zone, const Start& start, std::uint32_t result,
             bool outermost);
  void added(const HeapBlock& block);
  void removed(const HeapBlock& block);

  const OperationCosts& allocation_costs() const { return allocation_costs_; }
  const OperationCosts& free_costs() const { return free_costs_; }
  const OperationCosts& reallocation_costs() const { return reallocation_costs_; }
  /// Of the heap with this index: bytes asked for and not freed, now and at most; the largest piece between objects;
  /// requests that failed.
  struct HeapFigures {
    std::uint64_t live = 0, peak = 0, largest_gap = 0, failed = 0;
  };
  HeapFigures figures(std::size_t heap) const;
  const SizeProfile& sizes() const { return sizes_; }
  /// Bytes asked for and not freed, at most.
  std::uint64_t peak_bytes() const { return peak_bytes_; }
  /// Near that peak: how much of the memory between objects is not in the largest piece of it, in hundredths of a
  /// percent.
  std::uint64_t scattered_basis_points() const { return scattered_basis_points_; }

 private:
  void profile(const HeapBlock& block, bool allocated);
  void count_in_heap(const HeapBlock& block, bool added);
  void measure_peak();
  template <class Visit>
  void for_each_gap(const HeapLayout& heap, Visit visit) const;

  const Platform& platform_;
  const LiveMemory& live_;
  /// What a core does around a call of the allocator: from when on, and the costs that the call goes to.
  struct Use {
    bool open = false;
    OperationCosts* costs = nullptr;
    Start start;
  };
  std::array<Use, max_agents> uses_{};
  OperationCosts allocation_costs_, free_costs_, reallocation_costs_;
  SizeProfile sizes_;
  std::vector<HeapFigures> figures_;  ///< by heap; largest_gap is made when it is asked for
  std::uint64_t live_bytes_ = 0, peak_bytes_ = 0, measured_at_ = 0;
  std::uint64_t scattered_basis_points_ = 0;
};

}  // namespace dspmem
