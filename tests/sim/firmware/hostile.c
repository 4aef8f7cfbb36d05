/* SPDX-License-Identifier: Apache-2.0 */
/* Firmware that does what no firmware should, in ways that a seed chooses: the simulator says so, or carries it out, but never goes down with it. */
#include <string.h>

#include "alloc.h"
#include "arch.h"
#include "cpu.h"
#include "dma.h"
#include "platform.h"
#include "power.h"

#define NEVER_INLINED __attribute__((noinline))

static uint32_t state;

static uint32_t draw(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

static uint32_t words[64] __attribute__((aligned(64)));

typedef uint32_t (*function)(uint32_t, uint32_t);

/* Somewhere: in the image, in a heap, through an alias, in registers, beside everything. */
static uint32_t somewhere(void)
{
	static const uint32_t bases[] = {PLATFORM_CACHED_BASE, PLATFORM_UNCACHED_BASE, PLATFORM_CORE_CONTROL, PLATFORM_IDC, PLATFORM_POWER, PLATFORM_DMA, 0, 0xfffff000u};
	static const uint32_t sizes[] = {0x400000, 0x400000, 0x100, 0x100, 0x100, 0x400, 0x1000, 0x1000};
	uint32_t which = draw() & 7;

	return bases[which] + draw() % sizes[which];
}

static uint32_t jump_into_data(void)
{
	for (int i = 0; i < 64; ++i)
		words[i] = draw();
	return ((function)((uintptr_t)words + (draw() & 127)))(draw(), draw());
}

static uint32_t jump_anywhere(void) { return ((function)(uintptr_t)somewhere())(1, 2); }

/* Code that is written, run, changed under itself and run again; cleaned from the caches or not. */
static uint32_t modify_itself(void)
{
	uint8_t *code = (uint8_t *)words;
	uint32_t sum = 0;

	for (int round = 0; round < 20; ++round) {
		const uint32_t value = draw() & 63;

		/* movi.n a2, value; ret.n; then what the generator gives */
		code[0] = 0x0c | (uint8_t)((value >> 4 & 7) << 4);
		code[1] = 0x02 | (uint8_t)((value & 15) << 4);
		code[2] = 0x0d;
		code[3] = 0xf0;
		if (draw() & 1)
			arch_dhwb((uintptr_t)code);
		if (draw() & 1)
			arch_ihi((uintptr_t)code);
		if (draw() % 7 == 0)
			code[draw() & 3] = (uint8_t)draw();
		sum = sum * 31 + ((function)(uintptr_t)code)(sum, value);
	}
	return sum;
}

static NEVER_INLINED uint32_t recurse(uint32_t depth)
{
	volatile uint32_t frame[16];

	frame[depth & 15] = depth;
	return recurse(depth + 1) + frame[depth & 15];
}

static uint32_t store_anywhere(void)
{
	for (int i = 0; i < 8; ++i) {
		const uint32_t address = somewhere() & ((draw() & 1) ? ~3u : ~0u);

		switch (draw() % 3) {
		case 0: *(volatile uint8_t *)(uintptr_t)address = (uint8_t)draw(); break;
		case 1: *(volatile uint16_t *)(uintptr_t)(address & ~1u) = (uint16_t)draw(); break;
		default: *(volatile uint32_t *)(uintptr_t)address = draw(); break;
		}
	}
	return 0;
}

static uint32_t load_anywhere(void)
{
	uint32_t sum = 0;

	for (int i = 0; i < 8; ++i)
		sum += *(volatile uint32_t *)(uintptr_t)(somewhere() & ~3u);
	return sum;
}

/* The vectors, and what VECBASE says of them; then an exception. */
static uint32_t break_the_vectors(void)
{
	uint32_t base = somewhere() & ~0x3ffu;

	if (draw() & 1) {
		__asm__ volatile("wsr.vecbase %0\n\trsync" : : "r"(base));
	} else {
		__asm__ volatile("rsr.vecbase %0" : "=r"(base));
		for (int i = 0; i < 256; ++i)
			((volatile uint32_t *)(uintptr_t)base)[i] = draw();
	}
	return *(volatile uint32_t *)(uintptr_t)(draw() | 1);
}

static uint32_t atomic_on_registers(void) { return arch_compare_and_swap((volatile uint32_t *)(uintptr_t)(somewhere() & ~3u), draw() & 1, draw()); }

static uint32_t wait_for_ever(void)
{
	arch_interrupts_off();
	if (draw() & 1)
		for (;;)
			__asm__ volatile("" : : : "memory");
	__asm__ volatile("waiti 15");
	return 0;
}

static uint32_t switch_banks_off(void)
{
	for (int i = 0; i < 4; ++i)
		pm_banks_off(draw() % 3, draw() % 70, draw() % 70);
	return words[3];
}

static uint32_t switch_cores_off(void)
{
	((volatile uint32_t *)PLATFORM_CORE_CONTROL)[draw() % 8] = draw();
	cpu_disable_core(draw() % 5);
	((volatile uint32_t *)PLATFORM_IDC)[draw() % 8] = draw();
	return 0;
}

static uint32_t copy_over_itself(void)
{
	const uint32_t to = (draw() & 1) ? somewhere() : (uint32_t)(uintptr_t)&copy_over_itself & ~63u;

	dma_start(draw() % 3, (void *)(uintptr_t)to, (const void *)(uintptr_t)somewhere(), draw() % 5000, draw() % 300);
	if (draw() & 1)
		dma_wait(draw() % 3);
	return words[0];
}

static struct dma_descriptor ring[4];
static uint32_t descriptors_in_circles(void)
{
	for (int i = 0; i < 4; ++i) {
		ring[i].source = (draw() & 1) ? somewhere() : (uint32_t)(uintptr_t)ring;
		ring[i].destination = (draw() & 1) ? somewhere() : (uint32_t)(uintptr_t)ring;
		ring[i].bytes = draw() % 600;
		ring[i].next = (uint32_t)(uintptr_t)&ring[draw() & 3];
	}
	dma_list_start(draw() % 3, ring);
	if (draw() & 1)
		dma_wait(0);
	return 0;
}

/* Its allocator's books. */
static uint32_t break_the_heaps(void)
{
	uint8_t *block = rmalloc(SOF_MEM_ZONE_RUNTIME, 0, SOF_MEM_CAPS_RAM, 1 + draw() % 200);

	if (!block)
		return 1;
	for (uint32_t i = 0; i < 200; ++i)
		block[(int32_t)(draw() % 4096) - 2048] = (uint8_t)draw();
	rfree(block + ((draw() & 1) ? 0 : draw() % 64));
	block = rmalloc(SOF_MEM_ZONE_BUFFER, 0, SOF_MEM_CAPS_RAM, draw());
	rfree((void *)(uintptr_t)somewhere());
	return (uint32_t)(uintptr_t)block;
}

static uint32_t start_again(void) { return recurse(0); }

uint32_t hostile(uint32_t kind, uint32_t seed)
{
	static uint32_t (*const kinds[])(void) = {jump_into_data, jump_anywhere, modify_itself, start_again, store_anywhere, load_anywhere, break_the_vectors,
		atomic_on_registers, wait_for_ever, switch_banks_off, switch_cores_off, copy_over_itself, descriptors_in_circles, break_the_heaps};

	state = seed * 2654435761u + 1;
	return kinds[kind % (sizeof kinds / sizeof kinds[0])]();
}
