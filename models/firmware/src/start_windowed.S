/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As start.S, for the windowed ABI: windowed.inc has its instructions. Every core starts at _start with WINDOWBASE 0 and one frame.
 */
#ifdef __XTENSA_WINDOWED_ABI__
#include "platform_config.h"
#include "start.inc"

	.macro	rsr_windowbase reg
	.byte	\reg << 4, 72, 0x03
	.endm

	.set	ps_woe, 0x40000
	.set	ps_intlevel, 0xf

	/* VECBASE points here. Window exceptions: a frame's a0 to a3 go below the stack pointer of the frame that it called, the others below
	 * that of the frame that called it (ISA manual, windowed call protocol). */
	.section .vectors, "ax"
	.global	vectors
	.align	1024
vectors:
	.org	0x00			/* overflow of a frame of 4 registers */
	s32e	a0, a5, -16
	s32e	a1, a5, -12
	s32e	a2, a5, -8
	s32e	a3, a5, -4
	rfwo
	.org	0x40			/* underflow */
underflow_4:
	l32e	a0, a5, -16
	l32e	a1, a5, -12
	l32e	a2, a5, -8
	l32e	a3, a5, -4
	rfwu
	.org	0x80			/* 8 registers */
	s32e	a0, a9, -16
	l32e	a0, a1, -12
	s32e	a1, a9, -12
	s32e	a2, a9, -8
	s32e	a3, a9, -4
	s32e	a4, a0, -32
	s32e	a5, a0, -28
	s32e	a6, a0, -24
	s32e	a7, a0, -20
	rfwo
	.org	0xc0
underflow_8:
	l32e	a0, a9, -16
	l32e	a1, a9, -12
	l32e	a2, a9, -8
	l32e	a7, a1, -12
	l32e	a3, a9, -4
	l32e	a4, a7, -32
	l32e	a5, a7, -28
	l32e	a6, a7, -24
	l32e	a7, a7, -20
	rfwu
	.org	0x100			/* 12 registers */
	s32e	a0, a13, -16
	l32e	a0, a1, -12
	s32e	a1, a13, -12
	s32e	a2, a13, -8
	s32e	a3, a13, -4
	s32e	a4, a0, -48
	s32e	a5, a0, -44
	s32e	a6, a0, -40
	s32e	a7, a0, -36
	s32e	a8, a0, -32
	s32e	a9, a0, -28
	s32e	a10, a0, -24
	s32e	a11, a0, -20
	rfwo
	.org	0x140
underflow_12:
	l32e	a0, a13, -16
	l32e	a1, a13, -12
	l32e	a2, a13, -8
	l32e	a11, a1, -12
	l32e	a3, a13, -4
	l32e	a4, a11, -48
	l32e	a5, a11, -44
	l32e	a6, a11, -40
	l32e	a7, a11, -36
	l32e	a8, a11, -32
	l32e	a9, a11, -28
	l32e	a10, a11, -24
	l32e	a11, a11, -20
	rfwu
	.org	0x300			/* kernel mode */
	j	exception_entry
	.org	0x340			/* user mode */
	j	exception_entry
	.org	0x380

	/* The registers of the interrupted frame go to the stack below what its caller has saved there, and those of all other frames to where
	 * they belong: the handler runs in the only frame that is left. */
	.section .text.start, "ax"
	.literal_position
	.align	4
	.set	below, 16
	.set	frame, 80 + below
	.set	cause_alloca, 5
exception_entry:
	wsr.excsave1 a2
	rsr.exccause a2
	beqi	a2, cause_alloca, alloca_entry
	addi	a2, a1, -frame
	s32i	a0, a2, 0
	s32i	a1, a2, 4
	rsr.excsave1 a0
	s32i	a0, a2, 8
	s32i	a3, a2, 12
	high_registers s32i a2
	rsr.sar	a3
	s32i	a3, a2, 64
	rsr.epc1 a3
	s32i	a3, a2, 68
	rsr.ps	a3
	s32i	a3, a2, 72
	movi	a3, ps_woe | ps_intlevel
	wsr.ps	a3
	rsync
	/* The use of a register three quads ahead saves every frame within reach. */
	.rept	4
	and	a12, a12, a12
	rotw	3
	.endr
	and	a12, a12, a12
	rotw	4
	mov	a1, a2
	l32i	a7, a1, 68
	rsr.exccause a6
	movi	a4, exception_dispatch
	callx4	a4			/* returns where to go on */
	l32i	a3, a1, 72
	wsr.ps	a3
	rsync
	wsr.epc1 a6
	l32i	a3, a1, 64
	wsr.sar	a3
	l32i	a0, a1, 0
	l32i	a2, a1, 8
	l32i	a3, a1, 12
	high_registers l32i a1
	addi	a1, a1, frame
	rfe

	/* MOVSP while the caller's frame is saved below the stack pointer: brings it back as a RETW would, and the MOVSP is made again. */
alloca_entry:
	wsr.depc a3
	rsr.ps	a2
	extui	a3, a2, 8, 4
	slli	a3, a3, 8
	xor	a2, a2, a3
	rsr_windowbase 3
	slli	a3, a3, 8
	or	a2, a2, a3
	wsr.ps	a2			/* PS.OWB: where RFWU will return to */
	rsync
	rsr.depc a3
	rsr.excsave1 a2
	bbci	a0, 31, 4f		/* the increment of the call is in the two upper bits */
	bbci	a0, 30, 8f
	rotw	-3
	j	underflow_12
8:	rotw	-2
	j	underflow_8
4:	rotw	-1
	j	underflow_4

	.global	_start
	.type	_start, @function
	.align	4
_start:
	movi	a2, vectors
	wsr.vecbase a2
	movi	a2, PLATFORM_ATOMCTL	/* where S32C1I works, for each kind of address */
	wsr_atomctl 2
	movi	a2, ps_woe | ps_intlevel	/* no exception pending, interrupts masked until the core is ready */
	wsr.ps	a2
	rsync
	rsr_prid 2
	movi	a3, boot_descriptor
	slli	a4, a2, 4		/* 16 bytes a core; the stack is the first field */
	add	a4, a4, a3
	l32i	a1, a4, 16
	bnez	a2, 1f
	call4	primary_boot
	j	2f
1:	call4	secondary_boot
2:	ret
	.size	_start, . - _start

#endif
