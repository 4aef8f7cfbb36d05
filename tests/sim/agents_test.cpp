// SPDX-License-Identifier: Apache-2.0
// Masters without a cache that have steps of their own, transfers that go on beside the core, and what a scenario says
// of its firmware.
#include <gtest/gtest.h>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

ProgramResult run(const std::string& text, std::vector<std::string> options = {}) {
  const TemporaryDirectory directory;
  directory.write("s.yaml", "name: x\nplatform: tgl\n" + text);
  std::vector<std::string> arguments{dspmem_executable(), "run", "s.yaml"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return run_program(arguments, directory.path());
}

constexpr const char* objects =
    "objects: {mail: {bytes: 64, align: 64, shared: true}, reply: {bytes: 64, align: 64}}\n";
constexpr const char* host =
    "agents: {host: [{write: {to: mail, pattern: 7}}, {signal: posted}, {wait: answered}, {read: {from: reply, "
    "expect: 9}}]}\n";

std::string answer(const std::string& steps) {
  return std::string(objects) + "cores: {0: [{wait: posted}, {read: {from: mail, expect: 7}}, " + steps +
         "{signal: answered}]}\n" + host;
}

TEST(Agents, TheHostAndACoreExchangeMessages) {
  const ProgramResult result = run(answer("{write: {to: reply, pattern: 9}}, {writeback: reply}, "));
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

TEST(Agents, AFindingNamesTheHost) {
  const ProgramResult result = run(answer("{write: {to: reply, pattern: 9}}, "));
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_NE(result.out.find("host read 'reply' before what core 0 wrote has left that core's cache"), std::string::npos)
      << result.out;
  EXPECT_NE(result.out.find("wrong value: host read 'reply'"), std::string::npos) << result.out;
}

TEST(Agents, AreOrderedByNothingButSignals) {
  const ProgramResult result =
      run("objects: {ring: {bytes: 128, align: 64, shared: true}}\ncores: {0: [{read: ring}]}\n"
          "agents: {dma1: [{delay: 1 ms}, {write: {to: ring, pattern: counter}}]}\n");
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_NE(result.out.find("dma 1 and core 0 access the same bytes of 'ring'"), std::string::npos) << result.out;
}

TEST(Agents, MeetCoresAtBarriersAndRepeatInPeriods) {
  const ProgramResult result =
      run("objects: {ring: {bytes: 128, align: 64, shared: true}}\n"
          "cores: {0: [{repeat: {times: 5, steps: [{barrier: b}, {read: {from: ring, expect: 4}}, {barrier: c}]}}]}\n"
          "agents: {dma0: [{every: {period: 100 us, times: 5, steps: [{write: {to: ring, pattern: 4}}, {barrier: b}, "
          "{barrier: c}]}}]}\n");
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

TEST(Agents, OneThatWaitsForEverIsNamed) {
  const ProgramResult result = run("cores: {0: [{signal: once}]}\nagents: {host: [{wait: once}, {wait: once}]}\n");
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_NE(result.out.find("host comes to its end"), std::string::npos) << result.out;
}

TEST(Agents, CheckFindsTheSameWithoutARun) {
  const TemporaryDirectory directory;
  directory.write(
      "s.yaml", "name: x\nplatform: tgl\ncores: {0: [{signal: once}]}\nagents: {host: [{wait: once}, {wait: once}]}\n");
  const ProgramResult result = run_program({dspmem_executable(), "check", "s.yaml"}, directory.path());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(
      result.err.find("s.yaml:4:32: error: host waits here for ever for signal 'once', which is given 1 time only"),
      std::string::npos)
      << result.err;
}

TEST(Agents, CannotDoWhatNeedsACore) {
  const ProgramResult allocates = run("cores: {0: [{delay: 1 us}]}\nagents: {host: [{alloc: {as: x, bytes: 64}}]}\n");
  EXPECT_EQ(allocates.exit_code, 2);
  EXPECT_NE(allocates.err.find("s.yaml:4:18: error: step 'alloc' needs a core: agents have no instructions; they can "
                               "write, read, copy,"),
            std::string::npos)
      << allocates.err;
  const ProgramResult by = run(std::string(objects) +
                               "cores: {0: [{delay: 1 us}]}\nagents: {host: [{write: {to: mail, "
                               "pattern: 1, by: dma0}}]}\n");
  EXPECT_EQ(by.exit_code, 2);
  EXPECT_NE(by.err.find("'by'"), std::string::npos) << by.err;
  const ProgramResult unknown = run("cores: {0: [{delay: 1 us}]}\nagents: {dma9: [{delay: 1 us}]}\n");
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_NE(unknown.err.find("dma9"), std::string::npos) << unknown.err;
}

// A misuse by a master was looked up as if the master were a core.
TEST(Agents, UseAfterFreeIsTheirs) {
  const ProgramResult result = run(
      "cores: {0: [{alloc: {as: x, zone: buffer, bytes: 64}}, {signal: go}, {wait: on}, {free: x}, {signal: gone}]}\n"
      "agents: {dma2: [{wait: go}, {write: {to: x, pattern: 1}}, {signal: on}, {wait: gone}, {read: x}]}\n");
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_NE(result.out.find("heap-misuse"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("dma 2"), std::string::npos) << result.out;
}

TEST(Agents, ARecordingHasThem) {
  const TemporaryDirectory directory;
  const std::string scenario = (source_directory() / "scenarios/capture_ring.yaml").string();
  const auto dspmem = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), dspmem_executable());
    return run_program(arguments, directory.path());
  };
  ASSERT_EQ(dspmem({"record", scenario, "--output", "ring.csv"}).exit_code, 0);
  const ProgramResult imported = dspmem({"import", "trace", "ring.csv", "--output", "ring.yaml"});
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  const ProgramResult again = dspmem({"run", "ring.yaml"});
  EXPECT_EQ(again.exit_code, 0) << again.out << again.err;
}

// Two programs of one master would be in an order that nothing gives.
TEST(Agents, DoNotWorkForCoresBeside) {
  const ProgramResult host_too = run(std::string(objects) +
                                     "cores: {0: [{read: {from: mail, by: host}}]}\nagents: {host: "
                                     "[{write: {to: mail, pattern: 1}}]}\n");
  EXPECT_EQ(host_too.exit_code, 2);
  EXPECT_NE(host_too.err.find("s.yaml:4:14: error: 'host' has steps of its own under 'agents'"), std::string::npos)
      << host_too.err;
  const ProgramResult channel = run(std::string(objects) +
                                    "cores: {0: [{dma: {from: mail, to: reply, channel: 1}}]}\n"
                                    "agents: {dma1: [{write: {to: mail, pattern: 1}}]}\n");
  EXPECT_EQ(channel.exit_code, 2);
  EXPECT_NE(channel.err.find("'dma1' has steps of its own"), std::string::npos) << channel.err;
}

// What the cores have long done did not stop it.
TEST(Agents, EndAtTheCycleThatIsAskedFor) {
  const ProgramResult result =
      run("cores: {0: [{delay: 1 us}]}\nagents: {host: [{repeat: {times: 1000000000000, steps: [{delay: 1 us}]}}]}\n",
          {"--until", "1000000"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("by --until 1000000"), std::string::npos) << result.out;
}

TEST(Agents, ARecordingFindsTheFilesThatTheyUse) {
  const TemporaryDirectory directory;
  directory.write("here/part.yaml", "steps: [{write: {to: mail, pattern: ${value}}}, {signal: posted}]\n");
  directory.write("here/s.yaml",
                  "name: x\nplatform: tgl\n" + std::string(objects) +
                      "cores: {0: [{wait: posted}, {read: {from: mail, expect: 7}}]}\nagents: {host: [{use: "
                      "{file: part.yaml, with: {value: 7}}}]}\n");
  std::filesystem::create_directory(directory.path() / "there");
  const auto dspmem = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), dspmem_executable());
    return run_program(arguments, directory.path());
  };
  ASSERT_EQ(dspmem({"record", "here/s.yaml", "--output", "there/t.csv"}).exit_code, 0);
  ASSERT_EQ(dspmem({"import", "trace", "there/t.csv", "--output", "there/r.yaml"}).exit_code, 0);
  const ProgramResult again = dspmem({"run", "there/r.yaml"});
  EXPECT_EQ(again.exit_code, 0) << again.out << again.err;
}

// ---- Transfers beside the core ------------------------------------------------------------------

std::string transfer(const std::string& meanwhile, const std::string& after) {
  return "objects: {a: {bytes: 256, align: 64}, b: {bytes: 256, align: 64}}\n"
         "cores: {0: [{write: {to: a, pattern: counter}}, {writeback: a}, {invalidate: b}, {dma_start: {to: b, from: "
         "a, "
         "channel: 1}}, " +
         meanwhile + after + "{read: {from: b, expect: counter}}]}\n";
}

TEST(AsynchronousDma, IsOverWhenItHasBeenWaitedFor) {
  const ProgramResult result = run(transfer("{delay: 100 us}, ", "{dma_wait: 1}, {invalidate: b}, "));
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

TEST(AsynchronousDma, WhatIsAccessedMeanwhileIsARace) {
  const ProgramResult result = run(transfer("{delay: 100 us}, {read: b}, ", "{dma_wait: 1}, {invalidate: b}, "));
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_NE(result.out.find("core 0 and dma 1 access the same bytes of 'b'"), std::string::npos) << result.out;
}

TEST(AsynchronousDma, TheWaitMustBeForItsChannel) {
  const ProgramResult result = run(transfer("{delay: 100 us}, ", "{dma_wait: 2}, {invalidate: b}, "));
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_NE(result.out.find("data-race"), std::string::npos) << result.out;
}

// It starts in the middle of what is under way.
TEST(AsynchronousDma, AChannelIsWaitedForBeforeItIsStartedAgain) {
  const ProgramResult result =
      run(transfer("{dma_start: {to: b, from: a, channel: 1}}, ", "{dma_wait: 1}, {invalidate: b}, "));
  EXPECT_EQ(result.exit_code, 1) << result.out << result.err;
  EXPECT_NE(result.out.find("DMA channel 1 is done before it is started again"), std::string::npos) << result.out;
}

TEST(AsynchronousDma, ABankThatIsOffIsWrittenNotRead) {
  const ProgramResult result =
      run("objects: {x: {bytes: 4096, align: 64, bank: HP5}, y: {bytes: 4096, align: 64}}\ncores: {0: [{bank_on: HP5}, "
          "{dma_start: {from: y, to: x}}, {bank_off: HP5}]}\n",
          {"--platform", "smp_noalias"});
  EXPECT_NE(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("   write, cycle"), std::string::npos) << result.out;
}

// ---- Firmware -----------------------------------------------------------------------------------

TEST(ScenarioFirmware, AScenarioNamesItsAllocatorAndImage) {
  const std::string cores = "cores: {0: [{alloc: {as: x, bytes: 64}}, {write: {to: x, pattern: 1}}, {free: x}]}\n";
  const ProgramResult tlsf = run("allocator: tlsf\n" + cores, {"--json", "-"});
  EXPECT_EQ(tlsf.exit_code, 0) << tlsf.err;
  EXPECT_NE(tlsf.out.find("\"allocator\": \"tlsf\""), std::string::npos) << tlsf.out;
  EXPECT_EQ(run("allocator: tlsf\nfirmware: " + (firmware_images() / "tgl-tlsf.elf").string() + "\n" + cores).exit_code,
            0);
  // What the command line says comes first; its allocator is in another image.
  const ProgramResult other =
      run("allocator: tlsf\nfirmware: " + (firmware_images() / "tgl-tlsf.elf").string() + "\n" + cores,
          {"--allocator", "first_fit", "--json", "-"});
  EXPECT_EQ(other.exit_code, 0) << other.err;
  EXPECT_NE(other.out.find("\"allocator\": \"first_fit\""), std::string::npos) << other.out;
}

TEST(ScenarioFirmware, WhatIsNotThereIsAnErrorAtItsPlace) {
  const std::string cores = "cores: {0: [{delay: 1 us}]}\n";
  const ProgramResult image = run("firmware: nowhere.elf\n" + cores);
  EXPECT_EQ(image.exit_code, 2);
  EXPECT_NE(image.err.find("s.yaml:3:1"), std::string::npos) << image.err;
  const ProgramResult binding = run("allocator: tslf\n" + cores);
  EXPECT_EQ(binding.exit_code, 2);
  EXPECT_NE(binding.err.find("did you mean 'tlsf'?"), std::string::npos) << binding.err;
}

}  // namespace
}  // namespace dspmem::test
