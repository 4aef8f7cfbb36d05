// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "models/core/core.h"

namespace dspmem::abi {

/// Both ABIs, call0 and windowed, pass arguments in a2 to a7 of the function that is called, and further ones from the
/// caller's stack pointer on, return its result in its a2, and have calls of three bytes. Nobody else knows which
/// registers these are. Before a windowed function has executed ENTRY they are still its caller's.
inline constexpr unsigned register_arguments = 6, most_arguments = 12;  // words
inline constexpr unsigned result_register = 2, stack_register = 1, stack_alignment = 16;

/// A word of memory as the core would read it, without any effect; 0 where nothing is.
inline std::uint32_t word_at(const Core& core, std::uint32_t address) {
  std::array<std::uint8_t, 4> bytes{};
  std::uint32_t word = 0;
  if (core.peek(address, bytes)) std::memcpy(&word, bytes.data(), bytes.size());
  return word;
}
inline std::uint32_t stack_argument(const Core& core, unsigned index) {
  return core.reg(stack_register) + 4 * (index - register_arguments);
}

/// REQUIRES: index < most_arguments; the core is at a function's first instruction.
inline std::uint32_t argument(const Core& core, unsigned index) {
  return index < register_arguments ? core.reg(core.first_argument() + index)
                                    : word_at(core, stack_argument(core, index));
}
inline void set_argument(Core& core, unsigned index, std::uint32_t value) {
  if (index < register_arguments) core.set_reg(core.first_argument() + index, value);
  else core.store(stack_argument(core, index), value, 4);
}
/// REQUIRES: a function has just returned.
inline std::uint32_t result(const Core& core) { return core.reg(result_register); }
inline void set_result(Core& core, std::uint32_t value) { core.set_reg(result_register, value); }

/// The call instruction that returns there.
constexpr std::uint32_t call_site(std::uint32_t return_address) { return return_address - 3; }

}  // namespace dspmem::abi
