// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace dspmem {

/// Groups of instructions that cost the same. The base cost of every instruction is one cycle; CoreTiming adds to it.
enum class InstructionKind : std::uint8_t {
  alu,
  multiply,
  divide,
  load,
  store,
  synchronising,
  jump,
  call,
  return_,
  branch,
  loop_,
  barrier,
  cache,
  fetch_control,
  system,
  window,
  trap
};
inline constexpr std::size_t instruction_kinds = 17;

enum class Opcode : std::uint8_t {
#define INSTRUCTION(name, ...) name,
#include "models/core/instructions.inc"
#undef INSTRUCTION
  block_end,  ///< not an instruction: ends a block that falls through
};
inline constexpr std::size_t opcode_count = static_cast<std::size_t>(Opcode::block_end) + 1;

/// Bits of a register-use mask: which operand fields an instruction reads or writes.
enum OperandField : std::uint8_t { field_r = 1, field_s = 2, field_t = 4 };

/// How an instruction's operands are laid out.
struct Format {
  std::uint8_t reads;
  std::uint8_t writes;
  std::uint32_t (*immediate)(std::uint32_t word, std::uint32_t pc);
  /// The address a taken branch, jump or loop end leads to; null for instructions without one.
  std::uint32_t (*target)(std::uint32_t word, std::uint32_t pc);
  /// Calls: by how many quads of registers the window will move. They write the first register of the new window.
  std::uint8_t increment = 0;
};

/// One row of instructions.inc.
struct Instruction {
  std::string_view text;
  std::uint32_t mask;
  std::uint32_t match;
  const Format* format;
  InstructionKind kind;
};

/// Whether an instruction is the last of its block: it may go elsewhere, or change how what follows is fetched or
/// executed.
constexpr bool ends_block(InstructionKind kind) {
  switch (kind) {
    case InstructionKind::jump:
    case InstructionKind::call:
    case InstructionKind::return_:
    case InstructionKind::branch:
    case InstructionKind::loop_:
    case InstructionKind::system:
    case InstructionKind::fetch_control:
    case InstructionKind::window:
    case InstructionKind::trap: return true;
    default: return false;
  }
}

constexpr bool accesses_data(InstructionKind kind) {
  return kind == InstructionKind::load || kind == InstructionKind::store;
}

/// Every instruction, indexed by Opcode (without block_end).
std::span<const Instruction> instruction_table();

constexpr std::uint32_t instruction_length(std::uint32_t word) { return (word & 0xf) >= 8 ? 2 : 3; }

/// What a word is that decodes to Opcode::ill: "HiFi or other FLIX bundle", "floating-point instruction"...
std::string_view unknown_instruction(std::uint32_t word);

/// An unknown word decodes to Opcode::ill.
Opcode decode(std::uint32_t word);

// Numbers of the special registers that the simulator implements (Xtensa ISA reference manual, special registers).
namespace special {
enum : std::uint8_t {
  lbeg = 0,
  lend = 1,
  lcount = 2,
  sar = 3,
  br = 4,
  litbase = 5,
  scompare1 = 12,
  acclo = 16,
  acchi = 17,
  m0 = 32,
  prefctl = 40,
  windowbase = 72,
  windowstart = 73,
  ptevaddr = 83,
  rasid = 90,
  itlbcfg = 91,
  dtlbcfg = 92,
  eraccess = 95,
  ibreakenable = 96,
  memctl = 97,
  cacheattr = 98,
  atomctl = 99,
  ddr = 104,
  mepc = 106,
  ibreaka0 = 128,
  dbreaka0 = 144,
  dbreakc0 = 160,
  configid0 = 176,
  epc1 = 177,
  epc2 = 178,
  depc = 192,
  eps2 = 194,
  configid1 = 208,
  excsave1 = 209,
  cpenable = 224,
  interrupt = 226,
  intclear = 227,
  intenable = 228,
  ps = 230,
  vecbase = 231,
  exccause = 232,
  debugcause = 233,
  ccount = 234,
  prid = 235,
  icount = 236,
  icountlevel = 237,
  excvaddr = 238,
  ccompare0 = 240,
  misc0 = 244,
};
}

/// User registers that the simulator implements. FSR keeps what was written: no instruction sets its flags.
namespace user {
enum : std::uint8_t { threadptr, fcr, fsr };
inline constexpr std::uint32_t first = 231;  ///< number of the first, in RUR and WUR
inline constexpr std::uint32_t count = 3;
}  // namespace user

// Fields of PS.
namespace ps {
inline constexpr std::uint32_t intlevel = 0xf, excm = 0x10, um = 0x20, ring = 0xc0, owb = 0xf00, callinc = 0x30000,
                               woe = 0x40000;
inline constexpr unsigned owb_shift = 8, callinc_shift = 16;
}  // namespace ps

}  // namespace dspmem
