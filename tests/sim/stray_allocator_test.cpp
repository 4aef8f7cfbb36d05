// SPDX-License-Identifier: Apache-2.0
// Allocators that read or write what they have given to somebody.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

using Json = nlohmann::json;

/// What is reported of objects when these functions are the allocator's.
Json findings(const std::string& clearing, const std::string& resizing, const std::string& freeing,
              const std::string& steps, std::vector<std::string> options = {}) {
  const TemporaryDirectory directory;
  directory.write("s.yaml", "name: x\nplatform: tgl\ncores:\n  0:\n" + steps);
  directory.write("careless.yaml",
                  "name: careless\nalignment: 8\nmetadata: {header: 8}\nfunctions:\n"
                  "  - {function: careless_init, does: initialise, arguments: [heap_base, heap_bytes]}\n"
                  "  - {function: careless_alloc, does: allocate, arguments: [bytes]}\n"
                  "  - {function: " +
                      clearing + ", does: allocate_zeroed, arguments: [bytes]}\n  - {function: " + resizing +
                      ", does: reallocate, arguments: [pointer, bytes]}\n  - {function: " + freeing +
                      ", does: free, arguments: [pointer]}\n");
  std::vector<std::string> command{dspmem_executable(),
                                   "run",
                                   "s.yaml",
                                   "--json",
                                   "-",
                                   "--firmware",
                                   (firmware_images() / "careless.elf").string(),
                                   "--allocator",
                                   "./careless.yaml"};
  command.insert(command.end(), options.begin(), options.end());
  const ProgramResult result = run_program(command, directory.path());
  if (result.out.empty()) throw std::runtime_error(result.err);
  const Json report = Json::parse(result.out);
  Json found = Json::array();
  for (const Json& each : report["findings"])
    if (each["rule"] == "heap-misuse" && each["kind"] != "advice") found.push_back(each);
  return found;
}

constexpr const char* steps =
    "    - alloc: {as: a, zone: runtime, bytes: 64}\n    - alloc: {as: b, zone: runtime, bytes: 200}\n"
    "    - write: {to: a, pattern: 1}\n    - write: {to: b, pattern: 2}\n"
    "    - realloc: {object: a, bytes: 256}\n    - read: {from: a, bytes: 64, expect: 1}\n"
    "    - zalloc: {as: c, zone: runtime, bytes: 64}\n    - read: {from: c, expect: zeros}\n    - free: c\n    - free: "
    "b\n";

TEST(StrayAllocator, OneThatKeepsToWhatItIsAskedAboutIsNotAccused) {
  EXPECT_EQ(findings("careless_calloc", "careless_realloc", "careless_free", steps), Json::array());
}

TEST(StrayAllocator, AReallocThatCopiesTheNewSize) {
  for (const std::vector<std::string>& options : {std::vector<std::string>{}, {"--interpret"}}) {
    const Json found = findings("careless_calloc", "careless_realloc_all", "careless_free", steps, options);
    ASSERT_FALSE(found.empty());
    EXPECT_EQ(found[0]["object"]["name"], "b");
    EXPECT_EQ(std::string(found[0]["message"]).find("the allocator reads 'b'"), 0u) << found[0]["message"];
    EXPECT_NE(std::string(found[0]["message"]).find("while it resizes 'a', which has 64 bytes"), std::string::npos)
        << found[0]["message"];
  }
}

TEST(StrayAllocator, AFreeThatOverwritesTooMuch) {
  const Json found =
      findings("careless_calloc", "careless_realloc", "careless_free_all",
               "    - alloc: {as: a, zone: runtime, bytes: 64}\n    - alloc: {as: b, zone: runtime, bytes: 200}\n"
               "    - write: {to: b, pattern: 2}\n    - free: a\n    - free: b\n");
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0]["object"]["name"], "b");
  EXPECT_EQ(std::string(found[0]["message"]).find("the allocator writes into 'b'"), 0u) << found[0]["message"];
}

TEST(StrayAllocator, AClearingAllocThatClearsItsNeighbour) {
  const Json found = findings("careless_calloc_before", "careless_realloc", "careless_free",
                              "    - alloc: {as: a, zone: runtime, bytes: 200}\n    - write: {to: a, pattern: 2}\n"
                              "    - zalloc: {as: b, zone: runtime, bytes: 64}\n    - free: b\n    - free: a\n");
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0]["object"]["name"], "a");
  EXPECT_EQ(std::string(found[0]["message"]).find("the allocator writes into 'a'"), 0u) << found[0]["message"];
}

}  // namespace
}  // namespace dspmem::test
