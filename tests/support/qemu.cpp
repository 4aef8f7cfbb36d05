// SPDX-License-Identifier: Apache-2.0
#include "tests/support/qemu.h"

namespace dspmem::test {
namespace {

void put16(std::vector<std::uint8_t>& out, std::uint32_t value) {
  out.push_back(value & 0xff);
  out.push_back(value >> 8 & 0xff);
}
void put32(std::vector<std::uint8_t>& out, std::uint32_t value) {
  put16(out, value & 0xffff);
  put16(out, value >> 16);
}

}  // namespace

std::vector<std::uint8_t> make_elf(const std::vector<Segment>& segments, std::uint32_t entry) {
  constexpr std::uint32_t header_bytes = 52, program_header_bytes = 32, machine_xtensa = 94;
  std::vector<std::uint8_t> elf{0x7f, 'E', 'L', 'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  put16(elf, 2);  // ET_EXEC
  put16(elf, machine_xtensa);
  put32(elf, 1);
  put32(elf, entry);
  put32(elf, header_bytes);
  put32(elf, 0);
  put32(elf, 0);
  put16(elf, header_bytes);
  put16(elf, program_header_bytes);
  put16(elf, static_cast<std::uint32_t>(segments.size()));
  put16(elf, 0);
  put16(elf, 0);
  put16(elf, 0);
  auto offset = static_cast<std::uint32_t>(header_bytes + program_header_bytes * segments.size());
  for (const Segment& segment : segments) {
    const auto size = static_cast<std::uint32_t>(segment.bytes.size());
    put32(elf, 1);  // PT_LOAD
    put32(elf, offset);
    put32(elf, segment.address);
    put32(elf, segment.address);
    put32(elf, size);
    put32(elf, size);
    put32(elf, 7);
    put32(elf, 4);
    offset += size;
  }
  for (const Segment& segment : segments) elf.insert(elf.end(), segment.bytes.begin(), segment.bytes.end());
  return elf;
}

Segment qemu_reset_stub(std::uint32_t entry, std::uint32_t reset_address) {
  std::vector<std::uint8_t> code{0x06, 0x01, 0x00, 0x00};  // j . + 8
  put32(code, entry);
  code.insert(code.end(), {0x21, 0xff, 0xff,  // l32r a2, . - 4
                           0xa0, 0x02, 0x00});  // jx a2
  return {reset_address, code};
}

ProgramResult run_qemu(const std::string& elf_path, const std::string& cpu, bool single_step) {
  std::vector<std::string> command{
      "qemu-system-xtensa", "-M",   "sim",     "-cpu",  cpu,       "-semihosting", "-display", "none",
      "-monitor",           "none", "-serial", "stdio", "-kernel", elf_path};
  if (single_step) command.push_back("-singlestep");
  return run_program(command, ".", 60);
}

}  // namespace dspmem::test
