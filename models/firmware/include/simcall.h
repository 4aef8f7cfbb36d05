/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Numbers of SIMCALL as QEMU's semihosting has them, and one of ours, which the simulator reports with the call stack.
 */
enum { SIMCALL_EXIT = 1, SIMCALL_WRITE = 4, SIMCALL_PANIC = 0x50 };
