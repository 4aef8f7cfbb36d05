// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "sim/config/fields.h"
#include "sim/config/platform.h"
#include "sim/scenario/program.h"

namespace dspmem {

class StepContext;
class StepReader;
struct TraceRow;

/// What static checks know: the platform, and the names that steps introduce.
struct ScenarioNames {
  const Platform* platform = nullptr;
  std::map<std::string, SourceMark> objects;
  struct Allocation {
    std::uint32_t core;
    SourceMark mark;
  };
  std::map<std::string, Allocation> allocations;  ///< the first of each object
  std::map<std::string, std::uint32_t> statics;  ///< objects that nobody allocates, and their bytes
  std::set<std::string> freed;  ///< objects that some step frees
  std::set<std::string> signals;
  std::map<std::string, std::set<std::uint32_t>> barriers;  ///< who takes part
  std::map<std::string, std::set<std::uint32_t>> waiters;  ///< who waits for a signal
  std::map<std::string, std::uint32_t> locks;  ///< number of each
  std::map<std::string, std::set<std::uint32_t>> lock_users;  ///< who takes it
  std::map<std::string, std::set<std::uint32_t>> traces;  ///< trace files, and the cores that execute their rows
  bool switches_cores = false;  ///< some step powers cores itself
  std::set<std::uint32_t> masters;  ///< that have steps of their own; see config/agents.h
  /// Throws InputError where a core's step lets such a master work for it: it would have two programs.
  void refuse_busy_master(std::uint32_t master, const SourceMark& mark) const;
};

/// One step of a scenario. Immutable once read; run() may be called many times.
class Step {
 public:
  virtual ~Step() = default;

  /// Adds the names that this step introduces. `core` executes it. Throws InputError for names given twice.
  virtual void declare(ScenarioNames&, std::uint32_t core) const { (void)core; }
  /// Throws InputError for what can be seen to be wrong before running.
  virtual void check(const ScenarioNames&, std::uint32_t core) const { (void)core; }
  /// Tells what it does to names, for checks of the order of steps.
  virtual void walk(Program& program) const { (void)program; }
  /// Executes in the core's process. Time passes on that core.
  virtual void run(StepContext& context) const = 0;
  /// Whether a recording has it as one row; else it records what it consists of.
  virtual bool recorded_whole() const { return true; }
  /// That row: heap operations have columns of their own.
  virtual void describe(TraceRow& row) const;

  SourceMark mark;
  std::string kind;
  std::string settings;  ///< as one line of YAML
};

using StepList = std::vector<std::unique_ptr<Step>>;

/// One kind of step: its name in scenarios, and what reads it.
struct StepKind {
  const char* name;
  const char* primary;  ///< the field that a plain value stands for; null when there is none
  const char* summary;  ///< one line for `dspmem steps`
  std::unique_ptr<Step> (*read)(StepReader& reader);
  const FieldType& (*fields)(const char* primary);
  bool for_masters;  ///< one without instructions can execute it, too

  const FieldType& type() const { return fields(primary); }
};
using StepKinds = std::span<const StepKind* const>;

/// Where steps are read from: the kinds that there are, and the files that include this one, outermost first.
struct StepSource {
  StepKinds kinds;
  std::string file;
  std::vector<std::string> including;
  std::uint64_t* count = nullptr;  ///< of the steps read so far; null: they are not counted
  bool for_master = false;  ///< a master without instructions executes them
};

/// Reads one step's fields, and nested lists of steps.
class StepReader : public FieldReader {
 public:
  StepReader(const YAML::Node& node, const StepSource& source, const StepKind& kind);

  StepKinds kinds() const { return source_.kinds; }
  bool for_master() const { return source_.for_master; }
  StepList steps(const std::string& field);
  /// The steps of another file, with ${name} replaced. Refuses files that include themselves.
  StepList included(const std::string& path, const std::map<std::string, std::string>& parameters);

 private:
  const StepSource& source_;
};

/// One step of the kind `name`. Throws InputError at `mark` when there is no such kind.
std::unique_ptr<Step> read_one_step(const std::string& name, const SourceMark& mark, const YAML::Node& settings,
                                    const StepSource& source);
StepList read_steps(const YAML::Node& list, const StepSource& source, const std::string& what);

// Checks that several steps share.
void check_object(const ScenarioNames& names, const std::string& object, const SourceMark& mark);

/// A step around a plain struct of settings: most kinds need no more than their fields and run().
template <class Derived>
std::unique_ptr<Step> read_step(StepReader& reader) {
  auto step = std::make_unique<Derived>();
  step->read(reader);
  return step;
}

template <class Derived>
const FieldType& step_fields(const char* primary) {
  static const FieldType type = field::mapping(Derived::fields(), primary ? primary : "");
  return type;
}

/// A kind of step that a master without instructions can execute, too, says so with a constant for_masters.
template <class Derived>
concept ForMasters = requires {
  Derived::for_masters;
};

/// The kind of step that a class with fields() and read() is.
template <class Derived>
constexpr StepKind step_kind(const char* name, const char* primary, const char* summary) {
  return {name, primary, summary, read_step<Derived>, step_fields<Derived>, ForMasters<Derived>};
}

}  // namespace dspmem
