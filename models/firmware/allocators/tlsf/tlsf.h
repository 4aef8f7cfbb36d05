/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

/*
 * Two-level segregated fit (Masmano, Ripoll, Crespo, Real, ECRTS 2004): free runs stand in lists by size class, powers
 * of two cut into eight; two levels of bit maps say which lists have any. Allocating and freeing take a bounded time,
 * however full the heap is.
 *
 * The heap is a row of units of one or more cache lines. What is known of a run stands in a table at the heap's start,
 * not beside the block: no block shares a line with the books. All cores may call; a spinlock orders them.
 */
void tlsf_init(void* heap, size_t bytes);
void* tlsf_malloc(size_t bytes);
/* `alignment` is a power of two. */
void* tlsf_memalign(size_t alignment, size_t bytes);
/* Keeps what fits. On failure returns NULL and leaves the old block as it was. */
void* tlsf_realloc(void* block, size_t bytes);
/* NULL is ignored. Panics on anything else that is no block in use. */
void tlsf_free(void* block);
