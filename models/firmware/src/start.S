/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reset and exception entry. Every core starts at _start with all registers undefined but a0: returning to it leaves the
 * core idle. Core 0 finds the address of the boot descriptor in `boot_descriptor`, which the loader filled.
 */
#ifndef __XTENSA_WINDOWED_ABI__
#include "platform_config.h"
#include "start.inc"

	/* VECBASE points here. One level-1 interrupt or exception at a time: PS.EXCM stays set until RFE. */
	.section .vectors, "ax"
	.global	vectors
	.align	256
vectors:
	.org	0x30
	j	exception_entry		/* kernel mode */
	.org	0x50
	j	exception_entry		/* user mode */
	.org	0x80

	.section .text.start, "ax"
	.literal_position
	.align	4
	.set	frame, 80
exception_entry:
	addi	a1, a1, -frame
	s32i	a0, a1, 0
	s32i	a2, a1, 8
	s32i	a3, a1, 12
	high_registers s32i a1
	rsr.sar	a3
	s32i	a3, a1, 64
	rsr.epc1 a12
	rsr.exccause a2
	mov	a3, a12
	call0	exception_dispatch	/* returns where to go on */
	wsr.epc1 a2
	l32i	a3, a1, 64
	wsr.sar	a3
	l32i	a0, a1, 0
	l32i	a2, a1, 8
	l32i	a3, a1, 12
	high_registers l32i a1
	addi	a1, a1, frame
	rfe

	.global	_start
	.type	_start, @function
	.align	4
_start:
	mov	a12, a0
	movi	a2, vectors
	wsr.vecbase a2
	movi	a2, PLATFORM_ATOMCTL	/* where S32C1I works, for each kind of address */
	wsr_atomctl 2
	movi	a2, 0x0f		/* no exception pending, interrupts masked until the core is ready */
	wsr.ps	a2
	rsync
	rsr_prid 2
	movi	a3, boot_descriptor
	slli	a4, a2, 4		/* 16 bytes a core; the stack is the first field */
	add	a4, a4, a3
	l32i	a1, a4, 16
	bnez	a2, 1f
	call0	primary_boot
	j	2f
1:	call0	secondary_boot
2:	mov	a0, a12
	ret
	.size	_start, . - _start

#endif
