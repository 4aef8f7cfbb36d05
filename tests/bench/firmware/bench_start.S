/* SPDX-License-Identifier: Apache-2.0 */
	.section .text.bench_main, "ax"
	.literal_position
	.global	bench_main
	.type	bench_main, @function
	.align	4
bench_main:
	call0	_start
	call0	bench_run
	movi	a2, 1			/* exit(0) */
	movi	a3, 0
	simcall
	.size	bench_main, . - bench_main
