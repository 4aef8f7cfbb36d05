// SPDX-License-Identifier: Apache-2.0
// Steps that order the cores: lock, unlock, signal, wait, barrier.
#include "sim/session/step_context.h"
#include "sim/session/steps/steps.h"

namespace dspmem {
namespace {

constexpr std::uint32_t max_locks = 16;  // SCENARIO_LOCKS of models/firmware/src/scenario.c

constexpr char lock_function[] = "scenario_lock";
constexpr char unlock_function[] = "scenario_unlock";

/// A spinlock of the firmware, taken and released by its own code.
template <const char* Function>
class LockStep final : public Step {
 public:
  static FieldList fields() { return {field::needs("name", field::text(), "name of the spinlock")}; }
  void read(StepReader& reader) { reader.required("name", name_); }
  void declare(ScenarioNames& names, std::uint32_t core) const override {
    names.lock_users[name_].insert(core);
    const auto number = static_cast<std::uint32_t>(names.locks.size());
    if (names.locks.emplace(name_, number).second && number == max_locks)
      throw InputError(mark, "a scenario can have at most 16 locks");
  }
  void walk(Program& program) const override {
    program.add(Function == lock_function ? Program::Action::Kind::lock : Program::Action::Kind::unlock, name_, mark);
  }
  void run(StepContext& context) const override {
    if constexpr (Function == lock_function) context.before_lock();
    context.call(Function, {context.names().locks.at(name_)}, mark);
    if constexpr (Function == unlock_function) context.after_unlock();
  }

 private:
  std::string name_;
};

class Signal final : public Step {
 public:
  static constexpr bool for_masters = true;
  static FieldList fields() { return {field::needs("name", field::text(), "name of the signal")}; }
  void read(StepReader& reader) { reader.required("name", name_); }
  void declare(ScenarioNames& names, std::uint32_t) const override { names.signals.insert(name_); }
  void walk(Program& program) const override { program.add(Program::Action::Kind::signal, name_, mark); }
  void run(StepContext& context) const override { context.signal(name_); }

 private:
  std::string name_;
};

class Wait final : public Step {
 public:
  static constexpr bool for_masters = true;
  static FieldList fields() { return {field::needs("name", field::text(), "name of the signal")}; }
  void read(StepReader& reader) { reader.required("name", name_); }
  void declare(ScenarioNames& names, std::uint32_t core) const override { names.waiters[name_].insert(core); }
  void check(const ScenarioNames& names, std::uint32_t) const override {
    if (!names.signals.contains(name_))
      throw InputError(mark, "no step gives the signal '" + name_ + "'" +
                                 suggestion(name_, {names.signals.begin(), names.signals.end()}));
  }
  void walk(Program& program) const override { program.add(Program::Action::Kind::wait, name_, mark); }
  void run(StepContext& context) const override { context.wait(name_, mark); }

 private:
  std::string name_;
};

class Barrier final : public Step {
 public:
  static constexpr bool for_masters = true;
  static FieldList fields() { return {field::needs("name", field::text(), "name of the barrier")}; }
  void read(StepReader& reader) { reader.required("name", name_); }
  void declare(ScenarioNames& names, std::uint32_t core) const override { names.barriers[name_].insert(core); }
  void walk(Program& program) const override { program.add(Program::Action::Kind::barrier, name_, mark); }
  void run(StepContext& context) const override { context.barrier(name_, mark); }

 private:
  std::string name_;
};

}  // namespace

const StepKind lock_step = step_kind<LockStep<lock_function>>("lock", "name", "take a spinlock");
const StepKind unlock_step = step_kind<LockStep<unlock_function>>("unlock", "name", "release a spinlock");
const StepKind signal_step =
    step_kind<Signal>("signal", "name", "let cores that wait for this signal go on; each sees every signal once");
const StepKind wait_step = step_kind<Wait>("wait", "name", "wait for a signal");
const StepKind barrier_step =
    step_kind<Barrier>("barrier", "name", "wait until every core that has this barrier arrives");

}  // namespace dspmem
