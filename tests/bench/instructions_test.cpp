// SPDX-License-Identifier: Apache-2.0
// What the simulator costs, without a clock: host instructions for each guest instruction of the benchmark programs,
// with every model on, as valgrind counts them. A change that leaves its band made something faster or slower: look at
// why, then move the band.
#include <gtest/gtest.h>

#include <regex>

#include "tests/bench/measure.h"
#include "tests/support/program.h"

namespace dspmem::test {
namespace {

/// Programs are compiled differently by other compilers and libraries: by how much counts may differ from what was
/// measured.
constexpr double tolerance = 0.30;

struct Cost {
  const char* name;
  GuestProgram program;
  std::uint32_t rounds;
  double host_per_guest;  ///< measured with g++ 12.2, -O3
};

std::ostream& operator<<(std::ostream& out, const Cost& cost) { return out << cost.name; }

class HostInstructions : public testing::TestWithParam<Cost> {};

std::uint64_t host_instructions(const std::vector<std::string>& command) {
  std::vector<std::string> counted{"valgrind", "--tool=cachegrind", "--cache-sim=no",
                                   "--cachegrind-out-file=/dev/null"};
  counted.insert(counted.end(), command.begin(), command.end());
  const ProgramResult result = run_program(counted);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  std::smatch match;
  if (!std::regex_search(result.err, match, std::regex("I +refs: +([0-9,]+)")))
    throw std::runtime_error("valgrind printed no count: " + result.err);
  std::string digits = match[1];
  std::erase(digits, ',');
  return std::stoull(digits);
}

/// Of `rounds` of a program, without what comes before and after them.
double host_per_guest(const GuestProgram& program, std::uint32_t rounds) {
  const TemporaryDirectory directory;
  const std::string json = directory.path() / "report.json";
  const auto run = [&](std::uint32_t count) {
    const std::string scenario = directory.write(std::to_string(count) + ".yaml", program.scenario(count));
    const std::uint64_t host = host_instructions(dspmem_run(program, scenario, {"--json", json}));
    return std::pair(host, read_report(json).instructions);
  };
  const auto [host, guest] = run(rounds);
  const auto [host_before, guest_before] = run(0);
  return static_cast<double>(host - host_before) / static_cast<double>(guest - guest_before);
}

TEST_P(HostInstructions, StayInTheirBand) {
  const Cost& cost = GetParam();
  const double ratio = host_per_guest(cost.program, cost.rounds);
  RecordProperty("host_instructions_per_guest_instruction", std::to_string(ratio));
  EXPECT_GT(ratio, cost.host_per_guest * (1 - tolerance)) << "cheaper than it was: move the band";
  EXPECT_LT(ratio, cost.host_per_guest * (1 + tolerance));
}

/// What register windows cost allocator code; the aim is a speed of 0.9. What is missing is host code for ENTRY and
/// RETW, which are calls of the core.
TEST(WindowedHostInstructions, AreNearThoseOfCall0) {
  constexpr double least_speed = 0.8;
  const double call0 = host_per_guest({"bench_allocator", "tgl", "bench_tgl"}, 20),
               windowed = host_per_guest({"bench_allocator", "tgl", "bench_tgl-windowed"}, 20);
  std::printf("host instructions per guest instruction: %.1f call0, %.1f windowed; speed %.2f\n", call0, windowed,
              call0 / windowed);
  EXPECT_GT(call0 / windowed, least_speed);
}

GuestProgram on_bench(const char* function) {
  return {function, (source_directory() / "tests/bench/firmware/bench.yaml").string(), "bench"};
}

INSTANTIATE_TEST_SUITE_P(
    Benchmarks, HostInstructions,
    testing::Values(Cost{"AllocatorHeavy", on_bench("bench_allocator"), 20, 29},
                    Cost{"ListWalking", on_bench("bench_list"), 2000, 27},
                    Cost{"MemcpyHeavy", on_bench("bench_copy"), 1000, 15},
                    Cost{"MissHeavy", on_bench("bench_miss"), 20, 272},
                    Cost{"SharingHeavyOnFourCores", {"bench_shared", "tgl", "bench_tgl", 4, true}, 500, 301},
                    Cost{"MaintenanceHeavy", {"bench_maintain", "smp_noalias", "bench_smp_noalias"}, 500, 119}),
    [](const testing::TestParamInfo<Cost>& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace dspmem::test
