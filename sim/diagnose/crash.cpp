// SPDX-License-Identifier: Apache-2.0
// The simulated firmware stopped: where, in whose step, and what the other cores were at.
#include <fmt/format.h>

#include "sim/diagnose/diagnosis.h"

namespace dspmem {
namespace {

constexpr RuleInfo access_violation_rule{
    {"access-violation"},
    Severity::manifest,
    "user mode reaches into memory of the kernel",
    "Code without privilege accessed a heap that the platform file protects (protected_zones).",
    "Allocate what user mode needs from a zone that it may use, or do this on its behalf in kernel mode."};

class Crash final : public Subscriber {
 public:
  explicit Crash(const DiagnosisContext& context) : context_(context), describe_(context.log.describe) {}

  void on(const Crashed& event) override {
    const CoreFault& fault = event.fault;
    Result::Crash crash;
    crash.message = fault.what();
    if (fault.cause == FaultCause::watchdog) {
      // Often it is another core that holds what this one spins for.
      for (std::uint32_t core = 0; core < context_.platform.core_count(); ++core)
        if (core != fault.core)
          if (auto step = step_of(core)) crash.other_steps.push_back(std::move(*step));
      crash.message = fmt::format("watchdog: no return after {} cycles", context_.watchdog_cycles) +
                      context_.hopeless_poll(static_cast<AgentId>(fault.core));
    }
    crash.core = fault.core;
    crash.cycle = fault.cycle;
    crash.step = step_of(fault.core);
    crash.stack = describe_.frames(fault);
    if (fault.cause == FaultCause::access_violation) access_violation(fault, crash);
    context_.result.crash = std::move(crash);
  }

 private:
  std::optional<Result::Step> step_of(std::uint32_t core) const {
    const auto agent = static_cast<AgentId>(core);
    const SourceMark* where = describe_.moment().step(agent);
    if (!where) return std::nullopt;
    return Result::Step{Agent::core(core), *describe_.moment().step_kind(agent), *where};
  }

  void access_violation(const CoreFault& fault, const Result::Crash& crash) {
    const std::uint32_t address = context_.cached(fault.address);
    const HeapLayout* heap = context_.live.heap_of(address);
    Result::Finding finding;
    finding.rule = access_violation_rule.id;
    finding.object = describe_.object_at(address);
    finding.message = fmt::format("user mode reaches into heap {}, which is the kernel's", heap ? heap->name : "");
    finding.access.agent = Agent::core(fault.core);
    finding.access.kind = Result::Operation::Kind::access;
    finding.access.stack = crash.stack;
    finding.access.cycle = fault.cycle;
    if (crash.step) finding.access.step = crash.step->where;
    finding.fix =
        "allocate what user mode needs from a zone that it may use (runtime, buffer), or do this on its behalf in "
        "kernel mode";
    context_.log.add(std::move(finding));
  }

  DiagnosisContext context_;
  const Describer& describe_;
};

}  // namespace

extern const Diagnosis crash_diagnosis;
const Diagnosis crash_diagnosis{{&access_violation_rule}, make_diagnosis<Crash>};

}  // namespace dspmem
