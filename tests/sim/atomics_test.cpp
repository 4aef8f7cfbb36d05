// SPDX-License-Identifier: Apache-2.0
// Where S32C1I works: the platform's 'atomctl', with locks at cached addresses.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

using Json = nlohmann::json;

/// Two cores that take the allocator's lock.
constexpr const char* two_cores =
    "cores:\n  0: [{barrier: b}, {repeat: {times: 5, steps: [{alloc: {as: a, zone: runtime, bytes: 64}}, {free: "
    "a}]}}]\n"
    "  1: [{barrier: b}, {repeat: {times: 5, steps: [{alloc: {as: c, zone: runtime, bytes: 64}}, {free: c}]}}]\n";

Json replay(const std::string& platform, const std::string& image, int& exit_code) {
  const TemporaryDirectory directory;
  directory.write("s.yaml", "name: x\nplatform: " + platform + "\n" + two_cores);
  const ProgramResult run = run_program({dspmem_executable(), "run", "s.yaml", "--firmware",
                                         (firmware_images() / image).string(), "--watchdog", "1000000", "--json", "-"},
                                        directory.path());
  exit_code = run.exit_code;
  return Json::parse(run.out);
}

std::uint64_t dropped(const Json& report) {
  std::uint64_t lines = 0;
  for (const Json& core : report["cores"]) lines += core["lines_dropped_by_atomics"].get<std::uint64_t>();
  return lines;
}

// One core without an alias unlocks with a store, which leaves the lock's line in its cache for the next S32C1I to
// drop.
TEST(Atomics, AtMemoryDropTheLockFromTheCache) {
  const TemporaryDirectory directory;
  directory.write("s.yaml",
                  "name: x\nplatform: imx8\ncores: {0: [{repeat: {times: 5, steps: [{alloc: {as: a, zone: runtime, "
                  "bytes: 64}}, {free: a}]}}]}\n");
  const ProgramResult run = run_program({dspmem_executable(), "run", "s.yaml", "--firmware",
                                         (firmware_images() / "imx8.elf").string(), "--stats", "--json", "report.json"},
                                        directory.path());
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
  const Json report = Json::parse(read_file(directory.path() / "report.json"));
  EXPECT_GE(dropped(report), 9u);  // ten operations of the allocator, and what the boot does
  EXPECT_LE(dropped(report), report["cores"][0]["atomics"].get<std::uint64_t>());
  EXPECT_NE(run.out.find("S32C1I wrote back and dropped " + std::to_string(dropped(report)) + " cached lines of locks"),
            std::string::npos)
      << run.out;
}

TEST(Atomics, InTheCacheExcludeNobody) {
  int exit_code = 0;
  const Json report = replay(DSPMEM_TEST_PLATFORMS "/atomics_cached.yaml", "atomics_cached.elf", exit_code);
  EXPECT_EQ(dropped(report), 0u);
  bool found = false;
  for (const Json& each : report["findings"]) found |= each["rule"] == "lock-in-cache";
  EXPECT_TRUE(found) << report["findings"];
}

TEST(Atomics, AtMemoryAloneLeaveTheCopyInTheCacheAsItIs) {
  int exit_code = 0;
  const Json report = replay(DSPMEM_TEST_PLATFORMS "/atomics_memory.yaml", "atomics_memory.elf", exit_code);
  EXPECT_EQ(exit_code, 0) << report["findings"];  // this firmware takes and gives its locks by S32C1I alone
  EXPECT_EQ(dropped(report), 0u);
}

TEST(Atomics, AnImageOfAnotherKindIsRefused) {
  const TemporaryDirectory directory;
  directory.write("s.yaml", std::string("name: x\nplatform: smp_noalias\n") + two_cores);
  const ProgramResult run = run_program(
      {dspmem_executable(), "run", "s.yaml", "--firmware", (firmware_images() / "atomics_cached.elf").string()},
      directory.path());
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_NE(run.err.find("ATOMCTL"), std::string::npos) << run.err;
}

// Core 1 sleeps in its loop around S32C1I when core 0 crashes: what it has spent until then is in the report, whatever
// the quantum.
TEST(Atomics, OfACoreThatSpinsBesideACrashAreCounted) {
  const TemporaryDirectory directory;
  directory.write("s.yaml",
                  "name: x\nplatform: tgl\ncores:\n"
                  "  0: [{call: {function: scenario_lock, arguments: [0]}}, {barrier: b}, {delay: 20000 cycles}, "
                  "{call: {function: memset, arguments: [0x10, 0, 4]}}]\n"
                  "  1: [{barrier: b}, {call: {function: scenario_lock, arguments: [0]}}]\n");
  for (const char* quantum : {"1", "1000", "100000"}) {
    const ProgramResult run =
        run_program({dspmem_executable(), "run", "s.yaml", "--firmware", (firmware_images() / "tgl.elf").string(),
                     "--quantum", quantum, "--json", "-"},
                    directory.path());
    EXPECT_EQ(run.exit_code, 4) << run.err;
    const Json report = Json::parse(run.out), core = report["cores"][1];
    const std::uint64_t crash = report["crash"]["cycle"];
    EXPECT_GT(core["waiting"]["cycles"], 19000) << quantum;
    EXPECT_GE(core["cycles"], crash - 100) << quantum;
    EXPECT_LE(core["cycles"], crash + 100) << quantum;
  }
}

/// A lock of L32EX and S32EX excludes, and orders what it protects.
TEST(Atomics, ALockOfExclusiveAccessesIsALock) {
  const auto replay = [](const std::string& function) {
    const TemporaryDirectory directory;
    const std::string call = "call: {function: " + function + ", arguments: [word, counter, 300]}";
    const auto file = directory.write("s.yaml",
                                      "name: counting\nplatform: tgl\nobjects: {word: {bytes: 4, align: 64, shared: "
                                      "true}, counter: {bytes: 4, align: "
                                      "64}}\ncores:\n"
                                      "  0: [{barrier: b}, {" +
                                          call + "}, {wait: done}, {call: {function: count_of, arguments: [counter]" +
                                          std::string(function == "count_locked" ? ", expect: 600" : "") + "}}]\n" +
                                          "  1: [{barrier: b}, {" + call + "}, {signal: done}]\n");
    return run_program(
        {dspmem_executable(), "run", file.string(), "--firmware", (firmware_images() / "exclusive.elf").string()});
  };
  const ProgramResult locked = replay("count_locked"), unlocked = replay("count_unlocked");
  EXPECT_EQ(locked.exit_code, 0) << locked.out << locked.err;
  EXPECT_EQ(unlocked.exit_code, 3) << unlocked.out << unlocked.err;
  EXPECT_NE(unlocked.out.find("data-race"), std::string::npos) << unlocked.out;
}

}  // namespace
}  // namespace dspmem::test
