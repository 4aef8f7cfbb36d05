/* SPDX-License-Identifier: Apache-2.0 */
#include "dspmem.h"

#include <string.h>

#include "simcall.h"

extern struct boot_descriptor boot_descriptor;

int dspmem_heap(uint32_t index, struct dspmem_heap *heap)
{
	const struct boot_heap *described = &boot_descriptor.heap[index];

	if (index >= boot_descriptor.heap_count)
		return -1;
	heap->base = (void *)described->base;
	heap->bytes = described->bytes;
	heap->zone = described->zone;
	heap->core = described->core;
	return 0;
}

void dspmem_log(const char *message)
{
	arch_simcall(SIMCALL_WRITE, 2, (uint32_t)message, strlen(message));
}

void panic(const char *message)
{
	size_t length = strlen(message);

	arch_simcall(SIMCALL_PANIC, (uint32_t)message, length, 0);
	arch_simcall(SIMCALL_WRITE, 2, (uint32_t)message, length);
	for (;;)
		arch_simcall(SIMCALL_EXIT, 134, 0, 0);
}
