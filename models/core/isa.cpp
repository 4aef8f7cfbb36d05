// SPDX-License-Identifier: Apache-2.0
#include "models/core/isa.h"

#include <vector>

#include "models/core/formats.h"

namespace dspmem {
namespace {

constexpr Instruction table[] = {
#define INSTRUCTION(name, text, mask, match, format_name, kind_name, ...) \
  {text, mask, match, &format::format_name, InstructionKind::kind_name},
#include "models/core/instructions.inc"
#undef INSTRUCTION
};

/// The opcodes that share op0, so that decoding looks at few rows.
std::array<std::vector<Opcode>, 16> group_by_op0() {
  std::array<std::vector<Opcode>, 16> groups;
  for (std::size_t row = 0; row < std::size(table); ++row)
    groups[table[row].match & 0xf].push_back(static_cast<Opcode>(row));
  return groups;
}

}  // namespace

std::span<const Instruction> instruction_table() { return table; }

// Xtensa ISA reference manual, opcode maps: op0 of 14 and 15 is where configurations have their FLIX formats.
std::string_view unknown_instruction(std::uint32_t word) {
  const std::uint32_t op0 = word & 0xf, op1 = word >> 16 & 0xf;
  if (op0 >= 14) return "HiFi instruction, or another FLIX bundle";
  if (op0 == 3) return "floating-point load or store";
  if (op0 == 4) return "MAC16 or HiFi instruction";
  if (op0 == 0 && (op1 == 10 || op1 == 11)) return "floating-point instruction";
  if (op0 == 0 && (op1 == 6 || op1 == 7)) return "instruction of the product's own (CUST)";
  return "instruction that is not known";
}

Opcode decode(std::uint32_t word) {
  static const auto groups = group_by_op0();
  for (const Opcode opcode : groups[word & 0xf]) {
    const Instruction& row = table[static_cast<std::size_t>(opcode)];
    if ((word & row.mask) == row.match) return opcode;
  }
  return Opcode::ill;
}

}  // namespace dspmem
