// SPDX-License-Identifier: Apache-2.0
// Steps that contain steps or only let time pass: repeat, user_mode, delay, use.
#include "sim/replay/replay.h"
#include "sim/replay/steps/steps.h"

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

 protected:
  StepList steps_;
};

class Repeat final : public Nested {
 public:
  void read(StepReader& reader) {
    reader.required("times", times_);
    if (times_ == 0) reader.fail("times", "'times' must not be 0");
    steps_ = reader.steps("steps");
  }
  void run(Replay& replay, DspCore& core) const override {
    for (std::uint64_t round = 0; round < times_; ++round) {
      replay.run_steps(core, steps_);
      replay.end_of_round(core, mark, round);
    }
    replay.end_of_repeat(core, mark, times_);
  }

 private:
  std::uint64_t times_ = 1;
};

class UserMode final : public Nested {
 public:
  void read(StepReader& reader) { steps_ = reader.steps("steps"); }
  void run(Replay& replay, DspCore& core) const override {
    core.core().set_ring(user_ring);
    replay.run_steps(core, steps_);
    core.core().set_ring(0);
  }

 private:
  static constexpr std::uint32_t user_ring = 3;
};

class Use final : public Nested {
 public:
  void read(StepReader& reader) {
    std::string file;
    reader.required("file", file);
    std::map<std::string, std::string> parameters;
    if (const YAML::Node with = reader.node("with"); with.IsDefined()) {
      if (!with.IsMap()) reader.fail("with", "'with' must be a mapping from parameter to value");
      for (const auto& entry : with) {
        if (!entry.second.IsScalar()) reader.fail("with", "the value of parameter '" + entry.first.Scalar() + "' must be a single value");
        if (entry.second.Scalar().find('\n') != std::string::npos) reader.fail("with", "the value of parameter '" + entry.first.Scalar() + "' must be on one line");
        parameters[entry.first.Scalar()] = entry.second.Scalar();
      }
    }
    steps_ = reader.included(file, parameters);
  }
  void run(Replay& replay, DspCore& core) const override { replay.run_steps(core, steps_); }
};

class Delay final : public Step {
 public:
  void read(StepReader& reader) {
    std::string text;
    reader.required("time", text);
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::string unit = text.substr(std::min(text.find_first_not_of(' ', digits), text.size()));
    if (digits == 0 || digits > 12) reader.fail("time", "'time' must be such as 1000 cycles, 20 us or 1 ms, not '" + text + "'");
    amount_ = std::stoull(text.substr(0, digits));
    if (unit == "us") nanoseconds_ = 1000;
    else if (unit == "ms") nanoseconds_ = 1000000;
    else if (unit == "ns") nanoseconds_ = 1;
    else if (!unit.empty() && unit != "cycles") reader.fail("time", "'" + unit + "' is not a known unit" + suggestion(unit, {"cycles", "ns", "us", "ms"}));
    if (amount_ * std::max<std::uint64_t>(nanoseconds_, 1) > longest) reader.fail("time", "'time' must be at most an hour, or 3600000000000 cycles");
  }
  void run(Replay& replay, DspCore& core) const override {
    core.core().advance(nanoseconds_ ? replay.cycles_of(amount_ * nanoseconds_) : amount_);
    core.synchronise();
  }

 private:
  static constexpr std::uint64_t longest = 3600ull * 1000000000;  ///< ns, or cycles

  std::uint64_t amount_ = 0;
  std::uint64_t nanoseconds_ = 0;  ///< per unit; 0 for cycles
};

}  // namespace

const StepKind repeat_step{"repeat", nullptr, "execute steps several times", read_step<Repeat>};
const StepKind user_mode_step{"user_mode", nullptr, "execute steps without the kernel's privilege", read_step<UserMode>};
const StepKind delay_step{"delay", "time", "let time pass on this core", read_step<Delay>};
const StepKind use_step{"use", "file", "execute the steps of another file, with parameters", read_step<Use>};

}  // namespace dspmem
