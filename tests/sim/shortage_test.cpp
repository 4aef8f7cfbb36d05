// SPDX-License-Identifier: Apache-2.0
// What is said of an allocation that fails: what is free, what lies between, and whether the allocator lost it.
#include "sim/heap/shortage.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

using Json = nlohmann::json;

/// A heap of 4096 bytes at 0x1000, of an allocator that divides it as it likes, or in blocks.
Platform platform_with_heap(std::vector<BlockMap> maps = {}, Zone zone = Zone::buffer) {
  Platform platform;
  platform.system.cores.resize(1);
  platform.allocation_alignment = 4;
  platform.heaps = {{"buffer", zone, false, 0, 0x1000, 4096, 1, std::move(maps), false}};
  return platform;
}

void add(LiveMemory& live, std::uint32_t base, std::uint32_t bytes, Zone zone = Zone::buffer,
         const std::string& name = "x") {
  HeapBlock block;
  block.base = base;
  block.bytes = bytes;
  block.zone = zone;
  block.name = name;
  ASSERT_EQ(live.add(block, 4), "");
}

TEST(FreeSpace, IsWhatLiesBetweenLiveBlocks) {
  const Platform platform = platform_with_heap();
  LiveMemory live(platform);
  add(live, 0x1100, 256);  // 256 free before it
  add(live, 0x1400, 64, Zone::buffer, "stray");  // 512 free before it, and 256 to the next
  add(live, 0x1540, 0x2000 - 0x1540);
  const FreeSpace space = free_space(live, platform.heaps[0]);
  EXPECT_EQ(space.free, 256u + 512 + 256);
  EXPECT_EQ(space.pieces, 3u);
  EXPECT_EQ(space.largest, 512u);
  EXPECT_EQ(space.largest_base, 0x1200u);
  ASSERT_NE(space.between, nullptr);
  EXPECT_EQ(space.between->base, 0x1100u);  // 256 + 256 + 512
  EXPECT_EQ(space.without, 1024u);
  EXPECT_EQ(explain_shortage(live, platform, Zone::buffer, 0, 0, 600),
            "600 bytes asked for; buffer: 1024 of 4096 are free, in 3 pieces, the largest 512; without 'x' (256 bytes) "
            "one of 1024");
  EXPECT_EQ(explain_shortage(live, platform, Zone::buffer, 0, 0, 2000),
            "2000 bytes asked for; buffer: 1024 of 4096 are free, in 3 pieces, the largest 512");
}

TEST(FreeSpace, OfBlocksIsOneBlockAndOfTheLastSizeARunOfThem) {
  const std::vector<BlockMap> maps{{64, 16}, {512, 6}};  // 1 KiB of 64 bytes, 3 KiB of 512
  const Platform buffers = platform_with_heap(maps), objects = platform_with_heap(maps, Zone::runtime);
  for (const Platform* platform : {&buffers, &objects}) {
    const Zone zone = platform->heaps[0].zone;
    LiveMemory live(*platform);
    add(live, 0x1040, 8, zone);  // in the second block of 64
    add(live, 0x1c00, 500, zone);  // in the last but one of 512
    const FreeSpace space = free_space(live, platform->heaps[0]);
    EXPECT_EQ(space.free, 15u * 64 + 5 * 512);
    EXPECT_EQ(space.pieces, 15u + 2);
    EXPECT_EQ(space.largest, 4u * 512);
    ASSERT_NE(space.between, nullptr);
    EXPECT_EQ(space.between->base, 0x1c00u);
    EXPECT_EQ(space.without, 6u * 512);
  }
}

TEST(FreeSpace, FullHeapsHaveNone) {
  const Platform platform = platform_with_heap();
  LiveMemory live(platform);
  add(live, 0x1000, 4096);
  EXPECT_EQ(explain_shortage(live, platform, Zone::buffer, 0, 0, 4), "4 bytes asked for; buffer: 0 of 4096 are free");
}

Json replay(const std::string& steps, const std::vector<std::string>& options = {}) {
  const TemporaryDirectory directory;
  directory.write("s.yaml", "name: x\nplatform: tgl\ncores:\n  0:\n" + steps);
  directory.write(
      "lossy.yaml",
      "name: lossy\nfunctions:\n  - {function: lossy_init, does: initialise, arguments: [heap_base, heap_bytes]}\n"
      "  - {function: lossy_alloc, does: allocate, arguments: [bytes]}\n  - {function: lossy_free, does: free, "
      "arguments: [pointer]}\n");
  std::vector<std::string> command{dspmem_executable(), "run", "s.yaml", "--json", "-"};
  command.insert(command.end(), options.begin(), options.end());
  return Json::parse(run_program(command, directory.path()).out);
}

TEST(Shortage, NamesTheBlockThatStandsInTheWay) {
  const Json report = replay(
      "    - alloc: {as: first, zone: buffer, bytes: 500 KiB}\n    - alloc: {as: stray, zone: buffer, bytes: 64}\n    "
      "- free: first\n    - alloc: {as: large, zone: buffer, bytes: 900 KiB}\n");
  const std::string said = report["expectations"][0]["actual"];
  EXPECT_NE(said.find("the allocator has none: 921600 bytes asked for; buffer: 1174016 of 1174272 are free"),
            std::string::npos)
      << said;
  EXPECT_NE(said.find("in 2 pieces, the largest 662016"), std::string::npos) << said;
  EXPECT_NE(said.find("without 'stray' (64 bytes, s.yaml:6:7) one of 1174272"), std::string::npos) << said;
}

const std::vector<std::string> lossy{"--firmware", (firmware_images() / "lossy.elf").string(), "--allocator",
                                     "./lossy.yaml"};

TEST(Shortage, AnAllocatorThatLosesMemoryIsAccused) {
  const Json report = replay(
      "    - alloc: {as: all, zone: buffer, bytes: 2000000}\n    - free: all\n    - alloc: {as: rest, zone: buffer, "
      "bytes: 400000}\n    - alloc: {as: more, zone: buffer, bytes: 300000, may_fail: true}\n",
      lossy);
  EXPECT_EQ(report["verdict"], "findings") << report;
  const Json found = report["findings"][0];
  EXPECT_EQ(found["rule"], "leak");
  EXPECT_EQ(found["message"],
            "300000 bytes are refused while 2000064 are free in one piece of heap heap, which was given out before: "
            "the allocator has lost them");
  EXPECT_EQ(found["object"]["name"], "all");
}

TEST(Shortage, AHeapThatIsTooSmallHasLostNothing) {
  // What does not fit beside a live block, though most of the heap is free, and was used.
  const Json report = replay(
      "    - alloc: {as: all, zone: buffer, bytes: 1000000}\n    - alloc: {as: more, zone: buffer, bytes: 1000000}\n   "
      " - free: all\n    - alloc: {as: much, zone: buffer, bytes: 1500000, may_fail: true}\n",
      lossy);
  EXPECT_EQ(report["verdict"], "passed") << report;
}

TEST(Shortage, AFirmwareAllocationThatFailsIsAdvice) {
  const Json report =
      replay("    - repeat: {times: 1200, steps: [{call: {function: rzalloc, arguments: [2, 0, 1, 4096]}}]}\n");
  bool advised = false;
  for (const Json& each : report["findings"])
    advised |= each["kind"] == "advice" &&
               std::string(each["message"])
                   .starts_with("an allocation of the firmware fails: 4096 bytes asked for; runtime: ");
  EXPECT_TRUE(advised) << report["findings"];
}

TEST(Shortage, AnotherCoresFreeUnderWayIsNoLoss) {
  // Core 1 frees a block that nearly fills the heap, while core 0's allocation waits for the lock or looks.
  for (const char* allocator : {"first_fit", "tlsf", "zones"})
    for (int delay = 0; delay <= 3000; delay += 100) {
      const Json report =
          replay("    - barrier: b\n    - delay: " + std::to_string(delay + 1) +
                     " cycles\n    - alloc: {as: late, zone: buffer, bytes: 200000, may_fail: true}\n  1:\n    - "
                     "alloc: {as: large, zone: buffer, bytes: 1000000}\n" +
                     "    - alloc: {as: other, zone: buffer, bytes: 100000, may_fail: true}\n    - barrier: b\n    - "
                     "free: large\n",
                 {"--allocator", allocator, "--firmware",
                  (firmware_images() /
                   (allocator == std::string("zones") ? "tgl.elf" : "tgl-" + std::string(allocator) + ".elf"))
                      .string()});
      for (const Json& each : report["findings"])
        EXPECT_EQ(std::string(each["message"]).find("has lost them"), std::string::npos) << allocator << " " << delay;
    }
}

TEST(Shortage, AProductThatIsTooLargeIsNoLoss) {
  const Json report = replay(
      "    - alloc: {as: a, zone: buffer, bytes: 1000000}\n    - free: a\n    - call: {function: calloc, arguments: "
      "[65537, 65537]}\n",
      {"--allocator", "picolibc", "--firmware", (firmware_images() / "tgl-picolibc.elf").string()});
  EXPECT_EQ(report["verdict"], "passed") << report["findings"];
}

TEST(Zones, ABlockFromAnotherZoneThanAskedForIsSaid) {
  // The runtime heap on tgl joins blocks of 4096 bytes, and has eight.
  const Json report = replay(
      "    - alloc: {as: large, zone: runtime, bytes: 40000}\n    - free: large\n    - alloc: {as: small, zone: "
      "runtime, bytes: 4000}\n    - free: small\n");
  EXPECT_EQ(report["verdict"], "passed");
  std::string said;
  for (const Json& each : report["findings"])
    said += std::string(each["kind"]) + ": " + std::string(each["message"]) + "\n";
  EXPECT_NE(said.find("advice: 'large' (40000 bytes) was asked for in zone runtime and got memory of heap buffer: "
                      "runtime had no block that is free and large enough\n"),
            std::string::npos)
      << said;
  EXPECT_EQ(said.find("'small'"), std::string::npos) << said;
}

}  // namespace
}  // namespace dspmem::test
