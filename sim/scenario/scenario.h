// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/scenario/expectations.h"
#include "sim/scenario/statics.h"
#include "sim/scenario/step.h"

namespace dspmem {

/// A scenario file: what each core does, and what is to come out of it.
struct Scenario {
  std::string file;
  std::string name;
  std::string platform;
  SourceMark platform_mark;
  std::string allocator, firmware;  ///< binding, by name or path, and image, by path; empty: the platform's own
  SourceMark allocator_mark, firmware_mark;
  std::uint64_t seed = 1;
  std::vector<StaticObject> statics;
  std::map<std::uint32_t, StepList> cores;
  std::map<std::uint32_t, SourceMark> core_marks;
  /// Masters without a cache that have steps of their own; see config/agents.h.
  struct AgentSteps {
    std::uint32_t master = 0;
    SourceMark mark;
    StepList steps;
  };
  std::vector<AgentSteps> agents;
  ExpectationList expectations;
  std::string objects_text, agents_text,
      expect_text;  ///< these sections as one line of YAML, empty when absent: for recordings
};

/// What scenarios may use, by name: supplied by who runs them.
struct ScenarioLanguage {
  StepKinds steps;
  const std::vector<std::string>& rules;
};

/// The fields of a scenario, and the kinds of step: a mapping with one of them.
FieldType scenario_fields(const ScenarioLanguage& language);
FieldType step_kind_fields(const ScenarioLanguage& language);

/// Throws InputError.
Scenario load_scenario(const std::string& path, const ScenarioLanguage& language, const Edits& edits = {});

/// Collects the names of a scenario and checks everything that needs no run. Throws InputError.
ScenarioNames check_scenario(const Scenario& scenario, const Platform& platform);

}  // namespace dspmem
