/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The native build: one coherent core plays every core in turn; shared data needs no second view, and commits do
 * nothing. */
#define PLATFORM_CORE_COUNT 4
#define PLATFORM_DCACHE_LINE 64
#define PLATFORM_DCACHE_BYTES 0x4000
#define PLATFORM_DCACHE_WAYS 4
#define PLATFORM_ALLOC_ALIGN 16
#define PLATFORM_SHARED_UNCACHED 0
#define PLATFORM_SHARED_COMMIT 1
