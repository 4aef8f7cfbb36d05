// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/program.h"

namespace dspmem::test {

/// Bytes at an address.
struct Segment {
  std::uint32_t address;
  std::vector<std::uint8_t> bytes;
};

/// A statically linked Xtensa ELF with these segments.
std::vector<std::uint8_t> make_elf(const std::vector<Segment>& segments, std::uint32_t entry);

/// Where most cores of QEMU's `sim` machine start, and what it needs there: a jump to `entry`.
inline constexpr std::uint32_t qemu_reset_address = 0x50000000;
Segment qemu_reset_stub(std::uint32_t entry, std::uint32_t reset_address = qemu_reset_address);

/// Runs an ELF on qemu-system-xtensa's `sim` machine until it exits. Throws std::runtime_error when QEMU cannot be
/// started. `single_step`: one instruction at a time. QEMU 7.2 gives booleans (BR) other values when it translates
/// several together.
ProgramResult run_qemu(const std::string& elf_path, const std::string& cpu, bool single_step = false);

}  // namespace dspmem::test
