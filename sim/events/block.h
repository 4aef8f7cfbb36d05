// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "sim/config/platform.h"

namespace dspmem {

/// Where and when firmware called the allocator: return addresses, innermost first, 0 behind the last.
struct CallSite {
  std::uint64_t cycle = 0;
  std::array<std::uint32_t, 6> stack{};
};

/// One allocation, from the call that returned it to the one that frees it.
struct HeapBlock {
  std::uint64_t id = 0;  ///< of a run's allocations, from 1 on; a block that is resized where it is becomes another
  std::uint32_t base = 0;  ///< cached address
  std::uint32_t bytes = 0;
  Zone zone = Zone::runtime;
  std::uint32_t core = 0;  ///< whose heap it was asked for, as a rule the core that called
  std::string name;  ///< the scenario's; empty when firmware allocated it of its own accord
  const SourceMark* where = nullptr;  ///< the step that asked for it; null when none did
  const SourceMark* group = nullptr;  ///< of many that count as one where reports say who keeps a bank on
  CallSite site;
  CallSite freed;  ///< where it was freed, once it was
  std::uint32_t freed_by = 0;
  const SourceMark* freed_in = nullptr;  ///< the step during which it was freed, by the firmware or at its request
  bool shared = false;  ///< shared data, from the allocator's point of view
};

}  // namespace dspmem
