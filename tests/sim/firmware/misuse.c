/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware with mistakes, for tests of what the heap tracker says about code that allocates by itself. */
#include <string.h>

#include "alloc.h"
#include "cpu.h"
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

/* The memory is somebody else's by then. */
int use_after_reuse(void)
{
	uint32_t *state = make_state(40), *other;
	int value;

	state[2] = 1;
	drop(state);
	other = make_state(40);
	other[2] = 2;
	value = (int)state[2];
	drop(other);
	return value;
}

/* ---- What regression scenarios call: tests/sim/scenarios/regressions ---- */

NEVER_INLINED uint32_t peek(volatile uint32_t *address) { return *address; }

/* A write-back that comes after the engine was started, and a store to the same line behind it. */
int late_write_back(uint32_t *source, uint32_t *destination)
{
	for (uint32_t i = 0; i < 8; i++)
		source[i] = i + 1;
	dma_start(0, destination, source, 32, 32);
	dcache_writeback_region(source, 32);
	source[8] = 1;
	dma_wait(0);
	return 0;
}

int reallocate_again_and_again(uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++) {
		uint8_t *buffer = rballoc(0, 0, 200 + i % 300);

		memset(buffer, (int)i, 200);
		buffer = rbrealloc(buffer, 0, 0, 600 + i % 500, 200);
		buffer[599] = 1;
		if (buffer[0] != (uint8_t)i)
			return 1;
		rfree(buffer);
	}
	return 0;
}

int allocate_again_and_again(uint32_t rounds)
{
	for (uint32_t i = 0; i < rounds; i++) {
		uint8_t *buffer[4];

		for (uint32_t k = 0; k < 4; k++) {
			buffer[k] = rballoc(0, 0, 200);
			memset(buffer[k], (int)(i + k), 200);
		}
		for (uint32_t k = 0; k < 4; k++) {
			if (buffer[k][199] != (uint8_t)(i + k))
				return 1;
			rfree(buffer[k]);
		}
	}
	return 0;
}

static void slow_handler(void)
{
	for (volatile uint32_t i = 0; i < 2000; i++)
		;
}

void interrupt_slowly(uint32_t core) { idc_send(core, IDC_CALL, (uint32_t)slow_handler); }

struct byte_flags {
	uint8_t first : 1, second : 1;
};

NEVER_INLINED void set_flag(struct byte_flags *flags, int value) { flags->first = value & 1; }

/* The compiler reads the byte before it sets the bit. */
void set_a_bit_field(void)
{
	struct byte_flags *flags = (struct byte_flags *)make_state(sizeof(*flags));

	set_flag(flags, 1);
	drop(flags);
}

/* Bank 28 of the first memory is switched off and on by its control bit alone: the regulator was forgotten. */
void power_without_regulator(void)
{
	volatile uint32_t *control = (volatile uint32_t *)PLATFORM_POWER;

	*control |= 1u << 28;
	*control &= ~(1u << 28);
}

void leave_regulator_on(void) { *(volatile uint32_t *)(PLATFORM_POWER + 0xf00) = 1; }
