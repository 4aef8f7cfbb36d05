/* SPDX-License-Identifier: Apache-2.0 */
#include "first_fit.h"

#include <stdint.h>
#include <string.h>

#include "../shared_books.h"
#include "spinlock.h"

#define USED 0x80000000u

static struct {
	spinlock_t lock;
	uint32_t *table; /* by unit: length of the run that begins or ends there, and whether it is in use */
	uint8_t *memory; /* of unit 0, cached */
	uint32_t units;
} books SHARED_DATA;

#define BOOKS ((__typeof__(books) *)platform_shared_get(&books, sizeof(books)))

static uint32_t entry(uint32_t unit)
{
	const uint32_t *table = BOOK_GET(BOOKS->table);

	return BOOK_GET(table[unit]);
}

static void set_run(uint32_t first, uint32_t length, uint32_t used)
{
	uint32_t *table = BOOK_GET(BOOKS->table);

	BOOK_SET(table[first], length | used);
	BOOK_SET(table[first + length - 1], length | used);
}

void ff_init(void *heap, size_t bytes)
{
	uintptr_t start = ((uintptr_t)heap + SMALLEST_UNIT - 1) & ~(uintptr_t)(SMALLEST_UNIT - 1);
	uint32_t units = (uint32_t)(((uintptr_t)heap + bytes - start) / (SMALLEST_UNIT + sizeof(uint32_t)));
	uintptr_t table_bytes = (units * sizeof(uint32_t) + SMALLEST_UNIT - 1) & ~(uintptr_t)(SMALLEST_UNIT - 1);

	units = (uint32_t)(((uintptr_t)heap + bytes - start - table_bytes) / SMALLEST_UNIT);
	BOOK_SET(BOOKS->table, platform_shared_get((void *)start, table_bytes));
	BOOK_SET(BOOKS->memory, (uint8_t *)start + table_bytes);
	BOOK_SET(BOOKS->units, units);
	set_run(0, units, 0);
}

/* The first unit of a free run in which `units` fit behind an aligned one, and that one in `aligned`; units of the heap when there is none. */
static uint32_t find(uint32_t units, size_t alignment, uint32_t *aligned)
{
	uint32_t all = BOOK_GET(BOOKS->units);
	uintptr_t memory = (uintptr_t)BOOK_GET(BOOKS->memory);

	for (uint32_t first = 0, length; first < all; first += length) {
		uint32_t run = entry(first);
		uintptr_t at = (memory + first * SMALLEST_UNIT + alignment - 1) & ~(uintptr_t)(alignment - 1);

		length = run & ~USED;
		*aligned = (uint32_t)((at - memory) / SMALLEST_UNIT);
		if (!(run & USED) && *aligned + units <= first + length)
			return first;
	}
	return all;
}

static void *take(size_t alignment, size_t bytes)
{
	uint32_t units = (uint32_t)((bytes + SMALLEST_UNIT - 1) / SMALLEST_UNIT), aligned;
	uint32_t first, length;

	if (!bytes || bytes > 0x7fffffff)
		return NULL;
	first = find(units, alignment < SMALLEST_UNIT ? SMALLEST_UNIT : alignment, &aligned);
	if (first == BOOK_GET(BOOKS->units))
		return NULL;
	length = entry(first);
	if (aligned > first)
		set_run(first, aligned - first, 0);
	if (first + length > aligned + units)
		set_run(aligned + units, first + length - aligned - units, 0);
	set_run(aligned, units, USED);
	return BOOK_GET(BOOKS->memory) + aligned * SMALLEST_UNIT;
}

static uint32_t unit_of(const void *block)
{
	uintptr_t offset = (uintptr_t)platform_cached(block) - (uintptr_t)BOOK_GET(BOOKS->memory);
	uint32_t unit = (uint32_t)(offset / SMALLEST_UNIT);

	if (offset % SMALLEST_UNIT || unit >= BOOK_GET(BOOKS->units) || !(entry(unit) & USED))
		panic("first_fit: no block in use begins there");
	return unit;
}

static void give(void *block)
{
	uint32_t first = unit_of(block), length = entry(first) & ~USED, neighbour;

	/* What this core has cached of it must not come down on the next owner. */
	dcache_writeback_invalidate_region(platform_cached(block), length * SMALLEST_UNIT);
	if (first && !((neighbour = entry(first - 1)) & USED)) {
		first -= neighbour;
		length += neighbour;
	}
	if (first + length < BOOK_GET(BOOKS->units) && !((neighbour = entry(first + length)) & USED))
		length += neighbour;
	set_run(first, length, 0);
}

void *ff_memalign(size_t alignment, size_t bytes)
{
	uint32_t flags = spin_lock_irq(&BOOKS->lock);
	void *block = take(alignment, bytes);

	spin_unlock_irq(&BOOKS->lock, flags);
	return block;
}

void *ff_malloc(size_t bytes) { return ff_memalign(1, bytes); }

void ff_free(void *block)
{
	uint32_t flags;

	if (!block)
		return;
	flags = spin_lock_irq(&BOOKS->lock);
	give(block);
	spin_unlock_irq(&BOOKS->lock, flags);
}

void *ff_realloc(void *block, size_t bytes)
{
	uint32_t flags, old = 0;
	void *moved;

	flags = spin_lock_irq(&BOOKS->lock);
	if (block)
		old = (entry(unit_of(block)) & ~USED) * SMALLEST_UNIT;
	moved = take(1, bytes);
	spin_unlock_irq(&BOOKS->lock, flags);
	if (!moved || !block)
		return moved;
	memcpy(moved, block, old < bytes ? old : bytes);
	ff_free(block);
	return moved;
}
