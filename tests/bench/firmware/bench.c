/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest programs of the benchmarks. Each does its work `rounds` times and returns a checksum. QEMU enters through bench_main and
 * the variables; dspmem calls the functions, on several cores at once: so they share nothing that no lock protects.
 */
#include <string.h>

#include "alloc.h"
#include "spinlock.h"

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
uint32_t bench_allocator(uint32_t rounds)
{
	uint32_t checksum = 0;
	static uint32_t *live[LIVE];

	for (uint32_t i = 0; i < rounds * 1000; i++) {
		uint32_t **slot = &live[next_random() % LIVE];

		if (*slot) {
			checksum += **slot;
			rfree(*slot);
			*slot = NULL;
		} else {
			uint32_t bytes = 16 + next_random() % (1 + next_random() % 1024);

			*slot = rmalloc(SOF_MEM_ZONE_RUNTIME, 0, 0, bytes);
			for (uint32_t k = 0; *slot && k < bytes / 4; k += 4)
				(*slot)[k] = i;
		}
	}
	return checksum;
}

/* Walks a list of 400 nodes of 64 bytes, half of a core's cache, in an order that no address predicts, and changes each node. */
#define NODES 400
struct node {
	struct node *next;
	uint32_t value, sum, unused[13];
};

uint32_t bench_list(uint32_t rounds)
{
	uint32_t checksum = 0;
	struct node *nodes = rballoc(0, SOF_MEM_CAPS_RAM, NODES * sizeof(struct node));

	if (!nodes)
		return 0;
	for (uint32_t i = 0; i < NODES; i++) {
		nodes[i].next = &nodes[(i + 171) % NODES]; /* 171 and 400 have no common divisor: one ring */
		nodes[i].value = i;
		nodes[i].sum = 0;
	}
	for (uint32_t round = 0; round < rounds; round++) {
		struct node *node = nodes;

		for (uint32_t i = 0; i < NODES; i++) {
			node->sum += node->value + round;
			node = node->next;
		}
		checksum += node->sum;
	}
	rfree(nodes);
	return checksum;
}

/* Copies 8 KiB to and fro, word by word, eight words at a time. */
#define COPIED 2048
uint32_t bench_copy(uint32_t rounds)
{
	uint32_t checksum = 0;
	uint32_t *from = rballoc(0, SOF_MEM_CAPS_RAM, COPIED * 4), *to = rballoc(0, SOF_MEM_CAPS_RAM, COPIED * 4);

	if (!from || !to)
		return 0;
	for (uint32_t i = 0; i < COPIED; i++)
		from[i] = i;
	for (uint32_t round = 0; round < rounds; round++) {
		uint32_t *swap = from;

		for (uint32_t i = 0; i < COPIED; i += 8) {
			uint32_t a = from[i], b = from[i + 1], c = from[i + 2], d = from[i + 3];
			uint32_t e = from[i + 4], f = from[i + 5], g = from[i + 6], h = from[i + 7];

			to[i] = a, to[i + 1] = b, to[i + 2] = c, to[i + 3] = d;
			to[i + 4] = e, to[i + 5] = f, to[i + 6] = g, to[i + 7] = h;
		}
		from = to;
		to = swap;
		checksum += from[round % COPIED];
	}
	rfree(from);
	rfree(to);
	return checksum;
}

/* Adds one to a word of each line of 512 KiB: every access misses and every line that leaves the cache is dirty. */
#define SPREAD (512 * 1024)
uint32_t bench_miss(uint32_t rounds)
{
	uint32_t checksum = 0;
	uint32_t *all = rballoc(0, SOF_MEM_CAPS_RAM, SPREAD);

	if (!all)
		return 0;
	for (uint32_t i = 0; i < SPREAD / 4; i += 16)
		all[i] = i;
	for (uint32_t round = 0; round < rounds; round++) {
		for (uint32_t i = 0; i < SPREAD / 4; i += 16)
			all[i]++;
		checksum += all[0];
	}
	rfree(all);
	return checksum;
}

/* Every core counts under one lock. `object` is shared data of two lines: the lock, the counter. */
uint32_t bench_shared(uint32_t rounds, void *object)
{
	spinlock_t *lock = object;
	volatile uint32_t *counter = (uint32_t *)((char *)object + PLATFORM_DCACHE_LINE);

	for (uint32_t i = 0; i < rounds; i++) {
		spin_lock(lock);
		*counter = *counter + 1;
		platform_shared_commit((void *)counter, 4);
		spin_unlock(lock);
	}
	return 0;
}

/* Fills, hands over and takes back 1 KiB, with the cache operations that a platform without an alias needs for it. */
uint32_t bench_maintain(uint32_t rounds)
{
	uint32_t checksum = 0;
	uint32_t *data = rballoc(0, SOF_MEM_CAPS_RAM, 1024);

	if (!data)
		return 0;
	for (uint32_t round = 0; round < rounds; round++) {
		for (uint32_t i = 0; i < 256; i += 4)
			data[i] = round;
		dcache_writeback_region(data, 1024);
		dcache_invalidate_region(data, 1024);
		for (uint32_t i = 0; i < 256; i += 4)
			checksum += data[i];
		dcache_invalidate_region(data, 1024);
	}
	rfree(data);
	return checksum;
}

void bench_run(void)
{
	static uint32_t (*const programs[])(uint32_t rounds) = {bench_allocator, bench_list, bench_copy, bench_miss};

	bench_checksum += programs[bench_program](bench_rounds);
}
