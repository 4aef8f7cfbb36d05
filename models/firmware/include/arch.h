/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The instructions that C has no words for. On the target they are inline assembly; in the native build, which runs on
 * one coherent core, they do nothing or what a single core would.
 */

#include <stdint.h>

#ifdef __XTENSA__

/* Numbers for the register names that the compiler prints, so that .byte can encode any of them. */
__asm__(
    ".set .Lr_a0,0\n.set .Lr_sp,1\n.set .Lr_a1,1\n.set .Lr_a2,2\n.set .Lr_a3,3\n.set .Lr_a4,4\n.set .Lr_a5,5\n"
    ".set .Lr_a6,6\n.set .Lr_a7,7\n.set .Lr_a8,8\n.set .Lr_a9,9\n.set .Lr_a10,10\n.set .Lr_a11,11\n.set .Lr_a12,12\n"
    ".set .Lr_a13,13\n.set .Lr_a14,14\n.set .Lr_a15,15\n");

/* Encodings from the Xtensa ISA manual: this assembler's core has neither a data cache nor atomics. */
#define ARCH_DCACHE_OP(first, address) __asm__ volatile(".byte " first ", 0x70 | .Lr_%0, 0" : : "r"(address) : "memory")
#define ARCH_DCACHE_INDEX_OP(last, address) \
  __asm__ volatile(".byte 0x82, 0x70 | .Lr_%0, " last : : "r"(address) : "memory")

static inline void arch_dhwb(uintptr_t address) { ARCH_DCACHE_OP("0x42", address); }
static inline void arch_dhwbi(uintptr_t address) { ARCH_DCACHE_OP("0x52", address); }
static inline void arch_dhi(uintptr_t address) { ARCH_DCACHE_OP("0x62", address); }
static inline void arch_diwb(uintptr_t index) { ARCH_DCACHE_INDEX_OP("4", index); }
static inline void arch_diwbi(uintptr_t index) { ARCH_DCACHE_INDEX_OP("5", index); }
static inline void arch_ihi(uintptr_t address) { ARCH_DCACHE_OP("0xe2", address); }
static inline void arch_memw(void) { __asm__ volatile("memw" : : : "memory"); }

/* S32C1I: stores `desired` if the word holds `expected`; returns what it held. */
static inline uint32_t arch_compare_and_swap(volatile uint32_t* word, uint32_t expected, uint32_t desired) {
  __asm__ volatile(
      ".byte .Lr_%2 << 4, 0x0c, 0x13\n\t" /* wsr.scompare1 */
      "memw\n\t"
      ".byte 0x02 | (.Lr_%0 << 4), 0xe0 | .Lr_%1, 0" /* s32c1i */
      : "+&r"(desired)
      : "r"(word), "r"(expected)
      : "memory");
  return desired;
}

/* S32RI: a store that becomes visible after all earlier accesses. */
static inline void arch_store_release(volatile uint32_t* word, uint32_t value) {
  __asm__ volatile("memw\n\t.byte 0x02 | (.Lr_%0 << 4), 0xf0 | .Lr_%1, 0" : : "r"(value), "r"(word) : "memory");
}

static inline uint32_t arch_core_id(void) {
  uint32_t id;

  __asm__ volatile(".byte .Lr_%0 << 4, 0xeb, 0x03" : "=r"(id)); /* rsr.prid */
  return id;
}

/* PS of code that may be interrupted: the windowed ABI needs PS.WOE. */
#ifdef __XTENSA_WINDOWED_ABI__
#define ARCH_PS_RUNNING 0x40000u
#else
#define ARCH_PS_RUNNING 0u
#endif

static inline uint32_t arch_interrupts_off(void) {
  uint32_t old;

  __asm__ volatile("rsil %0, 1" : "=r"(old) : : "memory");
  return old;
}

static inline void arch_interrupts_restore(uint32_t old) {
  __asm__ volatile("wsr.ps %0\n\trsync" : : "r"(old) : "memory");
}
static inline void arch_wait(void) { __asm__ volatile("waiti 0" : : : "memory"); }

static inline uint32_t arch_simcall(uint32_t number, uint32_t a, uint32_t b, uint32_t c) {
  register uint32_t a2 __asm__("a2") = number;
  register uint32_t a3 __asm__("a3") = a;
  register uint32_t a4 __asm__("a4") = b;
  register uint32_t a5 __asm__("a5") = c;

  __asm__ volatile("simcall" : "+r"(a2) : "r"(a3), "r"(a4), "r"(a5) : "memory");
  return a2;
}

#else /* native */

uint32_t arch_core_id(void); /* the test says which core it plays */
static inline void arch_dhwb(uintptr_t address) { (void)address; }
static inline void arch_dhwbi(uintptr_t address) { (void)address; }
static inline void arch_dhi(uintptr_t address) { (void)address; }
static inline void arch_diwb(uintptr_t index) { (void)index; }
static inline void arch_diwbi(uintptr_t index) { (void)index; }
static inline void arch_ihi(uintptr_t address) { (void)address; }
static inline void arch_memw(void) {}
static inline uint32_t arch_compare_and_swap(volatile uint32_t* word, uint32_t expected, uint32_t desired) {
  uint32_t held = *word;

  if (held == expected) *word = desired;
  return held;
}
static inline void arch_store_release(volatile uint32_t* word, uint32_t value) { *word = value; }
static inline uint32_t arch_interrupts_off(void) { return 0; }
static inline void arch_interrupts_restore(uint32_t old) { (void)old; }

#endif
