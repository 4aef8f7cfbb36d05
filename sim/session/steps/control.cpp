// SPDX-License-Identifier: Apache-2.0
// Steps that contain steps or only let time pass: repeat, user_mode, delay, idle, every, sleep, wake, use.
#include <fmt/format.h>

#include "sim/session/step_context.h"
#include "sim/session/steps/steps.h"

namespace dspmem {
namespace {

/// A list of steps, as one.
class Nested : public Step {
 public:
  void declare(ScenarioNames& names, std::uint32_t core) const override {
    for (const auto& step : steps_) step->declare(names, core);
  }
  void check(const ScenarioNames& names, std::uint32_t core) const override {
    for (const auto& step : steps_) step->check(names, core);
  }

  void walk(Program& program) const override { walk_round(program); }

  bool recorded_whole() const override { return false; }

 protected:
  void walk_round(Program& program) const {
    for (const auto& step : steps_) step->walk(program);
  }
  /// Rounds that do nothing to names are all alike.
  void walk_rounds(Program& program, std::uint64_t rounds) const {
    for (std::uint64_t round = 0; round < rounds && !program.full(); ++round) {
      const std::size_t before = program.actions().size();
      walk_round(program);
      if (program.actions().size() == before) return;
    }
    if (program.full()) program.give_up();
  }

  StepList steps_;
};

class Repeat final : public Nested {
 public:
  static constexpr bool for_masters = true;
  static FieldList fields() {
    return {field::needs("times", field::number(1, ~0ull), "how often"),
            field::needs("steps", field::steps(), "what is repeated")};
  }
  void read(StepReader& reader) {
    reader.required("times", times_);
    steps_ = reader.steps("steps");
  }
  void walk(Program& program) const override { walk_rounds(program, times_); }
  void run(StepContext& context) const override {
    context.begin_loop(mark);
    for (std::uint64_t round = 0; round < times_; ++round) {
      context.run_steps(steps_);
      context.end_round(mark);
    }
    context.end_loop(mark);
  }

 private:
  std::uint64_t times_ = 1;
};

class UserMode final : public Nested {
 public:
  static FieldList fields() { return {field::needs("steps", field::steps(), "what is executed in ring 3")}; }
  void read(StepReader& reader) { steps_ = reader.steps("steps"); }
  void run(StepContext& context) const override {
    context.set_ring(user_ring);
    context.run_steps(steps_);
    context.set_ring(0);
  }

 private:
  static constexpr std::uint32_t user_ring = 3;
};

class Use final : public Nested {
 public:
  static constexpr bool for_masters = true;
  static FieldList fields() {
    return {field::needs("file", field::text(), "file with steps: a path from this file's folder"),
            field::has("with", field::names(field::text()), "values for its parameters, ${NAME}")};
  }
  void read(StepReader& reader) {
    std::string file;
    reader.required("file", file);
    std::map<std::string, std::string> parameters;
    if (const YAML::Node with = reader.node("with"); with.IsDefined()) {
      if (!with.IsMap()) reader.fail("with", "'with' must be a mapping from parameter to value");
      for (const auto& entry : with) {
        if (!entry.second.IsScalar())
          reader.fail("with", "the value of parameter '" + entry.first.Scalar() + "' must be a single value");
        if (entry.second.Scalar().find('\n') != std::string::npos)
          reader.fail("with", "the value of parameter '" + entry.first.Scalar() + "' must be on one line");
        parameters[entry.first.Scalar()] = entry.second.Scalar();
      }
    }
    steps_ = reader.included(file, parameters);
  }
  void run(StepContext& context) const override { context.run_steps(steps_); }
};

/// `positive`: 0 will not do.
FieldType duration(bool positive = false) {
  return field::form(std::string(positive ? "^0*[1-9]" : "^[0-9]") + "[0-9]{0,11} *(cycles|ns|us|ms|s)?$", "20 us");
}

/// A time such as 1000 cycles, 20 us or 1 ms.
struct Duration {
  std::uint64_t amount = 0;
  std::uint64_t nanoseconds = 0;  ///< per unit; 0 for cycles

  static constexpr std::uint64_t longest = 3600ull * 1000000000;  ///< ns, or cycles

  static Duration parse(StepReader& reader, const std::string& field, const std::string& text) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::string unit = text.substr(std::min(text.find_first_not_of(' ', digits), text.size()));
    if (digits == 0 || digits > 12)
      reader.fail(field, "'" + field + "' must be such as 1000 cycles, 20 us or 1 ms, not '" + text + "'");
    Duration duration;
    duration.amount = std::stoull(text.substr(0, digits));
    if (unit == "s") duration.nanoseconds = 1000000000;
    else if (unit == "ms") duration.nanoseconds = 1000000;
    else if (unit == "us") duration.nanoseconds = 1000;
    else if (unit == "ns") duration.nanoseconds = 1;
    else if (!unit.empty() && unit != "cycles")
      reader.fail(field, "'" + unit + "' is not a known unit" + suggestion(unit, {"cycles", "ns", "us", "ms", "s"}));
    if (duration.amount > longest / std::max<std::uint64_t>(duration.nanoseconds, 1))
      reader.fail(field, "'" + field + "' must be at most an hour, or 3600000000000 cycles");
    return duration;
  }
  std::uint64_t cycles(const StepContext& context) const {
    return nanoseconds ? context.cycles_of(amount * nanoseconds) : amount;
  }
};

/// The core does nothing for a while; the others go on.
class Delay final : public Step {
 public:
  static constexpr bool for_masters = true;
  static FieldList fields() { return {field::needs("time", duration(), "how long: cycles, ns, us, ms or s")}; }
  void read(StepReader& reader) {
    std::string text;
    reader.required("time", text);
    time_ = Duration::parse(reader, "time", text);
  }
  void run(StepContext& context) const override {
    context.advance(time_.cycles(context));
    context.synchronise();
  }

 private:
  Duration time_;
};

/// Periodic work: what audio firmware does all day. The core idles until the next period begins.
class Every final : public Nested {
 public:
  static constexpr bool for_masters = true;
  static FieldList fields() {
    using namespace field;
    return {
        needs("period", duration(true), "from the begin of a round to the begin of the next"),
        has("times", number(1, ~0ull), "rounds"),
        has("for", duration(), "in place of times: how long it goes on"),
        needs("steps", steps(), "what is executed in each period"),
    };
  }
  void read(StepReader& reader) {
    std::string text;
    reader.required("period", text);
    period_ = Duration::parse(reader, "period", text);
    if (period_.amount == 0) reader.fail("period", "'period' must not be 0");
    const bool counted = reader.optional("times", times_);
    if (reader.optional("for", text) == counted)
      FieldReader::fail(reader.mark(), "step 'every' needs either 'times' or 'for', how long it goes on");
    if (!counted) length_ = Duration::parse(reader, "for", text);
    steps_ = reader.steps("steps");
  }
  void walk(Program& program) const override {
    if (times_) return walk_rounds(program, times_);
    walk_round(program);
    program.give_up();  // how often it comes round depends on the clock
  }
  void run(StepContext& context) const override {
    const std::uint64_t period = std::max<std::uint64_t>(period_.cycles(context), 1);
    const std::uint64_t times = times_ ? times_ : std::max<std::uint64_t>(length_.cycles(context) / period, 1);
    context.begin_loop(mark, period);
    for (std::uint64_t round = 0; round < times; ++round) {
      context.run_steps(steps_);
      context.end_round(mark);
      context.progress(round, times);
    }
    context.end_loop(mark);
  }

 private:
  Duration period_, length_;
  std::uint64_t times_ = 0;
};

/// The firmware's light sleep: banks in retention.
class Sleep final : public Step {
 public:
  static FieldList fields() { return {}; }
  void read(StepReader&) {}
  void run(StepContext& context) const override { context.call("pm_sleep", {}, mark); }
};

class Wake final : public Step {
 public:
  static FieldList fields() { return {}; }
  void read(StepReader&) {}
  void run(StepContext& context) const override {
    const std::uint64_t before = context.now();
    context.call("pm_wake", {}, mark);
    context.note_wake(context.now() - before);
  }
};

}  // namespace

const StepKind repeat_step = step_kind<Repeat>("repeat", nullptr, "execute steps several times");
const StepKind user_mode_step =
    step_kind<UserMode>("user_mode", nullptr, "execute steps without the kernel's privilege");
const StepKind delay_step = step_kind<Delay>("delay", "time", "let time pass on this core");
const StepKind idle_step = step_kind<Delay>("idle", "time", "do nothing on this core for a while");
const StepKind every_step = step_kind<Every>("every", nullptr, "execute steps once in every period");
const StepKind sleep_step = step_kind<Sleep>(
    "sleep", nullptr, "put all banks that are on into retention, but for those that code and stack are in");
const StepKind wake_step = step_kind<Wake>("wake", nullptr, "bring them back, and wait for them");
const StepKind use_step = step_kind<Use>("use", "file", "execute the steps of another file, with parameters");

}  // namespace dspmem
