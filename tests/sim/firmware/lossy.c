/* SPDX-License-Identifier: Apache-2.0 */
/* An allocator that loses memory: a block that comes back is taken for its first line, whatever its size was. First fit, no joining. */
#include <stddef.h>
#include <stdint.h>

struct lossy_block {
	uint32_t bytes; /* with this header, which has a line of its own */
	struct lossy_block *next;
};

static struct lossy_block *lossy_free_blocks;

void lossy_init(void *base, uint32_t bytes)
{
	lossy_free_blocks = base;
	lossy_free_blocks->bytes = bytes;
	lossy_free_blocks->next = NULL;
}

void *lossy_alloc(uint32_t bytes)
{
	const uint32_t wanted = (bytes + 63) / 64 * 64 + 64;

	for (struct lossy_block **link = &lossy_free_blocks; *link; link = &(*link)->next) {
		struct lossy_block *block = *link;

		if (block->bytes < wanted)
			continue;
		if (block->bytes > wanted) {
			struct lossy_block *rest = (struct lossy_block *)((char *)block + wanted);

			rest->bytes = block->bytes - wanted;
			rest->next = block->next;
			*link = rest;
		} else {
			*link = block->next;
		}
		block->bytes = wanted;
		return (char *)block + 64;
	}
	return NULL;
}

void lossy_free(void *ptr)
{
	struct lossy_block *block = (struct lossy_block *)((char *)ptr - 64);

	block->bytes = 128;
	block->next = lossy_free_blocks;
	lossy_free_blocks = block;
}
