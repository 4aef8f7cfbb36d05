// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace dspmem {

/// Agents are numbered: cores first, then DMA channels, then the host.
using AgentId = std::uint8_t;
inline constexpr std::size_t max_agents = 16;
inline constexpr AgentId host_agent = max_agents - 1;

/// How an access reaches memory: through a core's cache, past it, or by a master that has none.
enum class View : std::uint8_t { cached, uncached, direct };

/// A place in the program. For firmware, its PC and that of its caller; `origin` is what the host says was going on
/// (see Origins).
struct Site {
  std::uint32_t pc = 0;
  std::uint32_t caller = 0;
  const void* origin = nullptr;
  bool operator==(const Site&) const = default;
};

/// One thing that an agent did to memory or to its cache, as far as it is remembered.
struct Operation {
  enum class Kind : std::uint8_t {
    none,
    read,
    fetch,  ///< of instructions
    write,
    write_back,
    invalidate,
    write_back_invalidate,
    power_off,
    power_on
  };
  Kind kind = Kind::none;
  AgentId agent = 0;
  View view = View::cached;
  Site site;
  std::uint64_t cycle = 0;
  std::uint32_t count = 1;  ///< how many of the same kind in a row; `cycle` is that of the first
};

}  // namespace dspmem
