/* SPDX-License-Identifier: Apache-2.0 */
/* A lock as newer cores have it, of L32EX and S32EX, and what it protects. */
#include <stdint.h>

#include "arch.h"

/* Encodings from the Xtensa ISA manual: this assembler's core has no exclusive access. */
static inline uint32_t load_exclusive(volatile uint32_t *word)
{
	uint32_t value;

	__asm__ volatile(".byte .Lr_%0 << 4, 0x40 | .Lr_%1, 0xf1" : "=r"(value) : "r"(word) : "memory");
	return value;
}

static inline int store_exclusive(volatile uint32_t *word, uint32_t value)
{
	__asm__ volatile(".byte .Lr_%0 << 4, 0x50 | .Lr_%1, 0xf1\n\t" /* s32ex */
			 ".byte .Lr_%0 << 4, 0xa0, 0x40" /* getex */
			 : "+&r"(value) : "r"(word) : "memory");
	return (int)value;
}

static void lock(volatile uint32_t *word)
{
	do {
		while (load_exclusive(word))
			;
	} while (!store_exclusive(word, 1));
	arch_memw();
}

static void unlock(volatile uint32_t *word) { arch_store_release(word, 0); }

/* The counter is in cached memory: whoever has the lock takes it from memory, and gives it back. */
uint32_t count_locked(volatile uint32_t *word, volatile uint32_t *counter, uint32_t times)
{
	for (uint32_t i = 0; i < times; ++i) {
		lock(word);
		arch_dhwbi((uintptr_t)counter);
		++*counter;
		arch_dhwbi((uintptr_t)counter);
		unlock(word);
	}
	return 0;
}

/* The same, without the lock. */
uint32_t count_unlocked(volatile uint32_t *word, volatile uint32_t *counter, uint32_t times)
{
	(void)word;
	for (uint32_t i = 0; i < times; ++i) {
		arch_dhwbi((uintptr_t)counter);
		++*counter;
		arch_dhwbi((uintptr_t)counter);
	}
	return 0;
}

uint32_t count_of(volatile uint32_t *counter)
{
	arch_dhwbi((uintptr_t)counter);
	return *counter;
}
