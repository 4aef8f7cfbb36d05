/* SPDX-License-Identifier: Apache-2.0 */
/* What replayed scenarios ask of the zones allocator: configs/allocators/zones.yaml, heap_info. */
#include "alloc.h"

struct mm_info scenario_heap_info;

int scenario_read_heap_info(uint32_t index) { return heap_info(index, &scenario_heap_info); }
