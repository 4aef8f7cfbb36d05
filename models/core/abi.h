// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "models/core/core.h"

namespace dspmem::abi {

/// Both ABIs, call0 and windowed, pass arguments in a2 to a7 of the function that is called, return its result in its
/// a2, and have calls of three bytes. Nobody else knows which registers these are. Before a windowed function has
/// executed ENTRY they are still its caller's.
inline constexpr unsigned most_arguments = 6;
inline constexpr unsigned result_register = 2;

/// REQUIRES: index < most_arguments; the core is at a function's first instruction.
inline std::uint32_t argument(const Core& core, unsigned index) { return core.reg(core.first_argument() + index); }
inline void set_argument(Core& core, unsigned index, std::uint32_t value) {
  core.set_reg(core.first_argument() + index, value);
}
/// REQUIRES: a function has just returned.
inline std::uint32_t result(const Core& core) { return core.reg(result_register); }
inline void set_result(Core& core, std::uint32_t value) { core.set_reg(result_register, value); }

/// The call instruction that returns there.
constexpr std::uint32_t call_site(std::uint32_t return_address) { return return_address - 3; }

}  // namespace dspmem::abi
