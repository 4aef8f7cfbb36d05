// SPDX-License-Identifier: Apache-2.0
// What QEMU cannot check for us: timing, faults, caches that instructions see, options its de212 core lacks.
#include <gtest/gtest.h>

#include <array>

#include "tests/support/flat_environment.h"

namespace dspmem {
namespace {

using test::FlatEnvironment;

/// A core on 1 MiB of cached memory with an uncached alias. Programs are bytes; the end of each jumps to the trap
/// address in a0.
class CoreTest : public testing::Test {
 protected:
  static constexpr std::uint32_t ram = 0x80000000, alias = 0x40000000, size = 1 << 20, data = ram + 0x8000;

  CoreTest()
      : map_({{"ram", ram, size, RegionKind::cached, ram}, {"alias", alias, size, RegionKind::uncached, ram}}),
        memory_(map_), core_(config(), map_, memory_) {
    memory_.core = &core_;
    start();
  }

  static CoreConfig config() {
    CoreConfig config;
    config.timing.taken_branch_cycles = 2;
    config.timing.load_use_cycles = config.timing.multiply_use_cycles = config.timing.special_use_cycles = 1;
    config.timing.extra_cycles[static_cast<std::size_t>(InstructionKind::divide)] = 12;
    return config;
  }

  void start() {
    core_.reset(ram);
    core_.set_special_register(special::ps, 0);
    core_.set_special_register(special::atomctl, 0x15);
  }

  void load(std::initializer_list<int> bytes, std::uint32_t address = ram) {
    std::uint8_t* to = memory_.at(address, bytes.size() + 2);
    for (const int byte : bytes) *to++ = static_cast<std::uint8_t>(byte);
    *to++ = 0x0d;  // ret.n
    *to = 0xf0;
  }

  FaultCause fault_of_run() {
    try {
      core_.run();
    } catch (const CoreFault& fault) {
      fault_ = std::make_unique<CoreFault>(fault);
      return fault.cause;
    }
    ADD_FAILURE() << "no fault";
    return FaultCause::panic;
  }

  AddressMap map_;
  FlatEnvironment memory_;
  Core core_;
  std::unique_ptr<CoreFault> fault_;
};

TEST_F(CoreTest, MultiplyHighKeepsTheUpperWord) {
  load({0x40, 0x23, 0xa2,  // muluh a2, a3, a4
        0x40, 0x53, 0xb2});  // mulsh a5, a3, a4
  core_.set_reg(3, 0xfffffffe);
  core_.set_reg(4, 0x80000001);
  core_.run();
  EXPECT_EQ(core_.reg(2), static_cast<std::uint32_t>(0xfffffffeull * 0x80000001ull >> 32));
  EXPECT_EQ(core_.reg(5), static_cast<std::uint32_t>(std::int64_t{-2} * std::int32_t(0x80000001) >> 32));
}

TEST_F(CoreTest, SetIfLessThanComparesSignedOrNot) {
  load({0x50, 0x24, 0x72,  // salt a2, a4, a5
        0x50, 0x34, 0x62});  // saltu a3, a4, a5
  core_.set_reg(4, 0xffffffff);
  core_.set_reg(5, 1);
  core_.run();
  EXPECT_EQ(core_.reg(2), 1u);
  EXPECT_EQ(core_.reg(3), 0u);
  start();
  load({0x50, 0x24, 0x72, 0x50, 0x34, 0x62});
  core_.set_reg(4, 7);
  core_.set_reg(5, 7);
  core_.run();
  EXPECT_EQ(core_.reg(2), 0u);
  EXPECT_EQ(core_.reg(3), 0u);
}

TEST_F(CoreTest, WindowedInstructionsNeedWindowsThatAreOn) {
  load({0x36, 0x41, 0x00});  // entry a1, 32
  EXPECT_EQ(fault_of_run(), FaultCause::illegal_instruction);
  EXPECT_NE(std::string(fault_->what()).find("PS.WOE"), std::string::npos);
  start();
  core_.set_special_register(special::ps, ps::woe);
  load({0x90, 0x00, 0x00});  // retw, with nothing of a CALL4 to CALL12 in a0
  core_.set_reg(0, 0x1000);
  EXPECT_EQ(fault_of_run(), FaultCause::illegal_instruction);
}

TEST_F(CoreTest, WhatIsNotModelledIsNamed) {
  load({0x80, 0x00, 0xfa});  // recip0.s f0, f0
  EXPECT_EQ(fault_of_run(), FaultCause::illegal_instruction);
  EXPECT_NE(std::string(fault_->what()).find("floating-point instruction"), std::string::npos) << fault_->what();
}

TEST_F(CoreTest, RightShiftBySar32ClearsOrFillsWithSign) {
  load({0x00, 0x13, 0x40,  // ssl a3: SAR = 32 - 0
        0x40, 0x20, 0x91,  // srl a2, a4
        0x40, 0x50, 0xb1});  // sra a5, a4
  core_.set_reg(3, 0);
  core_.set_reg(4, 0x80000000);
  core_.run();
  EXPECT_EQ(core_.reg(2), 0u);
  EXPECT_EQ(core_.reg(5), 0xffffffffu);
}

TEST_F(CoreTest, ThreadPointerIsTheUserRegister) {
  load({0x30, 0xe7, 0xf3,  // wur.threadptr a3
        0x70, 0x2e, 0xe3});  // rur.threadptr a2
  core_.set_reg(3, 1234);
  core_.run();
  EXPECT_EQ(core_.reg(2), 1234u);
}

TEST_F(CoreTest, LoadUseAndTakenBranchesCostWhatTheTableSays) {
  load({0x28, 0x03,  // l32i.n a2, a3, 0
        0x4a, 0x52,  // add.n a5, a2, a4: waits for the load
        0x06, 0x00, 0x00});  // j . + 4
  memory_.at(ram + 7, 4)[0] = 0x3d;  // the jump lands one byte on
  load({0x3d, 0xf0}, ram + 8);
  core_.set_reg(3, data);
  core_.run();
  // l32i 1, add 1 + 1 interlock, j 1, nop 1, ret 1
  EXPECT_EQ(core_.statistics().cycles, 6u);
  EXPECT_EQ(core_.statistics().instructions, 5u);
}

TEST_F(CoreTest, ProductsAndSpecialRegistersComeLateToo) {
  load({0x40, 0x23, 0x82,  // mull a2, a3, a4
        0x4a, 0x52,  // add.n a5, a2, a4: waits
        0x20, 0x03, 0x03,  // rsr.sar a2
        0x4a, 0x53,  // add.n a5, a3, a4: does not
        0x4a, 0x52});  // add.n a5, a2, a4: need not any more
  core_.run();
  EXPECT_EQ(core_.statistics().cycles, 7u);  // six instructions with the return, one interlock
  EXPECT_EQ(core_.statistics().instructions, 6u);
}

TEST_F(CoreTest, UnalignedLoadNamesAddressAndPlace) {
  load({0x3d, 0xf0,  // nop.n
        0x28, 0x03});  // l32i.n a2, a3, 0
  core_.set_reg(3, data + 2);
  EXPECT_EQ(fault_of_run(), FaultCause::unaligned_access);
  EXPECT_EQ(fault_->pc, ram + 2);
  EXPECT_STREQ(fault_->what(), "unaligned access: load from 0x80008002, 4 bytes");
  EXPECT_EQ(core_.statistics().instructions, 1u) << "only what was executed counts";
}

TEST_F(CoreTest, AccessToNothingIsAFault) {
  load({0x29, 0x03});  // s32i.n a2, a3, 0
  core_.set_reg(3, 0x10);
  EXPECT_EQ(fault_of_run(), FaultCause::unmapped_access);
}

TEST_F(CoreTest, DivisionByZeroIsAFault) {
  load({0x40, 0x23, 0xc2});  // quou a2, a3, a4
  EXPECT_EQ(fault_of_run(), FaultCause::divide_by_zero);
}

TEST_F(CoreTest, UnknownInstructionIsAFault) {
  load({0x00, 0x00, 0x00});
  EXPECT_EQ(fault_of_run(), FaultCause::illegal_instruction);
}

TEST_F(CoreTest, JumpToNowhereIsAFaultWithTheCallStack) {
  load({0xc0, 0x03, 0x00});  // callx0 a3
  core_.set_reg(3, 0x123);
  EXPECT_EQ(fault_of_run(), FaultCause::unmapped_access);
  EXPECT_EQ(fault_->pc, 0x123u);
  ASSERT_EQ(fault_->stack.size(), 1u);
  EXPECT_EQ(fault_->stack[0].return_address, ram + 3);
}

TEST_F(CoreTest, EndlessLoopEndsInTheWatchdog) {
  load({0x06, 0xff, 0xff});  // j . + 0
  core_.set_watchdog(100'000);
  EXPECT_EQ(fault_of_run(), FaultCause::watchdog);
  EXPECT_EQ(fault_->pc, ram);
}

TEST_F(CoreTest, StoresStayInTheCacheUntilWrittenBack) {
  load({0x29, 0x03});  // s32i.n a2, a3, 0
  core_.set_reg(2, 77);
  core_.set_reg(3, data);
  core_.run();
  EXPECT_EQ(*memory_.at(data, 1), 0);
  EXPECT_EQ(core_.load(alias + 0x8000, 4), 0u) << "the uncached view reads memory";
  EXPECT_EQ(core_.load(data, 4), 77u);
  core_.data_cache().write_back(data);
  EXPECT_EQ(core_.load(alias + 0x8000, 4), 77u);
}

TEST_F(CoreTest, CodeIsStaleUntilTheInstructionCacheIsInvalidated) {
  load({0x0c, 0x12});  // movi.n a2, 1
  core_.run();
  EXPECT_EQ(core_.reg(2), 1u);
  memory_.at(ram, 2)[1] = 0x22;  // memory now says: movi.n a2, 2
  core_.set_reg(0, Core::trap_address);
  core_.set_pc(ram);
  core_.run();
  EXPECT_EQ(core_.reg(2), 1u) << "the instruction cache holds the old code";
  core_.instruction_cache().invalidate(ram);
  core_.set_pc(ram);
  core_.run();
  EXPECT_EQ(core_.reg(2), 2u);
}

TEST_F(CoreTest, AtomicOnCachedMemoryWorksAtMemory) {
  load({0x22, 0xe3, 0x00});  // s32c1i a2, a3, 0
  core_.store(data, 5, 4);
  core_.set_special_register(special::scompare1, 5);
  core_.set_reg(2, 9);
  core_.set_reg(3, data);
  core_.run();
  EXPECT_EQ(core_.reg(2), 5u);
  EXPECT_EQ(*memory_.at(data, 1), 9) << "own dirty line written back first, then the exchange at memory";
  EXPECT_EQ(core_.load(data, 4), 9u);
}

TEST_F(CoreTest, InternalAtomicStaysInTheCacheUnseenByOthers) {
  load({0x22, 0xe3, 0x00});
  core_.set_special_register(special::atomctl, 0x28);
  core_.set_reg(2, 9);
  core_.set_reg(3, data);
  core_.run();
  EXPECT_EQ(core_.load(data, 4), 9u);
  EXPECT_EQ(*memory_.at(data, 1), 0) << "the classic bug: the lock does not exclude other cores";
}

TEST_F(CoreTest, AtomicAtMemoryDropsTheLineThatItFindsInTheCache) {
  load({0x22, 0xe3, 0x00});
  core_.set_reg(2, 9);
  core_.set_reg(3, data);
  core_.load(data, 4);
  core_.run();
  EXPECT_EQ(core_.statistics().lines_dropped_by_atomics, 1u);
  const std::uint64_t misses = core_.data_cache().statistics().misses;
  EXPECT_EQ(core_.load(data, 4), 9u);
  EXPECT_EQ(core_.data_cache().statistics().misses, misses + 1);
}

TEST_F(CoreTest, ExclusiveStoreTakesPlaceWhereNobodyWroteTheWord) {
  const std::initializer_list<int> program{0x20, 0x43, 0xf1,  // l32ex a2, a3
                                           0x40, 0x53, 0xf1,  // s32ex a4, a3
                                           0x40, 0xa0, 0x40};  // getex a4: whether it did
  for (const std::uint32_t base : {alias, ram}) {
    start();
    load(program);
    memory_.at(data, 1)[0] = 5;
    core_.set_reg(3, base + 0x8000);
    core_.set_reg(4, 9);
    core_.run();
    EXPECT_EQ(core_.reg(2), 5u);
    EXPECT_EQ(core_.reg(4), 1u);
    EXPECT_EQ(memory_.at(data, 1)[0], 9);
  }
}

TEST_F(CoreTest, ExclusiveStoreFailsAfterAnothersWrite) {
  load({0x20, 0x43, 0xf1});  // l32ex a2, a3
  core_.set_reg(3, alias + 0x8000);
  core_.run();
  memory_.at(data, 1)[0] = 7;
  load({0x40, 0x53, 0xf1, 0x40, 0xa0, 0x40}, ram + 0x100);  // s32ex a4, a3; getex a4
  core_.set_pc(ram + 0x100);
  core_.set_reg(0, Core::trap_address);
  core_.set_reg(4, 9);
  core_.run();
  EXPECT_EQ(core_.reg(4), 0u);
  EXPECT_EQ(memory_.at(data, 1)[0], 7);
}

TEST_F(CoreTest, ExclusiveStoreNeedsALoadOfTheSameWordBefore) {
  for (const std::initializer_list<int>& program :
       {std::initializer_list<int>{0x40, 0x53, 0xf1, 0x40, 0xa0, 0x40},  // none
        {0x20, 0x43, 0xf1, 0x20, 0x31, 0x00, 0x40, 0x53, 0xf1, 0x40, 0xa0, 0x40},  // clrex in between
        {0x20, 0x43, 0xf1, 0x32, 0xc3, 0x04, 0x40, 0x53, 0xf1, 0x40, 0xa0, 0x40}}) {  // another word
    start();
    load(program);
    core_.set_reg(3, alias + 0x8000);
    core_.set_reg(4, 9);
    core_.run();
    EXPECT_EQ(core_.reg(4), 0u);
    EXPECT_EQ(memory_.at(data, 1)[0] | memory_.at(data + 4, 1)[0], 0);
  }
}

TEST_F(CoreTest, AtomicThatAtomctlForbidsIsAFault) {
  load({0x22, 0xe3, 0x00});
  core_.set_special_register(special::atomctl, 0);
  core_.set_reg(3, data);
  EXPECT_EQ(fault_of_run(), FaultCause::atomic_access);
}

TEST_F(CoreTest, InterruptRunsTheHandlerAndReturns) {
  load({0x3d, 0xf0});  // nop.n
  load({0x1b, 0x22, 0x00, 0x30, 0x00}, ram + 0x130);  // vector: addi.n a2, a2, 1; rfe
  core_.set_special_register(special::vecbase, ram + 0x100);
  core_.set_special_register(special::intenable, 1u << 8);
  core_.raise_interrupt(8);
  ASSERT_TRUE(core_.interrupt_pending());
  core_.set_pc(ram);
  core_.enter_interrupt();
  core_.lower_interrupt(8);
  core_.run();
  EXPECT_EQ(core_.reg(2), 1u);
  EXPECT_EQ(core_.special_register(special::epc1), ram);
  EXPECT_EQ(core_.special_register(special::ps) & ps::excm, 0u);
}

TEST_F(CoreTest, SyscallEntersTheVector) {
  load({0x00, 0x50, 0x00});  // syscall
  load({0x0c, 0x72}, ram + 0x130);  // movi.n a2, 7; ret.n
  core_.set_special_register(special::vecbase, ram + 0x100);
  core_.run();
  EXPECT_EQ(core_.reg(2), 7u);
  EXPECT_EQ(core_.special_register(special::exccause), Core::cause_syscall);
  EXPECT_EQ(core_.special_register(special::epc1), ram);
}

TEST_F(CoreTest, IndexInvalidateDropsDirtyData) {
  load({0x72, 0x73, 0x00});  // dii a3, 0
  core_.store(data, 5, 4);
  core_.set_reg(3, data & 0x3fff);  // way 0 of the set
  core_.run();
  EXPECT_EQ(core_.load(data, 4), 0u);
}

TEST_F(CoreTest, CacheOperationOnTheUncachedAliasDoesNothing) {
  load({0x52, 0x73, 0x00});  // dhwbi a3, 0
  core_.store(data, 5, 4);
  core_.set_reg(3, alias + 0x8000);
  core_.run();
  EXPECT_TRUE(core_.data_cache().dirty(data));
}

TEST_F(CoreTest, EveryEncodingDecodesToItself) {
  for (std::size_t row = 0; row < instruction_table().size(); ++row) {
    const Instruction& instruction = instruction_table()[row];
    EXPECT_EQ(decode(instruction.match), static_cast<Opcode>(row)) << instruction.text;
    EXPECT_EQ(instruction.match & ~instruction.mask, 0u) << instruction.text;
  }
}

}  // namespace
}  // namespace dspmem
