/* SPDX-License-Identifier: Apache-2.0 */
/* There are no banks on this machine. */
#include "power.h"

void pm_banks_on(uint32_t sram, uint32_t first, uint32_t count) { (void)sram, (void)first, (void)count; }
void pm_banks_off(uint32_t sram, uint32_t first, uint32_t count) { (void)sram, (void)first, (void)count; }
