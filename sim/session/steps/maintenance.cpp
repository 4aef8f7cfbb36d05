// SPDX-License-Identifier: Apache-2.0
// Steps that keep caches and memory together: commit, writeback, invalidate, which call the firmware's own functions;
// evict, prefetch, invalidate_code, which do not.
#include "sim/session/steps/access.h"
#include "sim/session/steps/steps.h"

namespace dspmem {
namespace {

constexpr char commit_function[] = "platform_shared_commit";
constexpr char writeback_function[] = "dcache_writeback_region";
constexpr char invalidate_function[] = "dcache_invalidate_region";
constexpr char writeback_invalidate_function[] = "dcache_writeback_invalidate_region";

template <const char* Function>
class Maintenance final : public Step {
 public:
  static FieldList fields() { return Access::range_fields("object"); }
  void read(StepReader& reader) { access_.read_range(reader, "object"); }
  void check(const ScenarioNames& names, std::uint32_t) const override { access_.check(names, mark); }
  void walk(Program& program) const override { access_.walk(program, mark); }
  void run(StepContext& context) const override {
    const Access::Place place = access_.resolve(context, mark);
    context.call(Function, {place.address, place.bytes}, mark);
  }

 private:
  Access access_;
};

/// What happens to the object's lines without the firmware: what the core's data cache may do by itself at any time, or
/// an instruction for each line.
template <void (StepContext::*Act)(std::uint32_t address, std::uint32_t bytes)>
class OnLines final : public Step {
 public:
  static FieldList fields() { return Access::part_fields("object"); }
  void read(StepReader& reader) { access_.read_part(reader, "object"); }
  void check(const ScenarioNames& names, std::uint32_t) const override { access_.check(names, mark); }
  void walk(Program& program) const override { access_.walk(program, mark); }
  void run(StepContext& context) const override {
    const Access::Place place = access_.lines(context, mark);
    (context.*Act)(place.address, place.bytes);
  }

 private:
  Access access_;
};

}  // namespace

const StepKind evict_step = step_kind<OnLines<&StepContext::evict>>(
    "evict", "object", "make this core's cache evict the lines of an object, as it may at any time");
const StepKind prefetch_step = step_kind<OnLines<&StepContext::prefetch>>(
    "prefetch", "object", "make this core's cache fetch the lines of an object, as a prefetcher may");
const StepKind invalidate_code_step = step_kind<OnLines<&StepContext::invalidate_code>>(
    "invalidate_code", "object", "invalidate the lines of an object in this core's instruction cache");
const StepKind commit_step = step_kind<Maintenance<commit_function>>(
    "commit", "object", "make shared data current everywhere: platform_shared_commit()");
const StepKind writeback_step =
    step_kind<Maintenance<writeback_function>>("writeback", "object", "write back the cache lines of an object");
const StepKind writeback_invalidate_step = step_kind<Maintenance<writeback_invalidate_function>>(
    "writeback_invalidate", "object", "write back the cache lines of an object, and invalidate them");
const StepKind invalidate_step =
    step_kind<Maintenance<invalidate_function>>("invalidate", "object", "invalidate the cache lines of an object");

}  // namespace dspmem
