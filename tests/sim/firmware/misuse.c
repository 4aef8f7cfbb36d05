/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware with mistakes, for tests of what the heap tracker says about code that allocates by itself. */
#include <string.h>

#include "alloc.h"
#include "dma.h"
#include "platform.h"

static uint32_t *kept;

#define NEVER_INLINED __attribute__((noinline))

NEVER_INLINED uint32_t *make_state(size_t bytes) { return rmalloc(SOF_MEM_ZONE_RUNTIME, 0, SOF_MEM_CAPS_RAM, bytes); }

/* Not known to the compiler, which would warn of what is done on purpose. */
NEVER_INLINED void drop(volatile void *ptr) { rfree((void *)(uintptr_t)ptr); }

int correct_use(void)
{
	uint32_t *state = make_state(40), *copy = make_state(40);

	state[0] = 1; /* the rest stays as it is, and is copied like padding */
	memcpy(copy, state, 40);
	drop(state);
	drop(copy);
	return 0;
}

int use_after_free(void)
{
	uint32_t *state = make_state(40);

	state[2] = 1;
	drop(state);
	return (int)state[2];
}

void write_behind_end(void)
{
	uint32_t *state = make_state(40);

	state[10] = 1;
	drop(state);
}

int read_unset(void)
{
	volatile uint32_t *state = make_state(40);
	int value;

	state[0] = 1;
	value = (int)(state[0] + state[3]);
	drop(state);
	return value;
}

void write_at(uint32_t address) { *(volatile uint32_t *)address = 0; }

void free_inside(void)
{
	uint32_t *state = make_state(40);

	state[0] = 0;
	drop(state + 4);
}

void leak(void) { kept = make_state(40); }

void grow(void)
{
	static uint32_t *list;
	uint32_t *next = make_state(12);

	next[0] = (uint32_t)list;
	list = next;
}

void dma_behind_end(void)
{
	uint8_t *from = rballoc(0, 0, 256), *to = rballoc(0, 0, 256);

	memset(from, 1, 256);
	dcache_writeback_region(from, 256);
	dma_copy(0, to + 128, from, 256, 0);
	drop(from);
	drop(to);
}
