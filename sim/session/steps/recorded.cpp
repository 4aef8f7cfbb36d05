// SPDX-License-Identifier: Apache-2.0
// Steps that only recordings have: the beginnings and ends of what is recorded step by step.
#include "sim/session/step_context.h"
#include "sim/session/steps/steps.h"

namespace dspmem {
namespace {

class LoopBegin final : public Step {
 public:
  static FieldList fields() {
    return {field::needs("loop", field::number(0, ~0ull), "number of the loop"),
            field::has("period", field::number(0, ~0ull), "cycles of a round")};
  }
  void read(StepReader& reader) {
    reader.required("loop", loop_);
    reader.optional("period", period_);
  }
  void run(StepContext& context) const override { context.begin_recorded_loop(loop_, period_); }

 private:
  std::uint64_t loop_ = 0, period_ = 0;
};

class RoundEnd final : public Step {
 public:
  static FieldList fields() { return {field::needs("loop", field::number(0, ~0ull), "number of the loop")}; }
  void read(StepReader& reader) { reader.required("loop", loop_); }
  void run(StepContext& context) const override { context.end_recorded_round(loop_, mark); }

 private:
  std::uint64_t loop_ = 0;
};

class LoopEnd final : public Step {
 public:
  static FieldList fields() { return {field::needs("loop", field::number(0, ~0ull), "number of the loop")}; }
  void read(StepReader& reader) { reader.required("loop", loop_); }
  void run(StepContext& context) const override { context.end_recorded_loop(loop_, mark); }

 private:
  std::uint64_t loop_ = 0;
};

class Ring final : public Step {
 public:
  static FieldList fields() { return {field::needs("ring", field::number(0, 3), "0: the kernel; 3: user mode")}; }
  void read(StepReader& reader) { reader.required("ring", ring_); }
  void run(StepContext& context) const override { context.set_ring(ring_); }

 private:
  std::uint32_t ring_ = 0;
};

}  // namespace

const StepKind loop_begin_step =
    step_kind<LoopBegin>("loop_begin", "loop", "in recordings: a 'repeat' or 'every' begins");
const StepKind round_end_step =
    step_kind<RoundEnd>("round_end", "loop", "in recordings: one of its rounds is over; with a period, the rest of it");
const StepKind loop_end_step = step_kind<LoopEnd>("loop_end", "loop", "in recordings: it is over");
const StepKind ring_step = step_kind<Ring>("ring", "ring", "in recordings: 'user_mode' begins (3) or ends (0)");

}  // namespace dspmem
