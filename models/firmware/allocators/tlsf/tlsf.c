/* SPDX-License-Identifier: Apache-2.0 */
#include "tlsf.h"

#include <stdint.h>
#include <string.h>

#include "../shared_books.h"
#include "spinlock.h"

#define CLASS_BITS 3 /* a power of two is cut into eight classes */
#define CLASSES (1u << CLASS_BITS)
#define POWERS 16
#define MOST_UNITS 0x7fffu
#define USED 0x8000u
#define NONE 0xffffu

/* Of the first unit of a run; `before` also of the unit behind the last. */
struct run {
	uint16_t length; /* units, and whether it is in use */
	uint16_t before; /* first unit of the run in front of it */
	uint16_t next, previous; /* free runs of the same class */
};

static struct {
	spinlock_t lock;
	struct run *runs;
	uint8_t *memory; /* of unit 0, cached */
	uint32_t units, unit_shift;
	uint32_t powers;          /* which have a free run */
	uint32_t classes[POWERS]; /* which of each power's classes have */
	uint16_t heads[POWERS][CLASSES];
} books SHARED_DATA;

#define BOOKS ((__typeof__(books) *)platform_shared_get(&books, sizeof(books)))
#define RUN(unit) (BOOK_GET(BOOKS->runs)[unit])

static uint32_t highest_bit(uint32_t value) { return 31 - (uint32_t)__builtin_clz(value); }
static uint32_t lowest_bit(uint32_t value) { return highest_bit(value & -value); }

/* The class that a run of `units` stands in. Fewer than CLASSES units: a class each, of power 0. */
static void class_of(uint32_t units, uint32_t *power, uint32_t *class)
{
	uint32_t bits = highest_bit(units);

	if (units < CLASSES) {
		*power = 0;
		*class = units;
	} else {
		*power = bits - CLASS_BITS + 1;
		*class = (units >> (bits - CLASS_BITS)) - CLASSES;
	}
}

static void insert(uint32_t unit, uint32_t length)
{
	uint32_t power, class, next;

	class_of(length, &power, &class);
	next = BOOK_GET(BOOKS->heads[power][class]);
	BOOK_SET(RUN(unit).length, (uint16_t)length);
	BOOK_SET(RUN(unit).next, (uint16_t)next);
	BOOK_SET(RUN(unit).previous, (uint16_t)NONE);
	if (next != NONE)
		BOOK_SET(RUN(next).previous, (uint16_t)unit);
	BOOK_SET(BOOKS->heads[power][class], (uint16_t)unit);
	BOOK_SET(BOOKS->classes[power], BOOK_GET(BOOKS->classes[power]) | 1u << class);
	BOOK_SET(BOOKS->powers, BOOK_GET(BOOKS->powers) | 1u << power);
}

static void remove_run(uint32_t unit)
{
	uint32_t power, class, next = BOOK_GET(RUN(unit).next), previous = BOOK_GET(RUN(unit).previous), left;

	class_of(BOOK_GET(RUN(unit).length), &power, &class);
	if (next != NONE)
		BOOK_SET(RUN(next).previous, (uint16_t)previous);
	if (previous != NONE) {
		BOOK_SET(RUN(previous).next, (uint16_t)next);
		return;
	}
	BOOK_SET(BOOKS->heads[power][class], (uint16_t)next);
	if (next != NONE)
		return;
	left = BOOK_GET(BOOKS->classes[power]) & ~(1u << class);
	BOOK_SET(BOOKS->classes[power], left);
	if (!left)
		BOOK_SET(BOOKS->powers, BOOK_GET(BOOKS->powers) & ~(1u << power));
}

void tlsf_init(void *heap, size_t bytes)
{
	uintptr_t start = ((uintptr_t)heap + SMALLEST_UNIT - 1) & ~(uintptr_t)(SMALLEST_UNIT - 1);
	uint32_t shift = highest_bit(SMALLEST_UNIT), units;
	uintptr_t table_bytes;

	bytes -= start - (uintptr_t)heap;
	while (bytes >> shift > MOST_UNITS)
		shift++;
	units = (uint32_t)(bytes >> shift);
	table_bytes = ((units + 1) * sizeof(struct run) + (1u << shift) - 1) & ~(((uintptr_t)1 << shift) - 1);
	units = (uint32_t)((bytes - table_bytes) >> shift);
	BOOK_SET(BOOKS->runs, platform_shared_get((void *)start, table_bytes));
	BOOK_SET(BOOKS->memory, (uint8_t *)start + table_bytes);
	BOOK_SET(BOOKS->units, units);
	BOOK_SET(BOOKS->unit_shift, shift);
	BOOK_SET(BOOKS->powers, 0u);
	for (uint32_t power = 0; power < POWERS; power++) {
		BOOK_SET(BOOKS->classes[power], 0u);
		for (uint32_t class = 0; class < CLASSES; class++)
			BOOK_SET(BOOKS->heads[power][class], (uint16_t)NONE);
	}
	BOOK_SET(RUN(0).before, (uint16_t)NONE);
	BOOK_SET(RUN(units).length, (uint16_t)USED); /* ends the row */
	BOOK_SET(RUN(units).before, (uint16_t)0);
	insert(0, units);
}

/* A free run of at least `units`, out of its list; NONE when there is none. */
static uint32_t find(uint32_t units)
{
	uint32_t power, class, map, unit;

	/* Rounded up to the next class, all of whose runs are long enough. */
	if (units >= CLASSES)
		units += (1u << (highest_bit(units) - CLASS_BITS)) - 1;
	if (units > MOST_UNITS)
		return NONE;
	class_of(units, &power, &class);
	map = BOOK_GET(BOOKS->classes[power]) & ~0u << class;
	if (!map) {
		map = power + 1 < POWERS ? BOOK_GET(BOOKS->powers) & ~0u << (power + 1) : 0;
		if (!map)
			return NONE;
		power = lowest_bit(map);
		map = BOOK_GET(BOOKS->classes[power]);
	}
	unit = BOOK_GET(BOOKS->heads[power][lowest_bit(map)]);
	remove_run(unit);
	return unit;
}

/* Cuts a run that is in no list after `length` units. What is cut off becomes a free run. */
static void cut(uint32_t unit, uint32_t length)
{
	uint32_t whole = BOOK_GET(RUN(unit).length), rest = unit + length;

	if (whole == length)
		return;
	BOOK_SET(RUN(unit).length, (uint16_t)length);
	BOOK_SET(RUN(rest).before, (uint16_t)unit);
	BOOK_SET(RUN(unit + whole).before, (uint16_t)rest);
	insert(rest, whole - length);
}

static void *take(size_t alignment, size_t bytes)
{
	uint32_t shift = BOOK_GET(BOOKS->unit_shift), unit_bytes = 1u << shift, units, spare, unit, skipped;
	uintptr_t memory = (uintptr_t)BOOK_GET(BOOKS->memory), at;

	if (!bytes || bytes > (size_t)MOST_UNITS << shift)
		return NULL;
	units = (uint32_t)((bytes + unit_bytes - 1) >> shift);
	spare = alignment > unit_bytes ? (uint32_t)(alignment >> shift) - 1 : 0;
	unit = find(units + spare);
	if (unit == NONE)
		return NULL;
	at = memory + ((uintptr_t)unit << shift);
	skipped = spare ? (uint32_t)((((at + alignment - 1) & ~(uintptr_t)(alignment - 1)) - at) >> shift) : 0;
	if (skipped) {
		uint32_t whole = BOOK_GET(RUN(unit).length);

		BOOK_SET(RUN(unit + skipped).before, (uint16_t)unit);
		BOOK_SET(RUN(unit + skipped).length, (uint16_t)(whole - skipped));
		BOOK_SET(RUN(unit + whole).before, (uint16_t)(unit + skipped));
		insert(unit, skipped);
		unit += skipped;
	}
	cut(unit, units);
	BOOK_SET(RUN(unit).length, (uint16_t)(units | USED));
	return (void *)(memory + ((uintptr_t)unit << shift));
}

static uint32_t unit_of(const void *block)
{
	uintptr_t offset = (uintptr_t)platform_cached(block) - (uintptr_t)BOOK_GET(BOOKS->memory);
	uint32_t shift = BOOK_GET(BOOKS->unit_shift), unit = (uint32_t)(offset >> shift);

	if (offset & ((1u << shift) - 1) || unit >= BOOK_GET(BOOKS->units) || !(BOOK_GET(RUN(unit).length) & USED))
		panic("tlsf: no block in use begins there");
	return unit;
}

static void give(void *block)
{
	uint32_t unit = unit_of(block), length = BOOK_GET(RUN(unit).length) & ~USED, before, behind;

	/* What this core has cached of it must not come down on the next owner. */
	dcache_writeback_invalidate_region(platform_cached(block), (size_t)length << BOOK_GET(BOOKS->unit_shift));
	BOOK_SET(RUN(unit).length, (uint16_t)length); /* freed twice, it is no block in use */
	before = BOOK_GET(RUN(unit).before);
	if (before != NONE && !(BOOK_GET(RUN(before).length) & USED)) {
		remove_run(before);
		length += unit - before;
		unit = before;
	}
	behind = BOOK_GET(RUN(unit + length).length);
	if (!(behind & USED)) {
		remove_run(unit + length);
		length += behind;
	}
	BOOK_SET(RUN(unit + length).before, (uint16_t)unit);
	insert(unit, length);
}

void *tlsf_memalign(size_t alignment, size_t bytes)
{
	uint32_t flags = spin_lock_irq(&BOOKS->lock);
	void *block = take(alignment, bytes);

	spin_unlock_irq(&BOOKS->lock, flags);
	return block;
}

void *tlsf_malloc(size_t bytes) { return tlsf_memalign(1, bytes); }

void tlsf_free(void *block)
{
	uint32_t flags;

	if (!block)
		return;
	flags = spin_lock_irq(&BOOKS->lock);
	give(block);
	spin_unlock_irq(&BOOKS->lock, flags);
}

void *tlsf_realloc(void *block, size_t bytes)
{
	uint32_t flags = spin_lock_irq(&BOOKS->lock), old = 0;
	void *moved;

	if (block)
		old = (BOOK_GET(RUN(unit_of(block)).length) & ~USED) << BOOK_GET(BOOKS->unit_shift);
	moved = take(1, bytes);
	spin_unlock_irq(&BOOKS->lock, flags);
	if (!moved || !block)
		return moved;
	memcpy(moved, block, old < bytes ? old : bytes);
	tlsf_free(block);
	return moved;
}
