// SPDX-License-Identifier: Apache-2.0
// An image that knows nothing of dspmem: inspected, bound, and called without having been started.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

constexpr const char* functions = R"(
functions:
  - {function: pvPortMalloc, does: allocate, arguments: [bytes]}
  - {function: vPortFree, does: free, arguments: [pointer]}
)";
constexpr const char* registers = R"(
registers:
  - {base: 0x71c00000, bytes: 4 KiB}
  - {base: 0x71d00000, bytes: 4 KiB, answers: constant, value: 1}
)";
constexpr const char* churn = R"(
name: churn
platform: tgl
cores:
  0:
    - alloc: {as: a, zone: runtime, bytes: 400}
    - write: {to: a, pattern: 3}
    - repeat: {times: 20, steps: [{alloc: {as: b, zone: runtime, bytes: 1000}}, {write: {to: b, pattern: 1}}, {free: b}]}
    - call: {function: sum_of_squares, arguments: [30], expect: 8555}
    - read: {from: a, expect: 3}
    - free: a
expect: {heaps: {heap: {failed: 0}}}
)";

class Product : public testing::TestWithParam<const char*> {
 protected:
  std::string image() const { return (firmware_images() / (std::string("product_") + GetParam() + ".elf")).string(); }
  std::string binding(const std::string& more) const {
    return directory_
        .write("product.yaml", "name: product\nfirmware: " + image() +
                                   "\nalignment: 8\nmetadata: {header: 8, variables: [first_free, ready]}\n" +
                                   functions + more)
        .string();
  }
  ProgramResult run(const std::string& scenario, const std::string& binding_path,
                    std::vector<std::string> more = {}) const {
    std::vector<std::string> command{dspmem_executable(), "run", directory_.write("s.yaml", scenario).string(),
                                     "--allocator", binding_path};
    command.insert(command.end(), more.begin(), more.end());
    return run_program(command, directory_.path());
  }
  TemporaryDirectory directory_;
};

TEST_P(Product, RunsOnItsOwnArray) {
  const ProgramResult result = run(churn, binding(std::string("heap: {variable: ucHeap}") + registers));
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_EQ(result.err, "");
}

TEST_P(Product, IsInspected) {
  const std::string target = (directory_.path() / "mine.yaml").string();
  const ProgramResult result =
      run_program({dspmem_executable(), "inspect", image(), "--binding", target}, directory_.path());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const bool windowed = std::string(GetParam()) == "windowed";
  EXPECT_NE(result.out.find(windowed ? "ABI       windowed" : "ABI       call0"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("FreeRTOS, heap_1 to heap_5: pvPortMalloc, vPortFree"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("ucHeap (49152 bytes)"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("as of a ROM: rom_crc"), std::string::npos) << result.out;
  EXPECT_EQ(run_program({dspmem_executable(), "inspect", image(), "--binding", target}, directory_.path()).exit_code, 2)
      << "it may have been completed by hand";
  // The binding is good as it is, but for the registers: the crash says what to add.
  const ProgramResult first = run(churn, target);
  EXPECT_EQ(first.exit_code, 4);
  const std::string hint = "add {base: 0x71d00000, bytes: 4 KiB} to 'registers' of the binding";
  EXPECT_NE(first.out.find(hint), std::string::npos) << first.out;
}

TEST_P(Product, LeavesDirtyLinesThatAnotherCoreMisses) {
  const std::string scenario = R"(
name: handed over without a write-back
platform: tgl
cores:
  0: [{alloc: {as: a, zone: runtime, bytes: 64}}, {write: {to: a, pattern: 5}}, {signal: ready}, {wait: done}, {free: a}]
  1: [{wait: ready}, {invalidate: a}, {read: {from: a}}, {signal: done}]
)";
  const std::string path = binding(std::string("heap: {variable: ucHeap}") + registers);
  const ProgramResult bug = run(scenario, path, {"--json", "-"});
  EXPECT_EQ(bug.exit_code, 3) << bug.out << bug.err;
  EXPECT_NE(bug.out.find("\"missing-writeback\""), std::string::npos);
  // The step's function is not in the image: the simulator does it, with effect, and says so.
  std::string mended = scenario;
  mended.replace(mended.find("{signal: ready}"), 0, "{writeback: a}, ");
  const ProgramResult good = run(mended, path, {"--json", "-"});
  EXPECT_EQ(good.exit_code, 0) << good.out << good.err;
  const auto report = nlohmann::json::parse(good.out);
  const std::vector<std::string> done = report["done_by_simulator"];
  EXPECT_EQ(done, (std::vector<std::string>{"dcache_invalidate_region", "dcache_writeback_region"}));
}

TEST_P(Product, CallsAFunctionOfItsRom) {
  const std::string scenario =
      "name: rom\nplatform: tgl\ncores: {0: [{call: {function: checksum, arguments: [0xbe000000, 4], expect: 77}}]}\n";
  const std::string heap = std::string("heap: {variable: ucHeap}") + registers;
  const ProgramResult missing = run(scenario, binding(heap));
  EXPECT_EQ(missing.exit_code, 4);
  EXPECT_NE(missing.out.find("this is 'rom_crc'"), std::string::npos) << missing.out;
  const ProgramResult stubbed = run(scenario, binding(heap + "stubs: {rom_crc: returns 77}\n"));
  EXPECT_EQ(stubbed.exit_code, 0) << stubbed.out << stubbed.err;
}

TEST_P(Product, StubsStandInForFunctions) {
  const std::string scenario =
      "name: stub\nplatform: tgl\ncores: {0: [{call: {function: sum_of_squares, arguments: [30], expect: -5}}, {call: "
      "{function: checksum, arguments: [9, 4], expect: 9}}]}\n";
  std::string numbers = scenario;
  numbers.replace(numbers.find("-5"), 2, "0xfffffffb");
  const ProgramResult result = run(
      numbers,
      binding(
          std::string("heap: {variable: ucHeap}\nstubs: {sum_of_squares: returns -5, checksum: the first argument}") +
          registers));
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

TEST_P(Product, TellsOfALoopThatWaitsForARegister) {
  const ProgramResult result = run(churn,
                                   binding("heap: {variable: ucHeap}\nregisters: [{base: 0x71c00000, bytes: 4 KiB}, "
                                           "{base: 0x71d00000, bytes: 4 KiB}]\n"),
                                   {"--watchdog", "1000000"});
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_NE(result.out.find("register 0x71d00004 was read"), std::string::npos) << result.out;
}

TEST_P(Product, TheSimulatorLocksForAnAllocatorThatDoesNot) {
  const std::string scenario =
      "name: two cores\nplatform: tgl\ncores:\n  0: [{workload: {operations: 200, sizes: small}}]\n  1: [{workload: "
      "{operations: 200, sizes: small}}]\n";
  const std::string heap = std::string("heap: {variable: ucHeap}") + registers;
  const auto races_of_metadata = [](const ProgramResult& result) {
    unsigned races = 0;
    const auto report = nlohmann::json::parse(result.out);
    for (const auto& each : report["findings"]) {
      const std::string object = each.contains("object") ? each["object"]["name"] : "";
      races += each["rule"] == "data-race" && (object == "ready" || object == "first_free");
    }
    return races;
  };
  const ProgramResult unlocked = run(scenario, binding(heap), {"--json", "-"});
  EXPECT_GT(races_of_metadata(unlocked), 0u);
  const ProgramResult locked =
      run(scenario, binding(heap + "lock: {acquire: scenario_lock, release: scenario_unlock}\n"), {"--json", "-"});
  EXPECT_EQ(races_of_metadata(locked), 0u);
  // Its lists are in two caches still, which nobody keeps coherent.
  EXPECT_EQ(locked.exit_code, 3) << locked.err;
}

TEST_P(Product, InitialisationIsOrderedBeforeOtherCores) {
  const ProgramResult result =
      run("name: core 1 alone\nplatform: tgl\ncores: {1: [{alloc: {as: a, zone: runtime, bytes: 64}}, {free: a}]}\n",
          binding(std::string("heap: {variable: ucHeap}") + registers), {"--json", "-"});
  EXPECT_EQ(result.out.find("\"data-race\""), std::string::npos);
  std::string text = read_file(directory_.path() / "product.yaml");
  text.replace(text.find("functions:\n"), 11,
               "functions:\n  - {function: log_write, does: initialise, arguments: [7]}\n");
  const ProgramResult initialised =
      run("name: core 1 alone\nplatform: tgl\ncores: {1: [{alloc: {as: a, zone: runtime, bytes: 64}}, {free: a}]}\n",
          directory_.write("product.yaml", text).string(), {"--json", "-"});
  EXPECT_EQ(initialised.out.find("\"data-race\""), std::string::npos) << initialised.out;
  // What core 0 has counted is still in its cache when core 1 starts.
  EXPECT_NE(initialised.out.find("\"calls_logged\""), std::string::npos) << initialised.out;
}

TEST_P(Product, BadBindingsAreOneClearError) {
  const struct {
    const char* binding;
    const char* error;
  } cases[] = {
      {"heap: {variable: ucHep}", "no variable 'ucHep'"},
      {"heap: {begin: ucHeap, end: nothing}", "no symbol 'nothing'"},
      {"heap: {begin: ucHeap}", "'end'"},
      {"heap: {begin: ucHeap, end: ucHeap}", "no bytes"},
      {"stubs: {pvPortMaloc: nothing}", "no function 'pvPortMaloc'"},
      {"stubs: {vPortFree: returns 5000}", "-2048 to 2047"},
      {"stubs: {vPortFree: explodes}", "'nothing', 'the first argument' or 'returns N'"},
      {"stubs: [vPortFree]", "must be a mapping"},
      {"registers: [{base: 0xbe000000, bytes: 4 KiB}]", "overlap 'HP'"},
      {"registers: [{base: 0x71d00000, bytes: 4 KiB, answers: pol}]", "did you mean 'poll'"},
      {"registers: [{base: 0x71d00001, bytes: 4 KiB}]", "whole words"},
      {"memory: [{name: iram, base: 0x40080000, bytes: 100}]", "pages of 4 KiB"},
      {"memory: [{name: iram, base: 0xbe001000, bytes: 4 KiB}]", "overlap 'HP'"},
      {"flags: {shard: 4}", "did you mean 'shared'"},
      {"stubs: {[vPortFree]: nothing}", "plain name"},
      {"stubs: {vPortFree: nothing, vPortFree: returns 1}", "two stubs"},
      {"stubs: {ucHeap: nothing}", "is a variable"},
      {"registers: [{base: 0xfffff000, bytes: 64 KiB}]", "0xffffffff"},
      {"memory: [{name: HP, base: 0x40080000, bytes: 4 KiB}]", "has a memory 'HP' already"},
  };
  for (const auto& each : cases) {
    const ProgramResult result = run(churn, binding(std::string(each.binding) + "\n"));
    EXPECT_EQ(result.exit_code, 2) << each.binding << result.out;
    EXPECT_NE(result.err.find(each.error), std::string::npos) << each.binding << "\n" << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
  }
}

INSTANTIATE_TEST_SUITE_P(Abis, Product, testing::Values("windowed", "call0"),
                         [](const auto& test) { return std::string(test.param); });

TEST(Windowed, ImagesHaveTheSameFindingsAsCall0) {
  unsigned compared = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(source_directory() / "scenarios")) {
    const std::filesystem::path& file = entry.path();
    // One changes an instruction of the call0 image; one takes seconds and allocates like the others.
    if (file.extension() != ".yaml" || file.stem() == "lock-in-cache" || file.stem() == "million") continue;
    const std::string text = read_file(file);
    const std::size_t at = text.find("\nplatform: ");
    if (at == std::string::npos || text.find("\ncores:") == std::string::npos) continue;
    const std::string platform = text.substr(at + 11, text.find_first_of(" \n", at + 11) - at - 11);
    if (!std::filesystem::exists(firmware_images() / (platform + "-windowed.elf"))) continue;
    std::vector<std::string> seen;
    for (const char* kind : {"", "-windowed"}) {
      const ProgramResult result = run_program({dspmem_executable(), "run", file.string(), "--json", "-", "--firmware",
                                                (firmware_images() / (platform + kind + ".elf")).string()});
      const auto report = nlohmann::json::parse(result.out, nullptr, false);
      ASSERT_FALSE(report.is_discarded()) << file << result.err;
      std::set<std::string> findings;
      for (const auto& each : report["findings"])
        if (each["kind"] != "advice")
          findings.insert(each["rule"].get<std::string>() + " " + each["kind"].get<std::string>() + " " +
                          (each.contains("object") ? each["object"]["name"].get<std::string>() : ""));
      std::string all = "exit code " + std::to_string(result.exit_code);
      for (const std::string& each : findings) all += "\n" + each;
      for (const auto& heap : report["heaps"])
        all += "\n" + heap["heap"].get<std::string>() + " " + heap["used"].dump() + " " + heap["failed"].dump();
      seen.push_back(all);
    }
    EXPECT_EQ(seen[0], seen[1]) << file;
    ++compared;
  }
  EXPECT_GE(compared, 98u);
}

}  // namespace
}  // namespace dspmem::test
