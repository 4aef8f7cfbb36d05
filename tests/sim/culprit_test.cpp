// SPDX-License-Identifier: Apache-2.0
// Small scenarios with one bug each, and their mended twins. What a report must name was derived by reading
// them: see bugs/expected.tsv. What this cannot see: whether the sentences are clear.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

using Json = nlohmann::json;

std::filesystem::path folder() { return source_directory() / "tests/sim/bugs"; }

Json replay(const std::string& name, const std::string& quantum) {
  const auto file = folder() / (name + ".yaml");
  std::vector<std::string> arguments{dspmem_executable(), "run", file.string(), "--json", "-", "--quantum", quantum};
  if (read_file(file).find("# with a prefetcher") != std::string::npos)
    arguments.insert(arguments.end(), {"--platform", std::string(DSPMEM_TEST_PLATFORMS) + "/tgl_prefetch.yaml"});
  return Json::parse(run_program(arguments).out);
}

std::vector<Json> bugs_of(const Json& report) {
  std::vector<Json> found;
  std::copy_if(report["findings"].begin(), report["findings"].end(), std::back_inserter(found),
               [](const Json& each) { return each["kind"] != "advice"; });
  return found;
}

std::set<std::string> alternatives(const std::string& text) {
  std::set<std::string> all;
  std::istringstream stream(text);
  for (std::string each; std::getline(stream, each, ',');) all.insert(each);
  return all;
}

/// The lines of the scenario that a finding shows.
std::set<std::string> lines_of(const Json& finding) {
  std::set<std::string> lines;
  for (const char* what : {"access", "other", "cause"}) {
    if (!finding.contains(what) || !finding[what].is_object()) continue;
    const std::string step = finding[what]["step"].get<std::string>();
    const std::size_t column = step.rfind(':'),
                      line = column == std::string::npos ? column : step.rfind(':', column - 1);
    if (line != std::string::npos) lines.insert(step.substr(line + 1, column - line - 1));
  }
  return lines;
}

bool meet(const std::set<std::string>& a, const std::set<std::string>& b) {
  return b.contains("-") || std::any_of(a.begin(), a.end(), [&b](const std::string& each) { return b.contains(each); });
}

struct Expected {
  std::string scenario;
  std::set<std::string> rules, objects, culprit, victim;
};

std::vector<Expected> table() {
  std::vector<Expected> all;
  std::istringstream text(read_file(folder() / "expected.tsv"));
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("#")) continue;
    std::istringstream cells(line);
    std::vector<std::string> cell;
    for (std::string each; std::getline(cells, each, '\t');) cell.push_back(each);
    all.push_back({cell.at(0), alternatives(cell.at(1)), alternatives(cell.at(2)), alternatives(cell.at(3)),
                   alternatives(cell.at(4))});
  }
  return all;
}

TEST(Culprits, AreNamedInEveryBug) {
  std::size_t bugs = 0, clean = 0;
  for (const Expected& expected : table()) {
    SCOPED_TRACE(expected.scenario);
    const std::vector<Json> found = bugs_of(replay(expected.scenario, "1000"));
    if (expected.rules.contains("none")) {
      EXPECT_TRUE(found.empty()) << found.front().dump(1);
      ++clean;
      continue;
    }
    ++bugs;
    EXPECT_TRUE(std::any_of(found.begin(), found.end(), [&](const Json& each) {
      const bool object =
          expected.objects.contains("-") || (each.contains("object") && each["object"].is_object() &&
                                             expected.objects.contains(each["object"]["name"].get<std::string>()));
      return expected.rules.contains(each["rule"].get<std::string>()) && object &&
             meet(lines_of(each), expected.culprit) && meet(lines_of(each), expected.victim);
    })) << Json(found).dump(1).substr(0, 2000);
  }
  EXPECT_GE(bugs, 165u);
  EXPECT_GE(clean, 10u);
}

TEST(Culprits, MendedTwinsAreNotAccused) {
  std::size_t twins = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    const std::string name = entry.path().stem();
    if (!name.ends_with(".mended")) continue;
    ++twins;
    const Json report = replay(name, "1000");
    EXPECT_TRUE(bugs_of(report).empty()) << name << report["findings"].dump(1);
    EXPECT_EQ(report["verdict"], "passed") << name;
  }
  EXPECT_GE(twins, 160u);
}

// What is found is found whatever the quantum.
TEST(Culprits, TheSameRulesAndObjectsAtAnyQuantum) {
  const auto shape = [](const Json& report) {
    std::set<std::string> all;
    for (const Json& each : bugs_of(report))
      all.insert(
          each["rule"].get<std::string>() + " " +
          (each.contains("object") && each["object"].is_object() ? each["object"]["name"].get<std::string>() : "-"));
    return all;
  };
  for (const Expected& expected : table()) {
    const auto usual = shape(replay(expected.scenario, "1000"));
    for (const char* quantum : {"1", "100000"})
      EXPECT_EQ(shape(replay(expected.scenario, quantum)), usual) << expected.scenario << " at quantum " << quantum;
  }
}

}  // namespace
}  // namespace dspmem::test
