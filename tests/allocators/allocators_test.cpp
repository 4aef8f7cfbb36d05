// SPDX-License-Identifier: Apache-2.0
// Allocators by their bindings: those that come with dspmem, those of a user who follows the README, and bindings with
// mistakes.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

using Json = nlohmann::json;

ProgramResult dspmem(std::vector<std::string> arguments, const std::filesystem::path& directory = source_directory()) {
  arguments.insert(arguments.begin(), dspmem_executable());
  return run_program(arguments, directory);
}

const std::vector<std::string> allocators{"zones", "first_fit", "tlsf", "picolibc", "newlib", "newlib_nano"};
const std::vector<std::string> own_allocators{"zones", "first_fit", "tlsf"};

class ShippedAllocators : public testing::TestWithParam<std::tuple<std::string, std::string>> {};

// The heap tracker checks every answer: inside the heap, aligned, on top of nothing else. Tags in the objects check it
// once more.
TEST_P(ShippedAllocators, TenThousandOperationsWithoutAWrongAnswer) {
  const auto& [allocator, workload] = GetParam();
  const TemporaryDirectory directory;
  directory.write("s.yaml",
                  "name: oracle\nplatform: tgl\ncores: {0: [{workload: {operations: 10000, " + workload + "}}]}\n");
  const ProgramResult result = dspmem({"run", "s.yaml", "--allocator", allocator, "--json", "-"}, directory.path());
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  const Json report = Json::parse(result.out);
  EXPECT_EQ(report.at("allocator"), allocator);
  EXPECT_GE(report.at("allocations").get<int>() + report.at("frees").get<int>(), 10'000);
  for (const Json& finding : report.at("findings")) EXPECT_EQ(finding.at("kind"), "advice") << finding;
  EXPECT_GE(report.at("footprint").at("touched"), report.at("footprint").at("peak"));
}

INSTANTIATE_TEST_SUITE_P(All, ShippedAllocators,
                         testing::Combine(testing::ValuesIn(allocators),
                                          testing::Values("sizes: audio_objects, live: 200",
                                                          "sizes: audio_buffers, zone: buffer, live: 40",
                                                          "sizes: small, live: 400, seed: 3")),
                         [](const auto& info) {
                           return std::get<0>(info.param) + "_" +
                                  std::string(info.index % 3 == 0   ? "Objects"
                                              : info.index % 3 == 1 ? "Buffers"
                                                                    : "Small");
                         });

class OwnAllocators : public testing::TestWithParam<std::tuple<std::string, std::string>> {};

TEST_P(OwnAllocators, KeepTheirBooksCurrentOnAllCores) {
  const auto& [allocator, platform] = GetParam();
  const TemporaryDirectory directory;
  const std::string workload =
      "[{workload: {operations: 1500, live: 40, sizes: small}}, {workload: {operations: 200, flags: [shared], live: "
      "10}}]";
  directory.write("s.yaml",
                  "name: all at once\nplatform: " + platform + "\ncores: {0: " + workload + ", 1: " + workload + "}\n");
  const ProgramResult result = dspmem({"run", "s.yaml", "--allocator", allocator}, directory.path());
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

INSTANTIATE_TEST_SUITE_P(All, OwnAllocators,
                         testing::Combine(testing::ValuesIn(own_allocators),
                                          testing::Values("tgl", "apl", "mtl", "smp_noalias")),
                         [](const auto& info) { return std::get<0>(info.param) + "_on_" + std::get<1>(info.param); });

// Written for cores that are coherent: that they are not is what dspmem is for.
TEST(ForeignAllocators, FailOnSeveralCores) {
  for (const char* allocator : {"picolibc", "newlib", "newlib_nano"}) {
    const Json report = Json::parse(
        dspmem({"run", "scenarios/decode_on_three_cores.yaml", "--allocator", allocator, "--json", "-"}).out);
    std::set<std::string> rules;
    for (const Json& finding : report.at("findings"))
      if (finding.at("kind") != "advice") rules.insert(finding.at("rule"));
    EXPECT_TRUE(rules.contains("missing-writeback")) << allocator;
  }
}

TEST(Reallocation, KeepsContentsWithEveryAllocatorThatHasIt) {
  const TemporaryDirectory directory;
  directory.write("s.yaml", R"(name: grow and shrink
platform: tgl
cores:
  0:
    - alloc: {as: a, zone: buffer, bytes: 300}
    - write: {to: a, pattern: counter}
    - alloc: {as: wall, zone: buffer, bytes: 64}
    - realloc: {object: a, bytes: 5000}
    - read: {from: a, bytes: 300, expect: counter}
    - realloc: {object: a, bytes: 100}
    - read: {from: a, bytes: 100, expect: counter}
    - free: a
    - zalloc: {as: zero, zone: buffer, bytes: 6000}
    - read: {from: zero, expect: zeros}
    - free: zero
    - free: wall
)");
  for (const std::string& allocator : allocators) {
    const ProgramResult result = dspmem({"run", "s.yaml", "--allocator", allocator}, directory.path());
    // nano_realloc() of newlib 3.3.0 copies as many bytes as the new block has.
    const bool reads_too_far = allocator == "newlib_nano";
    EXPECT_EQ(result.exit_code, reads_too_far ? 3 : 0) << allocator << result.out << result.err;
    EXPECT_EQ(result.out.find("the allocator reads 'wall'") != std::string::npos, reads_too_far) << result.out;
  }
}

TEST(Alignment, IsAskedForWhereThereIsAFunctionForIt) {
  const TemporaryDirectory directory;
  directory.write("s.yaml",
                  "name: x\nplatform: tgl\ncores: {0: [{alloc: {as: a, zone: buffer, bytes: 100, align: 4096}}, "
                  "{alloc: {as: b, zone: buffer, bytes: 10, align: 512}}, {free: a}, {free: b}]}\n");
  for (const std::string& allocator : allocators)
    EXPECT_EQ(dspmem({"run", "s.yaml", "-q", "--allocator", allocator}, directory.path()).out.substr(0, 5), "PASS ")
        << allocator;
}

// An allocator that hands out shared data through the uncached alias has to do so after a reallocation too.
TEST(Reallocation, OfSharedDataIsSeenByOtherCores) {
  const TemporaryDirectory directory;
  directory.write("s.yaml", R"(name: grows and is read elsewhere
platform: tgl
cores:
  0:
    - alloc: {as: x, zone: buffer, flags: [shared], bytes: 256}
    - write: {to: x, pattern: counter}
    - commit: x
    - realloc: {object: x, bytes: 512}
    - write: {to: x, pattern: random}
    - commit: x
    - signal: go
    - wait: done
    - free: x
  1:
    - wait: go
    - read: {from: x, expect: written}
    - commit: x
    - signal: done
)");
  for (const std::string& allocator : own_allocators)
    EXPECT_EQ(dspmem({"run", "s.yaml", "-q", "--allocator", allocator}, directory.path()).out.substr(0, 5), "PASS ")
        << allocator;
}

TEST(Reallocation, WhatIsCutOffIsNobodys) {
  const TemporaryDirectory directory;
  directory.write("s.yaml",
                  "name: x\nplatform: tgl\ncores: {0: [{alloc: {as: x, zone: buffer, bytes: 2000}}, {realloc: {object: "
                  "x, bytes: 100}}, {call: {function: memset, arguments: [x, 0, 150]}}]}\n");
  for (const std::string& allocator : allocators)
    EXPECT_NE(dspmem({"run", "s.yaml", "--allocator", allocator}, directory.path())
                  .out.find("right behind the end of 'x', which has 100 bytes"),
              std::string::npos)
        << allocator;
}

// An answer that is no address is reported, and kills nobody.
TEST(Allocators, MayAnswerAnything) {
  const TemporaryDirectory directory;
  directory.write("a.yaml",
                  "name: a\nfunctions:\n  - {function: strlen, does: allocate, arguments: [{address_of: tlsf_init}, "
                  "bytes]}\n  - {function: tlsf_free, does: free, arguments: [pointer]}\n"
                  "  - {function: tlsf_malloc, does: allocate, arguments: [bytes, 0, 0, 0, 0, core]}\n");
  directory.write("s.yaml",
                  "name: x\nplatform: tgl\ncores: {0: [{call: {function: tlsf_malloc, arguments: [64, 0, 2, 0, 0, "
                  "99999]}}, {alloc: {as: a, bytes: 64}}]}\n");
  const ProgramResult result = dspmem(
      {"run", "s.yaml", "--allocator", "a.yaml", "--firmware", firmware_images() / "tgl-tlsf.elf"}, directory.path());
  EXPECT_EQ(result.exit_code, 3) << result.out << result.err;
  EXPECT_NE(result.out.find("lies outside of every heap"), std::string::npos) << result.out;
}

TEST(Quarantine, EndsWithTheHeapsOfACoreThatGoesDown) {
  const TemporaryDirectory directory;
  directory.write("s.yaml", R"(name: down with it
platform: tgl
cores:
  0:
    - core_on: 1
    - wait: done
    - core_off: 1
    - repeat: {times: 20, steps: [{alloc: {as: b, bytes: 64}}, {free: b}]}
  1:
    - alloc: {as: a, zone: system_runtime, bytes: 200}
    - free: a
    - signal: done
)");
  EXPECT_EQ(dspmem({"run", "s.yaml", "-q", "--quarantine", "600"}, directory.path()).out.substr(0, 5), "PASS ");
}

TEST(Compare, GoesOnWhereOneAllocatorCannot) {
  const TemporaryDirectory directory;
  directory.write("a.yaml", "name: plain\nfirmware: " + (firmware_images() / "tgl-tlsf.elf").string() +
                                "\nfunctions:\n  - {function: tlsf_init, does: initialise, arguments: [heap_base, "
                                "heap_bytes]}\n  - {function: tlsf_malloc, does: allocate, arguments: [bytes]}\n  - "
                                "{function: tlsf_free, does: free, arguments: [pointer]}\n");
  directory.write("s.yaml",
                  "name: x\nplatform: tgl\ncores: {0: [{alloc: {as: a, zone: buffer, bytes: 64}}, {realloc: {object: "
                  "a, bytes: 128}}, {free: a}]}\n");
  const Json report =
      Json::parse(dspmem({"compare", "s.yaml", "--json", "--allocator", "tlsf", "a.yaml"}, directory.path()).out);
  EXPECT_EQ(report.at("allocators").at(0).at("outcome"), "clean");
  EXPECT_EQ(
      report.at("allocators").at(1).at("outcome"),
      "cannot: s.yaml:3:57: error: allocator 'plain' has no function that changes an object's size in zone buffer");
}

TEST(Compare, TellsTheSameTwiceAndForEveryAllocator) {
  const std::vector<std::string> arguments{"compare", "scenarios/playback.yaml", "--json"};
  const ProgramResult first = dspmem(arguments);
  EXPECT_EQ(first.exit_code, 0) << first.err;
  EXPECT_EQ(first.out, dspmem(arguments).out);
  const Json report = Json::parse(first.out);
  ASSERT_EQ(report.at("allocators").size(), allocators.size());
  for (const Json& each : report.at("allocators")) {
    EXPECT_EQ(each.at("operations").at("allocate").at("count"), 4) << each;
    EXPECT_LE(each.at("operations").at("allocate").at("median_cycles"),
              each.at("operations").at("allocate").at("worst_cycles"));
    EXPECT_EQ(each.at("peak"), 3776);
  }
}

TEST(FirstFit, DoubleFreePanics) {
  const TemporaryDirectory directory;
  directory.write("s.yaml",
                  "name: x\nplatform: tgl\ncores: {0: [{alloc: {as: a, bytes: 64}}, {free: a}, {free: a}]}\n");
  for (const char* allocator : {"first_fit", "tlsf"}) {
    const ProgramResult result = dspmem({"run", "s.yaml", "--allocator", allocator}, directory.path());
    EXPECT_EQ(result.exit_code, 4);
    EXPECT_NE(result.out.find(std::string(allocator) + ": no block in use begins there"), std::string::npos)
        << result.out;
  }
}

// The allocator's own variables belong to it.
TEST(Metadata, VariablesAreGuarded) {
  const TemporaryDirectory directory;
  directory.write("s.yaml",
                  "name: x\nplatform: tgl\ncores: {0: [{alloc: {as: a, bytes: 64}}, {call: {function: memset, "
                  "arguments: [BOOKS, 1, 4]}}]}\n");
  const std::string address = run_program({"xtensa-lx106-elf-nm", firmware_images() / "tgl-picolibc.elf"}).out;
  const std::size_t at = address.find(" B __malloc_free_list");
  ASSERT_NE(at, std::string::npos) << address;
  std::string text = read_file(directory.path() / "s.yaml");
  text.replace(text.find("BOOKS"), 5, "0x" + address.substr(at - 8, 8));
  directory.write("s.yaml", text);
  const ProgramResult result = dspmem({"run", "s.yaml", "--allocator", "picolibc"}, directory.path());
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_NE(result.out.find("where the allocator keeps its metadata"), std::string::npos) << result.out;
}

struct BadBinding {
  const char* name;
  const char* yaml;
  const char* message;
};
std::ostream& operator<<(std::ostream& out, const BadBinding& bad) { return out << bad.name; }

class BadBindings : public testing::TestWithParam<BadBinding> {};

TEST_P(BadBindings, AreRefusedWithThePlace) {
  const TemporaryDirectory directory;
  directory.write("a.yaml", GetParam().yaml);
  directory.write("s.yaml", "name: x\nplatform: tgl\ncores: {0: [{alloc: {as: a, bytes: 64}}]}\n");
  const ProgramResult result =
      dspmem({"run", "s.yaml", "--allocator", "a.yaml", "--firmware", firmware_images() / "tgl-picolibc.elf"},
             directory.path());
  EXPECT_EQ(result.exit_code, 2);
  std::string expected = GetParam().message, actual = result.err;
  if (const std::size_t place = expected.find("'ELF'"); place != std::string::npos)
    expected.replace(place + 1, 3, firmware_images() / "tgl-picolibc.elf");
  if (expected.ends_with("...")) {  // a long list
    expected.resize(expected.size() - 3);
    actual = actual.substr(0, expected.size()) + "\n";
  }
  EXPECT_EQ(actual, expected + "\n");
}

TEST(Bindings, SayWhereTheyNameAnImageThatIsNotThere) {
  const TemporaryDirectory directory;
  directory.write("a.yaml",
                  "name: a\nfirmware: build/mine.elf\nfunctions:\n  - {function: malloc, does: allocate, arguments: "
                  "[bytes]}\n  - {function: free, does: free, arguments: [pointer]}\n");
  directory.write("s.yaml", "name: x\nplatform: tgl\ncores: {0: [{alloc: {as: a, bytes: 64}}]}\n");
  EXPECT_EQ(dspmem({"run", "s.yaml", "--allocator", "a.yaml"}, directory.path()).err,
            "a.yaml:2:11: error: there is no firmware image 'build/mine.elf'\n");
  // Whoever names another one does not need it; and a scenario can be checked before there is any.
  EXPECT_EQ(dspmem({"run", "s.yaml", "--allocator", "a.yaml", "--firmware", firmware_images() / "tgl-picolibc.elf",
                    "--quiet"},
                   directory.path())
                .err,
            "");
  EXPECT_EQ(dspmem({"check", "s.yaml", "--allocator", "a.yaml"}, directory.path()).out, "s.yaml: ok\n");
}

// Heaps are the allocator's: one that has but one knows no zones' heaps, and `check` says so as `run` does.
TEST(Bindings, AreWhatAScenarioIsCheckedAgainst) {
  const TemporaryDirectory directory;
  directory.write("s.yaml",
                  "name: x\nplatform: tgl\ncores: {0: [{alloc: {as: a, bytes: 64}}, {free: a}]}\nexpect: {heaps: "
                  "{runtime: {used: 0}}}\n");
  EXPECT_EQ(dspmem({"check", "s.yaml", "--allocator", "zones"}, directory.path()).out, "s.yaml: ok\n");
  const std::string refusal = dspmem({"check", "s.yaml", "--allocator", "first_fit"}, directory.path()).err;
  EXPECT_EQ(refusal, "s.yaml:4:34: error: platform 'tgl' has no heap 'runtime' with this allocator; known are: heap\n");
  EXPECT_EQ(dspmem({"run", "s.yaml", "--allocator", "first_fit"}, directory.path()).err, refusal);
}

INSTANTIATE_TEST_SUITE_P(
    All, BadBindings,
    testing::Values(
        BadBinding{"NoFunctions", "name: a\n",
                   "a.yaml:1:1: error: the allocator needs 'functions', a list such as [{function: malloc, does: "
                   "allocate, arguments: [bytes]}]"},
        BadBinding{"UnknownRole", "name: a\nfunctions:\n  - {function: malloc, does: alocate, arguments: [bytes]}\n",
                   "a.yaml:3:30: error: 'alocate' is not a known role of a function; did you mean 'allocate'?"},
        BadBinding{"UnknownArgument",
                   "name: a\nfunctions:\n  - {function: malloc, does: allocate, arguments: [byte]}\n",
                   "a.yaml:3:52: error: 'byte' is not a known argument; did you mean 'bytes'?"},
        BadBinding{"NoBytes", "name: a\nfunctions:\n  - {function: malloc, does: allocate, arguments: [flags]}\n",
                   "a.yaml:3:5: error: function 'malloc' does 'allocate', but none of its arguments is 'bytes'"},
        BadBinding{"NoFree", "name: a\nfunctions:\n  - {function: malloc, does: allocate, arguments: [bytes]}\n",
                   "a.yaml:3:3: error: none of the functions does 'free'"},
        BadBinding{"MissingFunction",
                   "name: a\nfunctions:\n  - {function: mallok, does: allocate, arguments: [bytes]}\n  - {function: "
                   "free, does: free, arguments: [pointer]}\n",
                   "a.yaml:3:5: error: firmware 'ELF' has no function 'mallok'; did you mean 'malloc'?"},
        BadBinding{"MissingFree",
                   "name: a\nfunctions:\n  - {function: malloc, does: allocate, arguments: [bytes]}\n  - {function: "
                   "fre, does: free, arguments: [pointer]}\n",
                   "a.yaml:4:5: error: firmware 'ELF' has no function 'fre'; did you mean 'free'?"},
        BadBinding{"MissingInitialise",
                   "name: a\nfunctions:\n  - {function: calloc, does: allocate, arguments: [bytes]}\n  - {function: "
                   "free, does: free, arguments: [pointer]}\n  - {function: maloc, does: initialise}\n",
                   "a.yaml:5:5: error: firmware 'ELF' has no function 'maloc'; did you mean 'malloc'?"},
        BadBinding{"MissingLock",
                   "name: a\nfunctions:\n  - {function: malloc, does: allocate, arguments: [bytes]}\n  - {function: "
                   "free, does: free, arguments: [pointer]}\nlock: {acquire: free, release: freee}\n",
                   "a.yaml:5:32: error: firmware 'ELF' has no function 'freee'; did you mean 'free'?"},
        BadBinding{"ThirteenWords",
                   "name: a\nfunctions:\n  - {function: malloc, does: allocate, arguments: [bytes, 1, 2, 3, 4, 5, 6, "
                   "7, 8, 9, 10, "
                   "{wide: 11}]}\n",
                   "a.yaml:3:51: error: arguments have at most 12 words, not 14"},
        BadBinding{"WideOfWhat",
                   "name: a\nfunctions:\n  - {function: malloc, does: allocate, arguments: [{wide: byts}]}\n",
                   "a.yaml:3:52: error: 'byts' is not a known argument; did you mean 'bytes'?"},
        BadBinding{"StatusOfNoPointer",
                   "name: a\nfunctions:\n  - {function: malloc, does: allocate, arguments: [bytes], returns: status}\n",
                   "a.yaml:3:5: error: function 'malloc' does 'allocate', but none of its arguments is 'out_pointer'"},
        BadBinding{"MissingVariable",
                   "name: a\nfunctions:\n  - {function: malloc, does: allocate, arguments: [bytes]}\n  - {function: "
                   "free, does: free, arguments: [pointer]}\nmetadata: {variables: [__malloc_free_lst]}\n",
                   "a.yaml:5:23: error: metadata: the firmware has no variable '__malloc_free_lst'; did you mean "
                   "'__malloc_free_list'?"},
        BadBinding{"MissingSymbol",
                   "name: a\nfunctions:\n  - {function: malloc, does: allocate, arguments: [{value_of: poool}, "
                   "bytes]}\n  - {function: free, does: free, arguments: [pointer]}\n",
                   "a.yaml:3:52: error: the firmware has no symbol 'poool'; of ..."}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace dspmem::test
