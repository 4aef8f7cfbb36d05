/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Memory-to-memory transfers by the DMA engine. It bypasses all caches: what it reads must have been written back, and
 * what it writes must be invalidated before it is read. `chunk` is the bytes a burst moves; 0 for the engine's own.
 */
void dma_start(uint32_t channel, void* destination, const void* source, size_t bytes, uint32_t chunk);
/* Returns when the channel is idle. Panics when the transfer met a bus error. */
void dma_wait(uint32_t channel);
/* One entry of a list of transfers, as the engine reads it from memory, past all caches. */
struct dma_descriptor {
  uint32_t source;
  uint32_t destination;
  uint32_t bytes;
  uint32_t next; /* 0 behind the last */
};

/* Splits one copy into `count` transfers. The engine sees the list once it has been written back. */
void dma_list_build(struct dma_descriptor* list, uint32_t count, void* destination, const void* source, size_t bytes);
void dma_list_start(uint32_t channel, const struct dma_descriptor* list);
/* Starts it, and returns when all transfers are done. */
void dma_list_run(uint32_t channel, const struct dma_descriptor* list);

void dma_copy(uint32_t channel, void* destination, const void* source, size_t bytes, uint32_t chunk);
