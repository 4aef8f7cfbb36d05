// SPDX-License-Identifier: Apache-2.0
// The timeline of a run: a JSON document in the trace event format, with what happened in it.
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

using Json = nlohmann::json;

Json trace_of(const std::string& scenario) {
  const TemporaryDirectory directory;
  const std::string file = (directory.path() / "t.json").string();
  run_program({dspmem_executable(), "run", scenario, "--trace", file}, source_directory());
  return Json::parse(read_file(file), nullptr, false);
}

TEST(Timelines, HaveStepsHeapsAndFindings) {
  const Json trace = trace_of("scenarios/rules/missing-writeback.yaml");
  ASSERT_FALSE(trace.is_discarded());
  std::map<std::string, std::size_t> phases;
  std::map<int, double> end_of_track;
  for (const Json& each : trace["traceEvents"]) {
    ++phases[each["ph"]];
    if (each["ph"] != "X" || each["cat"] != "step") continue;
    // Steps of a core follow each other.
    double& end = end_of_track[each["tid"]];
    EXPECT_GE(each["ts"].get<double>() + 1e-3, end) << each;
    end = each["ts"].get<double>() + each["dur"].get<double>();
  }
  EXPECT_EQ(end_of_track.size(), 2u);
  EXPECT_EQ(phases["s"], 1u);
  EXPECT_EQ(phases["f"], 1u);
  EXPECT_EQ(trace["otherData"]["events left out"], "0");
}

TEST(Timelines, CountWhatHeapsHold) {
  std::map<std::string, Json> last;
  std::size_t bank_changes = 0;
  const Json trace = trace_of("scenarios/stray_block.yaml");
  for (const Json& each : trace["traceEvents"]) {
    if (each["ph"] == "C" && each["pid"] == 2) last[each["name"]] = each["args"]["bytes"];
    bank_changes += each["ph"] == "C" && each["pid"] == 3;
  }
  EXPECT_FALSE(last.empty());
  for (const auto& [zone, bytes] : last) EXPECT_GE(bytes, 0) << zone;
  EXPECT_GT(bank_changes, 0u);
}

TEST(Timelines, AreOfOneScenario) {
  const TemporaryDirectory directory;
  const ProgramResult result =
      run_program({dspmem_executable(), "run", "scenarios/quickstart.yaml", "scenarios/quickstart.yaml", "--trace",
                   (directory.path() / "t.json").string()},
                  source_directory());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.err, "dspmem: error: --trace takes one scenario at a time, not 2\n");
}

}  // namespace
}  // namespace dspmem::test
