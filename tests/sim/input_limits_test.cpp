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
    for (int i = 0; i < 10; ++i)
      text +=
          name == 'z' ? "  - delay: 1 cycles\n" : std::string("  - use: u_") + static_cast<char>(name + 1) + ".yaml\n";
    directory.write(std::string("u_") + name + ".yaml", text);
  }
  const ProgramResult result = run(directory, {"--max-steps", "20000"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(
      result.err.find(
          ": error: the scenario has more than 20000 steps, with what 'use' stands for; --max-steps raises that\n"),
      std::string::npos)
      << result.err;
}

TEST(InputLimits, RefuseLargeFilesUnlessTold) {
  const TemporaryDirectory directory;
  directory.write("s.yaml", "name: x\nplatform: tgl\ncores:\n  0: [{delay: 1 cycles}]\n");
  EXPECT_EQ(run(directory, {"--max-file", "20"}).err,
            "s.yaml: error: has 54 bytes, more than the 20 that a YAML file may have; --max-file raises that\n");
  EXPECT_EQ(run(directory, {"--max-file", "100000"}).exit_code, 0);
}

// A few bytes that stand for a thousand million nodes, and one that contains itself.
TEST(InputLimits, RefuseAliasesThatMultiply) {
  const TemporaryDirectory directory;
  std::string text = "name: x\nplatform: tgl\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) text += (k ? ", *a" : "*a") + std::to_string(i - 1);
    text += "]\n";
  }
  directory.write("s.yaml", text);
  EXPECT_EQ(run(directory, {}).err,
            "s.yaml:8:45: error: with its aliases written out the file has more than 1000000 nodes; --max-nodes raises "
            "that\n");
  directory.write("s.yaml", "name: x\nplatform: tgl\nobjects: &a {x: [*a]}\n");
  EXPECT_NE(run(directory, {}).err.find("alias to what contains it"), std::string::npos);
  directory.write("s.yaml", "name: x\nplatform: tgl\ncores:\n  0: [{delay: 1 cycles}]\n");
  EXPECT_EQ(run(directory, {"--max-nodes", "5"}).exit_code, 2);
  EXPECT_EQ(run(directory, {"--max-nodes", "2000"}).exit_code, 0);
}

// What a trace allocates and never frees is kept for as long as it is replayed: not without a limit.
TEST(InputLimits, RefuseTracesWithTooManyLiveObjects) {
  const TemporaryDirectory directory;
  directory.write("s.yaml", "name: x\nplatform: tgl\ncores:\n  0: [{trace: rows.csv}]\n");
  std::string rows = "time,core,op,zone,flags,caps,size,alignment,id\n";
  for (int i = 1; i <= 100; ++i)
    rows += "0,0,alloc,runtime,,,64,," + std::to_string(i) + "\n0,0,free,,,,,," + std::to_string(i) + "\n";
  directory.write("rows.csv", rows);
  EXPECT_EQ(run(directory, {"--max-live", "1"}).exit_code, 0);
  for (int i = 101; i <= 111; ++i) rows += "0,0,alloc,runtime,,,64,," + std::to_string(i) + "\n";
  directory.write("rows.csv", rows);
  EXPECT_EQ(run(directory, {"--max-live", "10"}).err,
            "rows.csv:212:1: error: more than 10 objects are allocated at this moment and not freed; --max-live raises "
            "that\n");
  EXPECT_EQ(run(directory, {"--max-live", "11"}).exit_code, 0);
}

TEST(InputLimits, RefuseWhatIsNoFile) {
  const TemporaryDirectory directory;
  ASSERT_EQ(mkfifo((directory.path() / "s.yaml").c_str(), 0600), 0);
  EXPECT_EQ(run(directory, {}).err, "s.yaml: error: is a device or a pipe, not a YAML file\n");
  EXPECT_EQ(run_program({dspmem_executable(), "check", "/dev/zero"}, directory.path(), 60).err,
            "/dev/zero: error: is a device or a pipe, not a YAML file\n");
}

}  // namespace
}  // namespace dspmem::test
