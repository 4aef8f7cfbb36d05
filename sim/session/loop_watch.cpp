// SPDX-License-Identifier: Apache-2.0
#include "sim/session/loop_watch.h"

#include <fmt/format.h>
#include <numeric>

namespace dspmem {

std::uint64_t LoopWatch::failures() const {
  std::uint64_t failed = 0;
  for (std::size_t heap = 0; heap < live_.heaps(); ++heap) failed += costs_.figures(heap).failed;
  return failed;
}

const std::vector<std::uint64_t>& LoopWatch::held_by(const Actor& actor) const {
  static const std::vector<std::uint64_t> nothing;  // masters allocate nothing
  return actor.is_core() ? live_.live_bytes(actor.id()) : nothing;
}

void LoopWatch::begin(const Actor& actor, std::uint64_t loop, std::uint64_t period) {
  Loop& fresh = loops_[{actor.id(), loop}] = {};
  fresh.start = actor.now();
  fresh.period = period;
  fresh.failed = failures();
}

void LoopWatch::end_round(const Actor& actor, std::uint64_t number, const SourceMark& mark) {
  const auto found = loops_.find({actor.id(), number});
  if (found == loops_.end())
    throw InputError(mark, fmt::format("a round of loop {} ends that has not begun here", number));
  Loop& loop = found->second;
  const std::vector<std::uint64_t>& now = held_by(actor);
  const std::uint64_t total = std::accumulate(now.begin(), now.end(), std::uint64_t{0}), failed = failures();
  if (failed > loop.failed && !loop.full_after) loop.full_after = loop.rounds + 1;
  if (loop.rounds == 0) loop.first = now;
  else if (total > loop.total) ++loop.grown;
  else loop.gives_back |= total < loop.total || failed == loop.failed;
  loop.total = total;
  loop.failed = failed;
  ++loop.rounds;
  if (!loop.period) return;
  const std::uint64_t next = loop.start + loop.rounds * loop.period;
  loop.late += actor.now() > next;
  actor.advance_to(next);
  actor.synchronise();
}

LoopWatch::Rounds LoopWatch::end(const Actor& actor, std::uint64_t number, const SourceMark& mark) {
  constexpr std::uint64_t enough_rounds = 3;
  const auto found = loops_.find({actor.id(), number});
  if (found == loops_.end()) throw InputError(mark, fmt::format("loop {} ends that has not begun here", number));
  const Loop loop = std::move(found->second);
  loops_.erase(found);
  LoopEnded event{static_cast<AgentId>(actor.id()), &mark, loop.rounds, {}, actor.now()};
  // The first round may set things up; from the second on, what is taken has to be given back. Full heaps cannot grow.
  if (loop.rounds > enough_rounds && !loop.gives_back && loop.grown >= enough_rounds) {
    LoopEnded::Growth growth{0, loop.grown, 0, loop.full_after};
    const std::vector<std::uint64_t>& now = held_by(actor);
    std::uint64_t most = 0;
    for (std::size_t heap = 0; heap < now.size(); ++heap) {
      const std::uint64_t grown = now[heap] > loop.first[heap] ? now[heap] - loop.first[heap] : 0;
      growth.bytes += grown;
      if (grown <= most) continue;
      most = grown;
      growth.heap = heap;
    }
    event.growth.push_back(growth);
  }
  bus_.emit(event);
  return {loop.rounds, loop.late};
}

}  // namespace dspmem
