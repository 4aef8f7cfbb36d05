// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "models/cache/cache_config.h"
#include "models/core/timing.h"
#include "models/memory/address_map.h"

namespace dspmem {

struct CoreConfig {
  std::uint32_t id = 0;
  CoreTiming timing;
  std::uint32_t address_registers = 64;  ///< physical ones: 32 or 64
  /// Offsets from VECBASE. The window vectors are at 0 to 0x140, as in every core that has windows.
  std::uint32_t kernel_vector = 0x30, user_vector = 0x50;
  // What reset leaves in registers. An image that is called without its start-up code finds a stack, and windows that
  // are on.
  std::uint32_t reset_stack = 0;
  std::uint32_t reset_ps = 0x1f;  ///< PS.EXCM and all interrupts masked (ISA manual)
  std::uint32_t reset_vecbase = 0;
  std::uint32_t reset_atomctl =
      0x28;  ///< S32C1I on cached addresses inside the cache, on others an exception (LX reset value, ISA manual)
  /// What S32C1I at memory does to a line of this core's cache that holds the word: nothing, or the line is written
  /// back and dropped before (ISA manual).
  bool atomics_keep_lines = false;
  bool window_vectors =
      true;  ///< the image handles window exceptions; else the core itself does, with the same accesses and cycles
  CacheConfig instruction_cache{.size_bytes = 16 * 1024, .ways = 4, .line_bytes = 64};
  CacheConfig data_cache;
  std::uint32_t translate_after = 24;  ///< how often the interpreter enters a block before it becomes host code; 0:
                                       ///< never. Same results, other speed.
  std::vector<PhysicalRange> kernel_only;  ///< where user mode (PS.RING other than 0) may neither load nor store
};

/// How far cores run by themselves.
struct CoreLimits {
  std::uint32_t quantum_cycles = 1000;  ///< how far to run ahead of the others between synchronising instructions; >= 1
  std::uint64_t watchdog_cycles = 100'000'000;  ///< longest that one call, boot or interrupt handler may execute
  std::uint64_t start_up_cycles = 0;  ///< longest that the first boot of a core may execute; 0: as the watchdog
};

}  // namespace dspmem
