// SPDX-License-Identifier: Apache-2.0
// Random instruction sequences give the same registers and memory on QEMU and on our core.
#include <gtest/gtest.h>

#include <cstdio>
#include <set>

#include "tests/conformance/program_generator.h"
#include "tests/support/flat_environment.h"
#include "tests/support/qemu.h"

namespace dspmem::test {
namespace {

struct Outcome {
  std::string output;
  CoreStatistics statistics;
};

Outcome run_on_our_core(const std::vector<std::uint8_t>& program, std::uint32_t origin, const CacheConfig& data_cache, std::uint32_t translate_after) {
  const AddressMap map({{"ram", origin, 64u << 20, RegionKind::cached, origin}});
  FlatEnvironment memory(map);
  CoreConfig config;
  config.data_cache = data_cache;
  config.translate_after = translate_after;
  config.instruction_cache.line_bytes = data_cache.line_bytes;
  Core core(config, map, memory);
  memory.core = &core;
  std::copy(program.begin(), program.end(), memory.at(origin, program.size()));
  core.reset(origin);
  try {
    core.run();
  } catch (const FlatEnvironment::Exit& exit) {
    EXPECT_EQ(exit.code, 0u);
  }
  return {memory.output, core.statistics()};
}

std::string describe_difference(const std::string& ours, const std::string& theirs, unsigned sequences) {
  std::string text = "sizes " + std::to_string(ours.size()) + " and " + std::to_string(theirs.size());
  for (std::size_t i = 0; i + 4 <= std::min(ours.size(), theirs.size()); i += 4)
    if (ours.compare(i, 4, theirs, i, 4) != 0) {
      std::uint32_t a, b;
      std::memcpy(&a, &ours[i], 4);
      std::memcpy(&b, &theirs[i], 4);
      char line[200];
      const std::size_t slot = i % ProgramGenerator::result_bytes / 4;
      std::snprintf(line, sizeof line, "; sequence %zu of %u, register slot %zu: ours %08x, QEMU %08x",
                    i / ProgramGenerator::result_bytes, sequences, slot, a, b);
      return text + line;
    }
  return text;
}

/// A CPU of QEMU's `sim` machine, and what it does not have.
struct Cpu {
  const char* name;
  std::uint32_t reset_address, memory;  ///< where it starts, and where programs can be
  bool single_step;
  std::set<Opcode> absent;
};

const Cpu& de212() {
  using enum Opcode;
  static const Cpu cpu{"de212", 0x50000000, ProgramGenerator::base, false, {muluh, mulsh, salt, saltu, andb, andbc, orb, orbc, xorb, any4, all4, any8, all8, movf, movt, bf, bt}};
  return cpu;
}

const Cpu& de233_fpu() {
  using enum Opcode;
  static const Cpu cpu{"de233_fpu", 0xfe000000, 0x100000, true, {muluh, mulsh, salt, saltu}};
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
  const Outcome interpreted = run_on_our_core(program, cpu->memory, data_cache, 0), translated = run_on_our_core(program, cpu->memory, data_cache, 1);
  EXPECT_TRUE(interpreted.output == theirs.out) << describe_difference(interpreted.output, theirs.out, sequences);
  EXPECT_TRUE(translated.output == theirs.out) << describe_difference(translated.output, theirs.out, sequences);
  EXPECT_EQ(translated.statistics.instructions, interpreted.statistics.instructions);
  EXPECT_EQ(translated.statistics.cycles, interpreted.statistics.cycles);
  EXPECT_EQ(translated.statistics.data_accesses, interpreted.statistics.data_accesses);
}

std::string name_of(const testing::TestParamInfo<std::tuple<const Cpu*, std::uint64_t>>& test) {
  return std::string(std::get<0>(test.param)->name) + "_" + std::to_string(std::get<1>(test.param));
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomSequences, testing::Combine(testing::Values(&de212()), testing::Values(1, 2, 3, 4)), name_of);
INSTANTIATE_TEST_SUITE_P(Options, RandomSequences, testing::Combine(testing::Values(&de233_fpu()), testing::Values(5, 6)), name_of);

TEST(Conformance, EveryInstructionIsGenerated) {
  ProgramGenerator generator(1, ProgramGenerator::base, {Opcode::muluh, Opcode::mulsh, Opcode::salt, Opcode::saltu});
  generator.generate(5500);
  // Left to tests/models/core_test.cpp: traps and waiting, which do not run to an end; options that QEMU's de212 lacks; and
  // DII, which would lose data that QEMU, having no data cache, keeps. Windows: windows_test.cpp.
  for (std::size_t i = 0; i + 1 < opcode_count; ++i) {
    const auto opcode = static_cast<Opcode>(i);
    const std::string_view text = instruction_table()[i].text;
    const bool stops = instruction_table()[i].kind == InstructionKind::trap || text == "waiti" || text == "syscall";
    const bool windows = instruction_table()[i].kind == InstructionKind::window || instruction_table()[i].format->increment || text.starts_with("retw") || text == "l32e" || text == "s32e";
    const bool absent = text == "muluh" || text == "mulsh" || text == "rur" || text == "wur" || text == "dii" || text == "salt" || text == "saltu" || windows;
    if (!stops && !absent) {
      EXPECT_GT(generator.emitted()[static_cast<std::size_t>(opcode)], 0u) << text;
    }
  }
}

}  // namespace
}  // namespace dspmem::test
