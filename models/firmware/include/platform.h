/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What an allocator needs from the platform: core number, cache maintenance, shared data, panic. The numbers come from
 * platform_config.h, which is generated from the platform file:
 *
 *   PLATFORM_CORE_COUNT, PLATFORM_DCACHE_LINE, PLATFORM_DCACHE_BYTES, PLATFORM_DCACHE_WAYS
 *   PLATFORM_ALLOC_ALIGN     alignment of every allocation, bytes
 *   PLATFORM_SHARED_UNCACHED 1 when shared data is reached through the uncached alias
 *   PLATFORM_SHARED_COMMIT   1 when shared data is written back and invalidated after every access
 *   PLATFORM_POWER_ACE       1 when the bank power registers are a pair for each bank, 0 when they are words of 32
 * banks PLATFORM_CACHED_BASE, PLATFORM_UNCACHED_BASE, PLATFORM_ALIAS_BYTES  the two views, where there are two
 *   PLATFORM_CORE_CONTROL, PLATFORM_IDC, PLATFORM_POWER, PLATFORM_DMA  register blocks; DMA 0 when there is none
 */

#include <stddef.h>
#include <stdint.h>

#include "arch.h"
#include "platform_config.h"

static inline uint32_t cpu_get_id(void) { return arch_core_id(); }

/* Both lose nothing outside of [address, address + bytes) as long as no other core writes to the lines at its ends. */
void dcache_writeback_region(const void* address, size_t bytes);
void dcache_writeback_invalidate_region(const void* address, size_t bytes);
/* Discards dirty bytes, also those of neighbours in the first and last line. */
void dcache_invalidate_region(const void* address, size_t bytes);
void dcache_writeback_all(void);
void dcache_writeback_invalidate_all(void);

/* The two views of the same byte. Each returns its argument where the platform has no alias, or it already is that
 * view. */
static inline void* platform_uncached(const void* address) {
#if PLATFORM_SHARED_UNCACHED
  uintptr_t a = (uintptr_t)address;

  if (a - PLATFORM_CACHED_BASE < PLATFORM_ALIAS_BYTES) a = a - PLATFORM_CACHED_BASE + PLATFORM_UNCACHED_BASE;
  return (void*)a;
#else
  return (void*)(uintptr_t)address;
#endif
}

static inline void* platform_cached(const void* address) {
#if PLATFORM_SHARED_UNCACHED
  uintptr_t a = (uintptr_t)address;

  if (a - PLATFORM_UNCACHED_BASE < PLATFORM_ALIAS_BYTES) a = a - PLATFORM_UNCACHED_BASE + PLATFORM_CACHED_BASE;
  return (void*)a;
#else
  return (void*)(uintptr_t)address;
#endif
}

/*
 * Static data that several cores use is declared with SHARED_DATA, which gives it cache lines of its own, and is
 * reached through platform_shared_get(). After every access, reads included, platform_shared_commit() makes it current
 * everywhere.
 */
#define SHARED_DATA __attribute__((section(".shared_data"), aligned(PLATFORM_DCACHE_LINE)))

/* The view of shared data to use. */
static inline void* platform_shared_get(const void* address, size_t bytes) {
  (void)bytes;
  return platform_uncached(address);
}

void platform_shared_commit(const void* address, size_t bytes);

/* Ends the run: the simulator prints the message, the place and the call stack. */
void panic(const char* message) __attribute__((noreturn));
