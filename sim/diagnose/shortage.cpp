// SPDX-License-Identifier: Apache-2.0
// Allocations that fail: an allocator that has lost memory, and firmware that gets none.
#include "sim/heap/shortage.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <bit>

#include "sim/diagnose/diagnosis.h"

namespace dspmem {
namespace {

using Kind = Result::Operation::Kind;

class ShortageTopic final : public Subscriber {
 public:
  explicit ShortageTopic(const DiagnosisContext& context)
      : context_(context), log_(context.log), used_(context.platform.heaps.size()) {}

  void on(const Allocated& event) override {
    const HeapLayout* heap = context_.live.heap_of(event.block.base);
    if (!heap) return;
    Used& used = used_[static_cast<std::size_t>(heap - context_.platform.heaps.data())];
    used.first = std::min(used.first, event.block.base);
    used.end = std::max(used.end, std::uint64_t{event.block.base} + event.block.bytes);
    used.largest = std::max(used.largest, event.block.bytes);
  }

  /// A call that another core's overlaps finds the allocator between two states: what is free then is nobody's fault.
  void on(const AllocatorEntered& event) override {
    const bool inside =
        event.state == AllocatorEntered::State::inside || event.state == AllocatorEntered::State::interrupted;
    if (inside && !inside_[event.core]) {
      contested_[event.core] = false;
      for (AgentId other = 0; other < max_agents; ++other)
        if (other != event.core && inside_[other]) contested_[other] = contested_[event.core] = true;
    }
    inside_[event.core] = inside;
  }

  void on(const AllocationFailed& event) override {
    // Each look goes through the heaps: of very many failures, ever fewer are looked at.
    if (++failures_ > 64 && !std::has_single_bit(failures_)) return;
    const HeapBlock& wanted = event.wanted;
    for (std::size_t number = 0; number < used_.size() && !contested_[event.core]; ++number)
      if (lost(event, number)) return;
    if (wanted.where) return;  // the step says so itself
    Result::Finding finding;
    finding.rule = rule::leak;
    finding.severity = Severity::advice;
    finding.message =
        "an allocation of the firmware fails: " +
        explain_shortage(context_.live, context_.platform, wanted.zone, wanted.core, event.capabilities, wanted.bytes);
    finding.access = log_.describe.allocation_of(wanted);
    finding.access.agent = Agent::core(event.core);
    log_.add(std::move(finding));
  }

 private:
  /// What of a heap was ever given out.
  struct Used {
    std::uint32_t first = ~0u, largest = 0;
    std::uint64_t end = 0;
  };

  /// The allocator has given out as much as this in one block before, and memory that it gave out then is free, more
  /// than rounding, headers and size classes explain. Only of allocators that divide one heap as they like: blocks of
  /// fixed sizes do not join.
  bool lost(const AllocationFailed& event, std::size_t number) {
    const HeapLayout& heap = context_.platform.heaps[number];
    const HeapBlock& wanted = event.wanted;
    const Used& used = used_[number];
    if (context_.quarantine || !heap.all_zones || !heap.maps.empty() || used.largest < wanted.bytes) return false;
    FreeSpace space = free_space(context_.live, heap);
    const std::uint64_t first = std::max(space.largest_base, used.first),
                        end = std::min(std::uint64_t{space.largest_base} + space.largest, used.end);
    const std::uint64_t enough = 4ull * wanted.bytes + event.alignment + 256;
    if (end < first || end - first < enough) return false;
    Result::Finding finding;
    finding.rule = rule::leak;
    finding.message = fmt::format(
        "{} bytes are refused while {} are free in one piece of heap {}, which was given out before: the allocator has "
        "lost them",
        wanted.bytes, end - first, heap.name);
    finding.access = log_.describe.allocation_of(wanted);
    finding.access.agent = Agent::core(event.core);
    finding.fix =
        "in the allocator: look at what it does with the memory of a freed block, such as its size, and its neighbours";
    if (const HeapBlock* freed = context_.allocator.freed_at(static_cast<std::uint32_t>(first))) {
      finding.object = log_.describe.object(*freed);
      finding.other = log_.describe.free_of(*freed);
      finding.relation = Result::Finding::Relation::after;
      finding.fix = fmt::format(
          "in the allocator: the free of '{}' ({} bytes), which was there last, gave back too little, or never joined "
          "it to its neighbours",
          finding.object->name, freed->bytes);
    }
    log_.add(std::move(finding));
    return true;
  }

  DiagnosisContext context_;
  FindingLog& log_;
  std::vector<Used> used_;
  std::array<bool, max_agents> inside_{}, contested_{};
  std::uint64_t failures_ = 0;
};

}  // namespace

extern const Diagnosis shortage_diagnosis;
const Diagnosis shortage_diagnosis{{}, make_diagnosis<ShortageTopic>};

}  // namespace dspmem
