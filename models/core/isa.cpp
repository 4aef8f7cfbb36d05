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
  for (std::size_t row = 0; row < std::size(table); ++row) groups[table[row].match & 0xf].push_back(static_cast<Opcode>(row));
  return groups;
}

}  // namespace

std::span<const Instruction> instruction_table() { return table; }

Opcode decode(std::uint32_t word) {
  static const auto groups = group_by_op0();
  for (const Opcode opcode : groups[word & 0xf]) {
    const Instruction& row = table[static_cast<std::size_t>(opcode)];
    if ((word & row.mask) == row.match) return opcode;
  }
  return Opcode::ill;
}

}  // namespace dspmem
