/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/* Powers a core's memory and the core, and returns when it has booted. Returns -1 for a core that does not exist. */
int cpu_enable_core(uint32_t core);
/* Makes a core free its heaps, write back its cache and stop; then gates its memory. From the core itself it does not
 * return. */
int cpu_disable_core(uint32_t core);
int cpu_is_core_enabled(uint32_t core);
/* Called by a secondary core at the end of its boot. */
void cpu_ready(void);

/* Messages between cores. */
enum idc_message { IDC_POWER_DOWN = 1, IDC_CALL = 2 };
/* Returns when the receiver has taken the message. */
void idc_send(uint32_t core, enum idc_message message, uint32_t extension);
void idc_interrupt(void);
