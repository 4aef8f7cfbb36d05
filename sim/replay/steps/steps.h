// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/replay/step.h"

namespace dspmem {

extern const StepKind alloc_step, zalloc_step, realloc_step, free_step;
extern const StepKind write_step, read_step_kind, copy_step, dma_step, dma_list_step, add_step;
extern const StepKind commit_step, writeback_step, invalidate_step, evict_step, prefetch_step;
extern const StepKind lock_step, unlock_step, signal_step, wait_step, barrier_step;
extern const StepKind call_step, core_on_step, core_off_step, bank_on_step, bank_off_step;
extern const StepKind repeat_step, user_mode_step, delay_step, idle_step, every_step, sleep_step, wake_step, use_step, workload_step, trace_step;
extern const StepKind loop_begin_step, round_end_step, loop_end_step, ring_step;

}  // namespace dspmem
