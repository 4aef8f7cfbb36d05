// SPDX-License-Identifier: Apache-2.0
// What a user can get wrong, and the exact words that come back: one line, exit code 2, nothing on standard output, and
// no report file, whole or half.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/sim/bad_inputs.h"
#include "tests/support/program.h"

namespace dspmem::test {
namespace {

const std::string one_allocation = "name: x\nplatform: tgl\ncores:\n  0:\n    - alloc: {as: a, bytes: 64}\n";

class BadInput : public testing::TestWithParam<BadInputCase> {};

TEST_P(BadInput, GetsOneClearError) {
  const BadInputCase& bad = GetParam();
  const TemporaryDirectory directory;
  for (const auto& [name, text] : bad.files) directory.write(name, bad_input_contents(text));
  std::vector<std::string> arguments{dspmem_executable()};
  arguments.insert(arguments.end(), bad.arguments.begin(), bad.arguments.end());
  const ProgramResult result = run_program(arguments, directory.path(), 60);

  std::string expected = bad.message, actual = result.err;
  if (const std::size_t place = expected.find("FIRMWARE"); place != std::string::npos)
    expected.replace(place, 8, firmware_images().string());
  if (expected.ends_with("...")) {
    expected.resize(expected.size() - 3);
    actual = actual.substr(0, expected.size()) + actual.substr(actual.find('\n'));
  }
  EXPECT_EQ(actual, expected + "\n");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  for (const auto& entry : std::filesystem::directory_iterator(directory.path()))
    EXPECT_TRUE(bad.files.contains(entry.path().filename())) << entry.path() << " was left behind";
}

INSTANTIATE_TEST_SUITE_P(Table, BadInput, testing::ValuesIn(bad_inputs()),
                         [](const auto& info) { return info.param.name; });

TEST(BadInputTable, HasAtLeastFortyCasesAndNoNameTwice) {
  std::map<std::string, int> names;
  for (const BadInputCase& each : bad_inputs()) EXPECT_EQ(++names[each.name], 1) << each.name;
  EXPECT_GE(names.size(), 40u);
}

TEST(BadInputTable, NoCommandPrintsTheUsage) {
  const ProgramResult result = run_program({dspmem_executable()});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.out, "");
  EXPECT_TRUE(result.err.starts_with("usage: dspmem COMMAND [OPTIONS]\n"));
}

TEST(BadInputTable, AReportThatCannotBeWrittenIsAnError) {
  const TemporaryDirectory directory;
  directory.write("s.yaml", one_allocation);
  const ProgramResult result =
      run_program({"sh", "-c", dspmem_executable() + " run s.yaml > /dev/full"}, directory.path());
  EXPECT_EQ(result.err, "dspmem: error: the report could not be written to standard output\n");
  EXPECT_EQ(result.exit_code, 2);
}

// A mistake in the last scenario must not cost the time of those before it.
TEST(BadInputTable, OneOfSeveralScenariosIsReportedFirstAndTheOthersRun) {
  const TemporaryDirectory directory;
  directory.write("good.yaml", one_allocation);
  directory.write("bad.yaml", "name: x\n");
  const ProgramResult result = run_program({dspmem_executable(), "run", "good.yaml", "bad.yaml"}, directory.path());
  EXPECT_EQ(result.err, "bad.yaml:1:1: error: the scenario needs 'platform'\n");
  EXPECT_TRUE(result.out.ends_with("\n1 passed, 1 not read\n")) << result.out;
  EXPECT_EQ(result.exit_code, 2);
}

}  // namespace
}  // namespace dspmem::test
