// SPDX-License-Identifier: Apache-2.0
// What reports say about bank power, and what advice is worth.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "models/random.h"
#include "sim/heap/layout.h"
#include "tests/support/program.h"

namespace dspmem::test {
namespace {

using Json = nlohmann::json;

ProgramResult dspmem(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), dspmem_executable());
  return run_program(arguments, source_directory());
}

Json report_of(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "run");
  arguments.insert(arguments.end(), {"--json", "-"});
  return Json::parse(dspmem(arguments).out);
}

const Json& policy(const Json& report, const std::string& name) {
  for (const Json& each : report["energy"]["policies"])
    if (each["policy"] == name) return each;
  throw std::out_of_range(name);
}

const Json& bank(const Json& report, const std::string& name) {
  for (const Json& each : report["energy"]["banks"])
    if (each["bank"] == name) return each;
  throw std::out_of_range(name);
}

// Grown where it was, a block was counted twice, and kept its banks long after it was freed.
TEST(PowerAccount, OfABlockThatGrewInPlaceEndsWithIt) {
  const TemporaryDirectory directory;
  directory.write(
      "s.yaml",
      "name: grown in place\nplatform: tgl\ncores:\n  0:\n    - alloc: {as: x, zone: buffer, bytes: 100 KiB}\n"
      "    - realloc: {object: x, bytes: 250 KiB}\n    - free: x\n    - idle: 50 ms\n");
  const Json report = report_of({directory.path() / "s.yaml", "--allocator", "picolibc"});
  const auto cycles = report["cycles"].get<std::uint64_t>();
  EXPECT_LT(bank(report, "HP8")["needed"].get<std::uint64_t>(), cycles / 20);
}

// Books that move with the blocks were added up, to more than the bank has.
TEST(PowerAccount, OfTheAllocatorsBooksIsWhatThereIsAtATime) {
  const TemporaryDirectory directory;
  directory.write(
      "s.yaml",
      "name: metadata\nplatform: tgl\ncores:\n  0:\n    - repeat:\n        times: 2000\n        steps:\n"
      "          - alloc: {as: x, zone: runtime, bytes: 64}\n          - alloc: {as: y, zone: runtime, bytes: 300}\n"
      "          - free: x\n          - free: y\n          - alloc: {as: z, zone: runtime, bytes: 900}\n          - "
      "free: z\n");
  const Json report = report_of({directory.path() / "s.yaml", "--allocator", "picolibc"});
  std::uint64_t metadata = 0;
  for (const Json& each : report["energy"]["banks"])
    for (const Json& pin : each["pinned_by"])
      if (pin["object"]["name"] == "the allocator's metadata") metadata += pin["object"]["bytes"].get<std::uint64_t>();
  EXPECT_GT(metadata, 0u);
  EXPECT_LT(metadata, 1000u);
}

class PowerReport : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(PowerReport, AddsUpAndStaysBelowTheBound) {
  const auto& [scenario, platform] = GetParam();
  const Json report = report_of({scenario, "--platform", platform});
  const Json& energy = report["energy"];
  const auto cycles = energy["cycles"].get<std::uint64_t>();
  EXPECT_EQ(cycles, report["cycles"].get<std::uint64_t>());
  const double bound = policy(report, "ideal")["energy_nj"];
  for (const Json& each : energy["policies"]) {
    const Json& times = each["bank_cycles"];
    EXPECT_EQ(
        times["on"].get<std::uint64_t>() + times["retention"].get<std::uint64_t>() + times["off"].get<std::uint64_t>(),
        cycles * energy["banks"].size())
        << each["policy"];
    double sum = 0;
    for (const Json& part : each["parts_nj"]) sum += part.get<double>();
    EXPECT_NEAR(sum, each["energy_nj"].get<double>(), 1e-6 * sum);
    EXPECT_GE(each["energy_nj"].get<double>(), bound) << each["policy"];
  }
  for (const Json& bank : energy["banks"])
    EXPECT_EQ(
        bank["on"].get<std::uint64_t>() + bank["retention"].get<std::uint64_t>() + bank["off"].get<std::uint64_t>(),
        cycles)
        << bank["bank"];
}

INSTANTIATE_TEST_SUITE_P(
    All, PowerReport,
    testing::Values(std::pair("scenarios/playback.yaml", "tgl"), std::pair("scenarios/playback.yaml", "mtl"),
                    std::pair("scenarios/core_down.yaml", "tgl"), std::pair("scenarios/core_down.yaml", "mtl"),
                    std::pair("scenarios/decode_on_three_cores.yaml", "tgl"),
                    std::pair("scenarios/keyphrase.yaml", "tgl"), std::pair("scenarios/stray_block.yaml", "mtl"),
                    std::pair("scenarios/stray_block_mended.yaml", "mtl"),
                    std::pair("scenarios/four_cores.yaml", "tgl"), std::pair("scenarios/shared_data.yaml", "apl"),
                    std::pair("scenarios/shared_data.yaml", "smp_noalias")),
    [](const auto& info) {
      std::string name = std::string(info.param.first).substr(10) + "_on_" + info.param.second;
      std::replace_if(
          name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
      return name;
    });

TEST(PowerReport, NamesWhatKeepsABankOn) {
  const Json report = report_of({"scenarios/stray_block.yaml"});
  for (const Json& bank : report["energy"]["banks"]) {
    if (bank["bank"] != "HP5") continue;
    ASSERT_EQ(bank["pinned_by"].size(), 1u);
    const Json& pin = bank["pinned_by"][0];
    EXPECT_EQ(pin["object"]["name"], "control state");
    EXPECT_EQ(pin["object"]["bytes"], 64);
    EXPECT_EQ(pin["object"]["where"], "scenarios/stray_block.yaml:9:7");
    EXPECT_EQ(pin["share_percent"], 100.0);
  }
}

TEST(PowerReport, TheFirmwaresBankManagerReachesPageRefcountButForItsLatency) {
  // mtl's firmware switches by reference count. At boot all banks are on for a moment, and it never touches those of
  // cores.
  const Json report = report_of({"scenarios/playback.yaml", "--platform", "mtl"});
  EXPECT_GT(policy(report, "firmware")["saved_percent"].get<double>(), 65);
  EXPECT_GT(report["energy"]["cycles"].get<std::uint64_t>(), 4'000'000'000u);
}

TEST(PowerReport, ASavingBelowZeroIsLessThanNothing) {
  // It was judged as 0. The run is too short for its power-offs to pay.
  const TemporaryDirectory directory;
  const auto file = directory.write("s.yaml",
                                    "name: x\nplatform: tgl\ncores:\n  0:\n    - core_on: 1\n    - core_off: "
                                    "1\nexpect: {saved_energy: \">= 0 %\"}\n");
  const Json report = report_of({file});
  EXPECT_LT(policy(report, "firmware")["saved_percent"].get<double>(), 0);
  EXPECT_EQ(report["verdict"], "expectation-failed");
}

TEST(PowerReport, EveryPresetIsModelledFromItsOwnFigures) {
  double last = 0;
  for (const char* preset : {"optimistic", "default", "conservative"}) {
    const Json report = report_of({"scenarios/playback.yaml", "--energy", preset});
    EXPECT_EQ(report["energy"]["preset"], preset);
    EXPECT_GT(policy(report, "always-on")["energy_nj"].get<double>(), last);
    last = policy(report, "always-on")["energy_nj"];
  }
}

TEST(Advice, IsVerifiedByAnotherRun) {
  const ProgramResult result = dspmem({"advise", "scenarios/stray_block.yaml"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_NE(result.out.find("HP5: 1 object, 64 bytes: page-refcount saves"), std::string::npos) << result.out;
  // The fixed scenario has nothing like it to move.
  EXPECT_EQ(dspmem({"advise", "scenarios/stray_block_mended.yaml"}).out.find("HP5"), std::string::npos);
}

TEST(Watchdog, NamesThePollThatCanNeverSucceed) {
  const TemporaryDirectory directory;
  const auto file = directory.write(
      "s.yaml", "name: x\nplatform: tgl\ncores:\n  0:\n    - call: {function: pm_banks_on, arguments: [0, 44, 4]}\n");
  const ProgramResult result = dspmem({"run", file, "--watchdog", "1000000"});
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_NE(result.out.find("core 0 polls the bank status register at 0x73018, which says 0xffffc000: HP46, HP47, ... "
                            "HP63 do not exist and stay gated"),
            std::string::npos)
      << result.out;
}

TEST(Regulator, LeftOnCostsTheFirmwareAndNobodyElse) {
  // P1: left on behind the last bank that needed it.
  const TemporaryDirectory directory;
  const auto file = directory.write(
      "s.yaml", "name: x\nplatform: tgl\ncores:\n  0:\n    - call: leave_regulator_on\n    - idle: 10 ms\n");
  const Json report = report_of({file, "--firmware", firmware_images() / "misuse.elf"});
  ASSERT_EQ(report["energy"]["regulators"].size(), 1u);
  EXPECT_GE(report["energy"]["regulators"][0]["on"].get<std::uint64_t>(), 4'000'000u);
  // 20 uW for 10 ms are 200 nJ.
  EXPECT_NEAR(policy(report, "firmware")["parts_nj"]["regulators"].get<double>(), 200, 1);
  EXPECT_EQ(policy(report, "always-on")["parts_nj"]["regulators"].get<double>(), 0);
}

TEST(Banks, ReadyMayComeBeforeUsable) {
  // P17: the status register says ready; the first access comes too early.
  const TemporaryDirectory directory;
  std::string platform = read_file(source_directory() / "configs/platforms/tgl.yaml");
  const std::string wake = "wake: 256";
  ASSERT_NE(platform.find(wake), std::string::npos);
  platform.replace(platform.find(wake), wake.size(), "wake: 20000\n    ready: 256");
  directory.write("early.yaml", platform);
  directory.write("s.yaml",
                  "name: x\nplatform: early.yaml\ncores:\n  0:\n    - bank_off: HP28\n    - bank_on: HP28\n    - "
                  "alloc: {as: a, zone: buffer, bytes: 64}\n    - write: {to: a, pattern: 1}\n");
  const ProgramResult result = run_program(
      {dspmem_executable(), "run", "s.yaml", "--firmware", firmware_images() / "tgl.elf"}, directory.path());
  EXPECT_EQ(result.exit_code, 4) << result.out << result.err;
  EXPECT_NE(result.out.find("use-of-powered-off-bank"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("was switched on but is not usable yet"), std::string::npos);
}

// ---- Block sizes: against every choice there is -------------------------------------------------

TEST(Layout, IsTheBestThereIs) {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    Random random(seed);
    std::map<std::uint32_t, SizeProfile::Class> sizes;
    const std::size_t n = 1 + random.below(8);
    while (sizes.size() < n) sizes[64 * static_cast<std::uint32_t>(1 + random.below(30))].peak = 1 + random.below(20);
    const std::size_t most = 1 + random.below(5);
    const BlockLayout found = suggest_blocks(sizes, most, 4096);
    std::uint64_t best = ~0ull;
    std::vector<std::uint32_t> list;
    for (const auto& [bytes, each] : sizes) list.push_back(bytes);
    for (std::uint32_t choice = 0; choice < 1u << list.size(); ++choice) {
      if (static_cast<std::size_t>(__builtin_popcount(choice)) > most || !(choice >> (list.size() - 1) & 1)) continue;
      std::vector<BlockMap> maps;
      for (std::size_t i = 0; i < list.size(); ++i)
        if (choice >> i & 1) maps.push_back({list[i], 1});
      best = std::min(best, fill_blocks(sizes, maps).bytes);
    }
    ASSERT_EQ(found.bytes, best) << "seed " << seed;
    ASSERT_EQ(fill_blocks(sizes, found.maps).wasted, found.wasted) << "seed " << seed;
  }
}

}  // namespace
}  // namespace dspmem::test
