/* SPDX-License-Identifier: Apache-2.0 */
/* Start-up code as a product has it: cache and protection set up, a PLL waited for, data cleared, then main(). */
#define STACK_TOP 0xbe020000

	.section .text
#ifdef __XTENSA_WINDOWED_ABI__
	/* Window exceptions of frames of 4 and 8 registers: ISA manual, windowed call protocol. */
	.align	1024
vectors:
	s32e	a0, a5, -16
	s32e	a1, a5, -12
	s32e	a2, a5, -8
	s32e	a3, a5, -4
	rfwo
	.org	vectors + 0x40
	l32e	a0, a5, -16
	l32e	a1, a5, -12
	l32e	a2, a5, -8
	l32e	a3, a5, -4
	rfwu
	.org	vectors + 0x80
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
	.org	vectors + 0xc0
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
	.org	vectors + 0x180
#endif

	.macro	write_special number, register
	.byte	\register << 4, \number, 0x13
	.endm

	.literal_position
	.global	product_reset
	.type	product_reset, @function
	.align	4
product_reset:
	movi	a0, 0
	write_special 228, 0		/* INTENABLE */
	write_special 96, 0		/* IBREAKENABLE */
	write_special 237, 0		/* ICOUNTLEVEL */
	movi	a2, 0x2
	.byte	0x20, 0xe2, 0x50	/* wdtlb a2, a2 */
	.byte	0x20, 0x62, 0x50	/* witlb a2, a2 */
	movi	a1, STACK_TOP
#ifdef __XTENSA_WINDOWED_ABI__
	movi	a2, vectors
	write_special 231, 2
	movi	a2, 0x4000f		/* WOE, and interrupts off */
	wsr.ps	a2
	rsync
	movi	a4, product_start
	callx4	a4			/* this frame has no caller that could take more than four registers */
#else
	movi	a2, 0xf
	wsr.ps	a2
	rsync
	movi	a2, product_start
	callx0	a2
#endif
1:	j	1b
	.size	product_reset, . - product_reset
