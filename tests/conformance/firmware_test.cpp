// SPDX-License-Identifier: Apache-2.0
// The whole firmware, with a program that uses all of it, leaves the same registers and the same megabyte of memory on
// QEMU and on our core.
#include <gtest/gtest.h>

#include "tests/support/flat_environment.h"
#include "tests/support/qemu_firmware.h"

namespace dspmem::test {
namespace {

constexpr std::uint32_t ram_base = 0x60000000, ram_bytes = 0x100000;

class WholeFirmware : public testing::Test {
 protected:
  std::string on_qemu() const {
    const TemporaryDirectory directory;
    const ProgramResult result = run_qemu(directory.write("firmware.elf", firmware_.elf_for_qemu()), "de212");
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  }

  std::string on_our_core(const CacheConfig& data_cache, std::uint32_t translate_after = 24) const {
    const AddressMap map({{"ram", ram_base, ram_bytes, RegionKind::cached, ram_base}});
    FlatEnvironment memory(map);
    CoreConfig config = firmware_.platform().system.cores[0];
    config.data_cache = data_cache;
    config.translate_after = translate_after;
    Core core(config, map, memory);
    memory.core = &core;
    for (const Segment& segment : firmware_.segments())
      std::copy(segment.bytes.begin(), segment.bytes.end(), memory.at(segment.address, segment.bytes.size()));
    core.reset(firmware_.entry());
    try {
      core.run();
    } catch (const FlatEnvironment::Exit& exit) { EXPECT_EQ(exit.code, 0u); } catch (const CoreFault& fault) {
      ADD_FAILURE() << fault.what() << " in " << firmware_.image().function_at(fault.pc);
    }
    return memory.output;
  }

  /// What the program left in a variable.
  template <class T>
  T variable(const std::string& memory, const std::string& name, std::size_t offset = 0) const {
    T value;
    std::memcpy(&value, memory.data() + firmware_.image().symbol(name).value() - ram_base + offset, sizeof value);
    return value;
  }

  QemuFirmware firmware_{source_directory() / "tests/conformance/firmware/qemu_sim.yaml", "qemu_sim", "program_start"};
};

TEST_F(WholeFirmware, LeavesTheSameRegistersAndMemoryOnQemuAndOnOurCore) {
  const std::string theirs = on_qemu();
  ASSERT_EQ(theirs.size(), ram_bytes);
  EXPECT_EQ(variable<std::uint32_t>(theirs, "program_wrong"), 0u);
  EXPECT_GT(variable<std::uint32_t>(theirs, "program_heaps", 36 * 2 + 8), 0u) << "the runtime heap was never used";
  CacheConfig cache = firmware_.platform().system.cores[0].data_cache;
  for (const std::uint32_t line :
       {64u, 128u, 256u}) {  // compiled for 64: with smaller ones its loops over lines would skip some
    cache.line_bytes = line;
    cache.size_bytes = 16 * 1024;
    cache.ways = 4;
    for (const std::uint32_t translate_after : {0u, 1u, 24u}) {
      const std::string ours = on_our_core(cache, translate_after);
      ASSERT_EQ(ours.size(), ram_bytes);
      std::size_t different = 0;
      while (different < ram_bytes && ours[different] == theirs[different]) ++different;
      EXPECT_EQ(different, ram_bytes) << "first difference at " << std::hex << ram_base + different
                                      << ", translated after " << std::dec << translate_after;
    }
  }
}

TEST_F(WholeFirmware, ComputesLongArithmeticAsTheHostDoes) {
  struct Arithmetic {
    std::uint64_t a, b, product, quotient, remainder, shifted_left, shifted_right;
    std::int64_t signed_quotient, signed_remainder, arithmetic_shift;
    std::uint32_t quotient32, remainder32;
    std::int32_t signed_quotient32, signed_remainder32;
  };
  const std::string memory = on_our_core(firmware_.platform().system.cores[0].data_cache);
  ASSERT_EQ(memory.size(), ram_bytes);
  for (std::size_t i = 0; i < 400; ++i) {
    const auto it = variable<Arithmetic>(memory, "program_arithmetic", i * sizeof(Arithmetic));
    ASSERT_NE(it.b, 0u);
    const auto a = static_cast<std::int64_t>(it.a), b = static_cast<std::int64_t>(it.b);
    const auto a32 = static_cast<std::uint32_t>(it.a), b32 = static_cast<std::uint32_t>(it.b);
    const std::uint64_t shift = it.b % 64;
    ASSERT_EQ(it.product, it.a * it.b) << i;
    ASSERT_EQ(it.quotient, it.a / it.b) << i;
    ASSERT_EQ(it.remainder, it.a % it.b) << i;
    ASSERT_EQ(it.signed_quotient, a / b) << i;
    ASSERT_EQ(it.signed_remainder, a % b) << i;
    ASSERT_EQ(it.shifted_left, it.a << shift) << i;
    ASSERT_EQ(it.shifted_right, it.a >> shift) << i;
    ASSERT_EQ(it.arithmetic_shift, a >> shift) << i;
    ASSERT_EQ(it.quotient32, a32 / b32) << i;
    ASSERT_EQ(it.remainder32, a32 % b32) << i;
    ASSERT_EQ(it.signed_quotient32, static_cast<std::int32_t>(a32) / static_cast<std::int32_t>(b32)) << i;
    ASSERT_EQ(it.signed_remainder32, static_cast<std::int32_t>(a32) % static_cast<std::int32_t>(b32)) << i;
  }
}

}  // namespace
}  // namespace dspmem::test
