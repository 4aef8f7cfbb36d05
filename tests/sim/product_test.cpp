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
    - repeat:
        times: 20
        steps: [{alloc: {as: b, zone: runtime, bytes: 1000}}, {write: {to: b, pattern: 1}}, {free: b}]
    - call: {function: sum_of_squares, arguments: [30], expect: 8555}
    - read: {from: a, expect: 3}
    - free: a
expect: {heaps: {heap: {failed: 0}}}
)";

/// The product's other allocator: C++, sizes of 64 bits, more arguments than registers, blocks through a pointer.
constexpr const char* arena = R"yaml(
heap: {variable: ucHeap}
alignment: 8
metadata: {header: 8}
functions:
  - {function: "Arena::start", does: initialise, arguments: [{buffer: 8}, heap_base, heap_bytes]}
  - {function: "Arena::get", does: allocate, arguments: [{buffer: 8}, {wide: bytes}, 1, 2, 3, out_pointer]}
  - {function: "Arena::put(void**)", does: free, arguments: [{buffer: 8}, out_pointer], returns: success}
  - {function: "Arena::resize", does: reallocate, arguments: [{buffer: 8}, out_pointer, bytes], returns: success}
)yaml";
constexpr const char* churn_of_arena = R"(
name: churn
platform: tgl
cores:
  0:
    - alloc: {as: a, zone: runtime, bytes: 400}
    - write: {to: a, pattern: 3}
    - repeat:
        times: 20
        steps: [{alloc: {as: b, zone: runtime, bytes: 1000}}, {write: {to: b, pattern: 1}}, {free: b}]
    - realloc: {object: a, bytes: 800}
    - read: {from: a, bytes: 400, expect: 3}
    - free: a
    - alloc: {as: all, zone: runtime, bytes: 49150, may_fail: true}
    - workload: {operations: 300, sizes: small}
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

TEST_P(Product, AllocatesThroughAPointerWithWideArgumentsAndTheStack) {
  const std::string path = directory_.write("arena.yaml", "name: arena\nfirmware: " + image() + arena).string();
  for (const std::vector<std::string>& more : {std::vector<std::string>{}, {"--quarantine", "2000"}}) {
    std::vector<std::string> options{"--json", "-"};
    options.insert(options.end(), more.begin(), more.end());
    const ProgramResult result = run(churn_of_arena, path, options);
    EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
    const auto report = nlohmann::json::parse(result.out);
    EXPECT_EQ(report["allocations"], 220);
    EXPECT_EQ(report["frees"], 219);  // a block that was resized is freed once
    EXPECT_EQ(report["heaps"][0]["failed"], 1);
    EXPECT_EQ(report["heaps"][0]["used"], 0);
  }
  const ProgramResult late = run(
      "name: late\nplatform: tgl\ncores: {0: [{alloc: {as: a, zone: runtime, bytes: 64}}, {free: a}, {write: {to: a, "
      "pattern: 1}}]}\n",
      path);
  EXPECT_EQ(late.exit_code, 3) << late.out << late.err;
  EXPECT_NE(late.out.find("'a' is used after it was freed"), std::string::npos) << late.out;
}

TEST_P(Product, BootsUntilItsMain) {
  const std::string path =
      directory_.write("boot.yaml", "name: boot\nfirmware: " + image() + "\nstart: entry\nuntil: product_main" + arena)
          .string();
  const std::string started = std::string(churn_of_arena) + "  1: [{delay: 10 cycles}]\n";
  const ProgramResult result = run(started, path);
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_NE(
      result.out.find("- {base: 0x72000000, bytes: 4 KiB, answers: poll}  # write of 0x72000014 by product_start"),
      std::string::npos)
      << result.out;
  // As it was printed, in the binding.
  const std::string listed =
      directory_
          .write("listed.yaml", read_file(path) + "registers:\n    - {base: 0x72000000, bytes: 4 KiB, answers: poll}\n")
          .string();
  const ProgramResult second = run(started, listed, {"--json", "-"});
  EXPECT_EQ(second.exit_code, 0) << second.err;
  EXPECT_FALSE(nlohmann::json::parse(second.out).contains("unlisted_registers"));
  // What is listed nowhere is an error again when the start-up is over.
  const ProgramResult wild =
      run("name: wild\nplatform: tgl\ncores: {0: [{call: {function: log_write, arguments: [1]}}]}\n", path);
  EXPECT_EQ(wild.exit_code, 4);
  EXPECT_NE(wild.out.find("access to an address where nothing is: store to 0x71c00000"), std::string::npos) << wild.out;
}

TEST_P(Product, AStartUpThatDoesNotArriveSaysSo) {
  const std::string begin = "name: boot\nfirmware: " + image() + "\nstart: entry\n";
  const auto run_with = [&](const std::string& more) {
    return run(churn_of_arena, directory_.write("boot.yaml", begin + more + arena).string());
  };
  const ProgramResult never = run_with("until: checksum\nlimit: 200000\n");
  EXPECT_EQ(never.exit_code, 4) << never.err;
  EXPECT_NE(never.out.find("has not come to 'checksum', which 'until' names, after 200000 cycles"), std::string::npos)
      << never.out;
  const ProgramResult stuck =
      run_with("until: product_main\nlimit: 200000\nregisters: [{base: 0x72000000, bytes: 4 KiB}]");
  EXPECT_EQ(stuck.exit_code, 4) << stuck.err;
  EXPECT_NE(stuck.out.find("register 0x72000010 was read"), std::string::npos) << stuck.out;
  const ProgramResult unknown = run_with("until: product_mian\n");
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_NE(unknown.err.find("did you mean 'product_main'"), std::string::npos) << unknown.err;
  const ProgramResult missing = run_with("");
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_NE(missing.err.find("'until'"), std::string::npos) << missing.err;
}

TEST_P(Product, AnEndlessWaitIsACrash) {
  const std::string heap = std::string("heap: {variable: ucHeap}") + registers;
  const ProgramResult result =
      run("name: asleep\nplatform: tgl\ncores: {0: [{call: {function: sleep_for_ever}}]}\n", binding(heap));
  EXPECT_EQ(result.exit_code, 4) << result.out;
  EXPECT_NE(result.out.find("WAITI for an interrupt that nothing raises"), std::string::npos) << result.out;
  const ProgramResult other =
      run("name: asleep\nplatform: tgl\ncores: {0: [{delay: 10 cycles}], 1: [{call: {function: sleep_for_ever}}]}\n",
          binding(heap));
  EXPECT_EQ(other.exit_code, 4) << other.out;
  EXPECT_NE(other.out.find("on core 1"), std::string::npos) << other.out;
}

TEST_P(Product, RegistersHaveBytesAndHalfWords) {
  const ProgramResult result =
      run("name: uart\nplatform: tgl\ncores: {0: [{call: {function: uart_status, expect: 0x1260}}]}\n",
          binding("heap: {variable: ucHeap}\nregisters: [{base: 0x71e00000, bytes: 4 KiB, value: 0x12000000}]\n"));
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
}

TEST_P(Product, ReallocationOfAFreedBlockIsAMisuse) {
  const std::string path = directory_.write("arena.yaml", "name: arena\nfirmware: " + image() + arena).string();
  const ProgramResult result =
      run("name: late\nplatform: tgl\ncores: {0: [{alloc: {as: a, zone: runtime, bytes: 64}}, {alloc: {as: b, zone: "
          "runtime, bytes: 64}}, {free: a}, {realloc: {object: a, bytes: 200}}]}\n",
          path);
  EXPECT_EQ(result.exit_code, 3) << result.out << result.err;
  EXPECT_NE(result.out.find("heap-misuse"), std::string::npos) << result.out;
}

TEST_P(Product, NamesThatAreOverloadedNeedTheirParameters) {
  const std::string begin = "name: arena\nfirmware: " + image() + arena;
  const auto lock = [&](const std::string& name) {
    return run(churn_of_arena,
               directory_.write("arena.yaml", begin + "lock: {acquire: \"" + name + "\", release: \"Arena::live()\"}\n")
                   .string());
  };
  const ProgramResult both = lock("Arena::live");
  EXPECT_EQ(both.exit_code, 2);
  EXPECT_NE(both.err.find("several functions 'Arena::live': name one with its parameters: 'Arena::live()', "
                          "'Arena::live(unsigned int)'"),
            std::string::npos)
      << both.err;
  EXPECT_EQ(lock("Arena::live(unsigned int)").exit_code, 0);
}

TEST_P(Product, BuffersLieOutsideOfHeapsAndHaveNames) {
  const std::string begin = "name: arena\nfirmware: " + image();
  std::string small = arena;
  // The allocator's own structure in one buffer, another beside it.
  small.replace(small.find("{buffer: 8}, {wide"), 11, "{buffer: 8, name: other}");
  const ProgramResult other = run(churn_of_arena, directory_.write("arena.yaml", begin + small).string());
  EXPECT_EQ(other.exit_code, 1) << "an arena of zeros has no memory" << other.out << other.err;
  std::string large = arena;
  for (std::size_t at; (at = large.find("{buffer: 8}")) != std::string::npos;)
    large.replace(at, 11, "{buffer: 64 KiB}");
  const ProgramResult result = run(churn_of_arena, directory_.write("arena.yaml", begin + large).string());
  EXPECT_EQ(result.exit_code, 0) << "not in the heap of 48 KiB" << result.out << result.err;
}

TEST_P(Product, HeapsCanBeInSeveralPieces) {
  const std::string text = "name: pieces\nfirmware: " + image() + "\nalignment: 8\nmetadata: {header: 8}\n" +
                           functions + registers + "heap: [{variable: second_heap}, {variable: ucHeap}]\n";
  const ProgramResult result =
      run("name: two\nplatform: tgl\ncores: {0: [{alloc: {as: a, zone: runtime, bytes: 400}}, {alloc: {as: b, zone: "
          "runtime, "
          "bytes: 1000}}, {free: a}, {free: b}]}\n",
          directory_.write("pieces.yaml", text).string(), {"--json", "-"});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  const auto report = nlohmann::json::parse(result.out);
  ASSERT_EQ(report["heaps"].size(), 2u);
  EXPECT_EQ(report["heaps"][0]["heap"], "second_heap");
  EXPECT_EQ(report["heaps"][1]["heap"], "ucHeap");
  EXPECT_EQ(report["heaps"][1]["peak"], 1400);
}

TEST_P(Product, AStartUpThatEndsWithinTheAllocatorLeavesIt) {
  const std::string text =
      "name: early\nfirmware: " + image() +
      "\nstart: entry\nuntil: product_main\nheap: {variable: ucHeap}\nalignment: 8\nmetadata: "
      "{header: 8, variables: [first_free, ready]}\nfunctions:\n  - {function: pvPortMalloc, does: "
      "allocate, arguments: [bytes]}\n  - {function: product_start, does: internal}\n  - {function: "
      "vPortFree, does: free, arguments: [pointer]}" +
      registers;
  const ProgramResult result = run(churn, directory_.write("early.yaml", text).string(), {"--json", "-"});
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  EXPECT_EQ(nlohmann::json::parse(result.out)["allocations"], 21);
}

TEST_P(Product, IsKnownByItsMapWhenItIsStripped) {
  const std::string stem = (firmware_images() / (std::string("product_") + GetParam())).string();
  const std::string stripped = stem + "_stripped.elf", map = stem + ".map";
  const ProgramResult blank = run_program({dspmem_executable(), "inspect", stripped});
  EXPECT_NE(blank.out.find("It is stripped: --symbols FILE"), std::string::npos) << blank.out;
  const std::string target = (directory_.path() / "mine.yaml").string();
  const ProgramResult named =
      run_program({dspmem_executable(), "inspect", stripped, "--symbols", map, "--binding", target});
  EXPECT_EQ(named.exit_code, 0) << named.err;
  EXPECT_NE(named.out.find("FreeRTOS, heap_1 to heap_5: pvPortMalloc, vPortFree"), std::string::npos) << named.out;
  EXPECT_NE(named.out.find("ucHeap (49152 bytes)"), std::string::npos) << named.out;
  EXPECT_NE(named.out.find("as of a ROM: rom_crc"), std::string::npos) << named.out;
  EXPECT_EQ(run(churn, directory_.write("made.yaml", read_file(target) + registers).string()).exit_code, 0);
  // Static variables are in it, too.
  const ProgramResult result =
      run(churn_of_arena,
          directory_.write("arena.yaml", "name: arena\nfirmware: " + stripped + "\nsymbols: " + map + arena).string());
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  const ProgramResult metadata =
      run(churn, binding(std::string("heap: {variable: ucHeap}\nsymbols: ") + map + registers));
  EXPECT_EQ(metadata.exit_code, 0) << metadata.out << metadata.err;
  std::string old = read_file(map);
  const std::size_t section = old.find("\n.text");
  old.replace(old.find("0x", old.find("0x", section) + 2), 3, "0x1");
  const ProgramResult other_build =
      run_program({dspmem_executable(), "inspect", stripped, "--symbols", directory_.write("old.map", old).string()});
  EXPECT_EQ(other_build.exit_code, 2);
  EXPECT_NE(other_build.err.find("this map is of another build"), std::string::npos) << other_build.err;
  const ProgramResult none = run(churn, binding("symbols: s.yaml\nheap: {variable: ucHeap}"));
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_NE(none.err.find("no map file of GNU ld"), std::string::npos) << none.err;
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
  0:
    - alloc: {as: a, zone: runtime, bytes: 64}
    - write: {to: a, pattern: 5}
    - signal: ready
    - wait: done
    - free: a
  1: [{wait: ready}, {invalidate: a}, {read: {from: a}}, {signal: done}]
)";
  const std::string path = binding(std::string("heap: {variable: ucHeap}") + registers);
  const ProgramResult bug = run(scenario, path, {"--json", "-"});
  EXPECT_EQ(bug.exit_code, 3) << bug.out << bug.err;
  EXPECT_NE(bug.out.find("\"missing-writeback\""), std::string::npos);
  // The step's function is not in the image: the simulator does it, with effect, and says so.
  std::string mended = scenario;
  mended.replace(mended.find("- signal: ready"), 0, "- writeback: a\n    ");
  const ProgramResult good = run(mended, path, {"--json", "-"});
  EXPECT_EQ(good.exit_code, 0) << good.out << good.err;
  const auto report = nlohmann::json::parse(good.out);
  const std::vector<std::string> done = report["done_by_simulator"];
  EXPECT_EQ(done, (std::vector<std::string>{"dcache_invalidate_region", "dcache_writeback_region"}));
}

TEST_P(Product, CallsAFunctionOfItsRom) {
  const std::string scenario =
      "name: rom\nplatform: tgl\ncores: {0: [{call: {function: checksum, arguments: [0xbe000000, 4], expect: "
      "77}}]}\n";
  const std::string heap = std::string("heap: {variable: ucHeap}") + registers;
  const ProgramResult missing = run(scenario, binding(heap));
  EXPECT_EQ(missing.exit_code, 4);
  EXPECT_NE(missing.out.find("this is 'rom_crc'"), std::string::npos) << missing.out;
  const ProgramResult stubbed = run(scenario, binding(heap + "stubs: {rom_crc: returns 77}\n"));
  EXPECT_EQ(stubbed.exit_code, 0) << stubbed.out << stubbed.err;
}

TEST_P(Product, StubsStandInForFunctions) {
  const std::string scenario =
      "name: stub\nplatform: tgl\ncores: {0: [{call: {function: sum_of_squares, arguments: [30], expect: -5}}, "
      "{call: "
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
      {"heap: []", "has no heap"},
      {"heap: [{variable: ucHeap}, {variable: ucHeap}]", "overlaps 'ucHeap'"},
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
      {"symbols: nothing.map", "there is no file"},
      {"start: enter", "did you mean 'entry'"},
      {"until: product_main", "'until' belongs to 'start: entry'"},
      {"start: entry\nuntil: ucHeap", "is a variable of the firmware"},
      {"start: entry\nuntil: product_reset", "the start-up code begins at"},
      {"  - {function: vPortFree, does: reset, arguments: [zone]}", "does 'free' already"},
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
