// SPDX-License-Identifier: Apache-2.0
// A bank's port serves one master at a time: against a reference that keeps a queue and a clock.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <vector>

#include "models/memory/sram_bank.h"
#include "models/random.h"

namespace dspmem::test {
namespace {

/// One port, cycle by cycle: who asked first is served first, to its end.
class ReferencePort {
 public:
  void ask(std::uint32_t master, std::uint32_t beats) { queue_.push_back({master, beats, beats}); }
  /// One cycle. Returns the masters whose service begins.
  std::vector<std::uint32_t> tick() {
    std::vector<std::uint32_t> begun;
    if (!queue_.empty()) {
      Request& first = queue_.front();
      if (first.left == first.beats) begun.push_back(first.master);
      if (--first.left == 0) queue_.erase(queue_.begin());
      ++busy;
    }
    return begun;
  }
  std::uint64_t busy = 0;

 private:
  struct Request {
    std::uint32_t master, beats, left;
  };
  std::vector<Request> queue_;
};

TEST(Port, ServesThreeMastersOneAfterTheOther) {
  SramBank bank({});
  EXPECT_EQ(bank.occupy(100, 8, 0), 0u);
  EXPECT_EQ(bank.occupy(100, 8, 1), 8u);
  EXPECT_EQ(bank.occupy(100, 8, 2), 16u);
  EXPECT_EQ(bank.occupy(110, 8, 0), 14u);
}

TEST(Port, ServesWhatCameBeforeTheLastInTheFirstGap) {
  SramBank bank({});
  EXPECT_EQ(bank.occupy(100, 8, 0), 0u);
  EXPECT_EQ(bank.occupy(120, 8, 0), 0u);  // the same instruction's next line
  EXPECT_EQ(bank.occupy(104, 8, 1), 4u);  // 108 to 116
  EXPECT_EQ(bank.occupy(114, 8, 2), 14u);  // neither 116 to 120 nor 120 to 128 will do
  EXPECT_EQ(bank.occupy(140, 8, 1), 0u);
}

TEST(Port, AgreesWithAQueueOnAMillionRequests) {
  Random random(7);
  std::uint64_t requests = 0;
  while (requests < 1000000) {
    const auto masters = static_cast<std::uint32_t>(random.between(1, 8));
    const std::uint64_t think = random.between(1, 40);
    SramBank bank({});
    ReferencePort reference;
    std::array<std::uint64_t, 8> next{}, asked{}, expected{};
    for (std::uint32_t master = 0; master < masters; ++master) next[master] = random.below(think);
    std::uint64_t beats_in_all = 0, cycle = 0;
    std::array<bool, 8> waits{};
    for (; cycle < 4000; ++cycle) {
      for (std::uint32_t master = 0; master < masters; ++master) {
        if (waits[master] || next[master] > cycle) continue;
        const auto beats = static_cast<std::uint32_t>(random.between(1, 8));
        asked[master] = cycle;
        const std::uint32_t waited = bank.occupy(cycle, beats, master);
        expected[master] = cycle + waited;
        next[master] = cycle + waited + beats + random.below(think);
        waits[master] = true;
        beats_in_all += beats;
        reference.ask(master, beats);
        ++requests;
      }
      for (const std::uint32_t begun : reference.tick()) {
        ASSERT_EQ(expected[begun], cycle) << "master " << begun << " asked in cycle " << asked[begun];
        waits[begun] = false;
      }
    }
    // What was served took the port's time.
    ASSERT_GE(beats_in_all, reference.busy);
    ASSERT_LE(reference.busy, cycle);
    ASSERT_EQ(bank.statistics().accesses > 0, requests > 0);
  }
}

}  // namespace
}  // namespace dspmem::test
