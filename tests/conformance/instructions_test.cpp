// SPDX-License-Identifier: Apache-2.0
// Random instruction sequences give the same registers and memory on QEMU and on our core.
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/conformance/program_generator.h"
#include "tests/support/flat_environment.h"
#include "tests/support/qemu.h"

namespace dspmem::test {
namespace {

struct Outcome {
  std::string output;
  CoreStatistics statistics;
};

Outcome run_on_our_core(const std::vector<std::uint8_t>& program, const CacheConfig& data_cache, std::uint32_t translate_after) {
  const AddressMap map({{"ram", ProgramGenerator::base, 64u << 20, RegionKind::cached, ProgramGenerator::base}});
  FlatEnvironment memory(map);
  CoreConfig config;
  config.data_cache = data_cache;
  config.translate_after = translate_after;
  config.instruction_cache.line_bytes = data_cache.line_bytes;
  Core core(config, map, memory);
  memory.core = &core;
  std::copy(program.begin(), program.end(), memory.at(ProgramGenerator::base, program.size()));
  core.reset(ProgramGenerator::base);
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

class RandomSequences : public testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomSequences, MatchQemu) {
  constexpr unsigned sequences = 5500;
  ProgramGenerator generator(GetParam());
  const std::vector<std::uint8_t> program = generator.generate(sequences);
  const TemporaryDirectory directory;
  const auto elf = make_elf({{ProgramGenerator::base, program}, qemu_reset_stub(ProgramGenerator::base)}, ProgramGenerator::base);
  const auto path = directory.write("program.elf", {elf.begin(), elf.end()});

  const ProgramResult theirs = run_qemu(path.string(), "de212");
  ASSERT_EQ(theirs.exit_code, 0) << theirs.err.substr(0, 2000);
  static constexpr std::uint32_t line_sizes[] = {32, 64, 128, 256};
  CacheConfig data_cache;
  data_cache.line_bytes = line_sizes[GetParam() % 4];
  const Outcome interpreted = run_on_our_core(program, data_cache, 0), translated = run_on_our_core(program, data_cache, 1);
  EXPECT_TRUE(interpreted.output == theirs.out) << describe_difference(interpreted.output, theirs.out, sequences);
  EXPECT_TRUE(translated.output == theirs.out) << describe_difference(translated.output, theirs.out, sequences);
  EXPECT_EQ(translated.statistics.instructions, interpreted.statistics.instructions);
  EXPECT_EQ(translated.statistics.cycles, interpreted.statistics.cycles);
  EXPECT_EQ(translated.statistics.data_accesses, interpreted.statistics.data_accesses);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomSequences, testing::Values(1, 2, 3, 4));

TEST(Conformance, EveryInstructionIsGenerated) {
  ProgramGenerator generator(1);
  generator.generate(5500);
  // Left to tests/models/core_test.cpp: traps and waiting, which do not run to an end; options that QEMU's de212 lacks; and
  // DII, which would lose data that QEMU, having no data cache, keeps.
  for (std::size_t i = 0; i + 1 < opcode_count; ++i) {
    const auto opcode = static_cast<Opcode>(i);
    const std::string_view text = instruction_table()[i].text;
    const bool stops = instruction_table()[i].kind == InstructionKind::trap || text == "waiti" || text == "syscall";
    const bool absent = text == "muluh" || text == "mulsh" || text == "rur" || text == "wur" || text == "dii";
    if (!stops && !absent) {
      EXPECT_GT(generator.emitted()[static_cast<std::size_t>(opcode)], 0u) << text;
    }
  }
}

}  // namespace
}  // namespace dspmem::test
