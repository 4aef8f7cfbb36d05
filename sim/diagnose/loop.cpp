// SPDX-License-Identifier: Apache-2.0
// Heaps that grow in every round of a loop.
#include <fmt/format.h>

#include "sim/diagnose/diagnosis.h"

namespace dspmem {
namespace {

class Loop final : public Subscriber {
 public:
  explicit Loop(const DiagnosisContext& context) : context_(context), log_(context.log) {}

  void on(const LoopEnded& event) override {
    for (const LoopEnded::Growth& growth : event.growth) {
      const HeapLayout& heap = context_.platform.heaps[growth.heap];
      Result::Finding finding;
      finding.rule = rule::leak;
      finding.severity = Severity::latent;
      finding.message = fmt::format(
          "heap {} grew in every round of this step, by {} bytes in {} rounds{}", heap.name, growth.bytes,
          growth.rounds, growth.full_after ? fmt::format("; in round {} it was full", growth.full_after) : "");
      finding.access = log_.describe.step(event.core, Result::Operation::Kind::repeat, *event.where, event.cycle);
      if (const HeapBlock* newest = newest_in(heap, event.core)) {
        finding.object = log_.describe.object(*newest);
        finding.other = log_.describe.allocation_of(*newest);
        finding.relation = Result::Finding::Relation::after;
      }
      finding.fix = "free in each round what the round allocates, or allocate it once before";
      log_.add(std::move(finding));
    }
  }

 private:
  const HeapBlock* newest_in(const HeapLayout& heap, std::uint32_t core) const {
    const HeapBlock* newest = nullptr;
    for (const auto& [base, block] : context_.live.blocks())
      if (block.core == core && context_.live.heap_of(base) == &heap &&
          (!newest || block.site.cycle > newest->site.cycle))
        newest = &block;
    return newest;
  }

  DiagnosisContext context_;
  FindingLog& log_;
};

}  // namespace

extern const Diagnosis loop_diagnosis;
const Diagnosis loop_diagnosis{{}, make_diagnosis<Loop>};

}  // namespace dspmem
