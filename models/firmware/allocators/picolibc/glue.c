/* SPDX-License-Identifier: Apache-2.0 */
/* The lock of picolibc's malloc(), which a core that holds it may take again. Memory comes from ../sbrk.c. */
#include "dspmem.h"

static spinlock_t SHARED_DATA lock;
static uint32_t depth; /* of the core that holds it */

/* The library's own, from the same object as the functions below, must not be linked. */
struct __lock {
	char unused;
};
struct __lock __lock___libc_recursive_mutex;

void __retarget_lock_acquire_recursive(struct __lock *which)
{
	spinlock_t *shared = platform_shared_get(&lock, sizeof(lock));

	(void)which; /* the library has but one */
	if (shared->held != 1 + cpu_get_id())
		spin_lock(shared);
	depth++;
}

void __retarget_lock_release_recursive(struct __lock *which)
{
	(void)which;
	if (--depth == 0)
		spin_unlock(platform_shared_get(&lock, sizeof(lock)));
}
