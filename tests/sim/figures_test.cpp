// SPDX-License-Identifier: Apache-2.0
// Where figures come from, and what depends on those that nobody has published.
#include "sim/config/figures.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <regex>

#include "sim/config/energy.h"
#include "sim/config/platform.h"
#include "tests/support/program.h"

namespace dspmem::test {
namespace {

using Json = nlohmann::json;

std::vector<Figure> figures_of(const std::string& text) {
  const YAML::Node root = YAML::Load(text);
  const FieldType type = field::mapping(figure_fields());
  FieldReader top(root, "f.yaml", "the file", type);
  return read_figures(top, root);
}

std::string error_of(const std::string& text) {
  try {
    figures_of(text);
  } catch (const InputError& error) { return error.what(); }
  return "";
}

TEST(Figures, TheLongestPathSpeaks) {
  const auto figures = figures_of(
      "name: 7x\nsizes: [{name: A, v: 1}, {v: [2, 3]}]\nword: fast\nclock: 5 MHz\n"
      "sources: {sizes: book}\nassumed: {sizes.A.v: {low: 0, high: 4, why: guess}, clock: no idea}\n");
  ASSERT_EQ(figures.size(), 3u);  // neither names nor words
  EXPECT_EQ(figures[0].path, "sizes.A.v");
  EXPECT_EQ(figures[0].origin, Figure::Origin::assumed);
  EXPECT_EQ(figures[0].low + "-" + figures[0].high + ": " + figures[0].reason, "0-4: guess");
  EXPECT_EQ(figures[1].path, "sizes.1.v");
  EXPECT_EQ(figures[1].origin, Figure::Origin::source);
  EXPECT_EQ(figures[1].reason, "book");
  EXPECT_EQ(figures[2].path, "clock");
  EXPECT_FALSE(figures[2].has_range());
}

TEST(Figures, SayWhatIsWrongWithWhatIsSaidOfThem) {
  const std::string file = "l1d: {size: 4, ways: 2}\n";
  EXPECT_EQ(error_of(file + "sources: {l1d.sise: x}\n"),
            "f.yaml:2:11: error: 'l1d.sise' is no figure of this file; did you mean 'l1d.size'?");
  EXPECT_EQ(error_of(file + "assumed: {l1d: {low: 1, high: 2, why: x}}\n"),
            "f.yaml:2:22: error: a range is for one figure, and 'l1d' stands for several");
  EXPECT_EQ(error_of(file + "assumed: {l1d.size: {low: 1, why: x}}\n"),
            "f.yaml:2:21: error: 'l1d.size' needs 'high', the other end of the range");
  EXPECT_EQ(error_of(file + "sources: {l1d: x}\nassumed: {l1d: y}\n"),
            "f.yaml:3:11: error: 'l1d' is both in 'sources' and 'assumed'");
  EXPECT_EQ(error_of(file + "assumed: {l1d.size: {low: 1, high: 2}}\n"), "f.yaml:2:21: error: 'l1d.size' needs 'why'");
  EXPECT_EQ(error_of(file + "assumed: {l1d.sise: {low: 1, high: 2, why: x}}\n"),
            "f.yaml:2:11: error: 'l1d.sise' is no figure of this file; did you mean 'l1d.size'?");
  EXPECT_EQ(error_of(file + "assumed: {l1d.size: {low: 1, high: banana, why: x}}\n"),
            "f.yaml:2:36: error: 'high' of 'l1d.size' must be a number such as 4, not 'banana'");
  EXPECT_EQ(error_of(file + "assumed: {l1d.size: {low: 9, high: 6, why: x}}\n"),
            "f.yaml:2:27: error: 'low' of 'l1d.size' is above 'high'");
  EXPECT_EQ(error_of(file + "assumed: {l1d.size: {low: 1, high: 3, why: x}}\n"),
            "");  // a sweep, or a user, has changed the figure
  EXPECT_EQ(error_of(file + "sources: [x]\n"), "f.yaml:2:10: error: 'sources' must be a mapping, such as {key: value}");
}

class ShippedFigures : public testing::TestWithParam<std::string> {};

TEST_P(ShippedFigures, HaveASourceOrAreAssumed) {
  const Platform platform = load_platform(GetParam());
  EXPECT_GT(platform.figures.size(), 30u);
  for (const Figure& each : platform.figures) EXPECT_NE(each.origin, Figure::Origin::unknown) << each.path;
}

TEST_P(ShippedFigures, CanHaveBothEndsOfTheirRanges) {
  for (const Figure& each : load_platform(GetParam()).figures)
    for (const std::string& value : {each.low, each.high}) {
      if (!each.has_range()) continue;
      Edits edits;
      each.edit(edits, value);
      const Platform changed = load_platform(GetParam(), {}, edits);
      const auto same = std::find_if(changed.figures.begin(), changed.figures.end(),
                                     [&each](const Figure& other) { return other.path == each.path; });
      ASSERT_NE(same, changed.figures.end());
      EXPECT_EQ(same->value, value) << each.path;
    }
}

INSTANTIATE_TEST_SUITE_P(All, ShippedFigures, testing::ValuesIn(shipped_platforms()),
                         [](const auto& info) { return info.param; });

TEST(EnergyFigures, HaveASourceOrAreAssumed) {
  for (const std::string& preset : shipped_energy_presets())
    for (const Figure& each : load_energy(preset).sources) {
      EXPECT_NE(each.origin, Figure::Origin::unknown) << preset << " " << each.path;
      for (const std::string& value : {each.low, each.high}) {
        Edits edits;
        if (each.has_range()) each.edit(edits, value);
        EXPECT_NO_THROW(load_energy(preset, {}, edits)) << preset << " " << each.path;
      }
    }
}

/// A platform with one assumed figure that has a range.
std::string platform_with_bus_latency(unsigned cycles) {
  std::string text = read_file(source_directory() / "configs/platforms/tgl.yaml");
  text.erase(text.find("\nsources:") + 1);
  const std::string old = "bus: {latency: 2}";
  text.replace(text.find(old), old.size(), "bus: {latency: " + std::to_string(cycles) + "}");
  return text +
         "assumed: {bus.latency: {low: 1, high: 9, why: test}, image.size: {low: 128 KiB, high: 192 KiB, why: test}, "
         "l1d: {why: test}}\n";
}

constexpr const char* scenario =
    "name: varied\nplatform: ./p.yaml\ncores:\n  0:\n    - alloc: {as: x, zone: runtime, bytes: 256}\n    - write: "
    "{to: x, view: uncached, pattern: 1}\n    - read: {from: x, view: uncached}\n";

/// Replays the scenario, with more of it at its end, on ./p.yaml.
ProgramResult replay(const TemporaryDirectory& directory, const std::vector<std::string>& options,
                     const std::string& more = "") {
  directory.write("s.yaml", scenario + more);
  std::vector<std::string> command{dspmem_executable(), "run", "--firmware", (firmware_images() / "tgl.elf").string(),
                                   "s.yaml"};
  command.insert(command.end(), options.begin(), options.end());
  return run_program(command, directory.path());
}

TEST(Vary, GivesTheFiguresOfAFileThatSaysSo) {
  const TemporaryDirectory directory;
  std::array<std::uint64_t, 3> cycles{};
  for (std::size_t i = 0; i < cycles.size(); ++i) {
    directory.write("p.yaml", platform_with_bus_latency(std::array{1, 2, 9}[i]));
    const ProgramResult run = replay(directory, {"--json", "-"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    cycles[i] = Json::parse(run.out)["cycles"];
  }
  EXPECT_LT(cycles[0], cycles[1]);
  EXPECT_LT(cycles[1], cycles[2]);

  directory.write("p.yaml", platform_with_bus_latency(2));
  const ProgramResult run = replay(directory, {"--vary", "assumed", "--json", "-"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const Json report = Json::parse(run.out), variation = report["variation"], range = variation["ranges"][0];
  EXPECT_EQ(report["cycles"], cycles[1]);
  EXPECT_EQ(range["name"], "cycles");
  EXPECT_EQ(range["value"], cycles[1]);
  EXPECT_EQ(range["low"], cycles[0]);
  EXPECT_EQ(range["high"], cycles[2]);
  EXPECT_EQ(range["high_with"], "bus.latency = 9");
  EXPECT_EQ(
      variation["not_varied"],
      Json::parse(
          R"([{"figure": "l1d", "why": "no range is given"}, {"figure": "image.size", "why": "another firmware image belongs to it"}])"));
}

TEST(Vary, SaysWhichConclusionDependsOnWhat) {
  const TemporaryDirectory directory;
  directory.write("p.yaml", platform_with_bus_latency(2));
  const ProgramResult free = replay(directory, {"--vary", "assumed"});
  ASSERT_EQ(free.exit_code, 0) << free.err;
  EXPECT_NE(free.out.find("  always    verdict: passed\n  always    findings: none\n"), std::string::npos) << free.out;

  // What holds here, and does not with a slower bus.
  const std::uint64_t cycles = Json::parse(replay(directory, {"--json", "-"}).out)["cycles"];
  const ProgramResult bound =
      replay(directory, {"--vary", "assumed"}, "expect: {cycles: \"<= " + std::to_string(cycles) + "\"}\n");
  EXPECT_EQ(bound.exit_code, 0) << bound.err;
  EXPECT_NE(bound.out.find("  depends   verdict: passed\n            with bus.latency = 9: expectation-failed\n"),
            std::string::npos)
      << bound.out;
}

TEST(Vary, EndsThatCannotBeAreSaidAndLoseNothing) {
  const TemporaryDirectory directory;
  std::string text = read_file(source_directory() / "configs/platforms/tgl.yaml");
  text.erase(text.find("\nsources:") + 1);
  text = std::regex_replace(text, std::regex("(name|memory): LP"), "$1: L.P");
  directory.write("p.yaml", text +
                                "assumed:\n  memories.HP.banks: {low: 1, high: 46, why: test}\n  memories.L.P.latency: "
                                "{low: 5, high: 7, why: test}\n");
  const ProgramResult run = replay(directory, {"--vary", "assumed", "--json", "-"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const Json variation = Json::parse(run.out)["variation"];
  ASSERT_EQ(variation["not_varied"].size(), 1u) << variation;
  EXPECT_EQ(variation["not_varied"][0]["figure"], "memories.HP.banks");
  EXPECT_TRUE(std::string(variation["not_varied"][0]["why"]).starts_with("it cannot be 1: ")) << variation;
  EXPECT_EQ(variation["figures"], 4);  // a memory whose name has a dot, and three of the energy preset
}

TEST(Vary, RefusesWhatItDoesNotKnow) {
  const ProgramResult run = run_program({dspmem_executable(), "run", "--vary", "asumed", "s.yaml"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_NE(run.err.find("--vary takes 'assumed', not 'asumed'"), std::string::npos) << run.err;
}

}  // namespace
}  // namespace dspmem::test
