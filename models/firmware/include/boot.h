/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdint.h>

/*
 * What the loader tells the firmware about the platform at boot. The simulator builds it from the platform file
 * (writer: sim/replay/boot_descriptor.cpp); all fields are addresses or counts of the target, 32 bits wide there.
 */
#define BOOT_MAGIC 0x424d5344u /* "DSMB" */
#define BOOT_VERSION 2u
#define BOOT_MAX_CORES 8
#define BOOT_MAX_HEAPS 24
#define BOOT_MAX_MAPS 12
#define BOOT_MAX_MEMORIES 4

struct boot_map {
  uintptr_t block_bytes;
  uintptr_t count;
};

struct boot_heap {
  uintptr_t zone; /* enum mem_zone */
  uintptr_t core; /* owner; for heaps of all cores, 0 */
  uintptr_t base; /* cached address */
  uintptr_t bytes;
  uintptr_t caps;
  uintptr_t map_count; /* 0: a bump heap */
  struct boot_map map[BOOT_MAX_MAPS];
};

struct boot_core {
  uintptr_t stack_top;
  /* SRAM banks that hold nothing but this core's own memory; bank_count is 0 where there are none. */
  uintptr_t sram;
  uintptr_t first_bank;
  uintptr_t bank_count;
};

/* A memory whose banks can be switched; all counts are banks of it. */
struct boot_memory {
  uintptr_t base; /* cached address */
  uintptr_t bank_bytes;
  uintptr_t bank_count;
  /* Never put to sleep: they hold the image and core 0's stack. */
  uintptr_t awake_first;
  uintptr_t awake_count;
  /* Left to the bank manager: they hold nothing but heaps of all cores. */
  uintptr_t managed_first;
  uintptr_t managed_count;
  /* 1: its regulator has to be on while banks come up. */
  uintptr_t regulator;
};

struct boot_descriptor {
  uintptr_t magic;
  uintptr_t version;
  uintptr_t core_count;
  uintptr_t heap_count;
  struct boot_core core[BOOT_MAX_CORES];
  struct boot_heap heap[BOOT_MAX_HEAPS];
  uintptr_t keep_empty_banks;
  uintptr_t memory_count;
  struct boot_memory memory[BOOT_MAX_MEMORIES];
};
