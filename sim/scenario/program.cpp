// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/program.h"

#include <fmt/format.h>
#include <algorithm>
#include <set>

#include "sim/config/agents.h"
#include "sim/scenario/scenario.h"

namespace dspmem {
namespace {

using Action = Program::Action;
using Kind = Action::Kind;
using Programs = std::map<std::uint32_t, Program>;

/// The cores that do something with a name.
std::set<std::uint32_t> who(const Programs& programs, Kind kind, const std::string& name) {
  std::set<std::uint32_t> cores;
  for (const auto& [core, program] : programs)
    if (std::any_of(program.actions().begin(), program.actions().end(),
                    [&](const Action& action) { return action.kind == kind && action.name == name; }))
      cores.insert(core);
  return cores;
}

void check_objects(const Programs& programs, const ScenarioNames& names, std::uint32_t core) {
  std::map<std::string, const SourceMark*> allocated;
  std::map<std::string, bool> only_here;
  const auto alone = [&](const std::string& name) {
    const auto [known, fresh] = only_here.try_emplace(name, false);
    if (fresh) known->second = !names.statics.contains(name) && who(programs, Kind::allocate, name) == std::set{core};
    return known->second;
  };
  const bool goes_down = !who(programs, Kind::core_off, std::to_string(core)).empty();
  const auto freed_elsewhere = [&](const std::string& name) {
    const auto cores = who(programs, Kind::release, name);
    return goes_down || std::any_of(cores.begin(), cores.end(), [core](std::uint32_t each) { return each != core; });
  };
  for (const Action& action : programs.at(core).actions()) {
    if (action.kind == Kind::allocate && alone(action.name)) {
      const SourceMark*& known = allocated[action.name];
      if (known && !freed_elsewhere(action.name))
        throw InputError(action.mark,
                         fmt::format("'{}' is allocated again, and what was allocated at {} has not been freed",
                                     action.name, known->to_string()));
      known = &action.mark;
    } else if (action.kind == Kind::release) {
      if (!allocated.contains(action.name) && alone(action.name))
        throw InputError(action.mark, fmt::format("'{}' is freed before it is allocated", action.name));
      if (const auto known = allocated.find(action.name); known != allocated.end()) known->second = nullptr;
    } else if (action.kind == Kind::use && !allocated.contains(action.name) && alone(action.name)) {
      const auto& actions = programs.at(core).actions();
      const auto later = std::find_if(actions.begin(), actions.end(), [&action](const Action& each) {
        return each.kind == Kind::allocate && each.name == action.name;
      });
      throw InputError(action.mark, fmt::format("'{}' is used before it is allocated, which core {} does at {}",
                                                action.name, core, later->mark.to_string()));
    }
  }
}

void check_locks(const Program& program, std::uint32_t core) {
  std::map<std::string, const SourceMark*> held;
  for (const Action& action : program.actions()) {
    if (action.kind == Kind::lock) {
      const SourceMark*& known = held[action.name];
      if (known)
        throw InputError(
            action.mark,
            fmt::format(
                "core {} takes lock '{}' again, which it has held since {}: a spinlock waits for itself for ever", core,
                action.name, known->to_string()));
      known = &action.mark;
    } else if (action.kind == Kind::unlock) {
      if (!held[action.name])
        throw InputError(action.mark,
                         fmt::format("core {} releases lock '{}', which it does not hold here", core, action.name));
      held[action.name] = nullptr;
    }
  }
}

/// Takes the steps of all cores as far as signals and barriers let them go. Signals stay, so that it does not matter
/// who goes first.
class Advance {
 public:
  Advance(const Programs& programs, const ScenarioNames& names) : programs_(programs), names_(names) {
    for (const auto& [core, program] : programs) at_[core] = 0;
  }

  void run() {
    for (bool moved = true; moved;) {
      moved = false;
      for (const auto& [core, program] : programs_)
        if (started(core)) moved |= go(core);
    }
    std::string others;
    const Action* first = nullptr;
    std::uint32_t first_core = 0;
    for (const auto& [core, program] : programs_) {
      if (at_[core] == program.actions().size() || !started(core)) continue;
      const Action& action = program.actions()[at_[core]];
      const std::string what = fmt::format("{} '{}'", action.kind == Kind::wait ? "signal" : "barrier", action.name);
      if (!first) first = &action, first_core = core;
      else others += fmt::format("; {} waits for {} at {}", name_of(core), what, action.mark.to_string());
    }
    if (!first) return;
    std::string message = fmt::format("{} waits here for ever for {} '{}'", name_of(first_core),
                                      first->kind == Kind::wait ? "signal" : "barrier", first->name);
    if (first->kind == Kind::wait && given_[first->name])
      message += fmt::format(", which is given {} {}", given_[first->name],
                             given_[first->name] == 1 ? "time only" : "times only");
    throw InputError(first->mark, message + others);
  }

 private:
  std::string name_of(std::uint32_t id) const {
    return to_string(agent_of(static_cast<AgentId>(id), names_.platform->core_count()));
  }
  bool started(std::uint32_t core) const {
    return core == 0 || core >= names_.platform->core_count() || !names_.switches_cores ||
           on_.contains(std::to_string(core));
  }

  bool go(std::uint32_t core) {
    const auto& actions = programs_.at(core).actions();
    std::size_t& at = at_[core];
    const std::size_t before = at;
    for (; at < actions.size(); ++at) {
      const Action& action = actions[at];
      if (action.kind == Kind::signal) ++given_[action.name];
      if (action.kind == Kind::core_on) on_.insert(action.name);
      if (action.kind == Kind::wait) {
        std::uint64_t& taken = taken_[{core, action.name}];
        if (given_[action.name] <= taken) break;
        ++taken;
      }
      if (action.kind == Kind::barrier && !passes(core, action.name)) break;
    }
    return at != before;
  }

  /// A barrier opens when all who have it have come as often.
  bool passes(std::uint32_t core, const std::string& name) {
    const std::uint64_t round = passed_[{core, name}] + 1;
    arrived_[{core, name}] = round;
    for (const std::uint32_t other : names_.barriers.at(name))
      if (arrived_[{other, name}] < round) return false;
    passed_[{core, name}] = round;
    return true;
  }

  using At = std::pair<std::uint32_t, std::string>;

  const Programs& programs_;
  const ScenarioNames& names_;
  std::map<std::uint32_t, std::size_t> at_;
  std::map<std::string, std::uint64_t> given_;
  std::map<At, std::uint64_t> taken_, arrived_, passed_;
  std::set<std::string> on_;
};

}  // namespace

void check_programs(const Scenario& scenario, const ScenarioNames& names) {
  Programs programs;
  bool all_whole = true;
  for (const auto& [core, steps] : scenario.cores) {
    Program& program = programs[core];
    for (const auto& step : steps) step->walk(program);
    all_whole &= program.whole();
  }
  for (const Scenario::AgentSteps& agent : scenario.agents) {
    Program& program = programs[agent_of_master(agent.master, names.platform->core_count())];
    for (const auto& step : agent.steps) step->walk(program);
    all_whole &= program.whole();
  }
  for (const auto& [core, program] : programs) check_locks(program, core);
  if (!all_whole) return;  // what is not known may be what another core waits for, or frees
  for (const auto& [core, program] : programs) check_objects(programs, names, core);
  if (names.switches_cores)
    for (const auto& [core, program] : programs)
      if (core && core < names.platform->core_count() && who(programs, Kind::core_on, std::to_string(core)).empty())
        throw InputError(scenario.core_marks.at(core),
                         fmt::format("core {} has steps, and no step switches it on: '- core_on: {}'", core, core));
  Advance(programs, names).run();
}

}  // namespace dspmem
