/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the platform layer of an allocator ("glue") needs when it runs on dspmem. An allocator is C that knows nothing
 * of this file; the few lines that give it memory, locks and a way to complain include it. All of it is also there for
 * the code under test.
 *
 *   core number          cpu_get_id()
 *   cache operations     dcache_writeback_region(), dcache_invalidate_region(), dcache_writeback_invalidate_region()
 *   uncached alias       platform_uncached(), platform_cached(): the same pointer where the platform has no alias
 *   shared data          SHARED_DATA, platform_shared_get(), platform_shared_commit()
 *   lock between cores   spinlock_t, spin_lock(), spin_unlock(), and with interrupts kept out spin_lock_irq(),
 * spin_unlock_irq() the end              panic(message): the simulator reports it with the call stack, exit code 4 text
 * dspmem_log(message): goes to the simulator's standard error memory               dspmem_heap(): where heaps may lie
 *   numbers              PLATFORM_CORE_COUNT, PLATFORM_DCACHE_LINE (bytes) and the others of platform_config.h
 *
 * Nobody keeps the cores' caches coherent. Books that several cores use are shared data: SHARED_DATA statics, or heap
 * memory in cache lines of its own, reached through platform_shared_get() and followed by platform_shared_commit()
 * after every access.
 */

#include <stddef.h>
#include <stdint.h>

#include "boot.h"
#include "platform.h"
#include "spinlock.h"

struct dspmem_heap {
  void* base; /* cached */
  size_t bytes;
  uint32_t zone; /* enum mem_zone of alloc.h; says nothing with a binding of one heap */
  uint32_t core; /* whose it is; 0 for heaps of all cores */
};

/* Heaps as the platform file and the binding lay them out; a binding with `heap: one` has a single one, number 0.
 * Returns 0, or -1 when there is no such heap. */
int dspmem_heap(uint32_t index, struct dspmem_heap* heap);

void dspmem_log(const char* message);
