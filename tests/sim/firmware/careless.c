/* SPDX-License-Identifier: Apache-2.0 */
/* An allocator that reads and writes past what it is asked about: its clearing alloc clears a line too many, its realloc copies as many bytes as
 * the new block has, and its free overwrites by a size of its own. Beside each, one that does it right. Blocks are never used twice. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct careless_block {
	uint32_t bytes; /* of what follows this header, which is 8 bytes long */
	uint32_t unused;
};

static char *careless_next, *careless_end;

void careless_init(void *base, uint32_t bytes)
{
	careless_next = base;
	careless_end = careless_next + bytes;
}

void *careless_alloc(uint32_t bytes)
{
	const uint32_t wanted = (bytes + 7) / 8 * 8;
	struct careless_block *block = (struct careless_block *)careless_next;

	if (wanted + sizeof(*block) > (uint32_t)(careless_end - careless_next))
		return NULL;
	careless_next += wanted + sizeof(*block);
	block->bytes = bytes;
	return block + 1;
}

static uint32_t careless_size(void *ptr) { return ((struct careless_block *)ptr - 1)->bytes; }

void *careless_calloc_before(uint32_t bytes) /* clears what lies in front of it, too */
{
	char *block = careless_alloc(bytes);

	if (block)
		memset(block - 64, 0, bytes + 64);
	return block;
}

void *careless_calloc(uint32_t bytes)
{
	void *block = careless_alloc(bytes);

	if (block)
		memset(block, 0, bytes);
	return block;
}

void *careless_realloc_all(void *ptr, uint32_t bytes) /* copies the new size */
{
	void *block = careless_alloc(bytes);

	if (block && ptr)
		memcpy(block, ptr, bytes);
	return block;
}

void *careless_realloc(void *ptr, uint32_t bytes)
{
	void *block = careless_alloc(bytes);

	if (block && ptr)
		memcpy(block, ptr, careless_size(ptr) < bytes ? careless_size(ptr) : bytes);
	return block;
}

void careless_free_all(void *ptr) { memset(ptr, 0xdd, 128); } /* whatever size it has */

void careless_free(void *ptr) { memset(ptr, 0xdd, careless_size(ptr)); }
