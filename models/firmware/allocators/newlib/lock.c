/* SPDX-License-Identifier: Apache-2.0 */
/* newlib's allocators built from source have no lock of their own: configs/allocators/newlib.yaml names these two. */
#include "dspmem.h"

static spinlock_t SHARED_DATA lock;

void newlib_lock(void) { spin_lock(platform_shared_get(&lock, sizeof(lock))); }
void newlib_unlock(void) { spin_unlock(platform_shared_get(&lock, sizeof(lock))); }
