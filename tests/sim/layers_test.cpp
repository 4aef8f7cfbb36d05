// SPDX-License-Identifier: Apache-2.0
// Who may include whom. A folder may use those that its row names; every folder may use the ones that depend on
// nothing.
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

using Folders = std::set<std::string>;

const std::map<std::string, Folders> may_use{
    {"result", {}},
    {"config", {"models", "result"}},
    {"trace", {"config", "models", "result"}},
    {"image", {"config", "models"}},
    {"import", {"config", "trace"}},
    {"scenario", {"config", "models", "result", "trace"}},
    {"events", {"config", "models"}},
    {"heap", {"config", "events", "image", "models"}},
    {"power", {"config", "events", "models", "result"}},
    {"diagnose", {"config", "events", "heap", "image", "models", "power", "result"}},
    {"session", {"config", "diagnose", "events", "heap", "image", "models", "power", "result", "scenario", "trace"}},
    {"report", {"result"}},
    {"timeline", {"config", "events", "image", "models", "result"}},
    {"experiment", {"config", "diagnose", "heap", "result", "session"}},
    {"sweep", {"config", "experiment", "image", "models", "report", "result", "session"}},
    {"cli",
     {"config", "diagnose", "experiment", "image", "import", "report", "result", "scenario", "session", "sweep",
      "timeline", "trace"}},
};

std::map<std::string, Folders> includes_of_folders() {
  std::map<std::string, Folders> found;
  const std::regex include("#include \"(?:sim/)?([a-z]+)/");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(source_directory() / "sim")) {
    if (entry.path().extension() != ".h" && entry.path().extension() != ".cpp") continue;
    const std::string folder = std::filesystem::relative(entry.path(), source_directory() / "sim").begin()->string();
    const std::string text = read_file(entry.path());
    for (std::sregex_iterator each(text.begin(), text.end(), include), end; each != end; ++each)
      if ((*each)[1] != folder) found[folder].insert((*each)[1]);
  }
  return found;
}

TEST(Layers, IncludeOnlyWhatTheyMay) {
  std::ostringstream table;
  for (const auto& [folder, used] : includes_of_folders()) {
    table << folder << ":";
    for (const std::string& each : used) table << " " << each;
    table << "\n";
    ASSERT_TRUE(may_use.contains(folder)) << "sim/" << folder << " has no row here";
    for (const std::string& each : used)
      EXPECT_TRUE(may_use.at(folder).contains(each)) << "sim/" << folder << " includes " << each;
  }
  std::cout << table.str();
}

TEST(Layers, ModelsKnowNothingOfTheProgram) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(source_directory() / "models"))
    if (entry.path().extension() == ".h" || entry.path().extension() == ".cpp") {
      EXPECT_EQ(read_file(entry.path()).find("#include \"sim/"), std::string::npos) << entry.path();
    }
}

// A step sees its context, and nothing else of a run.
TEST(Layers, StepsSeeTheirContextOnly) {
  const std::regex other("#include \"sim/session/(?!step_context|steps/)");
  for (const auto& entry : std::filesystem::directory_iterator(source_directory() / "sim/session/steps"))
    EXPECT_FALSE(std::regex_search(read_file(entry.path()), other)) << entry.path();
}

/// As .clang-format says; outside of a checkout nothing lists the sources.
TEST(Sources, AreFormatted) {
  if (!std::filesystem::exists(source_directory() / ".git")) GTEST_SKIP() << "no checkout";
  const ProgramResult result = run_program({(source_directory() / "tools/format").string(), "--check"});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

}  // namespace
}  // namespace dspmem::test
