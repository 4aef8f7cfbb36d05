// SPDX-License-Identifier: Apache-2.0
// Firmware that does what no firmware should (tests/sim/firmware/hostile.c). The program ends with a report, and the
// report is the same from the translator, the interpreter and, where there is one, the unoptimised build;
// tools/sanitize runs the same under the sanitizers.
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

constexpr unsigned kinds = 14;

class Hostile : public testing::TestWithParam<unsigned> {};

TEST_P(Hostile, FirmwareGetsTheSameReportFromEveryBuild) {
  const TemporaryDirectory directory;
  unsigned seeds = 3;
  if (const char* wanted = std::getenv("DSPMEM_HOSTILE_SEEDS")) seeds = static_cast<unsigned>(std::stoul(wanted));
  for (unsigned seed = 1; seed <= seeds; ++seed) {
    directory.write("s.yaml",
                    "name: hostile\nplatform: tgl\ncores:\n  0:\n    - alloc: {as: a, bytes: 100}\n    - call: "
                    "{function: hostile, arguments: [" +
                        std::to_string(GetParam()) + ", " + std::to_string(seed) +
                        "]}\n    - alloc: {as: b, bytes: 100}\n    - free: a\n");
    const auto run = [&](const std::string& program, bool interpret) {
      std::vector<std::string> words{program,  "run",        "s.yaml",
                                     "--json", "-",          "--watchdog",
                                     "100000", "--firmware", (firmware_images() / "hostile.elf").string()};
      if (interpret) words.push_back("--interpret");
      return run_program(words, directory.path(), 120);
    };
    const ProgramResult translated = run(dspmem_executable(), false), interpreted = run(dspmem_executable(), true);
    const std::string what = "kind " + std::to_string(GetParam()) + ", seed " + std::to_string(seed);
    EXPECT_TRUE(translated.exit_code == 0 || translated.exit_code == 1 || translated.exit_code == 3 ||
                translated.exit_code == 4)
        << what << " ended with " << translated.exit_code << ": " << translated.err;
    EXPECT_TRUE(nlohmann::json::accept(translated.out)) << what;
    EXPECT_EQ(translated.exit_code, interpreted.exit_code) << what;
    EXPECT_EQ(translated.out, interpreted.out) << what;
    EXPECT_EQ(translated.err, "") << what;
#ifdef DSPMEM_UNOPTIMISED
    EXPECT_EQ(run(DSPMEM_UNOPTIMISED, false).out, translated.out) << what;
#endif
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, Hostile, testing::Range(0u, kinds));

}  // namespace
}  // namespace dspmem::test
