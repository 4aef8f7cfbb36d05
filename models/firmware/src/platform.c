/* SPDX-License-Identifier: Apache-2.0 */
#include "platform.h"

typedef void (*line_operation)(uintptr_t address);

/* Always inlined: one instruction a line instead of a call, and a call stack that begins with who asked for it. */
static inline __attribute__((always_inline)) void for_each_line(const void *address, size_t bytes, line_operation operation)
{
	uintptr_t line = (uintptr_t)address & ~(uintptr_t)(PLATFORM_DCACHE_LINE - 1);
	uintptr_t end = (uintptr_t)address + bytes;

	for (; line < end; line += PLATFORM_DCACHE_LINE)
		operation(line);
	arch_memw();
}

void dcache_writeback_region(const void *address, size_t bytes) { for_each_line(address, bytes, arch_dhwb); }
void dcache_writeback_invalidate_region(const void *address, size_t bytes) { for_each_line(address, bytes, arch_dhwbi); }
void dcache_invalidate_region(const void *address, size_t bytes) { for_each_line(address, bytes, arch_dhi); }

/* An index names a set by its low bits and a way by those above: 3 ways are numbered as 4, the last of them absent. */
#define DCACHE_WAY_BYTES (PLATFORM_DCACHE_BYTES / PLATFORM_DCACHE_WAYS)

static inline __attribute__((always_inline)) void for_each_index(line_operation operation)
{
	for (uintptr_t index = 0; index < PLATFORM_DCACHE_BYTES; index += PLATFORM_DCACHE_LINE)
		operation(index);
	arch_memw();
}

void dcache_writeback_all(void) { for_each_index(arch_diwb); }
void dcache_writeback_invalidate_all(void) { for_each_index(arch_diwbi); }

void platform_shared_commit(const void *address, size_t bytes)
{
#if PLATFORM_SHARED_COMMIT
	dcache_writeback_invalidate_region(address, bytes);
#else
	(void)address;
	(void)bytes;
#endif
}
