// SPDX-License-Identifier: Apache-2.0
// Instructions that are written while the firmware runs.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

using Json = nlohmann::json;

Json run(const std::string& cores, std::vector<std::string> options = {}) {
  const TemporaryDirectory directory;
  directory.write("s.yaml",
                  "name: x\nplatform: tgl\nobjects: {m: {bytes: 64, align: 64}, n: {bytes: 64, align: 64}}\n"
                  "cores:\n" +
                      cores);
  std::vector<std::string> arguments{dspmem_executable(), "run", "s.yaml", "--json", "-"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  const ProgramResult result = run_program(arguments, directory.path());
  if (result.out.empty()) throw std::runtime_error(result.err);
  return Json::parse(result.out);
}

const std::vector<std::vector<std::string>> ways{{}, {"--interpret"}, {"--platform", "imx8"}, {"--platform", "mtl"}};

TEST(LoadedCode, RunsOnceItIsInMemory) {
  for (const auto& way : ways) {
    const Json report =
        run("  0: [{load_code: {to: m, returns: 77}}, {writeback: m}, {execute: {object: m, expect: 77}}]\n", way);
    EXPECT_EQ(report["verdict"], "passed") << report["findings"];
  }
}

TEST(LoadedCode, IsOldInTheInstructionCacheOfWhoHasExecutedIt) {
  for (const auto& way : ways) {
    const Json report =
        run("  0: [{load_code: {to: m, returns: 5}}, {writeback: m}, {execute: m}, {load_code: {to: m, returns: 6}}, "
            "{writeback: m}, {execute: m}]\n",
            way);
    ASSERT_FALSE(report["findings"].empty());
    EXPECT_EQ(report["findings"][0]["rule"], "stale-code");
    EXPECT_EQ(report["findings"][0]["kind"], "manifest");
    EXPECT_EQ(report["findings"][0]["object"]["name"], "m");
  }
}

TEST(LoadedCode, OfAnotherCoreNeedsBothOperations) {
  const auto with = [](const std::string& first, const std::string& second) {
    return "  0: [{barrier: b}, {load_code: {to: m, returns: 6}}, " + first +
           "{signal: loaded}]\n  1: [{load_code: {to: m, returns: 5}}, {writeback_invalidate: m}, {execute: {object: "
           "m, "
           "expect: 5}}, {barrier: b}, {wait: loaded}, " +
           second + "{execute: m}]\n";
  };
  const std::string write_back = "{writeback: m}, ", invalidate = "{invalidate_code: m}, ";
  EXPECT_EQ(run(with(write_back, invalidate))["verdict"], "passed");
  for (const auto& [first, second] :
       {std::pair<std::string, std::string>{"", invalidate}, {write_back, ""}, {"", ""}}) {
    const Json report = run(with(first, second));
    ASSERT_FALSE(report["findings"].empty()) << first << second;
    EXPECT_EQ(report["findings"][0]["rule"], "stale-code");
  }
}

// A loader of the firmware's own: memcpy().
TEST(LoadedCode, MayBeCopiedByTheFirmware) {
  const std::string load =
      "  0: [{load_code: {to: n, returns: 5}}, {call: {function: memcpy, arguments: [m, {object: n}, 16]}}, ";
  EXPECT_EQ(run(load + "{writeback: m}, {execute: {object: m, expect: 5}}]\n")["verdict"], "passed");
  const Json report = run(load + "{execute: m}]\n");
  ASSERT_FALSE(report["findings"].empty());
  EXPECT_EQ(report["findings"][0]["rule"], "stale-code");
}

// The core has executed it by the time, and need not have.
TEST(LoadedCode, MustNotBeWrittenOrFreedBesideWhoExecutesIt) {
  for (const char* what : {"{load_code: {to: m, returns: 6}}, {writeback: m}", "{dma: {from: n, to: m}}"}) {
    const Json report =
        run("  0: [{load_code: {to: m, returns: 5}}, {writeback: m}, {signal: s}, {execute: m}]\n  1: [{wait: "
            "s}, {delay: 1 ms}, {invalidate: m}, " +
            std::string(what) + "]\n");
    ASSERT_FALSE(report["findings"].empty()) << what;
    EXPECT_EQ(report["findings"][0]["rule"], "data-race") << what;
  }
  const Json freed =
      run("  0: [{alloc: {as: c, zone: runtime, bytes: 64}}, {load_code: {to: c, returns: 5}}, {writeback: c}, "
          "{signal: s}, "
          "{delay: 1 ms}, {free: c}]\n  1: [{wait: s}, {execute: c}]\n");
  ASSERT_FALSE(freed["findings"].empty());
  EXPECT_EQ(freed["findings"][0]["rule"], "data-race");
}

TEST(LoadedCode, IsHandedOverByAccidentToo) {
  const Json report =
      run("  0: [{load_code: {to: m, returns: 5}}, {writeback: m}, {alloc: {as: a, zone: runtime, bytes: 64}}, "
          "{free: a}]\n  1: [{delay: 1 ms}, {alloc: {as: b, zone: runtime, bytes: 64}}, {free: b}, {execute: "
          "m}]\n");
  bool found = false;
  for (const Json& each : report["findings"]) found |= each["rule"] == "accidental-order";
  EXPECT_TRUE(found) << report["findings"];
}

// Both lie in one line; what was executed is the copy.
TEST(LoadedCode, InALineOfSeveralIsNamedByWhatIsExecuted) {
  const Json report =
      run("  0: [{load_code: {to: m, returns: 5}}, {call: {function: memcpy, arguments: [{object: n}, {object: "
          "m}, 16]}}, {execute: n}]\n",
          {"--platform", "imx8"});
  ASSERT_FALSE(report["findings"].empty());
  EXPECT_EQ(report["findings"][0]["object"]["name"], "n");
}

TEST(CallArguments, AreAddressesInObjects) {
  EXPECT_EQ(
      run("  0: [{write: {to: m, pattern: counter}}, {call: {function: memcpy, arguments: [{object: n, offset: 32}, "
          "{object: m, offset: 8}, 4]}}, {read: {from: n, offset: 32, bytes: 4, expect: 2}}]\n")["verdict"],
      "passed");
  const TemporaryDirectory directory;
  directory.write("s.yaml",
                  "name: x\nplatform: tgl\ncores: {0: [{call: {function: memcpy, arguments: [{object: q, view: "
                  "cashed}, 1, 4]}}]}\n");
  const ProgramResult result = run_program({dspmem_executable(), "run", "s.yaml"}, directory.path());
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("did you mean 'cached'?"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace dspmem::test
