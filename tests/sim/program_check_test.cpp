// SPDX-License-Identifier: Apache-2.0
// What `dspmem check` says of the order of steps, without running them; and that it says nothing of scenarios that run.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

struct Case {
  const char* name;
  const char* cores;  ///< what is under `cores:`, from line 4 on
  const char* message;  ///< behind "s.yaml:"; empty: nothing is wrong
};

const Case cases[] = {
    {"UsedBeforeItIsAllocated", "  0: [{write: {to: a, pattern: 1}}, {alloc: {as: a, bytes: 64}}, {free: a}]\n",
     "4:8: error: 'a' is used before it is allocated, which core 0 does at s.yaml:4:38\n"},
    {"AllocatedTwice",
     "  0: [{alloc: {as: a, bytes: 64}}, {free: a}, {alloc: {as: a, bytes: 64}}, {alloc: {as: a, bytes: 64}}]\n",
     "4:77: error: 'a' is allocated again, and what was allocated at s.yaml:4:48 has not been freed\n"},
    {"AllocatedInEveryRoundAndNotFreed", "  0: [{repeat: {times: 3, steps: [{alloc: {as: a, bytes: 64}}]}}]\n",
     "4:36: error: 'a' is allocated again, and what was allocated at s.yaml:4:36 has not been freed\n"},
    {"AllocatedAgainAfterAFree", "  0: [{repeat: {times: 3, steps: [{alloc: {as: a, bytes: 64}}, {free: a}]}}]\n", ""},
    {"FreedByAnotherCore",
     "  0: [{alloc: {as: a, bytes: 64}}, {signal: s}, {wait: t}, {alloc: {as: a, bytes: 64}}]\n  1: [{wait: s}, {free: "
     "a}, {signal: t}]\n",
     ""},
    {"WaitsForEachOther", "  0: [{wait: a}, {signal: b}]\n  1: [{wait: b}, {signal: a}]\n",
     "4:8: error: core 0 waits here for ever for signal 'a'; core 1 waits for signal 'b' at s.yaml:5:8\n"},
    {"WaitsOnceTooOften", "  0: [{signal: a}]\n  1: [{wait: a}, {wait: a}]\n",
     "5:19: error: core 1 waits here for ever for signal 'a', which is given 1 time only\n"},
    {"EachCoreSeesEverySignal", "  0: [{signal: a}, {signal: a}]\n  1: [{wait: a}, {wait: a}]\n  2: [{wait: a}]\n", ""},
    {"BarrierThatOneMisses", "  0: [{barrier: b}, {barrier: b}]\n  1: [{barrier: b}]\n",
     "4:22: error: core 0 waits here for ever for barrier 'b'\n"},
    {"BarriersInRounds",
     "  0: [{repeat: {times: 1000, steps: [{barrier: b}]}}]\n  1: [{repeat: {times: 1000, steps: [{barrier: b}]}}]\n",
     ""},
    {"LockTakenTwice", "  0: [{lock: l}, {lock: l}]\n",
     "4:19: error: core 0 takes lock 'l' again, which it has held since s.yaml:4:8: a spinlock waits for itself for "
     "ever\n"},
    {"UnlockOfWhatIsNotHeld", "  0: [{unlock: l}]\n  1: [{lock: l}, {unlock: l}]\n",
     "4:8: error: core 0 releases lock 'l', which it does not hold here\n"},
    {"StepsOfACoreThatIsOff", "  0: [{core_on: 1}]\n  1: [{delay: 10 cycles}]\n  2: [{delay: 10 cycles}]\n",
     "6:3: error: core 2 has steps, and no step switches it on: '- core_on: 2'\n"},
    {"HowOftenDependsOnTheClock",
     "  0: [{every: {period: 1 ms, for: 5 ms, steps: [{signal: a}]}}]\n  1: [{wait: a}, {wait: a}]\n", ""},
};

class CheckOfSteps : public testing::TestWithParam<Case> {};

TEST_P(CheckOfSteps, SaysWhatCannotGoWell) {
  const TemporaryDirectory directory;
  directory.write("s.yaml", std::string("name: x\nplatform: tgl\ncores:\n") + GetParam().cores);
  const ProgramResult result = run_program({dspmem_executable(), "check", "s.yaml"}, directory.path());
  const std::string message = GetParam().message;
  EXPECT_EQ(result.err, message.empty() ? "" : "s.yaml:" + message);
  EXPECT_EQ(result.exit_code, message.empty() ? 0 : 2);
  EXPECT_EQ(result.out, message.empty() ? "s.yaml: ok\n" : "");
}

INSTANTIATE_TEST_SUITE_P(Table, CheckOfSteps, testing::ValuesIn(cases),
                         [](const auto& info) { return info.param.name; });

// An oracle that was not made for this: scenarios that run to their end cannot be wrong.
TEST(CheckOfStepsOf, ScenariosThatRunFindsNothing) {
  std::size_t files = 0;
  for (const auto& folder : {source_directory() / "scenarios", source_directory() / "tests/sim/bugs"})
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.path().extension() != ".yaml" || read_file(entry.path()).find("\ncores:") == std::string::npos)
        continue;
      const ProgramResult result = run_program({dspmem_executable(), "check", entry.path().string()});
      EXPECT_EQ(result.err, "") << entry.path();
      ++files;
    }
  EXPECT_GE(files, 250u);
}

}  // namespace
}  // namespace dspmem::test
