// SPDX-License-Identifier: Apache-2.0
// Steps that only recordings have: the beginnings and ends of what is recorded step by step.
#include "sim/session/step_context.h"
#include "sim/session/steps/steps.h"

namespace dspmem {
namespace {

class LoopBegin final : public Step {
 public:
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
  void read(StepReader& reader) { reader.required("loop", loop_); }
  void run(StepContext& context) const override { context.end_recorded_round(loop_, mark); }

 private:
  std::uint64_t loop_ = 0;
};

class LoopEnd final : public Step {
 public:
  void read(StepReader& reader) { reader.required("loop", loop_); }
  void run(StepContext& context) const override { context.end_recorded_loop(loop_, mark); }

 private:
  std::uint64_t loop_ = 0;
};

class Ring final : public Step {
 public:
  void read(StepReader& reader) {
    reader.required("ring", ring_);
    if (ring_ > 3) reader.fail("ring", "'ring' must be from 0 (the kernel) to 3");
  }
  void run(StepContext& context) const override { context.set_ring(ring_); }

 private:
  std::uint32_t ring_ = 0;
};

}  // namespace

const StepKind loop_begin_step{"loop_begin", "loop", "in recordings: a 'repeat' or 'every' begins", read_step<LoopBegin>};
const StepKind round_end_step{"round_end", "loop", "in recordings: one of its rounds is over; with a period, the rest of it", read_step<RoundEnd>};
const StepKind loop_end_step{"loop_end", "loop", "in recordings: it is over", read_step<LoopEnd>};
const StepKind ring_step{"ring", "ring", "in recordings: 'user_mode' begins (3) or ends (0)", read_step<Ring>};

}  // namespace dspmem
