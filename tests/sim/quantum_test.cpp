// SPDX-License-Identifier: Apache-2.0
// The quantum says how often cores look at each other, not what happens: every access that leaves a cache is made in
// its turn. With a quantum of one cycle no core sleeps while it waits for a lock, so that these runs also show that
// sleeping changes no figure.
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "models/random.h"
#include "tests/support/program.h"

namespace dspmem::test {
namespace {

class Quantum : public testing::Test {
 protected:
  /// The whole report, but for the line that says the quantum.
  std::string report(const std::filesystem::path& scenario, std::uint64_t seed, std::uint32_t quantum) const {
    const std::string json = (directory_.path() / "report.json").string();
    std::filesystem::remove(json);
    const ProgramResult result =
        run_program({dspmem_executable(), "run", scenario.string(), "--seed", std::to_string(seed), "--quantum",
                     std::to_string(quantum), "--json", json},
                    directory_.path());
    EXPECT_EQ(result.exit_code, 0) << scenario << "\n" << result.out << result.err;
    auto report = nlohmann::json::parse(read_file(json));
    report.erase("quantum");
    return report.dump(1);
  }
  TemporaryDirectory directory_;
};

TEST_F(Quantum, ChangesNothingWhereCoresContend) {
  std::size_t scenarios = 0;
  for (const auto& file : std::filesystem::directory_iterator(source_directory() / "tests/sim/contention")) {
    ++scenarios;
    for (const std::uint64_t seed : {1, 2}) {
      const std::string exact = report(file.path(), seed, 1);
      for (const std::uint32_t quantum : {1000, 100000})
        EXPECT_EQ(exact, report(file.path(), seed, quantum))
            << file.path() << " seed " << seed << " quantum " << quantum;
    }
  }
  EXPECT_GE(scenarios, 10u);
}

/// Steps of one core: locks, one within another, delays, memory that no cache holds, allocations, transfers.
std::string steps(Random& random, std::uint32_t core, std::uint32_t depth) {
  std::string out;
  const auto add = [&out](const std::string& step) { out += (out.empty() ? "" : ", ") + step; };
  for (std::uint64_t i = random.between(1, 4); i > 0; --i) switch (random.below(depth ? 7 : 6)) {
      case 0: add("{lock: guard}, {add: counter}, {unlock: guard}"); break;
      case 1:
        add(
            fmt::format("{{lock: guard}}, {{delay: {} cycles}}, {{lock: inner}}, {{add: counter}}, {{unlock: inner}}, "
                        "{{unlock: guard}}",
                        random.below(400)));
        break;
      case 2: add(fmt::format("{{delay: {} cycles}}", random.below(600))); break;
      case 3: add(fmt::format("{{write: {{to: own{0}, pattern: counter}}}}, {{read: {{from: own{0}}}}}", core)); break;
      case 4:
        add(fmt::format("{{workload: {{operations: {}, zone: runtime, live: 5}}}}", random.between(2, 30)));
        break;
      case 5:
        add(
            fmt::format("{{writeback_invalidate: own{0}}}, {{dma: {{from: own{0}, to: own{0}, to_offset: 32768, bytes: "
                        "256, channel: {0}, chunk: {1}}}}}, {{invalidate: own{0}}}",
                        core, 64 << random.below(3)));
        break;
      default:
        add(fmt::format("{{repeat: {{times: {}, steps: [{}]}}}}", random.between(2, 30),
                        steps(random, core, depth - 1)));
    }
  return out;
}

TEST_F(Quantum, ChangesNothingInRandomScenarios) {
  const char* const more = std::getenv("DSPMEM_CONTENTION");
  const std::uint64_t scenarios = more ? std::strtoull(more, nullptr, 10) : 30;
  for (std::uint64_t seed = 1; seed <= scenarios; ++seed) {
    Random random(seed);
    const auto cores = static_cast<std::uint32_t>(random.between(2, 4));
    std::string text = fmt::format(
        "name: random\nplatform: {}\nobjects: {{counter: {{bytes: 64, align: 64, shared: true}}}}\ncores:\n",
        random.below(2) ? "tgl" : "apl");
    if (text.find("apl") != std::string::npos && cores > 2) text.replace(text.find("apl"), 3, "tgl");
    for (std::uint32_t core = 0; core < cores; ++core)
      text += fmt::format(
          "  {0}: [{{zalloc: {{as: own{0}, zone: buffer, bytes: 49152}}}}, {{writeback_invalidate: own{0}}}, "
          "{{barrier: start}}, {{repeat: {{times: 3, steps: [{1}]}}}}, {{barrier: end}}, {{free: own{0}}}]\n",
          core, steps(random, core, 2));
    const std::filesystem::path file = directory_.write("random.yaml", text);
    const std::string exact = report(file, seed, 1);
    for (const std::uint32_t quantum : {50, 1000, 100000})
      ASSERT_EQ(exact, report(file, seed, quantum)) << "quantum " << quantum << "\n" << text;
  }
}

/// Port busy time is at least what was served, and nobody finishes before the busiest port could have served all.
TEST_F(Quantum, NeverLetsAPortServeMoreThanItCan) {
  const auto file = directory_.write("hammer.yaml", R"(
name: four cores hammer one bank
platform: tgl
objects: {word: {bytes: 64, align: 64, shared: true}}
cores:
  0: [{barrier: s}, {repeat: {times: 100, steps: [{read: {from: word, view: uncached}}]}}]
  1: [{barrier: s}, {repeat: {times: 100, steps: [{read: {from: word, view: uncached}}]}}]
  2: [{barrier: s}, {repeat: {times: 100, steps: [{read: {from: word, view: uncached}}]}}]
  3: [{barrier: s}, {repeat: {times: 100, steps: [{read: {from: word, view: uncached}}]}}]
)");
  for (const std::uint32_t quantum : {1, 1000}) {
    const auto json = nlohmann::json::parse(report(file, 1, quantum));
    std::uint64_t busiest = 0;
    for (const auto& bank : json.at("banks")) busiest = std::max(busiest, bank.at("accesses").get<std::uint64_t>());
    EXPECT_GT(busiest, 4u * 100 * 16);
    EXPECT_GE(json.at("cycles").get<std::uint64_t>(), busiest);  // an access takes a beat at least
  }
}

}  // namespace
}  // namespace dspmem::test
