// SPDX-License-Identifier: Apache-2.0
// Bugs that the order hides in which a run takes its locks.
#include <gtest/gtest.h>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

ProgramResult run(const std::string& cores, std::vector<std::string> options = {}) {
  const TemporaryDirectory directory;
  directory.write("s.yaml", "name: x\nplatform: tgl\nobjects: {x: {bytes: 64, align: 64}}\ncores:\n" + cores);
  std::vector<std::string> arguments{dspmem_executable(), "run", "s.yaml"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return run_program(arguments, directory.path());
}

// Core 1 reads first in this run; the other way round it reads what core 0 has not written back yet.
constexpr const char* late_write_back =
    "  0: [{delay: 1 ms}, {lock: l}, {write: {to: x, pattern: 1}}, {unlock: l}, {writeback: x}]\n  1: [{lock: l}, "
    "{read: x}, {invalidate: x}, {unlock: l}]\n";

TEST(LockOrders, TheOtherOneIsTriedToo) {
  const ProgramResult both = run(late_write_back);
  EXPECT_EQ(both.exit_code, 3);
  EXPECT_NE(both.out.find("seen where core 1"), std::string::npos) << both.out;
  EXPECT_EQ(run(late_write_back, {"--no-lock-orders"}).exit_code, 0);
}

// A scenario that goes on in one order only passes, with a warning: it was refused as bad input.
TEST(LockOrders, AScenarioThatReliesOnWhoIsFirstIsWarnedOf) {
  const ProgramResult result =
      run("  0: [{lock: l}, {alloc: {as: a, bytes: 64}}, {write: {to: a, pattern: 1}}, {writeback: a}, {unlock: l}]\n"
          "  1: [{delay: 100 us}, {lock: l}, {invalidate: a}, {read: {from: a, expect: 1}}, {unlock: l}]\n");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("1 warning"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("the scenario cannot go on"), std::string::npos) << result.out;
}

}  // namespace
}  // namespace dspmem::test
