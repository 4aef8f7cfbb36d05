// SPDX-License-Identifier: Apache-2.0
// Whole replays, through the program: verdicts of the shipped scenarios, crashes, reproducibility, the form of the
// report.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/support/program.h"
#include "tests/support/schema.h"

namespace dspmem::test {
namespace {

using Json = nlohmann::json;

ProgramResult run(std::vector<std::string> arguments, const std::filesystem::path& directory = source_directory()) {
  arguments.insert(arguments.begin(), {dspmem_executable(), "run"});
  return run_program(arguments, directory);
}

ProgramResult run_text(const std::string& scenario, std::vector<std::string> arguments = {}) {
  const TemporaryDirectory directory;
  directory.write("s.yaml", scenario);
  arguments.insert(arguments.begin(), "s.yaml");
  return run(arguments, directory.path());
}

// ---- Shipped scenarios ----

std::vector<std::string> shipped_scenarios() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(source_directory() / "scenarios"))
    if (entry.path().extension() == ".yaml" && entry.path().parent_path().filename() != "lib" &&
        entry.path().parent_path().filename() != "rules")
      names.push_back(std::filesystem::relative(entry.path(), source_directory()));
  std::sort(names.begin(), names.end());
  return names;
}

class ShippedScenario : public testing::TestWithParam<std::string> {};

TEST_P(ShippedScenario, EndsAsItExpectsAndReportsInTheDocumentedForm) {
  const ProgramResult result = run({GetParam(), "--json", "-"});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(schema_errors("report.schema.json", result.out), "");
}

std::string test_name(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(All, ShippedScenario, testing::ValuesIn(shipped_scenarios()),
                         [](const auto& info) { return test_name(info.param); });

/// The same file is right on platforms of both approaches to shared data.
class OnEveryMultiCorePlatform : public testing::TestWithParam<std::tuple<std::string, std::string>> {};

TEST_P(OnEveryMultiCorePlatform, Passes) {
  const auto& [scenario, platform] = GetParam();
  const ProgramResult result = run({scenario, "--platform", platform, "--quiet"});
  EXPECT_TRUE(result.out.starts_with("PASS " + scenario + " on ")) << result.out << result.err;
  EXPECT_EQ(result.exit_code, 0);
}

INSTANTIATE_TEST_SUITE_P(All, OnEveryMultiCorePlatform,
                         testing::Combine(testing::Values("scenarios/quickstart.yaml", "scenarios/shared_data.yaml"),
                                          testing::Values("tgl", "apl", "mtl", "smp_noalias",
                                                          DSPMEM_TEST_PLATFORMS "/tgl_prefetch.yaml")),
                         [](const auto& info) {
                           return test_name(std::get<0>(info.param) + "_on_" +
                                            std::filesystem::path(std::get<1>(info.param)).stem().string());
                         });

// A bug is found, and its fixed twin is clean, because of what the program does, not of what this run's caches happen
// to evict.
class BugScenario : public testing::TestWithParam<std::string> {};

TEST_P(BugScenario, KeepsItsVerdictWithOtherCachesAndQuanta) {
  const std::string quiet = "PASS ";
  for (const char* quantum : {"1", "100", "100000"})
    EXPECT_EQ(run({GetParam(), "--quiet", "--quantum", quantum}).out.substr(0, 5), quiet) << quantum;
  if (read_file(source_directory() / GetParam()).find("platform: tgl\n") == std::string::npos) return;
  for (const char* platform : {"tgl_8k.yaml", "tgl_1m.yaml"}) {
    const ProgramResult result =
        run({GetParam(), "--quiet", "--platform", std::string(DSPMEM_TEST_PLATFORMS) + "/" + platform});
    EXPECT_EQ(result.out.substr(0, 5), quiet) << platform << result.err;
  }
}

std::vector<std::string> bug_scenarios() {
  std::vector<std::string> names = shipped_scenarios();
  std::erase_if(names, [](const std::string& name) { return name.find("/bugs/") == std::string::npos; });
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, BugScenario, testing::ValuesIn(bug_scenarios()),
                         [](const auto& info) { return test_name(info.param); });

TEST(BugScenarios, ComeInPairs) {
  std::size_t bugs = 0;
  for (const std::string& name : bug_scenarios()) {
    if (name.ends_with("_fixed.yaml")) continue;
    ++bugs;
    EXPECT_TRUE(std::filesystem::exists(source_directory() / (name.substr(0, name.size() - 5) + "_fixed.yaml")))
        << name;
  }
  EXPECT_GE(bugs, 20u);
}

TEST(Observers, ChangeNeitherCyclesNorData) {
  for (const char* scenario : {"scenarios/four_cores.yaml", "scenarios/core_down.yaml"}) {
    Json with = Json::parse(run({scenario, "--json", "-"}).out),
         without = Json::parse(run({scenario, "--json", "-", "--no-coherency"}).out);
    for (Json* report : {&with, &without}) {
      report->erase("findings");
      // What is switched and what it costs is the same. What other policies would make of it is not: the allocator's
      // own metadata, which have to live somewhere, are known to observers only.
      Json policies = (*report)["energy"]["policies"];
      (*report)["energy"] = {policies[0], policies[1]};
      (*report)["footprint"].erase("touched");
    }
    EXPECT_TRUE(with == without) << scenario;
  }
}

TEST(Suppressions, SilenceWhatTheyNameAndReportWhatTheyDoNot) {
  const TemporaryDirectory directory;
  directory.write("s.yaml",
                  "name: x\nplatform: tgl\ncores:\n  0:\n    - alloc: {as: a, bytes: 64}\n    - write: {to: a, "
                  "pattern: 1}\n    - read: {from: a, view: uncached}\n");
  EXPECT_EQ(run({"s.yaml"}, directory.path()).exit_code, 3);
  directory.write("q.yaml",
                  "suppressions:\n  - {rule: mixed-alias, object: a, reason: the hardware team knows}\n  - {rule: "
                  "data-race, function: nowhere, reason: old}\n");
  const ProgramResult result = run({"s.yaml", "--suppressions", "q.yaml"}, directory.path());
  EXPECT_EQ(result.exit_code, 0) << result.out;
  EXPECT_NE(result.out.find("suppressed: 16 findings (q.yaml:2:5: the hardware team knows)"), std::string::npos)
      << result.out;
  EXPECT_NE(result.out.find("unused suppression: q.yaml:3:5 (old)"), std::string::npos) << result.out;
}

TEST(Mutate, TellsWhichOperationsAreMissed) {
  const ProgramResult result =
      run_program({dspmem_executable(), "mutate", "scenarios/bugs/A14_task_data_scheduled_to_another_core_fixed.yaml"},
                  source_directory());
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(
      result.out.find("missed                 2  write-back in step "
                      "scenarios/bugs/A14_task_data_scheduled_to_another_core_fixed.yaml:9:7: missing-writeback\n"),
      std::string::npos)
      << result.out;
  // Bug A6: a core starts before what it reads was written back.
  const std::string boot =
      run_program({dspmem_executable(), "mutate", "scenarios/boot_handover.yaml"}, source_directory()).out;
  EXPECT_NE(boot.find(": stale-boot\n"), std::string::npos) << boot;
  EXPECT_EQ(run_program({dspmem_executable(), "mutate", "scenarios/bugs/A14_task_data_scheduled_to_another_core.yaml"},
                        source_directory())
                .exit_code,
            1);
}

TEST(FourCores, ExcludeEachOtherWithoutAnAliasToo) {
  EXPECT_EQ(run({"scenarios/four_cores.yaml", "--platform", "smp_noalias", "--quiet"}).out.substr(0, 5), "PASS ");
}

// Data-race-free programs see the same values however far cores run ahead of each other.
TEST(FourCores, CountTheSameAtEveryQuantum) {
  for (const char* quantum : {"1", "7", "100", "10000", "1000000"})
    EXPECT_EQ(run({"scenarios/four_cores.yaml", "--quantum", quantum, "--quiet"}).out.substr(0, 5), "PASS ") << quantum;
}

// Without the lock the counter comes up short: the test that the four-core scenario can fail.
TEST(FourCores, LoseCountsWithoutTheLock) {
  const std::string body =
      "    - barrier: start\n    - repeat: {times: 200, steps: [{add: counter}, {commit: counter}]}\n    - barrier: "
      "end\n";
  const ProgramResult result = run_text(
      "name: unlocked\nplatform: tgl\ncores:\n  0:\n    - zalloc: {as: counter, flags: [shared], bytes: 64}\n    - "
      "commit: counter\n" +
      body + "    - read: {from: counter, bytes: 4, expect: 400}\n  1:\n" + body);
  EXPECT_EQ(result.exit_code, 3) << result.out;
  EXPECT_NE(result.out.find("data-race"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("wrong value: core 0 read 'counter'"), std::string::npos) << result.out;
}

TEST(SharedData, LeftUncommittedIsReallyStaleWithoutAnAlias) {
  const Json report = Json::parse(run({"scenarios/shared_data_uncommitted.yaml", "--json", "-"}).out);
  ASSERT_EQ(report["stale_reads"].size(), 2u);
  const Json& read = report["stale_reads"][0];
  EXPECT_EQ(read["core"], 1);
  EXPECT_EQ(read["object"], "mailbox");
  EXPECT_EQ(read["writer"]["core"], 0);
  EXPECT_EQ(read["writer"]["where"], "scenarios/shared_data_uncommitted.yaml:9:7");
  EXPECT_EQ(read["bytes"]["owed"].get<std::string>().substr(0, 8), "01000000");
  // With an alias the same steps are right: both reads see what was written.
  EXPECT_TRUE(
      Json::parse(
          run({"scenarios/shared_data_uncommitted.yaml", "--platform", "tgl", "--json", "-"}).out)["stale_reads"]
          .empty());
}

// ---- Reproducibility ----

TEST(Report, IsByteIdenticalTwiceInARow) {
  for (const char* scenario :
       {"scenarios/four_cores.yaml", "scenarios/core_down.yaml", "scenarios/shared_data_uncommitted.yaml"}) {
    const ProgramResult first = run({scenario, "--json", "-"}), second = run({scenario, "--json", "-"});
    EXPECT_GT(first.out.size(), 1000u);
    EXPECT_EQ(first.out, second.out) << scenario;
  }
}

TEST(Report, DependsOnTheSeed) {
  const std::string scenario = "name: x\nplatform: tgl\ncores:\n  0:\n    - workload: {operations: 100}\n";
  EXPECT_NE(run_text(scenario, {"--seed", "1", "--json", "-"}).out,
            run_text(scenario, {"--seed", "2", "--json", "-"}).out);
  EXPECT_EQ(run_text(scenario, {"--seed", "5", "--json", "-"}).out,
            run_text(scenario + "seed: 5\n", {"--json", "-"}).out);
}

#ifdef DSPMEM_UNOPTIMISED
// The whole program again, compiled with -O0 and the library's checks.
TEST(Report, IsByteIdenticalInDebugAndReleaseBuilds) {
  for (const char* scenario : {"scenarios/four_cores.yaml", "scenarios/core_down.yaml",
                               "scenarios/shared_data_uncommitted.yaml", "scenarios/quickstart.yaml"}) {
    const ProgramResult debug = run_program({DSPMEM_UNOPTIMISED, "run", scenario, "--json", "-"}, source_directory());
    EXPECT_GT(debug.out.size(), 1000u) << debug.err;
    EXPECT_EQ(debug.out, run({scenario, "--json", "-"}).out) << scenario;
  }
}
#endif

TEST(Report, OfSeveralScenariosIsThatOfEachAlone) {
  const std::string quickstart = run({"scenarios/quickstart.yaml"}).out,
                    core_down = run({"scenarios/core_down.yaml"}).out;
  EXPECT_EQ(run({"scenarios/quickstart.yaml", "scenarios/core_down.yaml"}).out,
            quickstart + "\n" + core_down + "\n2 passed\n");
}

TEST(Report, GoesToAFileAsAWhole) {
  const TemporaryDirectory directory;
  const std::string file = directory.path() / "report.json";
  const ProgramResult result = run({"scenarios/quickstart.yaml", "--quiet", "--json", file});
  EXPECT_EQ(result.out.substr(0, 5), "PASS ");
  EXPECT_EQ(read_file(file), run({"scenarios/quickstart.yaml", "--json", "-"}).out);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1);
}

// ---- Crashes ----

struct CrashCase {
  const char* name;
  const char* steps;
  const char* message;
  const char* place;  ///< function and file of the innermost frame that has one
};

class Crash : public testing::TestWithParam<CrashCase> {};

TEST_P(Crash, ExitsWith4AndSaysWhere) {
  const CrashCase& crash = GetParam();
  const TemporaryDirectory directory;
  directory.write(
      "s.yaml",
      std::string("name: x\nplatform: tgl\ncores:\n  0:\n    - alloc: {as: a, flags: [shared], bytes: 64}\n") +
          crash.steps);
  const ProgramResult text = run({"s.yaml", "--watchdog", "1000000"}, directory.path());
  EXPECT_EQ(text.exit_code, 4);
  EXPECT_NE(text.out.find(std::string("the firmware stopped: ") + crash.message), std::string::npos) << text.out;
  EXPECT_NE(text.out.find(crash.place), std::string::npos) << text.out;
  EXPECT_TRUE(text.out.starts_with("CRASH ")) << text.out;

  const ProgramResult json = run({"s.yaml", "--watchdog", "1000000", "--json", "-"}, directory.path());
  EXPECT_EQ(json.exit_code, 4);
  const Json report = Json::parse(json.out);
  EXPECT_EQ(schema_errors("report.schema.json", report.dump()), "");
  EXPECT_TRUE(report["crash"]["step"].get<std::string>().find("s.yaml:6:") != std::string::npos) << report["crash"];
  EXPECT_GT(report["crash"]["stack"].size(), 0u);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Crash,
    testing::Values(
        CrashCase{"DoubleFree", "    - repeat: {times: 2, steps: [{call: {function: rfree, arguments: [a]}}]}\n",
                  "firmware panic: rfree: the block is free already",
                  "rfree (models/firmware/allocators/zones/alloc.c:"},
        CrashCase{"FreeOfNothing", "    - call: {function: rfree, arguments: [0xbe7fff00]}\n",
                  "firmware panic: rfree: the address belongs to no heap",
                  "rfree (models/firmware/allocators/zones/alloc.c:"},
        CrashCase{"AccessToNothing", "    - call: {function: memset, arguments: [0x40, 0, 64]}\n",
                  "access to an address where nothing is: store to 0x00000040",
                  "memset (models/firmware/libc/string.c:"},
        CrashCase{"UnalignedAccess", "    - call: {function: spin_unlock, arguments: [0xbe000002]}\n",
                  "unaligned access", "spin_unlock (models/firmware/src/spinlock.c:"},
        CrashCase{"LockTakenTwice",
                  "    - repeat: {times: 2, steps: [{call: {function: scenario_lock, arguments: [0]}}]}\n",
                  "firmware panic: spin_lock: this core holds the lock already",
                  "spin_lock (models/firmware/src/spinlock.c:"},
        CrashCase{"SystemHeapExhausted",
                  "    - repeat: {times: 100, steps: [{call: {function: rzalloc_core_sys, arguments: [0, 4096]}}]}\n",
                  "firmware panic: system heap exhausted", "allocate (models/firmware/allocators/zones/alloc.c:"},
        CrashCase{"UnknownSimulatorCall", "    - call: {function: panic, arguments: [0]}\n", "",
                  "panic (models/firmware/"},
        CrashCase{"EndlessLoop",
                  "    - repeat: {times: 1, steps: [{write: {to: a, pattern: 9}}, {call: {function: spin_lock, "
                  "arguments: [a]}}]}\n",
                  "watchdog: no return after 1000000 cycles", "spin_lock (models/firmware/src/spinlock.c:"}),
    [](const auto& info) { return info.param.name; });

// Two cores that each hold the lock the other wants: the endless loop is on one, the reason on both.
TEST(Crash, OfALockDeadlockNamesBothCores) {
  const ProgramResult result = run_text(
      "name: x\nplatform: tgl\ncores:\n"
      "  0:\n    - lock: a\n    - signal: go\n    - delay: 100 us\n    - lock: b\n"
      "  1:\n    - lock: b\n    - wait: go\n    - lock: a\n",
      {"--watchdog", "1000000"});
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_NE(result.out.find("watchdog: no return after 1000000 cycles"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("during step lock at s.yaml:12:7"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("meanwhile core 0: lock at s.yaml:8:7"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("spin_lock (models/firmware/src/spinlock.c:"), std::string::npos) << result.out;
}

// ---- Checks that only running can make ----

TEST(Expectations, ThatFailAreListedAndExitWith1) {
  const ProgramResult result = run_text(
      "name: x\nplatform: tgl\ncores:\n  0:\n    - alloc: {as: a, bytes: 64}\n    - call: {function: "
      "cpu_is_core_enabled, arguments: [0], expect: 0}\n"
      "expect: {cycles: \"< 10\", heaps: {runtime: {used: 0}}, banks: {HP45: off}}\n");
  EXPECT_EQ(result.exit_code, 1);
  for (const char* line :
       {"FAILED cycles < 10, but it is: ", "FAILED heap.runtime.used == 0, but it is: 64",
        "FAILED bank HP45 off, but it is: on", "FAILED cpu_is_core_enabled() returns 0, but it is: 1"})
    EXPECT_NE(result.out.find(line), std::string::npos) << line << "\n" << result.out;
}

TEST(Allocation, ThatFailsEndsTheScenarioUnlessItMay) {
  const std::string fill =
      "name: x\nplatform: tgl\ncores:\n  0:\n    - alloc: {as: a, zone: buffer, bytes: 1000 KiB}\n    - alloc: {as: b, "
      "zone: buffer, bytes: 1000 KiB";
  EXPECT_EQ(run_text(fill + "}\n").exit_code, 1);
  EXPECT_EQ(run_text(fill + ", may_fail: true}\n").exit_code, 0);
}

TEST(Realloc, KeepsTheContents) {
  const ProgramResult result = run_text(
      "name: x\nplatform: tgl\ncores:\n  0:\n    - alloc: {as: a, zone: buffer, bytes: 1000}\n    - write: {to: a, "
      "pattern: random}\n"
      "    - alloc: {as: b, zone: buffer, bytes: 100}\n    - realloc: {object: a, bytes: 4000}\n    - read: {from: a, "
      "bytes: 1000, expect: random}\n"
      "    - realloc: {object: a, bytes: 100}\n    - read: {from: a, expect: random}\n    - copy: {from: a, to: b}\n   "
      " - read: {from: b, expect: random}\n"
      "    - free: a\n    - free: b\nexpect: {heaps: {buffer: {used: 0}}}\n");
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

TEST(Dma, MovesBytesTakesTimeAndStopsAtABusError) {
  const std::string head =
      "name: x\nplatform: tgl\ncores:\n  0:\n    - alloc: {as: a, zone: buffer, bytes: 8 KiB}\n    - alloc: {as: b, "
      "zone: buffer, bytes: 8 KiB}\n";
  const std::string copy =
      "    - write: {to: a, pattern: random}\n    - writeback: a\n    - dma: {from: a, to: b, channel: 3}\n    - read: "
      "{from: b, expect: random}\n";
  const ProgramResult once = run_text(head + copy, {"--json", "-"});
  EXPECT_EQ(once.exit_code, 0) << once.err;
  // Twice 8 KiB over an 8-byte bus cannot take less than 2048 cycles.
  const ProgramResult nothing =
      run_text(head + "    - write: {to: a, pattern: random}\n    - writeback: a\n", {"--json", "-"});
  EXPECT_GT(Json::parse(once.out)["cycles"].get<int>(), Json::parse(nothing.out)["cycles"].get<int>() + 2048);
  const ProgramResult nowhere = run_text(head + "    - call: {function: dma_copy, arguments: [0, 0x40, a, 64, 0]}\n");
  EXPECT_EQ(nowhere.exit_code, 4);
  EXPECT_NE(nowhere.out.find("firmware panic: dma: bus error"), std::string::npos) << nowhere.out;
}

TEST(Progress, IsNotShownInAPipe) {
  const ProgramResult result = run({"scenarios/four_cores.yaml"});
  EXPECT_EQ(result.err, "");
  EXPECT_EQ(result.out.find('\r'), std::string::npos);
}

TEST(Platforms, HeapsWithoutCapabilitiesAreRam) {
  const Json report = Json::parse(
      run_text("name: x\nplatform: tgl\ncores:\n  0:\n    - alloc: {as: a, bytes: 64, capabilities: [ram]}\n",
               {"--json", "-"})
          .out);
  for (const Json& heap : report["heaps"]) {
    if (heap["heap"] == "runtime") { EXPECT_EQ(heap["used"], 64); }
  }
}

// ---- Firmware that misuses its heaps: tests/sim/firmware/misuse.c ----

ProgramResult run_misuse(const std::string& step) {
  return run_text("name: x\nplatform: tgl\ncores:\n  0:\n    - " + step + "\n",
                  {"--json", "-", "--firmware", firmware_images() / "misuse.elf"});
}

struct Misuse {
  const char* function;
  const char* message;  ///< of the one finding that is no advice; empty for none
  const char* line;  ///< where it is: function and line
};

class FirmwareMisuse : public testing::TestWithParam<Misuse> {};

TEST_P(FirmwareMisuse, IsFoundWithItsLineAndItsObject) {
  const ProgramResult result = run_misuse(std::string("call: {function: ") + GetParam().function + "}");
  const Json report = Json::parse(result.out);
  EXPECT_EQ(schema_errors("report.schema.json", report.dump()), "");
  std::vector<Json> found;
  for (const Json& each : report["findings"])
    if (each["kind"] != "advice") found.push_back(each);
  if (!*GetParam().message) {
    EXPECT_TRUE(found.empty()) << result.out;
    return;
  }
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(found[0]["rule"], "heap-misuse");
  EXPECT_EQ(found[0]["message"], GetParam().message);
  const Json& access = found[0]["access"];
  if (*GetParam().line) {
    EXPECT_EQ(access["function"].get<std::string>() + ":" + std::to_string(access["line"].get<int>()), GetParam().line);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, FirmwareMisuse,
    testing::Values(
        Misuse{"correct_use", "", ""},
        Misuse{"use_after_free", "4 bytes are read at offset 8 of '40 bytes from make_state', which has been freed",
               "use_after_free:37"},
        Misuse{"write_behind_end",
               "4 bytes are written right behind the end of '40 bytes from make_state', which has 40 bytes",
               "write_behind_end:43"},
        Misuse{"free_inside",
               "an address 16 bytes into '40 bytes from make_state' is freed; an object is freed by its first byte",
               "drop:17"},
        Misuse{"dma_behind_end",
               "64 bytes are written right behind the end of '256 bytes from dma_behind_end', which has 256 bytes",
               ""}),
    [](const auto& info) { return info.param.function; });

TEST(FirmwareMisuse, TouchingTheAllocatorsBooksIsFound) {
  // Its bitmaps are the first thing in core 0's system heap.
  const Json report = Json::parse(run_misuse("call: {function: write_at, arguments: [0x9e021000]}").out);
  ASSERT_EQ(report["findings"].size(), 1u);
  EXPECT_NE(report["findings"][0]["message"].get<std::string>().find(
                "where the allocator keeps its metadata on heap system[0]"),
            std::string::npos)
      << report["findings"][0];
}

TEST(FirmwareMisuse, AHeapThatGrowsInEveryRoundIsFound) {
  const Json report = Json::parse(run_misuse("repeat: {times: 10, steps: [{call: {function: grow}}]}").out);
  bool grows = false;
  for (const Json& each : report["findings"])
    grows |= each["message"] == "heap runtime grew in every round of this step, by 108 bytes in 9 rounds" &&
             each["rule"] == "leak";
  EXPECT_TRUE(grows) << report["findings"];
  EXPECT_TRUE(
      Json::parse(run_misuse("repeat: {times: 10, steps: [{call: {function: correct_use}}]}").out)["findings"].empty());
}

TEST(FirmwareMisuse, AQuarantineFindsUsesAfterTheMemoryWasGivenOutAgain) {
  const std::string text = "name: x\nplatform: tgl\ncores:\n  0:\n    - call: {function: use_after_reuse}\n";
  const std::string image = firmware_images() / "misuse.elf";
  EXPECT_EQ(run_text(text, {"--firmware", image}).exit_code, 0);
  const ProgramResult found = run_text(text, {"--firmware", image, "--quarantine", "4096"});
  EXPECT_EQ(found.exit_code, 3);
  EXPECT_NE(found.out.find("4 bytes are read at offset 8 of '40 bytes from make_state', which has been freed"),
            std::string::npos)
      << found.out;
  // Blocks do come back: a million bytes go through a heap that does not have as many.
  EXPECT_EQ(run({"scenarios/million.yaml", "--quiet", "--quarantine", "100000"}).out.substr(0, 5), "FAIL ");
}

TEST(FirmwareMisuse, AReadOfUnsetMemoryIsAdvice) {
  const Json report = Json::parse(run_misuse("call: {function: read_unset}").out);
  ASSERT_EQ(report["findings"].size(), 1u);
  EXPECT_EQ(report["findings"][0]["kind"], "advice");
  EXPECT_EQ(report["findings"][0]["message"],
            "byte 12 of '40 bytes from make_state' is read, and nobody has written it since it was allocated");
}

// The engine's own accesses had no place: only its start has one.
TEST(DmaAccesses, SayWhichStepStartedTheTransfer) {
  const Json report = Json::parse(run_text("name: x\nplatform: tgl\nobjects:\n  a: {bytes: 256, align: 64}\n  b: "
                                           "{bytes: 256, align: 64}\ncores:\n  0:\n    - dma: {from: a, to: b}\n"
                                           "  1:\n    - write: {to: a, pattern: 1}\n    - writeback: a\n",
                                           {"--json", "-"})
                                      .out);
  bool seen = false;
  for (const Json& finding : report["findings"])
    for (const char* side : {"access", "other"})
      if (finding.contains(side) && finding[side]["agent"] == "dma 0") {
        seen = true;
        EXPECT_EQ(finding[side]["step"], "s.yaml:8:7") << finding;
      }
  EXPECT_TRUE(seen) << report["findings"];
}

// ---- Mistakes that were fixed: each scenario says what it was, and expects what is right ----

std::vector<std::string> regressions() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(source_directory() / "tests/sim/scenarios/regressions"))
    names.push_back(entry.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

class Regression : public testing::TestWithParam<std::string> {};

/// What a scenario's comment says it is to be run with; platforms are those that only the tests have.
std::vector<std::string> options_in(const std::string& scenario) {
  static constexpr std::string_view words = "# Run with: ";
  const std::size_t at = scenario.find(words);
  if (at == std::string::npos) return {};
  std::istringstream text(scenario.substr(at + words.size(), scenario.find('\n', at) - at - words.size()));
  std::vector<std::string> options{std::istream_iterator<std::string>(text), {}};
  if (options.at(0) == "--platform") options.at(1) = std::string(DSPMEM_TEST_PLATFORMS) + "/" + options.at(1) + ".yaml";
  return options;
}

// Both were one finding, which told of core 1 alone.
TEST(BankOff, TellsOfEachCoreThatMayHoldItsLines) {
  const TemporaryDirectory directory;
  const std::string file = directory.write("s.yaml", R"(name: x
platform: tgl
cores:
  0: [{alloc: {as: x, zone: buffer, bytes: 128}}, {signal: given}, {wait: one}, {wait: two}, {bank_off: HP28}]
  1: [{wait: given}, {write: {to: x, bytes: 64, pattern: 1}}, {signal: one}]
  2: [{wait: given}, {write: {to: x, offset: 64, bytes: 64, pattern: 1}}, {signal: two}]
)");
  const ProgramResult result = run({file, "-v"});
  EXPECT_NE(result.out.find("core 1 may hold a dirty line of it"), std::string::npos) << result.out << result.err;
  EXPECT_NE(result.out.find("core 2 may hold a dirty line of it"), std::string::npos);
}

TEST_P(Regression, StaysMended) {
  const std::string file = "tests/sim/scenarios/regressions/" + GetParam() + ".yaml",
                    scenario = read_file(source_directory() / file);
  const std::vector<std::string> options = options_in(scenario);
  for (const char* quantum : {"1", "1000", "100000"}) {
    std::vector<std::string> arguments{file, "--quiet", "--quantum", quantum};
    arguments.insert(arguments.end(), options.begin(), options.end());
    if (options.empty() && scenario.find("smp_noalias") == std::string::npos)
      arguments.insert(arguments.end(), {"--firmware", firmware_images() / "misuse.elf"});
    const ProgramResult result = run(arguments);
    EXPECT_EQ(result.out.substr(0, 5), "PASS ") << quantum << result.err;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Regression, testing::ValuesIn(regressions()),
                         [](const auto& info) { return info.param; });

// A deadlock said one line and lost the report of what ran before it.
TEST(Deadlocks, AreReportsLikeAnyOther) {
  const TemporaryDirectory directory;
  const auto report_of = [&directory](const std::string& cores) {
    directory.write("s.yaml", "name: x\nplatform: tgl\ncores:\n" + cores);
    const ProgramResult result = run({"s.yaml", "--json", "-"}, directory.path());
    return std::pair(result.exit_code, Json::parse(result.out));
  };
  {
    const auto [code, report] = report_of(
        "  0:\n    - wait: go\n  1:\n    - wait: stop\n    - signal: go\n  2:\n    - signal: other\n    - wait: go\n   "
        " - signal: stop\n");
    EXPECT_EQ(code, 1);
    ASSERT_EQ(report["expectations"].size(), 3u);
    EXPECT_EQ(report["expectations"][0]["actual"], "it waits for signal 'go', for ever");
    EXPECT_EQ(report["expectations"][1]["where"], "s.yaml:7:7");
  }
  {
    const auto [code, report] =
        report_of("  0:\n    - barrier: start\n    - barrier: start\n  1:\n    - barrier: start\n");
    EXPECT_EQ(code, 1);
    EXPECT_EQ(report["expectations"][0]["actual"], "it waits for barrier 'start', for ever");
  }
  {
    const auto [code, report] = report_of("  0:\n    - core_on: 1\n  2:\n    - delay: 5\n");
    EXPECT_EQ(code, 4);
    EXPECT_EQ(report["crash"]["message"], "core 2 has steps to run, and no power");
  }
}

}  // namespace
}  // namespace dspmem::test
