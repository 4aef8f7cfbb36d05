// SPDX-License-Identifier: Apache-2.0
// What a core may do unseen inside the allocator it may not do outside of it, and heap findings do not hang on the
// checker, the line size or the write policy.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

using Json = nlohmann::json;

Json report_of(const TemporaryDirectory& directory, const std::string& steps, std::vector<std::string> arguments) {
  directory.write("s.yaml", "name: x\nplatform: tgl\ncores:\n" + steps);
  arguments.insert(arguments.begin(), {dspmem_executable(), "run", "s.yaml", "--json", "-"});
  const ProgramResult result = run_program(arguments, directory.path());
  return Json::accept(result.out) ? Json::parse(result.out)
                                  : Json{{"verdict", result.err + " exit " + std::to_string(result.exit_code)}};
}

const std::string past_the_end =
    "  0:\n    - alloc: {as: a, bytes: 64}\n    - alloc: {as: b, bytes: 64}\n    - alloc: {as: to, bytes: 256}\n"
    "    - call: {function: memset, arguments: [a, 0, 64]}\n    - call: {function: memcpy, arguments: [to, a, 72]}\n";

class Roles : public testing::TestWithParam<const char*> {};

// With metadata beside the blocks, the allocator has just touched what the program then reads.
TEST_P(Roles, ReadsOfMetadataAreReportedRightAfterTheAllocatorsOwn) {
  const TemporaryDirectory directory;
  for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--no-coherency"}}) {
    std::vector<std::string> arguments{"--allocator", GetParam()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    EXPECT_EQ(report_of(directory, past_the_end, arguments)["verdict"], "findings") << GetParam();
  }
}

INSTANTIATE_TEST_SUITE_P(All, Roles, testing::Values("newlib", "newlib_nano", "tlsf"),
                         [](const auto& info) { return std::string(info.param); });

// The second core's log of a line took the place of the first one's.
TEST(HeapChecks, KnowWhatSeveralCoresHaveWrittenWithoutTheChecker) {
  const TemporaryDirectory directory;
  const std::string steps =
      "  0:\n    - alloc: {as: a, bytes: 64}\n    - write: {to: a, bytes: 4, pattern: 1}\n    - signal: one\n    - "
      "wait: two\n"
      "    - write: {to: a, offset: 4, bytes: 4, pattern: 1}\n    - read: {from: a, offset: 4, bytes: 4}\n"
      "  1:\n    - wait: one\n    - read: {from: a, bytes: 4}\n    - signal: two\n";
  const Json report = report_of(directory, steps, {"--no-coherency"});
  EXPECT_EQ(report["verdict"], "passed") << report["findings"];
}

// The program crashed: a write-through cache has no place for further stores.
TEST(HeapChecks, WorkOnWriteThroughCachesWithoutTheChecker) {
  const TemporaryDirectory directory;
  std::string platform = read_file(source_directory() / "configs/platforms/tgl.yaml");
  const std::string cache = "l1d: {size: 48 KiB, ways: 3, line: 64}";
  ASSERT_NE(platform.find(cache), std::string::npos);
  platform.replace(platform.find(cache), cache.size(),
                   "l1d: {size: 48 KiB, ways: 3, line: 64, write_policy: write_through}");
  directory.write("p.yaml", platform);
  for (const char* option : {"--no-coherency", "--no-heap-checks"})
    EXPECT_EQ(report_of(directory, past_the_end,
                        {"-p", "./p.yaml", "--firmware", firmware_images() / "tgl.elf", option})["cycles"]
                  .is_number(),
              true)
        << option;
}

// A name that was denied while its first block lived: internal error.
TEST(Objects, WhoseNameLivesAreNotDenied) {
  const TemporaryDirectory directory;
  const Json report = report_of(
      directory,
      "  0:\n    - repeat: {times: 2, steps: [{alloc: {as: a, zone: buffer, bytes: 1 MiB, may_fail: true}}]}\n", {});
  EXPECT_EQ(report["verdict"], "s.yaml:5:35: error: 'a' is still allocated here; free it first\n exit 2");
}

}  // namespace
}  // namespace dspmem::test
