/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A product as its own team builds it: the windowed ABI, no start-up code or header of dspmem, hardware that is not there, a function of a ROM.
 * The allocator is ours, with the interface that FreeRTOS documents: first fit over a list by address, neighbours joined.
 */
#include <stddef.h>
#include <stdint.h>

#define HEAP_BYTES (48u * 1024)
#define ALIGNMENT 8u

uint8_t ucHeap[HEAP_BYTES] __attribute__((aligned(64)));

struct block {
	struct block *next; /* free ones only */
	size_t bytes;       /* with this header */
};

uint8_t second_heap[4096] __attribute__((aligned(64)));

static struct block *first_free;
static uint32_t ready;
uint32_t calls_logged;

/* The log's FIFO: nothing is there in the simulator. */
#define LOG_FIFO (*(volatile uint32_t *)0x71c00000)
/* Set by the power domain's hardware. */
#define POWER_STATUS (*(volatile uint32_t *)0x71d00004)

/* At an address of the chip's ROM, which the ELF does not have: product.ld. */
extern uint32_t rom_crc(const void *data, size_t bytes);

void log_write(uint32_t message)
{
	LOG_FIFO = message;
	calls_logged++;
}

uint32_t power_domain_get(void)
{
	while (!(POWER_STATUS & 1))
		;
	return POWER_STATUS;
}

/* Deep enough to run over 64 registers, so that frames go to the stack. */
static size_t check_list(const struct block *block, unsigned depth)
{
	if (depth == 0 || !block)
		return block ? block->bytes : 0;
	return check_list(block->next ? block->next : block, depth - 1) + (block->next > block);
}

static void heap_start(void)
{
	if (ready)
		return;
	first_free = (struct block *)ucHeap;
	first_free->next = NULL;
	first_free->bytes = HEAP_BYTES;
	ready = 1;
}

static size_t rounded(size_t wanted) { return (wanted + sizeof(struct block) + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1); }

static void *take(struct block **link, size_t bytes)
{
	for (; *link; link = &(*link)->next) {
		struct block *found = *link;

		if (found->bytes < bytes)
			continue;
		if (found->bytes - bytes >= sizeof(struct block) + ALIGNMENT) {
			struct block *rest = (struct block *)((uint8_t *)found + bytes);

			rest->bytes = found->bytes - bytes;
			rest->next = found->next;
			found->bytes = bytes;
			*link = rest;
		} else {
			*link = found->next;
		}
		found->next = NULL;
		return found + 1;
	}
	return NULL;
}

static void give(struct block **list, struct block *block)
{
	struct block *before = NULL, *after = *list;

	for (; after && after < block; after = after->next)
		before = after;
	block->next = after;
	if (before)
		before->next = block;
	else
		*list = block;
	if (after && (uint8_t *)block + block->bytes == (uint8_t *)after) {
		block->bytes += after->bytes;
		block->next = after->next;
	}
	if (before && (uint8_t *)before + before->bytes == (uint8_t *)block) {
		before->bytes += block->bytes;
		before->next = block->next;
	}
}

void *pvPortMalloc(size_t wanted)
{
	size_t bytes = rounded(wanted);

	if (power_domain_get() != 1)
		return NULL;
	heap_start();
	log_write(0x10000 | (uint32_t)wanted);
	if (wanted == 0 || bytes < wanted || check_list(first_free, 24) > HEAP_BYTES + 24)
		return NULL;
	return take(&first_free, bytes);
}

void vPortFree(void *pointer)
{
	if (!pointer)
		return;
	log_write(0x20000);
	give(&first_free, (struct block *)pointer - 1);
}

/*
 * The interface of another of its allocators: sizes of 64 bits, more arguments than registers, the block through a pointer, C++.
 */
struct arena {
	struct block *free;
	uint32_t live;
};

int arena_start(struct arena *arena, void *memory, size_t bytes) __asm__("_ZN5Arena5startEPvj");
int arena_get(struct arena *arena, uint64_t wanted, uint32_t owner, uint32_t tag, uint32_t line, void **block)
	__asm__("_ZN5Arena3getEyjjjPPv");
_Bool arena_put(struct arena *arena, void **block) __asm__("_ZN5Arena3putEPPv");
_Bool arena_resize(struct arena *arena, void **block, size_t wanted) __asm__("_ZN5Arena6resizeEPPvj");

int arena_start(struct arena *arena, void *memory, size_t bytes)
{
	arena->free = memory;
	arena->free->next = NULL;
	arena->free->bytes = bytes & ~(size_t)(ALIGNMENT - 1);
	arena->live = 0;
	return 0;
}

int arena_get(struct arena *arena, uint64_t wanted, uint32_t owner, uint32_t tag, uint32_t line, void **block)
{
	if (owner != 1 || tag != 2 || line != 3)
		return -22;
	*block = wanted >> 32 ? NULL : take(&arena->free, rounded((size_t)wanted));
	arena->live += *block != NULL;
	return *block ? 0 : -12;
}

_Bool arena_put(struct arena *arena, void **block)
{
	if (!*block)
		return 0;
	give(&arena->free, (struct block *)*block - 1);
	*block = NULL;
	arena->live--;
	return 1;
}

_Bool arena_resize(struct arena *arena, void **block, size_t wanted)
{
	uint8_t *old = *block, *new = take(&arena->free, rounded(wanted));
	size_t bytes = ((struct block *)old)[-1].bytes - sizeof(struct block);

	if (!new)
		return 0;
	for (size_t i = 0; i < bytes && i < wanted; i++)
		new[i] = old[i];
	give(&arena->free, (struct block *)old - 1);
	*block = new;
	return 1;
}

static uint32_t __attribute__((noinline)) descend(uint32_t depth)
{
	volatile uint32_t deeper = depth ? descend(depth - 1) : 0;

	return deeper + (depth != 0);
}

/* Variable arrays move the stack pointer: MOVSP. */
uint32_t sum_of_squares(uint32_t count)
{
	uint32_t squares[count];
	uint32_t sum = 0;

	for (uint32_t i = 0; i < count; i++)
		squares[i] = i * i;
	if (descend(20) != 20)
		return 0;
	for (uint32_t i = 0; i < count; i++)
		sum += squares[i];
	return sum;
}

uint32_t checksum(const void *data, uint32_t bytes) { return rom_crc(data, bytes); }

/* ---- Start-up: product_reset, in start.S, comes here ---- */

#define PLL_STATUS (*(volatile uint32_t *)0x72000010)
#define CLOCK_SELECT (*(volatile uint32_t *)0x72000014)

uint32_t boards_started;

void __attribute__((noinline, noclone)) product_main(uint32_t argument)
{
	(void)argument;
	for (;;)
		;
}

void product_start(void)
{
	CLOCK_SELECT = 3;
	while (!(PLL_STATUS & 0x8))
		;
	boards_started = 1 + (descend(30) == 30);
	heap_start();
	product_main(boards_started);
}

/* ---- What may go wrong ---- */

void sleep_for_ever(void) { __asm__ volatile("waiti 0"); }

/* A register of eight bits. */
uint32_t uart_status(void)
{
	*(volatile uint8_t *)0x71e00005 = 0x60;
	return *(volatile uint8_t *)0x71e00005 + *(volatile uint16_t *)0x71e00006;
}

uint32_t arena_live(void) __asm__("_ZN5Arena4liveEv");
uint32_t arena_live_of(uint32_t owner) __asm__("_ZN5Arena4liveEj");
uint32_t arena_live(void) { return 11; }
uint32_t arena_live_of(uint32_t owner) { return owner; }

/* Takes memory while it starts, and is there when main() would be. */
void *early(size_t bytes)
{
	heap_start();
	product_main(1);
	return take(&first_free, rounded(bytes));
}
