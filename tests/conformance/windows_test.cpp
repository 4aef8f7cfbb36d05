// SPDX-License-Identifier: Apache-2.0
// Random trees of windowed calls return the same on QEMU and on our core, whoever handles window exceptions.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/conformance/outcome.h"
#include "tests/conformance/window_program.h"
#include "tests/support/qemu.h"

namespace dspmem::test {
namespace {

unsigned number_from_environment(const char* name, unsigned otherwise) {
  const char* const text = std::getenv(name);
  return text ? static_cast<unsigned>(std::strtoul(text, nullptr, 10)) : otherwise;
}

/// Trees of calls in one program, and what is added to seeds: for long runs.
const unsigned sequences = number_from_environment("DSPMEM_SEQUENCES", 250),
               other_seeds = number_from_environment("DSPMEM_SEED", 0);

Outcome run(const std::vector<std::uint8_t>& program, std::uint32_t registers, bool vectors,
            std::uint32_t translate_after) {
  CoreConfig config;
  config.translate_after = translate_after;
  config.address_registers = registers;
  config.window_vectors = vectors;
  return run_on_our_core(program, WindowProgram::base, config);
}

std::string difference(const Outcome& ours, const std::string& theirs) {
  return describe_difference(ours.output, theirs, WindowProgram::result_bytes);
}

/// A CPU of QEMU's `sim` machine with its memory where our programs are. All of QEMU's have 32 registers: for 64 of
/// ours, programs whose results do not depend on it.
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
  const auto elf = make_elf({{WindowProgram::base, program}, qemu_reset_stub(WindowProgram::base, cpu.reset_address)},
                            WindowProgram::base);
  const auto path = directory.write("program.elf", {elf.begin(), elf.end()});
  const ProgramResult theirs = run_qemu(path.string(), cpu.name);
  ASSERT_EQ(theirs.exit_code, 0) << theirs.err.substr(0, 2000);
  ASSERT_EQ(theirs.out.size(), sequences * WindowProgram::result_bytes);
  const Outcome interpreted = run(program, cpu.registers, true, 0), translated = run(program, cpu.registers, true, 1);
  EXPECT_TRUE(interpreted.output == theirs.out) << difference(interpreted, theirs.out);
  EXPECT_TRUE(translated.output == theirs.out) << difference(translated, theirs.out);
  EXPECT_EQ(translated.statistics.instructions, interpreted.statistics.instructions);
  EXPECT_EQ(translated.statistics.cycles, interpreted.statistics.cycles);
  EXPECT_EQ(translated.statistics.data_accesses, interpreted.statistics.data_accesses);
}

INSTANTIATE_TEST_SUITE_P(Cpus, RandomCalls,
                         testing::Combine(testing::Values(Cpu{"sample_controller", 0x50000000, 32},
                                                          Cpu{"dsp3400", 0x5ffe0000, 32},
                                                          Cpu{"dsp3400", 0x5ffe0000, 64}),
                                          testing::Values(1, 2)),
                         [](const auto& test) {
                           return std::string(std::get<0>(test.param).name) + "_" +
                                  std::to_string(std::get<0>(test.param).registers) + "_" +
                                  std::to_string(std::get<1>(test.param));
                         });

class Handlers : public testing::TestWithParam<std::uint64_t> {};

/// The core's own handling of window exceptions, for images called without their vectors.
TEST_P(Handlers, OfTheCoreDoWhatThoseOfTheImageDo) {
  WindowProgram generator(GetParam(), {});
  const std::vector<std::uint8_t> program = generator.generate(sequences);
  for (const std::uint32_t registers : {32u, 64u}) {
    const Outcome image = run(program, registers, true, 1);
    for (const std::uint32_t translate_after : {0u, 1u}) {
      const Outcome core = run(program, registers, false, translate_after);
      EXPECT_TRUE(core.output == image.output) << difference(core, image.output);
      EXPECT_LT(core.statistics.instructions, image.statistics.instructions);
    }
  }
}

/// MOVSP where the caller's frame is saved: whatever the number of registers, programs compute the same.
TEST_P(Handlers, OfTheCoreLetFunctionsMoveTheirStackPointer) {
  WindowProgram generator(GetParam() + 100, {.moves_stack = true, .shows_windows = false});
  const std::vector<std::uint8_t> program = generator.generate(sequences);
  EXPECT_GT(generator.emitted()[static_cast<std::size_t>(Opcode::movsp)], sequences);
  // With 32 registers other frames are saved, at other places, than with 64.
  const Outcome few = run(program, 32, false, 0), many = run(program, 64, false, 0);
  EXPECT_TRUE(few.output == many.output) << difference(few, many.output);
  EXPECT_NE(few.statistics.data_accesses, many.statistics.data_accesses);
  EXPECT_EQ(many.output.size(), sequences * WindowProgram::result_bytes);
  for (const std::uint32_t registers : {32u, 64u}) {
    const Outcome translated = run(program, registers, false, 1);
    EXPECT_TRUE(translated.output == many.output) << difference(translated, many.output);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Handlers, testing::Values(1, 2));

}  // namespace
}  // namespace dspmem::test
