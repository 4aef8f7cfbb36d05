// SPDX-License-Identifier: Apache-2.0
#include "sim/session/loop_watch.h"

#include <fmt/format.h>

namespace dspmem {

void LoopWatch::begin(const DspCore& core, std::uint64_t loop, std::uint64_t period) {
  loops_[{core.id(), loop}] = {core.core().now(), period, 0, 0, std::vector<std::uint64_t>(heaps_), std::vector<std::uint64_t>(heaps_), std::vector<std::uint64_t>(heaps_)};
}

void LoopWatch::end_round(DspCore& core, std::uint64_t number, const SourceMark& mark) {
  const auto found = loops_.find({core.id(), number});
  if (found == loops_.end()) throw InputError(mark, fmt::format("a round of loop {} ends that has not begun on core {}", number, core.id()));
  Loop& loop = found->second;
  const std::vector<std::uint64_t>& now = live_.live_bytes(core.id());
  if (loop.rounds == 0) loop.before = now;
  for (std::size_t heap = 0; heap < now.size(); ++heap) {
    const std::uint64_t growth = now[heap] > loop.before[heap] ? now[heap] - loop.before[heap] : 0;
    loop.grown[heap] = growth ? loop.grown[heap] + 1 : 0;
    loop.bytes[heap] = growth ? loop.bytes[heap] + growth : 0;
    loop.before[heap] = now[heap];
  }
  ++loop.rounds;
  if (!loop.period) return;
  const std::uint64_t next = loop.start + loop.rounds * loop.period;
  loop.late += core.core().now() > next;
  core.core().advance_to(next);
  core.synchronise();
}

LoopWatch::Rounds LoopWatch::end(const DspCore& core, std::uint64_t number, const SourceMark& mark) {
  constexpr std::uint64_t enough_rounds = 3;
  const auto found = loops_.find({core.id(), number});
  if (found == loops_.end()) throw InputError(mark, fmt::format("loop {} ends that has not begun on core {}", number, core.id()));
  const Loop loop = std::move(found->second);
  loops_.erase(found);
  LoopEnded event{static_cast<AgentId>(core.id()), &mark, loop.rounds, {}, core.core().now()};
  // The first round may set things up; from the second on, what is taken has to be given back.
  for (std::size_t heap = 0; heap < loop.grown.size(); ++heap)
    if (loop.rounds > enough_rounds && loop.grown[heap] >= loop.rounds - 1) event.growth.push_back({heap, loop.grown[heap], loop.bytes[heap]});
  bus_.emit(event);
  return {loop.rounds, loop.late};
}

}  // namespace dspmem
