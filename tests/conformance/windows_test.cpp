// SPDX-License-Identifier: Apache-2.0
// Random trees of windowed calls return the same on QEMU and on our core, whoever handles window exceptions.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/conformance/window_program.h"
#include "tests/support/flat_environment.h"
#include "tests/support/qemu.h"

namespace dspmem::test {
namespace {

unsigned number_from_environment(const char* name, unsigned otherwise) {
  const char* const text = std::getenv(name);
  return text ? static_cast<unsigned>(std::strtoul(text, nullptr, 10)) : otherwise;
}

/// Trees of calls in one program, and what is added to seeds: for long runs.
const unsigned sequences = number_from_environment("DSPMEM_SEQUENCES", 250), other_seeds = number_from_environment("DSPMEM_SEED", 0);

struct Outcome {
  std::string output;
  CoreStatistics statistics;
};

Outcome run_on_our_core(const std::vector<std::uint8_t>& program, std::uint32_t registers, bool vectors, std::uint32_t translate_after) {
  const AddressMap map({{"ram", WindowProgram::base, 64u << 20, RegionKind::cached, WindowProgram::base}});
  FlatEnvironment memory(map);
  CoreConfig config;
  config.translate_after = translate_after;
  config.address_registers = registers;
  config.window_vectors = vectors;
  Core core(config, map, memory);
  memory.core = &core;
  std::copy(program.begin(), program.end(), memory.at(WindowProgram::base, program.size()));
  core.reset(WindowProgram::base);
  try {
    core.run();
  } catch (const FlatEnvironment::Exit& exit) {
    EXPECT_EQ(exit.code, 0u);
  }
  return {memory.output, core.statistics()};
}

std::string describe_difference(const std::string& ours, const std::string& theirs) {
  std::string text = "sizes " + std::to_string(ours.size()) + " and " + std::to_string(theirs.size());
  for (std::size_t i = 0; i + 4 <= std::min(ours.size(), theirs.size()); i += 4)
    if (ours.compare(i, 4, theirs, i, 4) != 0) {
      std::uint32_t a, b;
      std::memcpy(&a, &ours[i], 4);
      std::memcpy(&b, &theirs[i], 4);
      char line[200];
      std::snprintf(line, sizeof line, "; sequence %zu, slot %zu: ours %08x, QEMU %08x", i / WindowProgram::result_bytes, i % WindowProgram::result_bytes / 4, a, b);
      return text + line;
    }
  return text;
}

/// A CPU of QEMU's `sim` machine with its memory where our programs are. All of QEMU's have 32 registers: for 64 of ours, programs whose
/// results do not depend on it.
struct Cpu {
  const char* name;
  std::uint32_t reset_address, registers;
};

class RandomCalls : public testing::TestWithParam<std::tuple<Cpu, std::uint64_t>> {};

TEST_P(RandomCalls, MatchQemu) {
  const auto& [cpu, seed] = GetParam();
  WindowProgram generator(seed + other_seeds, {.shows_windows = cpu.registers == 32});
  const std::vector<std::uint8_t> program = generator.generate(sequences);
  const TemporaryDirectory directory;
  const auto elf = make_elf({{WindowProgram::base, program}, qemu_reset_stub(WindowProgram::base, cpu.reset_address)}, WindowProgram::base);
  const auto path = directory.write("program.elf", {elf.begin(), elf.end()});
  const ProgramResult theirs = run_qemu(path.string(), cpu.name);
  ASSERT_EQ(theirs.exit_code, 0) << theirs.err.substr(0, 2000);
  ASSERT_EQ(theirs.out.size(), sequences * WindowProgram::result_bytes);
  const Outcome interpreted = run_on_our_core(program, cpu.registers, true, 0), translated = run_on_our_core(program, cpu.registers, true, 1);
  EXPECT_TRUE(interpreted.output == theirs.out) << describe_difference(interpreted.output, theirs.out);
  EXPECT_TRUE(translated.output == theirs.out) << describe_difference(translated.output, theirs.out);
  EXPECT_EQ(translated.statistics.instructions, interpreted.statistics.instructions);
  EXPECT_EQ(translated.statistics.cycles, interpreted.statistics.cycles);
  EXPECT_EQ(translated.statistics.data_accesses, interpreted.statistics.data_accesses);
}

INSTANTIATE_TEST_SUITE_P(Cpus, RandomCalls, testing::Combine(testing::Values(Cpu{"sample_controller", 0x50000000, 32}, Cpu{"dsp3400", 0x5ffe0000, 32}, Cpu{"dsp3400", 0x5ffe0000, 64}), testing::Values(1, 2)),
                         [](const auto& test) { return std::string(std::get<0>(test.param).name) + "_" + std::to_string(std::get<0>(test.param).registers) + "_" + std::to_string(std::get<1>(test.param)); });

class Handlers : public testing::TestWithParam<std::uint64_t> {};

/// The core's own handling of window exceptions, for images called without their vectors.
TEST_P(Handlers, OfTheCoreDoWhatThoseOfTheImageDo) {
  WindowProgram generator(GetParam(), {});
  const std::vector<std::uint8_t> program = generator.generate(sequences);
  for (const std::uint32_t registers : {32u, 64u}) {
    const Outcome image = run_on_our_core(program, registers, true, 1);
    for (const std::uint32_t translate_after : {0u, 1u}) {
      const Outcome core = run_on_our_core(program, registers, false, translate_after);
      EXPECT_TRUE(core.output == image.output) << describe_difference(core.output, image.output);
      EXPECT_LT(core.statistics.instructions, image.statistics.instructions);
    }
  }
}

/// MOVSP where the caller's frame is saved: whatever the number of registers, programs compute the same.
TEST_P(Handlers, OfTheCoreLetFunctionsMoveTheirStackPointer) {
  WindowProgram generator(GetParam() + 100, {.moves_stack = true});
  const std::vector<std::uint8_t> program = generator.generate(sequences);
  EXPECT_GT(generator.emitted()[static_cast<std::size_t>(Opcode::movsp)], sequences);
  const Outcome interpreted = run_on_our_core(program, 64, false, 0), translated = run_on_our_core(program, 64, false, 1);
  EXPECT_TRUE(interpreted.output == translated.output) << describe_difference(interpreted.output, translated.output);
  EXPECT_EQ(interpreted.output.size(), sequences * WindowProgram::result_bytes);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Handlers, testing::Values(1, 2));

}  // namespace
}  // namespace dspmem::test
