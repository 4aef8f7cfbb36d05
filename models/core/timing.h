// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "models/core/isa.h"

namespace dspmem {

/// Cycles added to the base of one per instruction.
struct CoreTiming {
  std::array<std::uint32_t, instruction_kinds>
      extra_cycles{};  ///< by InstructionKind, whether or not a branch is taken
  std::uint32_t taken_branch_cycles = 2;  ///< refill of the pipeline behind a taken branch
  std::uint32_t window_exception_cycles = 6;  ///< an overflow or underflow that the core handles itself, beside its
                                              ///< loads and stores: entering the handler, RFWO or RFWU
  // An instruction reads what the one before it loads, multiplies, or reads from a special register.
  std::uint32_t load_use_cycles = 1, multiply_use_cycles = 0, special_use_cycles = 0;

  /// What an instruction waits for the result of the one before it.
  std::uint32_t use_cycles(InstructionKind kind, Opcode opcode) const {
    if (kind == InstructionKind::load) return load_use_cycles;
    if (kind == InstructionKind::multiply) return multiply_use_cycles;
    return opcode == Opcode::rsr ? special_use_cycles : 0;
  }
};

}  // namespace dspmem
