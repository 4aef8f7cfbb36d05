/* SPDX-License-Identifier: Apache-2.0 */
/* What replayed scenarios use besides the allocator: named locks. */
#include "spinlock.h"

#define SCENARIO_LOCKS 16

static spinlock_t SHARED_DATA lock_storage[SCENARIO_LOCKS];

void scenario_lock(uint32_t index) { spin_lock(platform_shared_get(&lock_storage[index], sizeof(spinlock_t))); }
void scenario_unlock(uint32_t index) { spin_unlock(platform_shared_get(&lock_storage[index], sizeof(spinlock_t))); }
