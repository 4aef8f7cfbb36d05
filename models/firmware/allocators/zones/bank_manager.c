/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <string.h>

#include "platform.h"
#include "power.h"

#define MAX_BANKS 128

/* For each memory, the banks that are managed, and how many allocations have blocks in each of them. */
struct managed {
	struct boot_memory memory;
	uint16_t users[MAX_BANKS];
	uint8_t on[MAX_BANKS];
};

struct manager {
	uint32_t memory_count;
	uint32_t keep_empty; /* banks without users that stay on, so that the next allocation need not wait */
	uint32_t empty;      /* how many do at this moment */
	struct managed managed[BOOT_MAX_MEMORIES];
} __attribute__((aligned(PLATFORM_DCACHE_LINE)));

static struct manager SHARED_DATA manager_storage;

static struct manager *manager_get(void) { return platform_shared_get(&manager_storage, sizeof(manager_storage)); }

void pm_manager_init(const struct boot_descriptor *boot)
{
	struct manager *manager = manager_get();

	memset(manager, 0, sizeof(*manager));
	manager->memory_count = (uint32_t)boot->memory_count;
	manager->keep_empty = (uint32_t)boot->keep_empty_banks;
	for (uint32_t i = 0; i < manager->memory_count; i++) {
		struct managed *managed = &manager->managed[i];

		managed->memory = boot->memory[i];
		if (managed->memory.managed_count)
			pm_banks_off(i, (uint32_t)managed->memory.managed_first, (uint32_t)managed->memory.managed_count);
	}
	platform_shared_commit(manager, sizeof(*manager));
}

static void bank_get(struct manager *manager, struct managed *managed, uint32_t sram, uint32_t index)
{
	if (managed->users[index]++)
		return;
	if (managed->on[index]) {
		manager->empty--;
		return;
	}
	managed->on[index] = 1;
	pm_banks_on(sram, (uint32_t)managed->memory.managed_first + index, 1);
}

static void bank_put(struct manager *manager, struct managed *managed, uint32_t sram, uint32_t index)
{
	if (--managed->users[index])
		return;
	if (manager->empty < manager->keep_empty) {
		manager->empty++;
		return;
	}
	managed->on[index] = 0;
	pm_banks_off(sram, (uint32_t)managed->memory.managed_first + index, 1);
}

static void for_blocks(uintptr_t base, size_t bytes, void (*change)(struct manager *, struct managed *, uint32_t, uint32_t))
{
	struct manager *manager = manager_get();

	for (uint32_t sram = 0; sram < manager->memory_count; sram++) {
		struct managed *managed = &manager->managed[sram];
		const struct boot_memory *memory = &managed->memory;
		uintptr_t start = memory->base + memory->managed_first * memory->bank_bytes;

		if (!memory->managed_count || base + bytes <= start || base >= start + memory->managed_count * memory->bank_bytes)
			continue;
		for (uint32_t index = base > start ? (uint32_t)((base - start) / memory->bank_bytes) : 0;
		     index < memory->managed_count && start + index * memory->bank_bytes < base + bytes; index++)
			change(manager, managed, sram, index);
	}
	platform_shared_commit(manager, sizeof(*manager));
}

void pm_blocks_get(uintptr_t base, size_t bytes) { for_blocks(base, bytes, bank_get); }
void pm_blocks_put(uintptr_t base, size_t bytes) { for_blocks(base, bytes, bank_put); }
