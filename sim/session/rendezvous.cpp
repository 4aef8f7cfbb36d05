// SPDX-License-Identifier: Apache-2.0
#include "sim/session/rendezvous.h"

#include <fmt/format.h>
#include <algorithm>

namespace dspmem {

void Rendezvous::block(const Actor& actor, const std::string& reason, const SourceMark& mark,
                       const std::function<bool()>& ready) {
  waiting_[actor.id()] = {reason, mark, ready};
  actor.wait_until(ready);
  waiting_.erase(actor.id());
}

void Rendezvous::wake_all(std::uint64_t now) {
  for (std::size_t each = 0; each < system_.core_count(); ++each) system_.core(each).wake(now);
  for (const auto& each : system_.scripted_masters()) each->wake(now);
}

void Rendezvous::signal(const Actor& actor, const std::string& name) {
  actor.synchronise();
  Signals& signals = signals_[name];
  if (signals.objects.size() == most_outstanding) {  // what nobody waits for in time is ordered with what comes next
    order_.release(actor, signals.objects.back(), true);
  } else {
    signals.objects.push_back(order_.new_object());
    order_.release(actor, signals.objects.back(), true);
  }
  ++signals.given;
  drop_taken(name, signals);
  wake_all(actor.now());
}

void Rendezvous::wait(const Actor& actor, const std::string& name, const SourceMark& mark) {
  Signals& signals = signals_[name];
  std::uint64_t& taken = signals.taken[actor.id()];
  block(actor, "signal '" + name + "'", mark, [&] { return signals.given > taken; });
  // It is ordered after the signal that it takes, and after no other of the name.
  order_.acquire(actor, signals.objects[std::min<std::size_t>(taken - signals.dropped, signals.objects.size() - 1)]);
  ++taken;
  drop_taken(name, signals);
}

void Rendezvous::drop_taken(const std::string& name, Signals& signals) {
  std::uint64_t all = signals.given;
  if (const auto waiters = names_.waiters.find(name); waiters != names_.waiters.end())
    for (const std::uint32_t core : waiters->second) all = std::min(all, signals.taken[core]);
  while (signals.dropped < all && !signals.objects.empty()) {
    // The last one may stand for several.
    if (signals.objects.size() == 1 && signals.given - signals.dropped > 1 && all < signals.given) return;
    order_.drop(signals.objects.front());
    signals.objects.pop_front();
    ++signals.dropped;
  }
  if (signals.objects.empty()) signals.dropped = signals.given;
}

void Rendezvous::barrier(const Actor& actor, const std::string& name, const SourceMark& mark) {
  const std::size_t members = names_.barriers.at(name).size();
  actor.synchronise();
  std::uint64_t& arrivals = barrier_arrivals_[name];
  order_.release(actor, order_.object("barrier", name), true);
  const std::uint64_t round_end = (arrivals++ / members + 1) * members;
  if (arrivals == round_end) wake_all(actor.now());
  else block(actor, "barrier '" + name + "'", mark, [&arrivals, round_end] { return arrivals >= round_end; });
  order_.acquire(actor, order_.object("barrier", name));
}

void Rendezvous::lock(const Actor& actor, std::uint32_t index, const SourceMark& mark) {
  actor.synchronise();
  while (!locked_.insert(index).second)
    block(actor, fmt::format("lock {}", index), mark, [this, index] { return !locked_.contains(index); });
  order_.acquire(actor, order_.object("lock", std::to_string(index)));
}

void Rendezvous::unlock(const Actor& actor, std::uint32_t index) {
  actor.synchronise();
  order_.release(actor, order_.object("lock", std::to_string(index)), true);
  locked_.erase(index);
  wake_all(actor.now());
}

void Rendezvous::begin_turn(const Actor& actor, Turns& turns, std::uint64_t index, const SourceMark& mark) {
  if (turns.next != index)
    block(actor, fmt::format("row {} of the trace", index + 1), mark, [&turns, index] { return turns.next == index; });
  // Whatever ordered the recorded firmware, nothing of a row happens before the rows in front of it.
  order_.acquire(actor, order_.object("trace", ""));
}

void Rendezvous::end_turn(const Actor& actor, Turns& turns, bool others) {
  ++turns.next;
  if (!others) return;
  actor.synchronise();
  order_.release(actor, order_.object("trace", ""), true);
  wake_all(actor.now());
}

}  // namespace dspmem
