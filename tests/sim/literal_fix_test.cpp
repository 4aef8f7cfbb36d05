// SPDX-License-Identifier: Apache-2.0
// The edit that a report shows with a '+', made literally and alone, cures the shipped bug.
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

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// Report of a scenario without its expectations.
Json report_of(const std::vector<std::string>& lines) {
  static const TemporaryDirectory directory;
  std::string text;
  for (const std::string& line : lines) {
    if (line.starts_with("expect:")) break;
    text += line + "\n";
  }
  directory.write("s.yaml", text);
  const ProgramResult result = run_program({dspmem_executable(), "run", "s.yaml", "--json", "-"}, directory.path());
  return Json::parse(result.out, nullptr, false);
}

std::vector<Json> bugs_of(const Json& report) {
  std::vector<Json> bugs;
  for (const Json& group : report["groups"])
    if (group["severity"] != "warning") bugs.push_back(group);
  return bugs;
}

/// The edits that the report shows, of the first bug; null when there is none.
Json patches_of(const Json& report) {
  const std::vector<Json> bugs = bugs_of(report);
  if (bugs.empty()) return nullptr;
  const Json& root = report["findings"][bugs[0]["findings"][0].get<std::size_t>()];
  return root.contains("patches") ? root["patches"] : Json();
}

std::size_t line_of(const Json& patch) {
  const std::string at = patch["at"];
  const std::size_t column_at = at.rfind(':'), line_at = at.rfind(':', column_at - 1);
  return std::stoul(at.substr(line_at + 1, column_at - line_at - 1));
}

void apply(const Json& patch, std::vector<std::string>& lines) {
  const std::string how = patch["how"], text = patch["text"];
  const std::size_t line = line_of(patch);
  std::string& step = lines.at(line - 1);
  ASSERT_NE(step.find("- "), std::string::npos) << "a step on a line of its own: " << step;
  if (how == "setting") {
    const std::size_t end = step.rfind('}');
    ASSERT_NE(end, std::string::npos) << step;
    step.insert(end, ", " + text);
    return;
  }
  lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(how == "step after" ? line : line - 1),
               std::string(step.find_first_not_of(' '), ' ') + "- " + text);
}

TEST(PrintedFixes, CureTheShippedBugs) {
  std::size_t proposed = 0;
  std::set<std::string> rules;
  for (const char* folder : {"scenarios/bugs", "scenarios/rules"})
    for (const auto& entry : std::filesystem::directory_iterator(source_directory() / folder)) {
      const std::string file = entry.path().string();
      if (entry.path().extension() != ".yaml" || file.ends_with("_fixed.yaml")) continue;
      std::vector<std::string> lines = lines_of(read_file(entry.path()));
      Json report = report_of(lines);
      if (report.is_discarded() || bugs_of(report).empty() || patches_of(report).is_null()) continue;
      ++proposed;
      // A scenario may have several bugs of one kind, each with an edit of its own.
      for (int edits = 0; edits < 3 && !bugs_of(report).empty() && !patches_of(report).is_null(); ++edits) {
        for (const Json& group : bugs_of(report))
          rules.insert(report["findings"][group["findings"][0].get<std::size_t>()]["rule"]);
        std::vector<Json> patches = patches_of(report);
        // The last line first, so that the others stay where they are.
        std::stable_sort(patches.begin(), patches.end(),
                         [](const Json& a, const Json& b) { return line_of(a) > line_of(b); });
        for (const Json& patch : patches) ASSERT_NO_FATAL_FAILURE(apply(patch, lines)) << file;
        report = report_of(lines);
        ASSERT_FALSE(report.is_discarded()) << file;
      }
      EXPECT_TRUE(bugs_of(report).empty()) << file << "\n" << report["findings"].dump(2).substr(0, 2000);
    }
  EXPECT_GE(proposed, 20u);
  EXPECT_GE(rules.size(), 5u);
  RecordProperty("proposed", static_cast<int>(proposed));
}

}  // namespace
}  // namespace dspmem::test
