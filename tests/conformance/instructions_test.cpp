// SPDX-License-Identifier: Apache-2.0
// Random instruction sequences give the same registers and memory on QEMU and on our core.
#include <gtest/gtest.h>

#include <set>

#include "tests/conformance/outcome.h"
#include "tests/conformance/program_generator.h"
#include "tests/support/qemu.h"

namespace dspmem::test {
namespace {

Outcome run(const std::vector<std::uint8_t>& program, std::uint32_t origin, const CacheConfig& data_cache,
            std::uint32_t translate_after) {
  CoreConfig config;
  config.data_cache = data_cache;
  config.translate_after = translate_after;
  config.instruction_cache.line_bytes = data_cache.line_bytes;
  return run_on_our_core(program, origin, config);
}

std::string difference(const Outcome& ours, const std::string& theirs) {
  return describe_difference(ours.output, theirs, ProgramGenerator::result_bytes);
}

/// A CPU of QEMU's `sim` machine, and what it does not have.
struct Cpu {
  const char* name;
  std::uint32_t reset_address, memory;  ///< where it starts, and where programs can be
  bool single_step;
  std::set<Opcode> absent;
};

/// `absent`, and what comes in options of many instructions.
std::set<Opcode> without_options(std::set<Opcode> absent) {
  absent.merge(ProgramGenerator::exclusive_access());
  absent.merge(ProgramGenerator::without_effect());
  absent.merge(ProgramGenerator::mac16());
  absent.merge(ProgramGenerator::floating_point());
  return absent;
}

const Cpu& de212() {
  using enum Opcode;
  static const Cpu cpu{"de212", 0x50000000, ProgramGenerator::base, false,
                       without_options({muluh, mulsh, salt, saltu, andb, andbc, orb, orbc, xorb, any4, all4, any8, all8,
                                        movf, movt, bf, bt})};
  return cpu;
}

const Cpu& de233_fpu() {
  using enum Opcode;
  static const Cpu cpu = [] {
    std::set<Opcode> absent = ProgramGenerator::exclusive_access();
    absent.merge(ProgramGenerator::without_effect());
    absent.insert({muluh, mulsh, salt, saltu});
    return Cpu{"de233_fpu", 0xfe000000, 0x100000, true, absent};
  }();
  return cpu;
}

class RandomSequences : public testing::TestWithParam<std::tuple<const Cpu*, std::uint64_t>> {};

TEST_P(RandomSequences, MatchQemu) {
  constexpr unsigned sequences = 5500;
  const auto& [cpu, seed] = GetParam();
  ProgramGenerator generator(seed, cpu->memory, cpu->absent);
  const std::vector<std::uint8_t> program = generator.generate(sequences);
  const TemporaryDirectory directory;
  const auto elf = make_elf({{cpu->memory, program}, qemu_reset_stub(cpu->memory, cpu->reset_address)}, cpu->memory);
  const auto path = directory.write("program.elf", {elf.begin(), elf.end()});

  const ProgramResult theirs = run_qemu(path.string(), cpu->name, cpu->single_step);
  ASSERT_EQ(theirs.exit_code, 0) << theirs.err.substr(0, 2000);
  static constexpr std::uint32_t line_sizes[] = {32, 64, 128, 256};
  CacheConfig data_cache;
  data_cache.line_bytes = line_sizes[seed % 4];
  const Outcome interpreted = run(program, cpu->memory, data_cache, 0),
                translated = run(program, cpu->memory, data_cache, 1);
  EXPECT_TRUE(interpreted.output == theirs.out) << difference(interpreted, theirs.out);
  EXPECT_TRUE(translated.output == theirs.out) << difference(translated, theirs.out);
  EXPECT_EQ(translated.statistics.instructions, interpreted.statistics.instructions);
  EXPECT_EQ(translated.statistics.cycles, interpreted.statistics.cycles);
  EXPECT_EQ(translated.statistics.data_accesses, interpreted.statistics.data_accesses);
}

std::string name_of(const testing::TestParamInfo<std::tuple<const Cpu*, std::uint64_t>>& test) {
  return std::string(std::get<0>(test.param)->name) + "_" + std::to_string(std::get<1>(test.param));
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomSequences,
                         testing::Combine(testing::Values(&de212()), testing::Values(1, 2, 3, 4)), name_of);
INSTANTIATE_TEST_SUITE_P(Options, RandomSequences,
                         testing::Combine(testing::Values(&de233_fpu()), testing::Values(5, 6, 7, 8)), name_of);

TEST(Conformance, EveryInstructionIsGenerated) {
  std::set<Opcode> left_out = ProgramGenerator::exclusive_access();
  left_out.merge(ProgramGenerator::without_effect());
  left_out.insert({Opcode::muluh, Opcode::mulsh, Opcode::salt, Opcode::saltu});
  ProgramGenerator generator(1, ProgramGenerator::base, left_out);
  generator.generate(5500);
  // Left to tests/models/core_test.cpp: traps and waiting, which do not run to an end; options that QEMU's cores lack;
  // and DII, which would lose data that QEMU, having no data cache, keeps. Windows: windows_test.cpp.
  for (std::size_t i = 0; i + 1 < opcode_count; ++i) {
    const auto opcode = static_cast<Opcode>(i);
    const std::string_view text = instruction_table()[i].text;
    const bool stops = instruction_table()[i].kind == InstructionKind::trap || text == "waiti" || text == "syscall";
    const bool windows = instruction_table()[i].kind == InstructionKind::window ||
                         instruction_table()[i].format->increment || text.starts_with("retw") || text == "l32e" ||
                         text == "s32e";
    const bool absent = text == "rur" || text == "dii" || left_out.contains(opcode) || windows;
    if (!stops && !absent) { EXPECT_GT(generator.emitted()[static_cast<std::size_t>(opcode)], 0u) << text; }
  }
}

}  // namespace
}  // namespace dspmem::test
