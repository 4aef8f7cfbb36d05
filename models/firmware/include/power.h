/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "boot.h"

/* Bank power. `sram` counts the switchable memories of the platform file. Powering returns when the banks are ready. */
void pm_banks_on(uint32_t sram, uint32_t first, uint32_t count);
/* What the banks hold is lost. */
void pm_banks_off(uint32_t sram, uint32_t first, uint32_t count);

/*
 * Light sleep. pm_sleep() puts every bank that is on into retention, where it keeps its contents, but for those of the
 * image and of core 0's stack, which the code that goes to sleep and wakes up needs. pm_wake() returns when all of them
 * can be used again.
 */
void pm_sleep(void);
void pm_wake(void);

/*
 * Bank manager: banks that hold nothing but blocks of the common heaps are on while a block in them is in use, and off
 * otherwise. Platforms that do not want it describe no such banks. The caller holds the allocator's lock.
 */
void pm_manager_init(const struct boot_descriptor* boot);
/* Before the first and after the last access to a row of blocks. */
void pm_blocks_get(uintptr_t base, size_t bytes);
void pm_blocks_put(uintptr_t base, size_t bytes);
