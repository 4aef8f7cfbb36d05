// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/scenario/step.h"

// Every kind of step, in the order shown to users. One line for each; all else is in its file.
#define STEP_KINDS(X) \
  X(alloc_step) \
  X(zalloc_step) \
  X(realloc_step) \
  X(free_step) \
  X(write_step) \
  X(read_step_kind) \
  X(copy_step) \
  X(dma_step) \
  X(dma_start_step) \
  X(dma_wait_step) \
  X(dma_list_step) \
  X(add_step) \
  X(commit_step) \
  X(writeback_step) \
  X(invalidate_step) \
  X(writeback_invalidate_step) \
  X(evict_step) \
  X(prefetch_step) \
  X(load_code_step) \
  X(invalidate_code_step) \
  X(execute_step) \
  X(lock_step) \
  X(unlock_step) \
  X(signal_step) \
  X(wait_step) \
  X(barrier_step) \
  X(call_step) \
  X(core_on_step) \
  X(core_off_step) \
  X(bank_on_step) \
  X(bank_off_step) \
  X(repeat_step) \
  X(user_mode_step) \
  X(delay_step) \
  X(idle_step) \
  X(every_step) \
  X(sleep_step) \
  X(wake_step) \
  X(use_step) \
  X(workload_step) \
  X(trace_step) \
  X(loop_begin_step) \
  X(round_end_step) \
  X(loop_end_step) \
  X(ring_step)

namespace dspmem {

#define DECLARE_STEP(name) extern const StepKind name;
STEP_KINDS(DECLARE_STEP)
#undef DECLARE_STEP

/// All of them.
StepKinds step_kinds();

}  // namespace dspmem
