/* SPDX-License-Identifier: Apache-2.0 */
/* Guest programs of the benchmarks. Each runs bench_rounds times; QEMU enters through bench_main, dspmem calls them. */
#include <string.h>

#include "alloc.h"

uint32_t bench_rounds __attribute__((section(".data"))) = 1;
uint32_t bench_program __attribute__((section(".data")));
uint32_t bench_checksum;

static uint32_t seed = 1;

static uint32_t next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

/* Allocates and frees objects of audio sizes, and writes to each. */
#define LIVE 256
static void allocator(void)
{
	static uint32_t *live[LIVE];

	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t **slot = &live[next_random() % LIVE];

		if (*slot) {
			bench_checksum += **slot;
			rfree(*slot);
			*slot = NULL;
		} else {
			uint32_t bytes = 16 + next_random() % (1 + next_random() % 1024);

			*slot = rmalloc(SOF_MEM_ZONE_RUNTIME, 0, 0, bytes);
			for (uint32_t k = 0; *slot && k < bytes / 4; k += 4)
				(*slot)[k] = i;
		}
	}
}

typedef void (*program)(void);
static const program programs[] = {allocator};

void bench_run(void)
{
	for (uint32_t round = 0; round < bench_rounds; round++)
		programs[bench_program]();
}
