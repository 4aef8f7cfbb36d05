/* SPDX-License-Identifier: Apache-2.0 */
#include "cpu.h"

#include <stdbool.h>

#include "alloc.h"
#include "boot.h"
#include "platform.h"
#include "power.h"

extern struct boot_descriptor boot_descriptor;
extern void _start(void);

static inline volatile uint32_t *reg(uintptr_t address) { return (volatile uint32_t *)address; }

/* ---- Messages between cores: registers of the IDC block, one mailbox for each ordered pair ---- */

#define IDC_MESSAGE(sender, receiver) reg(PLATFORM_IDC + (receiver) * 0x100 + (sender) * 0x10)
#define IDC_EXTENSION(sender, receiver) reg(PLATFORM_IDC + (receiver) * 0x100 + (sender) * 0x10 + 4)
#define IDC_BUSY (1u << 31)

void idc_send(uint32_t core, enum idc_message message, uint32_t extension)
{
	uint32_t me = cpu_get_id();

	*IDC_EXTENSION(me, core) = extension;
	*IDC_MESSAGE(me, core) = IDC_BUSY | message;
	while (*IDC_MESSAGE(me, core) & IDC_BUSY)
		;
}

static void cpu_stop(void) __attribute__((noreturn));

/* Allocators other than the zones have no heaps of one core. */
#pragma weak free_heap

void idc_interrupt(void)
{
	uint32_t me = cpu_get_id();

	for (uint32_t sender = 0; sender < PLATFORM_CORE_COUNT; sender++) {
		uint32_t message = *IDC_MESSAGE(sender, me);
		uint32_t extension;

		if (!(message & IDC_BUSY))
			continue;
		extension = *IDC_EXTENSION(sender, me);
		*IDC_MESSAGE(sender, me) = IDC_BUSY; /* taken: the sender may go on */
		switch (message & ~IDC_BUSY) {
		case IDC_POWER_DOWN:
			cpu_stop();
		case IDC_CALL:
			((void (*)(void))extension)();
			break;
		default:
			panic("idc: unknown message");
		}
	}
}

/* ---- Cores ---- */

/*
 * Set by each core when it has booted, polled by the core that started it: atomics, which work at memory and order what was
 * done before. Lines of their own, since on a platform without alias two cores must not write to one.
 */
struct ready_flag {
	volatile uint32_t set __attribute__((aligned(PLATFORM_DCACHE_LINE)));
};
static struct ready_flag SHARED_DATA ready_storage[PLATFORM_CORE_COUNT];

static volatile uint32_t *ready_flag(uint32_t core)
{
	return &((struct ready_flag *)platform_shared_get(&ready_storage[core], sizeof(struct ready_flag)))->set;
}

static void set_ready(uint32_t core, uint32_t value) { arch_compare_and_swap(ready_flag(core), 1 - value, value); }

static bool is_ready(uint32_t core) { return arch_compare_and_swap(ready_flag(core), 1, 1) != 0; }

void cpu_ready(void) { set_ready(cpu_get_id(), 1); }

#define CORE_CONTROL(core) reg(PLATFORM_CORE_CONTROL + (core) * 0x10)
#define CORE_STATUS(core) reg(PLATFORM_CORE_CONTROL + (core) * 0x10 + 4)
#define CORE_BOOT(core) reg(PLATFORM_CORE_CONTROL + (core) * 0x10 + 8)

int cpu_is_core_enabled(uint32_t core) { return core < PLATFORM_CORE_COUNT && (*CORE_STATUS(core) & 1); }

int cpu_enable_core(uint32_t core)
{
	const struct boot_core *area;

	if (core >= PLATFORM_CORE_COUNT)
		return -1;
	if (cpu_is_core_enabled(core))
		return 0;
	area = &boot_descriptor.core[core];
	pm_banks_on(area->sram, area->first_bank, area->bank_count);
	set_ready(core, 0);
	/* The new core starts with an empty cache and sees memory: everything it may read must be there. */
	dcache_writeback_all();
	*CORE_BOOT(core) = (uint32_t)_start;
	*CORE_CONTROL(core) = 1;
	while (!is_ready(core))
		;
	return 0;
}

/* Runs on the core that goes down. First the heaps, whose bookkeeping this cache may hold, then the cache, then the power. */
static void cpu_stop(void)
{
	if (free_heap) {
		free_heap(SOF_MEM_ZONE_SYS);
		free_heap(SOF_MEM_ZONE_SYS_RUNTIME);
	}
	dcache_writeback_invalidate_all();
	*CORE_CONTROL(cpu_get_id()) = 0;
	for (;;)
		arch_wait();
}

int cpu_disable_core(uint32_t core)
{
	const struct boot_core *area;

	if (core == 0 || core >= PLATFORM_CORE_COUNT)
		return -1;
	if (core == cpu_get_id())
		cpu_stop();
	if (!cpu_is_core_enabled(core))
		return 0;
	idc_send(core, IDC_POWER_DOWN, 0);
	while (cpu_is_core_enabled(core))
		;
	area = &boot_descriptor.core[core];
	pm_banks_off(area->sram, area->first_bank, area->bank_count);
	return 0;
}
