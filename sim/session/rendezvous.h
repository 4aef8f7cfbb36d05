// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "models/system.h"
#include "sim/scenario/step.h"
#include "sim/session/order.h"

namespace dspmem {

/// Where those who execute steps wait for each other by the scenario's own means: signals, barriers, turns. The time of
/// who waited advances to that of whoever it waited for.
class Rendezvous {
 public:
  Rendezvous(System& system, const ScenarioNames& names, Order& order)
      : system_(system), names_(names), order_(order) {}

  void signal(const Actor& actor, const std::string& name);
  void wait(const Actor& actor, const std::string& name, const SourceMark& mark);
  void barrier(const Actor& actor, const std::string& name, const SourceMark& mark);

  /// A lock of the simulator's own, for images that have none. Who waits sleeps.
  void lock(const Actor& actor, std::uint32_t index, const SourceMark& mark);
  void unlock(const Actor& actor, std::uint32_t index);

  /// Who may do the next thing, where things of several cores follow each other.
  struct Turns {
    std::uint64_t next = 0;
  };
  /// Waits until turn `index` comes; then nobody else goes on until end_turn().
  void begin_turn(const Actor& actor, Turns& turns, std::uint64_t index, const SourceMark& mark);
  /// `others`: there are other cores that may wait for theirs.
  void end_turn(const Actor& actor, Turns& turns, bool others);

  /// Waits for something else. Whoever makes it ready must wake the actor.
  void block(const Actor& actor, const std::string& reason, const SourceMark& mark, const std::function<bool()>& ready);

  struct Wait {
    std::string reason;
    SourceMark mark;
    std::function<bool()> ready;
  };
  /// It waits, and what it waits for has not come. One that has been let go waits until it is scheduled.
  bool is_stuck(AgentId agent) const {
    const auto wait = waiting_.find(agent);
    return wait != waiting_.end() && !wait->second.ready();
  }
  /// By agent: what it waits for.
  const std::map<AgentId, Wait>& waiting() const { return waiting_; }

 private:
  static constexpr std::size_t most_outstanding = 4096;
  struct Signals {
    std::uint64_t given = 0, dropped = 0;  ///< times; those that everybody has taken
    std::deque<std::uint64_t>
        objects;  ///< that those which are not dropped synchronise on; the last one may stand for several
    std::map<std::uint32_t, std::uint64_t> taken;  ///< by each agent
  };
  void drop_taken(const std::string& name, Signals& signals);
  void wake_all(std::uint64_t now);

  System& system_;
  const ScenarioNames& names_;
  Order& order_;
  std::map<std::string, Signals> signals_;
  std::map<std::string, std::uint64_t> barrier_arrivals_;
  std::set<std::uint32_t> locked_;
  std::map<AgentId, Wait> waiting_;
};

}  // namespace dspmem
