/* SPDX-License-Identifier: Apache-2.0 */
#include "power.h"

#include <stdbool.h>

#include "platform.h"

extern struct boot_descriptor boot_descriptor;

#define REGULATOR(sram) (*(volatile uint32_t *)(PLATFORM_POWER + 0xf00 + (sram) * 4))
#define REGULATOR_ON 1u
#define REGULATOR_SETTLED 2u

/* Banks that are on are fed past the regulator; it is needed while one comes up. */
static void regulator_on(uint32_t sram)
{
	if (!boot_descriptor.memory[sram].regulator)
		return;
	REGULATOR(sram) = REGULATOR_ON;
	while (!(REGULATOR(sram) & REGULATOR_SETTLED))
		;
}

static void regulator_off(uint32_t sram)
{
	if (boot_descriptor.memory[sram].regulator)
		REGULATOR(sram) = 0;
}

#if PLATFORM_POWER_ACE

/* Two words a bank: control and retention bits, and status. */
#define BANK_CONTROL(sram, bank) (*(volatile uint32_t *)(PLATFORM_POWER + (sram) * 0x400 + (bank) * 8))
#define BANK_STATUS(sram, bank) (*(volatile uint32_t *)(PLATFORM_POWER + (sram) * 0x400 + (bank) * 8 + 4))
#define BANK_OFF 1u
#define BANK_RETENTION (1u << 8)

static void wait_ready(uint32_t sram, uint32_t first, uint32_t count)
{
	for (uint32_t bank = first; bank < first + count; bank++)
		while (BANK_STATUS(sram, bank) & 1)
			;
}

void pm_banks_on(uint32_t sram, uint32_t first, uint32_t count)
{
	regulator_on(sram);
	for (uint32_t bank = first; bank < first + count; bank++)
		BANK_CONTROL(sram, bank) = 0;
	wait_ready(sram, first, count);
	regulator_off(sram);
}

void pm_banks_off(uint32_t sram, uint32_t first, uint32_t count)
{
	for (uint32_t bank = first; bank < first + count; bank++)
		BANK_CONTROL(sram, bank) = BANK_OFF;
}

/* Banks that are off stay off. */
static void set_retention(uint32_t sram, uint32_t first, uint32_t count, bool retain)
{
	for (uint32_t bank = first; bank < first + count; bank++)
		if (!(BANK_CONTROL(sram, bank) & BANK_OFF))
			BANK_CONTROL(sram, bank) = retain ? BANK_RETENTION : 0;
	if (retain)
		return;
	for (uint32_t bank = first; bank < first + count; bank++)
		if (!(BANK_CONTROL(sram, bank) & BANK_OFF))
			wait_ready(sram, bank, 1);
}

#else

/* Segments of 32 banks, 16 bytes apart; 0x100 bytes a memory. */
#define PM_REG(sram, segment, offset) (*(volatile uint32_t *)(PLATFORM_POWER + (sram) * 0x100 + (segment) * 0x10 + (offset)))
#define PM_CONTROL(sram, segment) PM_REG(sram, segment, 0)
#define PM_RETENTION(sram, segment) PM_REG(sram, segment, 4)
#define PM_STATUS(sram, segment) PM_REG(sram, segment, 8)

static uint32_t segment_mask(uint32_t segment, uint32_t first, uint32_t count)
{
	uint32_t mask = 0;

	for (uint32_t bank = first; bank < first + count; bank++)
		if (bank / 32 == segment)
			mask |= 1u << (bank % 32);
	return mask;
}

void pm_banks_on(uint32_t sram, uint32_t first, uint32_t count)
{
	if (!count)
		return;
	regulator_on(sram);
	for (uint32_t segment = first / 32; segment <= (first + count - 1) / 32; segment++) {
		uint32_t mask = segment_mask(segment, first, count);

		PM_CONTROL(sram, segment) &= ~mask;
		while (PM_STATUS(sram, segment) & mask)
			;
	}
	regulator_off(sram);
}

void pm_banks_off(uint32_t sram, uint32_t first, uint32_t count)
{
	for (uint32_t segment = first / 32; count && segment <= (first + count - 1) / 32; segment++)
		PM_CONTROL(sram, segment) |= segment_mask(segment, first, count);
}

/* Banks that are off stay off. */
static void set_retention(uint32_t sram, uint32_t first, uint32_t count, bool retain)
{
	for (uint32_t segment = first / 32; count && segment <= (first + count - 1) / 32; segment++) {
		uint32_t mask = segment_mask(segment, first, count) & ~PM_CONTROL(sram, segment);

		if (retain) {
			PM_RETENTION(sram, segment) |= mask;
			continue;
		}
		PM_RETENTION(sram, segment) &= ~mask;
		while (PM_STATUS(sram, segment) & mask)
			;
	}
}

#endif

static void retain_all(bool retain)
{
	for (uint32_t sram = 0; sram < boot_descriptor.memory_count; sram++) {
		const struct boot_memory *memory = &boot_descriptor.memory[sram];
		uint32_t behind = (uint32_t)(memory->awake_first + memory->awake_count);

		set_retention(sram, 0, (uint32_t)memory->awake_first, retain);
		set_retention(sram, behind, (uint32_t)memory->bank_count - behind, retain);
	}
}

void pm_sleep(void)
{
	/* A dirty line that is evicted later would wake its bank. */
	dcache_writeback_all();
	retain_all(true);
}

void pm_wake(void) { retain_all(false); }
