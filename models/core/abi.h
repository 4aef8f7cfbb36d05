// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "models/core/core.h"

namespace dspmem::abi {

/// The call0 ABI: arguments in a2 to a7, the result in a2, calls of three bytes. Nobody else knows which registers these are.
inline constexpr unsigned most_arguments = 6;
inline constexpr unsigned first_argument = 2;

/// REQUIRES: index < most_arguments; the core is at a function's first instruction.
inline std::uint32_t argument(const Core& core, unsigned index) { return core.reg(first_argument + index); }
inline void set_argument(Core& core, unsigned index, std::uint32_t value) { core.set_reg(first_argument + index, value); }
/// REQUIRES: a function has just returned.
inline std::uint32_t result(const Core& core) { return core.reg(first_argument); }
inline void set_result(Core& core, std::uint32_t value) { core.set_reg(first_argument, value); }

/// The call instruction that returns there.
constexpr std::uint32_t call_site(std::uint32_t return_address) { return return_address - 3; }

}  // namespace dspmem::abi
