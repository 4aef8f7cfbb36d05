/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/*
 * First fit: the heap is a row of runs of cache lines, free or in use. A request takes the first free run that is long
 * enough. How long each run is stands in a table at the heap's start, at the run's first and last line, so that a freed
 * run joins its free neighbours.
 *
 * All cores may call; a spinlock orders them. Blocks are multiples of the cache line.
 */
void ff_init(void* heap, size_t bytes);
void* ff_malloc(size_t bytes);
/* `alignment` is a power of two. */
void* ff_memalign(size_t alignment, size_t bytes);
/* Keeps what fits. On failure returns NULL and leaves the old block as it was. */
void* ff_realloc(void* block, size_t bytes);
/* NULL is ignored. Panics on anything else that is no block in use. */
void ff_free(void* block);
