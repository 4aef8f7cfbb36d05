// SPDX-License-Identifier: Apache-2.0
// A platform file from a product's own files.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

constexpr const char* tree = R"(/dts-v1/;
/ {
  #address-cells = <1>; #size-cells = <1>;
  cpus {
    #address-cells = <1>; #size-cells = <0>;
    cpu@0 { device_type = "cpu"; reg = <0>; clocks = <&pll>; d-cache-line-size = <64>; };
    cpu@1 { device_type = "cpu"; reg = <1>; };
    cpu@2 { device_type = "cpu"; reg = <2>; status = "disabled"; };
  };
  pll: clock { compatible = "fixed-clock"; clock-frequency = <393216000>; };
  sram1: memory@be800000 { device_type = "memory"; compatible = "mmio-sram"; reg = <0xbe800000 0x10000>; };
  sram0: memory@be000000 { device_type = "memory"; compatible = "mmio-sram"; reg = <0xbe000000 0x2e0000>; };
  dram@1000 { compatible = "mmio-sram"; reg = <0x1000 0x100>; };
  power-domains { hub { #power-domain-cells = <0>; }; };
};
)";
constexpr const char* core_isa = R"(
#define XCHAL_ICACHE_LINESIZE 64 /* bytes */
#define XCHAL_DCACHE_LINESIZE 64
#define XCHAL_ICACHE_SIZE 16384
#define XCHAL_DCACHE_SIZE 49152
#define XCHAL_DCACHE_IS_WRITEBACK 1
#define XCHAL_ICACHE_WAYS 4
#define XCHAL_DCACHE_WAYS 3
)";

class ImportPlatform : public testing::Test {
 protected:
  /// dtc is software of others: it makes the tree.
  std::string compiled(const std::string& source) const {
    const std::string dtb = (directory_.path() / "zephyr.dtb").string();
    const ProgramResult made =
        run_program({"dtc", "-q", "-@", "-O", "dtb", "-o", dtb, directory_.write("zephyr.dts", source).string()});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return dtb;
  }
  ProgramResult import(std::vector<std::string> options) const {
    std::vector<std::string> command{dspmem_executable(), "import", "platform", "-o", output()};
    command.insert(command.end(), options.begin(), options.end());
    return run_program(command, directory_.path());
  }
  std::string output() const { return (directory_.path() / "mine.yaml").string(); }
  TemporaryDirectory directory_;
};

TEST_F(ImportPlatform, RunsTheImageThatItWasMadeFrom) {
  const std::string elf = (firmware_images() / "product_windowed.elf").string();
  const ProgramResult result =
      import({"--dtb", compiled(tree), "--elf", elf, "--core-isa", directory_.write("core-isa.h", core_isa).string()});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("2 memories"), std::string::npos) << result.out;
  const std::string text = read_file(output());
  for (const char* expected :
       {"clock_mhz: 393\n", "cores: 2\n", "l1i: {size: 16 KiB, ways: 4, line: 64}\n",
        "l1d: {size: 48 KiB, ways: 3, line: 64}\n", "  - name: sram0\n    base: 0xbe000000\n", "    bank: 2944 KiB\n",
        "  - name: sram1\n    base: 0xbe800000\n", "image: {size: 56 KiB}\n", "ucHeap (49152 bytes)",
        "#   /power-domains/hub\n", "  memories.sram0: \"zephyr.dtb: /memory@be000000\"\n",
        "  clock_mhz: \"zephyr.dtb: /clock/clock-frequency\"\n"})
    EXPECT_NE(text.find(expected), std::string::npos) << expected << "\n" << text;
  EXPECT_LT(text.find("sram0"), text.find("sram1")) << "the image's memory comes first, whatever the tree's order";

  const std::string binding = directory_
                                  .write("binding.yaml", "name: product\nfirmware: " + elf + R"(
heap: {variable: ucHeap}
alignment: 8
functions:
  - {function: pvPortMalloc, does: allocate, arguments: [bytes]}
  - {function: vPortFree, does: free, arguments: [pointer]}
registers: [{base: 0x71c00000, bytes: 4 KiB}, {base: 0x71d00000, bytes: 4 KiB, answers: constant, value: 1}]
)")
                                  .string();
  const auto scenario = directory_.write(
      "s.yaml", "name: churn\nplatform: ./mine.yaml\ncores: {0: [{workload: {operations: 200, sizes: small}}]}\n");
  const ProgramResult replayed = run_program({dspmem_executable(), "run", scenario.string(), "--allocator", binding});
  EXPECT_EQ(replayed.exit_code, 0) << replayed.out << replayed.err;
  EXPECT_EQ(import({"--elf", elf}).exit_code, 2) << "it may have been completed by hand";
}

TEST_F(ImportPlatform, SaysWhatToLookUpWhereNothingTells) {
  const std::string elf = (firmware_images() / "product_windowed.elf").string();
  const std::string map = (firmware_images() / "product_windowed.map").string();
  const ProgramResult result = import({"--map", map, "--elf", elf});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("to complete first: "), std::string::npos) << result.out;
  const std::string text = read_file(output());
  EXPECT_NE(text.find("# l1d: {size: ?, ways: ?, line: ?}\n"), std::string::npos) << text;
  EXPECT_NE(text.find("  - name: sram\n    base: 0xbe000000\n"), std::string::npos) << text;
  EXPECT_NE(text.find("    bank: 128 KiB\n"), std::string::npos) << text;
}

TEST_F(ImportPlatform, KnowsTheUncachedViewThatTheImageUses) {
  std::string moved = tree;
  for (const char* address : {"be000000", "be800000"})
    for (std::size_t at; (at = moved.find(address)) != std::string::npos;) moved[at] = '9';
  const ProgramResult result =
      import({"--dtb", compiled(moved), "--elf", (firmware_images() / "product_windowed.elf").string()});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::string text = read_file(output());
  EXPECT_NE(text.find("    base: 0x9e000000\n    uncached: 0xbe000000  # TODO"), std::string::npos) << text;
  EXPECT_NE(text.find("shared_data: uncached_alias\n"), std::string::npos) << text;
}

TEST_F(ImportPlatform, SaysWhatItLeavesOut) {
  const ProgramResult result = import({"--dtb", compiled(R"(/dts-v1/;
/ {
  #address-cells = <2>; #size-cells = <1>;
  chosen { zephyr,sram = &small; };
  memory@100000000 { device_type = "memory"; reg = <0x1 0x0 0x10000>; };
  memory@be000000 { device_type = "memory"; reg = <0x0 0xbe000000 0x100000 0x0 0xbe200000 0x10000>; };
  memory@be080000 { device_type = "memory"; reg = <0x0 0xbe080000 0x100000>; };
  memory@a0000000 { device_type = "memory"; reg = <0xa0000000 0x100000>; };
  small: memory@be800000 { device_type = "memory"; reg = <0x0 0xbe800000 0x10000>; };
};
)")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("3 memories"), std::string::npos) << result.out;
  for (const char* expected : {"/memory@100000000 (0x100000000), which is beyond 32 bits",
                               "/memory@be080000 (0xbe080000, 1048576 bytes), which overlaps memory",
                               "/memory@a0000000, whose 'reg' does not fit"})
    EXPECT_NE(result.out.find(expected), std::string::npos) << expected << "\n" << result.out;
  const std::string text = read_file(output());
  EXPECT_LT(text.find("base: 0xbe800000"), text.find("base: 0xbe000000")) << "what the tree chooses comes first";
  EXPECT_NE(text.find("base: 0xbe200000"), std::string::npos) << text;
}

TEST_F(ImportPlatform, RefusesWhatItCannotRead) {
  const std::string source = directory_.write("zephyr.dts", tree).string();
  const std::string noise = directory_.write("noise.bin", std::string(500, '\x5a')).string();
  std::string cut = read_file(compiled(tree));
  cut.resize(cut.size() / 2);
  const std::string half = directory_.write("half.dtb", cut).string();
  const struct {
    std::vector<std::string> options;
    const char* error;
  } cases[] = {
      {{"--dtb", source}, "it has to be compiled: dtc -O dtb"},
      {{"--dtb", noise}, "no flattened devicetree"},
      {{"--dtb", half}, "no flattened devicetree"},
      {{"--core-isa", source}, "no xtensa/config/core-isa.h"},
      {{"--map", noise}, "no map file of GNU ld"},
      {{"--elf", noise}, "not an ELF file"},
      {{}, "at least one of --dtb"},
      {{"--elf", noise, "--zone", "runtime"}, "is for scenarios"},
  };
  for (const auto& each : cases) {
    const ProgramResult result = import(each.options);
    EXPECT_EQ(result.exit_code, 2) << each.error;
    EXPECT_NE(result.err.find(each.error), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_FALSE(std::filesystem::exists(output()));
  }
}

}  // namespace
}  // namespace dspmem::test
