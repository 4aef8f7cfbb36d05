/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for allocators of C libraries: the binding's one heap, from its start. The caller holds the allocator's lock. */
#include "dspmem.h"

void *sbrk(ptrdiff_t bytes)
{
	static uint8_t *end;
	struct dspmem_heap heap;
	uint8_t *old;

	if (dspmem_heap(0, &heap) != 0)
		panic("sbrk: the platform describes no heap");
	if (!end)
		end = heap.base;
	old = end;
	if (bytes > (uint8_t *)heap.base + heap.bytes - old || -bytes > old - (uint8_t *)heap.base)
		return (void *)-1;
	end += bytes;
	return old;
}
