// SPDX-License-Identifier: Apache-2.0
// Two reports, and what follows from having an old one: diff, --baseline, --write-suppressions.
#include <gtest/gtest.h>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

constexpr char broken[] =
    "name: x\nplatform: tgl\nobjects:\n  x: {bytes: 4, align: 64}\ncores:\n  0:\n    - write: {to: x, pattern: 1}\n    "
    "- signal: s\n"
    "  1:\n    - wait: s\n    - read: {from: x}\n";
constexpr char corrected[] =
    "name: x\nplatform: tgl\nobjects:\n  x: {bytes: 4, align: 64}\ncores:\n  0:\n    - write: {to: x, pattern: 1}\n    "
    "- writeback: x\n    - signal: s\n"
    "  1:\n    - wait: s\n    - read: {from: x}\n";

class TwoReports : public testing::Test {
 protected:
  ProgramResult dspmem(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), dspmem_executable());
    return run_program(arguments, directory_.path());
  }
  void report(const char* scenario, const char* json) {
    directory_.write("s.yaml", scenario);
    dspmem({"run", "s.yaml", "--json", json});
  }
  TemporaryDirectory directory_;
};

TEST_F(TwoReports, TellWhatIsFixedAndWhatIsNew) {
  report(broken, "broken.json");
  report(corrected, "corrected.json");
  const ProgramResult better = dspmem({"diff", "broken.json", "corrected.json"});
  EXPECT_EQ(better.exit_code, 0) << better.err;
  EXPECT_TRUE(
      better.out.starts_with("better s.yaml on tgl: findings -> passed\n  fixed  missing-writeback (manifest): "))
      << better.out;
  const ProgramResult worse = dspmem({"diff", "corrected.json", "broken.json"});
  EXPECT_EQ(worse.exit_code, 1);
  EXPECT_TRUE(worse.out.starts_with("WORSE s.yaml on tgl: passed -> findings\n  new    missing-writeback (manifest): "))
      << worse.out;
  const ProgramResult same = dspmem({"diff", "broken.json", "broken.json", "--markdown"});
  EXPECT_EQ(same.exit_code, 0);
  EXPECT_NE(same.out.find("| s.yaml on tgl | findings | 0 | 0 | 1 |"), std::string::npos) << same.out;
}

TEST_F(TwoReports, AreRefusedWhereTheyAreNone) {
  report(corrected, "corrected.json");
  directory_.write("text.json", "no report");
  directory_.write("old.json", "{\"schema\": 1, \"findings\": []}");
  EXPECT_EQ(dspmem({"diff", "corrected.json", "text.json"}).err,
            "text.json: error: is not JSON; write one with 'dspmem run SCENARIO --json FILE'\n");
  EXPECT_EQ(dspmem({"diff", "old.json", "corrected.json"}).err,
            "old.json: error: is a report of schema 1; this dspmem reads schema 2: run the scenario again\n");
  EXPECT_EQ(dspmem({"diff", "corrected.json"}).exit_code, 2);
  EXPECT_EQ(dspmem({"run", "s.yaml", "--baseline", "old.json"}).exit_code, 2);
}

TEST_F(TwoReports, LeaveOutWhatIsKnown) {
  report(broken, "broken.json");
  // Lines around it make no new finding of it.
  directory_.write("s.yaml", "# more\n# lines\n" + std::string(broken));
  const ProgramResult known = dspmem({"run", "s.yaml", "--baseline", "broken.json"});
  EXPECT_EQ(known.exit_code, 0) << known.out;
  EXPECT_NE(known.out.find("(broken.json: known from the baseline)"), std::string::npos) << known.out;
  report(corrected, "corrected.json");
  directory_.write("s.yaml", broken);
  EXPECT_EQ(dspmem({"run", "s.yaml", "--baseline", "corrected.json"}).exit_code, 3);
}

TEST_F(TwoReports, CanBeginWithASuppressionFile) {
  directory_.write("s.yaml", broken);
  EXPECT_EQ(dspmem({"run", "s.yaml", "--write-suppressions", "q.yaml"}).exit_code, 3);
  EXPECT_EQ(dspmem({"run", "s.yaml", "--suppressions", "q.yaml"}).exit_code, 0);
}

TEST_F(TwoReports, OfSeveralScenariosAreOneFile) {
  directory_.write("s.yaml", broken);
  directory_.write("t.yaml", corrected);
  EXPECT_EQ(
      dspmem({"run", "s.yaml", "t.yaml", "--json", "all.json", "--junit", "all.xml", "--sarif", "all.sarif"}).exit_code,
      3);
  EXPECT_EQ(dspmem({"diff", "all.json", "all.json"}).exit_code, 0);
  EXPECT_NE(read_file(directory_.path() / "all.xml").find("tests=\"2\" failures=\"1\""), std::string::npos);
}

}  // namespace
}  // namespace dspmem::test
