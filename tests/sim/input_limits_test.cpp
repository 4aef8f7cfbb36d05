// SPDX-License-Identifier: Apache-2.0
// Input that is larger than anybody means is refused before it takes the machine's memory.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

ProgramResult run(const TemporaryDirectory& directory, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {dspmem_executable(), "check", "s.yaml"});
  return run_program(arguments, directory.path(), 60);
}

// Twenty-six files, each of which uses the next one ten times: 10^25 steps.
TEST(InputLimits, RefuseUseThatMultiplies) {
  const TemporaryDirectory directory;
  directory.write("s.yaml", "name: x\nplatform: tgl\ncores:\n  0: [{use: u_a.yaml}]\n");
  for (char name = 'a'; name <= 'z'; ++name) {
    std::string text = "steps:\n";
    for (int i = 0; i < 10; ++i) text += name == 'z' ? "  - delay: 1 cycles\n" : std::string("  - use: u_") + static_cast<char>(name + 1) + ".yaml\n";
    directory.write(std::string("u_") + name + ".yaml", text);
  }
  const ProgramResult result = run(directory, {"--max-steps", "20000"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find(": error: the scenario has more than 20000 steps, with what 'use' stands for; --max-steps raises that\n"), std::string::npos) << result.err;
}

TEST(InputLimits, RefuseLargeFilesUnlessTold) {
  const TemporaryDirectory directory;
  directory.write("s.yaml", "name: x\nplatform: tgl\ncores:\n  0: [{delay: 1 cycles}]\n");
  EXPECT_EQ(run(directory, {"--max-file", "20"}).err, "s.yaml: error: has 54 bytes, more than the 20 that a YAML file may have; --max-file raises that\n");
  EXPECT_EQ(run(directory, {"--max-file", "100000"}).exit_code, 0);
}

TEST(InputLimits, RefuseWhatIsNoFile) {
  const TemporaryDirectory directory;
  ASSERT_EQ(mkfifo((directory.path() / "s.yaml").c_str(), 0600), 0);
  EXPECT_EQ(run(directory, {}).err, "s.yaml: error: is a device or a pipe, not a YAML file\n");
  EXPECT_EQ(run_program({dspmem_executable(), "check", "/dev/zero"}, directory.path(), 60).err, "/dev/zero: error: is a device or a pipe, not a YAML file\n");
}

}  // namespace
}  // namespace dspmem::test
