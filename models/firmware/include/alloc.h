/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The zones allocator.
 *
 *   system          one bump heap a core; always succeeds or panics; freed as a whole when the core goes down
 *   system runtime  one block heap a core, for drivers and schedulers that do free
 *   runtime         block heap of all cores for malloc and free
 *   buffer          the largest: audio buffers, contiguous runs of blocks, by capability
 *   runtime shared, system shared  block heaps whose memory is shared data from the start
 *
 * A block heap is a list of maps, each a row of blocks of one size. A request takes the first free block of the
 * smallest size that fits, spills to larger sizes, and failing that takes a run of neighbours in the map of the largest
 * blocks.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot.h"

enum mem_zone {
  SOF_MEM_ZONE_SYS = 0,
  SOF_MEM_ZONE_SYS_RUNTIME,
  SOF_MEM_ZONE_RUNTIME,
  SOF_MEM_ZONE_BUFFER,
  SOF_MEM_ZONE_RUNTIME_SHARED,
  SOF_MEM_ZONE_SYS_SHARED,
  SOF_MEM_ZONE_COUNT
};

/* Memory for several cores: returned through the view that platform_shared_get() gives, in cache lines of its own. */
#define SOF_MEM_FLAG_SHARED (1u << 0)

#define SOF_MEM_CAPS_RAM (1u << 0)
#define SOF_MEM_CAPS_LP (1u << 3)
#define SOF_MEM_CAPS_HP (1u << 4)
#define SOF_MEM_CAPS_DMA (1u << 5)

/* All return NULL when nothing fits, except in the system zone, which panics. bytes = 0 returns NULL. */
void* rmalloc(enum mem_zone zone, uint32_t flags, uint32_t caps, size_t bytes);
void* rzalloc(enum mem_zone zone, uint32_t flags, uint32_t caps, size_t bytes);
/* Zeroed memory of the system heap of any core. */
void* rzalloc_core_sys(uint32_t core, size_t bytes);
/* Buffer zone. `alignment` is a power of two; 0 stands for the platform's. */
void* rballoc_align(uint32_t flags, uint32_t caps, size_t bytes, size_t alignment);
void* rballoc(uint32_t flags, uint32_t caps, size_t bytes);
/* Keeps the first min(bytes, old_bytes) bytes. On failure returns NULL and leaves the old memory as it was. */
void* rbrealloc_align(void* ptr, uint32_t flags, uint32_t caps, size_t bytes, size_t old_bytes, size_t alignment);
void* rbrealloc(void* ptr, uint32_t flags, uint32_t caps, size_t bytes, size_t old_bytes);
/* Either view of the address will do. NULL is ignored. Panics on memory that is not allocated, or of the system zone.
 */
void rfree(void* ptr);
/* Empties the calling core's system and system-runtime heaps, before it goes down. Panics on core 0. */
void free_heap(enum mem_zone zone);

struct mm_info {
  uint32_t size;
  uint32_t used; /* bytes of the blocks in use, not of the requests */
  uint32_t peak;
  uint32_t free;
  uint32_t largest_free; /* the largest request without alignment that would succeed */
  uint32_t failed; /* requests that found no room */
  uint32_t zone;
  uint32_t core;
  uint32_t base;
};

/* Heaps are numbered in the order of the boot descriptor. Returns 0, or -1 when there is no such heap. */
int heap_info(uint32_t index, struct mm_info* out);

/* Called once by core 0. */
void mm_init(const struct boot_descriptor* boot);
