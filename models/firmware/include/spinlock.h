/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "platform.h"

/*
 * A lock between cores, on the atomic S32C1I. It must be shared data: reached through the uncached alias, or on
 * platforms without one in cache lines of its own, where S32C1I works at memory.
 */
typedef struct {
  volatile uint32_t held; /* 0, or 1 + number of the core that holds it */
} __attribute__((aligned(PLATFORM_DCACHE_LINE))) spinlock_t;

/* `lock` as platform_shared_get() returns it. Not recursive: taking a lock twice panics. */
void spin_lock(spinlock_t* lock);
void spin_unlock(spinlock_t* lock);

/* Also keeps this core's interrupt handlers out. Returns what spin_unlock_irq() needs. */
uint32_t spin_lock_irq(spinlock_t* lock);
void spin_unlock_irq(spinlock_t* lock, uint32_t flags);
