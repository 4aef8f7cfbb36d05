/* SPDX-License-Identifier: Apache-2.0 */
#include "spinlock.h"

void spin_lock(spinlock_t *lock)
{
	uint32_t me = 1 + cpu_get_id();
	uint32_t holder;

	while ((holder = arch_compare_and_swap(&lock->held, 0, me)) != 0)
		if (holder == me)
			panic("spin_lock: this core holds the lock already");
}

void spin_unlock(spinlock_t *lock)
{
#if PLATFORM_SHARED_COMMIT
	/* A plain store would stay in this core's cache; the atomic works at memory. */
	if (arch_compare_and_swap(&lock->held, 1 + cpu_get_id(), 0) != 1 + cpu_get_id())
		panic("spin_unlock: this core does not hold the lock");
#else
	if (lock->held != 1 + cpu_get_id())
		panic("spin_unlock: this core does not hold the lock");
	arch_store_release(&lock->held, 0);
#endif
}

uint32_t spin_lock_irq(spinlock_t *lock)
{
	uint32_t flags = arch_interrupts_off();

	spin_lock(lock);
	return flags;
}

void spin_unlock_irq(spinlock_t *lock, uint32_t flags)
{
	spin_unlock(lock);
	arch_interrupts_restore(flags);
}
