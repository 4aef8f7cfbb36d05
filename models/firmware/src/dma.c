/* SPDX-License-Identifier: Apache-2.0 */
#include "dma.h"

#include "platform.h"

#define DMA_REG(channel, offset) (*(volatile uint32_t *)(PLATFORM_DMA + (channel) * 0x20 + (offset)))
#define DMA_BUSY 1u
#define DMA_ERROR 2u

void dma_start(uint32_t channel, void *destination, const void *source, size_t bytes, uint32_t chunk)
{
	DMA_REG(channel, 0x00) = (uint32_t)platform_cached(source);
	DMA_REG(channel, 0x04) = (uint32_t)platform_cached(destination);
	DMA_REG(channel, 0x08) = bytes;
	DMA_REG(channel, 0x0c) = chunk;
	arch_memw();
	DMA_REG(channel, 0x10) = 1;
}

void dma_wait(uint32_t channel)
{
	uint32_t status;

	while ((status = DMA_REG(channel, 0x14)) & DMA_BUSY)
		;
	if (status & DMA_ERROR)
		panic("dma: bus error");
}

void dma_copy(uint32_t channel, void *destination, const void *source, size_t bytes, uint32_t chunk)
{
	dma_start(channel, destination, source, bytes, chunk);
	dma_wait(channel);
}

void dma_list_build(struct dma_descriptor *list, uint32_t count, void *destination, const void *source, size_t bytes)
{
	uint32_t from = (uint32_t)platform_cached(source), to = (uint32_t)platform_cached(destination);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t part = (uint32_t)bytes / (count - i);

		list[i].source = from;
		list[i].destination = to;
		list[i].bytes = part;
		list[i].next = i + 1 < count ? (uint32_t)platform_cached(&list[i + 1]) : 0;
		from += part;
		to += part;
		bytes -= part;
	}
}

void dma_list_start(uint32_t channel, const struct dma_descriptor *list)
{
	DMA_REG(channel, 0x18) = (uint32_t)platform_cached(list);
	DMA_REG(channel, 0x0c) = 0;
	arch_memw();
	DMA_REG(channel, 0x10) = 2;
}

void dma_list_run(uint32_t channel, const struct dma_descriptor *list)
{
	dma_list_start(channel, list);
	dma_wait(channel);
}
