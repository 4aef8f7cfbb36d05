/* SPDX-License-Identifier: Apache-2.0 */
#include "boot.h"

#include <string.h>

#include "alloc.h"
#include "cpu.h"
#include "platform.h"
#include "power.h"

/* Filled by the loader. */
struct boot_descriptor boot_descriptor __attribute__((section(".boot"), aligned(PLATFORM_DCACHE_LINE)));

/* What this image was compiled and linked for: read by the simulator, and not loaded. */
static const char platform_facts[] __attribute__((section(".dspmem.platform"), used)) = PLATFORM_FACTS;

extern uint8_t _bss_start[], _bss_end[];

/* Images with another allocator come without the zones: it is initialised by the simulator, as its binding says. */
#pragma weak mm_init

#define IDC_INTERRUPT (1u << 8)
#define CAUSE_SYSCALL 1u
#define CAUSE_INTERRUPT 4u

static void interrupts_on(void)
{
	uint32_t mask = IDC_INTERRUPT;

	__asm__ volatile("wsr.intenable %0\n\trsync" : : "r"(mask));
	arch_interrupts_restore(ARCH_PS_RUNNING);
}

void primary_boot(void)
{
	memset(_bss_start, 0, (size_t)(_bss_end - _bss_start));
	/* Shared data is among what was cleared; from now on it is used past the cache, or by other cores. */
	dcache_writeback_invalidate_all();
	if (mm_init)
		mm_init(&boot_descriptor);
	/* All banks are on at reset; those of cores that are not yet up would only leak. */
	for (uint32_t core = 1; core < boot_descriptor.core_count; core++)
		pm_banks_off(boot_descriptor.core[core].sram, boot_descriptor.core[core].first_bank, boot_descriptor.core[core].bank_count);
	interrupts_on();
}

void secondary_boot(void)
{
	interrupts_on();
	cpu_ready();
}

uint32_t exception_dispatch(uint32_t cause, uint32_t pc)
{
	switch (cause) {
	case CAUSE_INTERRUPT:
		idc_interrupt();
		return pc;
	case CAUSE_SYSCALL:
		return pc + 3; /* no services: user mode may ask, and goes on */
	default:
		panic("exception that nothing handles");
	}
}
