// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/config/error.h"

namespace dspmem {

struct Scenario;
struct ScenarioNames;

/// What the steps of one core do to names, in order, as far as that can be said without running them.
class Program {
 public:
  struct Action {
    enum class Kind : std::uint8_t { allocate, use, release, signal, wait, barrier, lock, unlock, core_on, core_off };
    Kind kind;
    std::string name;  ///< object, signal, barrier or lock; number of a core
    SourceMark mark;
  };
  static constexpr std::size_t most_actions = 100'000;

  void add(Action::Kind kind, const std::string& name, const SourceMark& mark) {
    if (full()) whole_ = false;
    else actions_.push_back({kind, name, mark});
  }
  /// What comes here depends on more than the scenario.
  void give_up() { whole_ = false; }

  bool full() const { return actions_.size() >= most_actions; }
  bool whole() const { return whole_; }
  const std::vector<Action>& actions() const { return actions_; }

 private:
  std::vector<Action> actions_;
  bool whole_ = true;
};

/// Throws InputError for what cannot go well in any run: waits that nothing ends, objects that are used before they are
/// allocated or allocated twice, locks that are taken twice, steps of cores that nobody switches on. Says nothing of
/// cores whose steps depend on more than the scenario, or of names that several cores allocate.
void check_programs(const Scenario& scenario, const ScenarioNames& names);

}  // namespace dspmem
