/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Memory-to-memory transfers by the DMA engine. It bypasses all caches: what it reads must have been written back, and what it
 * writes must be invalidated before it is read. `chunk` is the bytes a burst moves; 0 for the engine's own.
 */
void dma_start(uint32_t channel, void *destination, const void *source, size_t bytes, uint32_t chunk);
/* Returns when the channel is idle. Panics when the transfer met a bus error. */
void dma_wait(uint32_t channel);
void dma_copy(uint32_t channel, void *destination, const void *source, size_t bytes, uint32_t chunk);
