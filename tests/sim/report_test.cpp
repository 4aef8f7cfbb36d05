// SPDX-License-Identifier: Apache-2.0
// Reports from results that no run made: what each form says of them.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "sim/diagnose/rules.h"
#include "sim/report/writer.h"
#include "sim/result/groups.h"
#include "tests/support/program.h"

namespace dspmem::test {
namespace {

using Json = nlohmann::json;
using Kind = Result::Operation::Kind;

Result::Operation operation(Kind kind, std::uint32_t core, int line, std::uint64_t cycle) {
  Result::Operation result;
  result.agent = Agent::core(core);
  result.kind = kind;
  result.view = Result::Operation::View::cached;
  result.step = {"a.yaml", line, 7};
  result.cycle = cycle;
  return result;
}

Result::Finding finding(const char* rule, Severity severity, const char* object, int read_line = 9) {
  Result::Finding result;
  result.rule = find_rule(rule)->id;
  result.severity = severity;
  result.message = std::string("something is wrong with '") + object + "'";
  result.access = operation(Kind::read, 1, read_line, 0);
  result.other = operation(Kind::write, 0, 4, 100);
  result.object = Result::Object{Result::Object::Kind::static_object, object, "static", {},
                                 {{"a.yaml", 2, 3}, std::nullopt},    0x1000, 4};
  result.fix = "write it back";
  return result;
}

Result result_of(std::vector<Result::Finding> findings) {
  Result result;
  result.scenario = "a";
  result.file = "a.yaml";
  result.platform = "tgl";
  result.seed = 1;
  result.cycles = 400;
  result.clock_mhz = 400;
  result.findings = std::move(findings);
  result.verdict = Result::Verdict::passed;
  for (const Result::Finding& each : result.findings)
    if (each.fails(false)) result.verdict = Result::Verdict::findings;
  return result;
}

std::string text_of(const Result& result, WriterOptions options = {}) {
  return text_writer.write({&result, 1}, options);
}

WriterOptions with_rules() {
  WriterOptions options;
  options.rules = rules();
  return options;
}

TEST(Groups, AreOfOneObject) {
  const std::vector<Result::Finding> findings{
      finding("missing-invalidate", Severity::latent, "x"), finding("lost-update", Severity::latent, "y", 20),
      finding("missing-writeback", Severity::manifest, "x", 12), finding("leak", Severity::advice, "x")};
  const std::vector<Group> groups = groups_of(findings);
  ASSERT_EQ(groups.size(), 2u);
  // What happened comes before what might; the other bug is the less urgent one.
  EXPECT_EQ(groups[0].root().rule.name, "missing-writeback");
  EXPECT_EQ(groups[0].findings.size(), 2u);
  EXPECT_EQ(groups[1].root().object->name, "y");
}

TEST(Groups, BeginWithTheEarliestLinkOfTheChain) {
  const std::vector<Result::Finding> findings{finding("lost-update", Severity::latent, "x"),
                                              finding("data-race", Severity::latent, "x", 12)};
  EXPECT_EQ(groups_of(findings)[0].root().rule.name, "data-race");
}

TEST(Groups, OfAnAllocatorsMetadataAreOneBug) {
  std::vector<Result::Finding> findings;
  for (int line = 10; line < 40; ++line) {
    findings.push_back(finding("data-race", Severity::latent, "heap", line));
    findings.back().object->kind = Result::Object::Kind::metadata;
    findings.back().object->address += static_cast<std::uint32_t>(line) * 64;
  }
  EXPECT_EQ(groups_of(findings).size(), 1u);
}

TEST(Fingerprints, StayWhenLinesAreAdded) {
  Result::Finding before = finding("missing-writeback", Severity::latent, "x"),
                  after = finding("missing-writeback", Severity::manifest, "x", 30);
  EXPECT_EQ(fingerprint_of(before), fingerprint_of(after));
  after.object->name = "y";
  EXPECT_NE(fingerprint_of(before), fingerprint_of(after));
}

TEST(Text, BeginsWithTheVerdict) {
  const std::string fails = text_of(result_of({finding("missing-writeback", Severity::manifest, "x"),
                                               finding("missing-invalidate", Severity::latent, "x", 12)}));
  EXPECT_EQ(fails.substr(0, fails.find('\n')),
            "FAIL a.yaml on tgl (seed 1, 1.0 us)   1 bug shown in 2 ways   [exit 3]");
  const std::string passes = text_of(result_of({}));
  EXPECT_EQ(passes.substr(0, passes.find('\n')), "PASS a.yaml on tgl (seed 1, 1.0 us)   no bugs   [exit 0]");
  EXPECT_NE(text_of(result_of({finding("lost-update", Severity::warning, "x")})).find("1 warning   [exit 0]"),
            std::string::npos);
}

TEST(Text, ShowsEachBugOnceUnlessAskedForAll) {
  const Result result = result_of({finding("missing-writeback", Severity::manifest, "x"),
                                   finding("missing-invalidate", Severity::latent, "x", 12)});
  const std::string text = text_of(result);
  EXPECT_NE(text.find("1. missing-writeback (manifest: it happened in this run)"), std::string::npos);
  EXPECT_EQ(text.find("2. "), std::string::npos);
  EXPECT_NE(text.find("also    of the same object or place: missing-invalidate (latent); -v shows them"),
            std::string::npos);
  EXPECT_NE(text.find("** no write-back **"), std::string::npos);
  EXPECT_NE(text.find("dspmem explain missing-writeback"), std::string::npos);
  WriterOptions all;
  all.verbose = true;
  EXPECT_NE(text_of(result, all).find("\nmissing-invalidate (latent): something"), std::string::npos);
}

TEST(Text, ShowsTheSourceAndTheStepToAdd) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "dspmem-report-test";
  std::filesystem::create_directories(folder);
  const std::string file = (folder / "a.yaml").string();
  std::ofstream(file) << "cores:\n  0:\n    - write: {to: x}\n    - signal: s\n";
  Result::Finding one = finding("missing-writeback", Severity::manifest, "x");
  one.access.step = {};
  one.other->step = {file, 3, 7};
  one.patches.push_back({{file, 3, 7}, Result::Patch::How::after, "writeback: x"});
  const std::string text = text_of(result_of({one}));
  EXPECT_NE(
      text.find("      3 |     - write: {to: x}\n        |       ^ core 0: write\n      + |     - writeback: x\n"),
      std::string::npos)
      << text;
  std::filesystem::remove_all(folder);
  EXPECT_NE(text_of(result_of({one})).find("(source not there)"), std::string::npos);
}

TEST(Text, IsColouredOnlyWhenAsked) {
  const Result result = result_of({finding("missing-writeback", Severity::manifest, "x")});
  EXPECT_EQ(text_of(result).find('\x1b'), std::string::npos);
  WriterOptions colour;
  colour.colour = true;
  EXPECT_NE(text_of(result, colour).find("\x1b[1;31mFAIL\x1b[0m"), std::string::npos);
}

TEST(Text, KeepsToTheWidth) {
  Result::Finding one = finding("missing-writeback", Severity::manifest, "x");
  for (int i = 0; i < 40; ++i) one.message += " and more words", one.fix += " with some care";
  std::istringstream lines(text_of(result_of({one})));
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
}

TEST(Json, HasGroupsAndFingerprints) {
  const Result result = result_of({finding("missing-invalidate", Severity::latent, "x"),
                                   finding("missing-writeback", Severity::manifest, "x", 12)});
  const Json json = Json::parse(json_writer.write({&result, 1}, {}));
  EXPECT_EQ(json["groups"], Json::parse(R"([{"severity": "manifest", "findings": [1, 0]}])"));
  EXPECT_EQ(json["findings"][0]["fingerprint"], fingerprint_of(result.findings[0]));
  const std::vector<Result> two{result_of({}), result_of({})};
  EXPECT_EQ(Json::parse(json_writer.write(two, {})).size(), 2u);
}

TEST(Sarif, NamesRulesPlacesAndFingerprints) {
  Result::Finding in_firmware = finding("lost-update", Severity::warning, "y", 20);
  in_firmware.access.stack = {{0x1000, "copy_block", "fw/copy.c", 42}};
  const Result result = result_of({finding("missing-writeback", Severity::manifest, "x"), in_firmware});
  const Json run = Json::parse(sarif_writer.write({&result, 1}, with_rules()))["runs"][0];
  const Json& rule_list = run["tool"]["driver"]["rules"];
  EXPECT_EQ(rule_list.size(), rules().size());
  ASSERT_EQ(run["results"].size(), 2u);
  for (const Json& each : run["results"]) {
    EXPECT_EQ(rule_list[each["ruleIndex"].get<std::size_t>()]["id"], each["ruleId"]);
    EXPECT_EQ(each["partialFingerprints"]["dspmem/v1"].get<std::string>().size(), 16u);
    EXPECT_FALSE(each["locations"].empty());
  }
  EXPECT_EQ(run["results"][0]["level"], "error");
  EXPECT_EQ(run["results"][1]["level"], "warning");
  const Json& place = run["results"][1]["locations"][0]["physicalLocation"];
  EXPECT_EQ(place["artifactLocation"]["uri"], "fw/copy.c");
  EXPECT_EQ(place["region"]["startLine"], 42);
}

TEST(Junit, CountsAndEscapes) {
  Result bad = result_of({finding("missing-writeback", Severity::manifest, "a<b&\"c\x01")});
  bad.scenario = "<&>";
  const std::vector<Result> all{result_of({}), bad};
  const std::string xml = junit_writer.write(all, {});
  EXPECT_NE(xml.find("tests=\"2\" failures=\"1\""), std::string::npos);
  EXPECT_NE(xml.find("name=\"&lt;&amp;&gt;\""), std::string::npos);
  EXPECT_EQ(xml.find("a<b"), std::string::npos);
  EXPECT_EQ(xml.find('\x01'), std::string::npos);
}

TEST(Github, AnnotatesTheLine) {
  const Result result = result_of({finding("missing-writeback", Severity::manifest, "x")});
  EXPECT_EQ(github_writer.write({&result, 1}, {}),
            "::error file=a.yaml,line=9,title=missing-writeback (manifest)::something is wrong with 'x'%0Afix: write "
            "it back\n");
}

}  // namespace
}  // namespace dspmem::test
