/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boots, runs the program, keeps its registers, writes all of memory to standard output, and leaves.
 */
	.section .text.program_start, "ax"
	.literal_position
	.global	program_start
	.type	program_start, @function
	.align	4
program_start:
	call0	_start
	movi	a2, 0x01020304
	movi	a3, 0x11121314
	call0	program_main
	/* Registers as the program left them; a15 is lost to hold the address. */
	movi	a15, program_registers
	s32i	a0, a15, 0
	s32i	a1, a15, 4
	s32i	a2, a15, 8
	s32i	a3, a15, 12
	s32i	a4, a15, 16
	s32i	a5, a15, 20
	s32i	a6, a15, 24
	s32i	a7, a15, 28
	s32i	a8, a15, 32
	s32i	a9, a15, 36
	s32i	a10, a15, 40
	s32i	a11, a15, 44
	s32i	a12, a15, 48
	s32i	a13, a15, 52
	s32i	a14, a15, 56
	rsr.sar	a2
	s32i	a2, a15, 60
	rsr.ps	a2
	s32i	a2, a15, 64
	movi	a2, 4			/* write(1, RAM, 1 MiB) */
	movi	a3, 1
	movi	a4, 0x60000000
	movi	a5, 0x100000
	simcall
	movi	a2, 1			/* exit(0) */
	movi	a3, 0
	simcall
	.size	program_start, . - program_start

	.bss
	.align	4
	.global	program_registers
program_registers:
	.space	68
