/* SPDX-License-Identifier: Apache-2.0 */
/* bench_native PROGRAM ROUNDS: a program of bench.c on this machine, with the heaps of firmware/bench.yaml. */
#include <stdio.h>
#include <stdlib.h>

#include "alloc.h"
#include "boot.h"
#include "platform.h"

extern uint32_t bench_program, bench_rounds, bench_checksum;
void bench_run(void);

uint32_t arch_core_id(void) { return 0; }

void panic(const char *message)
{
	fprintf(stderr, "panic: %s\n", message);
	exit(3);
}

static struct boot_descriptor boot;
static uintptr_t cursor;

static void add_heap(uint32_t zone, size_t bytes, uint32_t capabilities, const struct boot_map *maps, uint32_t count)
{
	struct boot_heap *heap = &boot.heap[boot.heap_count++];

	heap->zone = zone;
	heap->base = cursor;
	heap->caps = capabilities;
	heap->map_count = count;
	for (uint32_t i = 0; i < count; i++) {
		heap->map[i] = maps[i];
		bytes += (size_t)maps[i].block_bytes * maps[i].count;
	}
	heap->bytes = bytes;
	cursor += (bytes + 4095) & ~4095u;
}

int main(int count, char **values)
{
	static const struct boot_map system[] = {{64, 128}, {512, 16}, {1024, 4}};
	static const struct boot_map runtime[] = {{64, 1024}, {128, 1024}, {256, 768}, {512, 64}, {1024, 32}, {2048, 16}, {4096, 8}};
	static const struct boot_map buffer[] = {{256, 8000}};

	if (count != 3)
		return 2;
	boot.magic = BOOT_MAGIC;
	boot.version = BOOT_VERSION;
	boot.core_count = PLATFORM_CORE_COUNT;
	cursor = (uintptr_t)aligned_alloc(4096, 8 << 20);
	add_heap(SOF_MEM_ZONE_SYS, 0x8000, 0, NULL, 0);
	add_heap(SOF_MEM_ZONE_SYS_RUNTIME, 0, 0, system, 3);
	add_heap(SOF_MEM_ZONE_RUNTIME, 0, 0, runtime, 7);
	add_heap(SOF_MEM_ZONE_BUFFER, 0, SOF_MEM_CAPS_RAM | SOF_MEM_CAPS_HP | SOF_MEM_CAPS_DMA, buffer, 1);
	mm_init(&boot);
	bench_program = (uint32_t)strtoul(values[1], NULL, 0);
	bench_rounds = (uint32_t)strtoul(values[2], NULL, 0);
	if (bench_rounds)
		bench_run();
	printf("%u\n", bench_checksum);
	return 0;
}
