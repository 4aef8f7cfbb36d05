// SPDX-License-Identifier: Apache-2.0
// Every rule has an example that shows it, and a fixed one that is clean; 'dspmem explain' tells both.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "sim/diagnose/rules.h"
#include "tests/support/program.h"

namespace dspmem::test {
namespace {

using Json = nlohmann::json;

Json report_of(const std::string& example) {
  return Json::parse(run_program({dspmem_executable(), "run", "scenarios/rules/" + example + ".yaml", "--json", "-"},
                                 source_directory())
                         .out);
}

class EachRule : public testing::TestWithParam<std::string> {};

TEST_P(EachRule, HasAnExampleThatShowsIt) {
  std::set<std::string> rules;
  const Json report = report_of(GetParam());
  for (const Json& finding : report["findings"]) rules.insert(finding["rule"].get<std::string>());
  EXPECT_EQ(rules, std::set{GetParam()});
}

TEST_P(EachRule, HasAFixedExampleThatIsClean) {
  const Json report = report_of(GetParam() + "_fixed");
  EXPECT_EQ(report["verdict"], "passed");
  EXPECT_TRUE(report["findings"].empty()) << report["findings"];
}

TEST_P(EachRule, IsExplained) {
  const ProgramResult result = run_program({dspmem_executable(), "explain", GetParam()}, source_directory());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const RuleInfo& rule = *find_rule(GetParam());
  EXPECT_TRUE(result.out.starts_with(GetParam() + " (" + to_string(rule.severity) + "): " + rule.title + "\n"))
      << result.out;
  for (const char* part : {"\nexample: ", "\nits report:\n", "\nhow to fix it\n", "\nthe example, fixed: "})
    EXPECT_NE(result.out.find(part), std::string::npos) << part;
  EXPECT_EQ(result.out.find("  \n"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(All, EachRule, testing::ValuesIn(rule_names()), [](const auto& info) {
  std::string name = info.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(Explain, ListsAllRulesAndNamesTheNearest) {
  const ProgramResult list = run_program({dspmem_executable(), "explain"}, source_directory());
  for (const std::string& rule : rule_names())
    EXPECT_NE(list.out.find("\n" + rule + " "), rule == rule_names().front() ? 0 : std::string::npos) << rule;
  const ProgramResult wrong = run_program({dspmem_executable(), "explain", "missing-writebak"}, source_directory());
  EXPECT_EQ(wrong.exit_code, 2);
  EXPECT_EQ(wrong.err, "dspmem: error: there is no rule 'missing-writebak'; did you mean 'missing-writeback'?\n");
}

}  // namespace
}  // namespace dspmem::test
