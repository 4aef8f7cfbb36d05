// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

std::string page_of(const TemporaryDirectory& directory, const std::vector<std::string>& scenarios,
                    std::vector<std::string> more = {}) {
  std::vector<std::string> command{dspmem_executable(), "run", "-q", "--html", "page.html"};
  command.insert(command.end(), scenarios.begin(), scenarios.end());
  command.insert(command.end(), more.begin(), more.end());
  const ProgramResult result = run_program(command, directory.path());
  EXPECT_NE(result.exit_code, 2) << result.err;
  return read_file(directory.path() / "page.html");
}

nlohmann::json data_of(const std::string& page) {
  const std::string begin = "<script type=\"application/json\" id=\"data\">";
  const std::size_t at = page.find(begin) + begin.size();
  return nlohmann::json::parse(page.substr(at, page.find("</script>", at) - at));
}

std::string scenario(const std::string& name) { return (source_directory() / "scenarios" / name).string(); }
const std::string bug = "bugs/A10_operation_of_the_wrong_size.yaml";

TEST(Page, HasFindingsTablesAndDataAndNeedsNothingElse) {
  const TemporaryDirectory directory;
  const std::string page = page_of(directory, {scenario(bug)}, {"--power"});
  for (const char* part :
       {"wrong-range", "id=\"findings\"", "id=\"memory\"", "id=\"banks\"", "id=\"cores\"", "id=\"energy\"",
        "id=\"caches\"", "page-refcount", "lang=\"en\"", "name=\"viewport\"", "prefers-color-scheme"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
  for (const char* elsewhere : {"src=\"", "href=\"http", "@import", "url("})
    EXPECT_EQ(page.find(elsewhere), std::string::npos) << elsewhere;
  const auto data = data_of(page);
  ASSERT_EQ(data.size(), 1u);
  EXPECT_EQ(data[0]["history"]["banks"].size(), 47u);
  EXPECT_GE(data[0]["history"]["cores"].size(), 1u);
  // A bank's spans cover the run.
  for (const auto& bank : data[0]["history"]["banks"]) {
    std::uint64_t at = 0;
    for (const auto& span : bank["spans"]) {
      EXPECT_EQ(span["begin"], at);
      at = span["end"];
    }
    EXPECT_EQ(at, data[0]["cycles"]);
  }
}

TEST(Page, ShowsSeveralRunsOnOne) {
  const TemporaryDirectory directory;
  const std::string page = page_of(directory, {scenario(bug), scenario("quickstart.yaml")});
  EXPECT_EQ(data_of(page).size(), 2u);
  EXPECT_NE(page.find("id=\"run2-findings\""), std::string::npos);
}

TEST(Page, EscapesWhatComesFromInput) {
  const TemporaryDirectory directory;
  const std::string file = directory
                               .write("evil.yaml", R"(
name: "</title><script>alert(1)</script>"
platform: tgl
objects: {"<img src=x onerror=alert(1)>": {bytes: 64, align: 64}}
cores:
  0: [{write: {to: "<img src=x onerror=alert(1)>", pattern: 1}}, {signal: a}]
  1: [{wait: a}, {read: {from: "<img src=x onerror=alert(1)>"}}]
)")
                               .string();
  const std::string page = page_of(directory, {file});
  EXPECT_EQ(page.find("<script>alert"), std::string::npos);
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_NE(page.find("&lt;img"), std::string::npos);
}

TEST(Page, StaysSmallInALongRun) {
  const TemporaryDirectory directory;
  const std::string file = directory
                               .write("long.yaml", R"(
name: long
platform: tgl
cores: {0: [{repeat: {times: 20000, steps: [{alloc: {as: a, zone: runtime, bytes: 64}}, {free: a}]}}]}
)")
                               .string();
  const std::string page = page_of(directory, {file});
  EXPECT_LT(page.size(), 2'000'000u);
  const auto data = data_of(page);
  EXPECT_LE(data[0]["history"]["cores"][0]["spans"].size(), 4001u);
  const std::uint64_t end = data[0]["history"]["cores"][0]["spans"].back()["end"], cycles = data[0]["cycles"];
  EXPECT_GT(end * 100, cycles * 99);
  EXPECT_NE(page.find("are drawn as one"), std::string::npos);
}

/// A browser, where one is installed: every chart draws something, no script fails.
TEST(Page, DrawsItsChartsInABrowser) {
  const TemporaryDirectory directory;
  if (!is_installed("chromium")) GTEST_SKIP() << "chromium is not installed: tools/setup chromium";
  const std::string page = page_of(directory, {scenario(bug)}, {"--power"});
  const ProgramResult result = run_program(
      {"chromium", "--headless", "--no-sandbox", "--disable-gpu",
       "--user-data-dir=" + (directory.path() / "profile").string(), "--virtual-time-budget=5000",
       "--enable-logging=stderr", "--dump-dom", "file://" + (directory.path() / "page.html").string() + "#findings"},
      directory.path(), 60);
  EXPECT_EQ(result.err.find("CONSOLE"), std::string::npos) << result.err;
  for (const char* chart : {"zones", "memory", "banks", "cores"}) {
    const std::size_t at = result.out.find(std::string("data-chart=\"") + chart + "\"");
    ASSERT_NE(at, std::string::npos) << chart;
    const std::string figure = result.out.substr(at, result.out.find("</figure>", at) - at);
    EXPECT_NE(figure.find("data-drawn=\"yes\""), std::string::npos) << chart;
    const bool library = page.find("uPlot") != std::string::npos;
    EXPECT_NE(figure.find(chart != std::string("zones") ? "<rect"
                          : library                     ? "<canvas"
                                                        : "without its charting library"),
              std::string::npos)
        << chart;
  }
}

}  // namespace
}  // namespace dspmem::test
