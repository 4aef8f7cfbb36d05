// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/scenario.h"

#include <filesystem>

#include "sim/config/agents.h"
#include "sim/config/edits.h"
#include "sim/result/printable.h"

namespace dspmem {

FieldType step_kind_fields(const ScenarioLanguage& language) {
  FieldList kinds;
  for (const StepKind* kind : language.steps) kinds.push_back(field::has(kind->name, kind->type(), kind->summary));
  return field::one_of(std::move(kinds));
}

namespace {

FieldType agent_fields() {
  FieldList fields;
  for (const auto& [name, master] : master_names())
    fields.push_back(field::has(name.c_str(), field::steps(),
                                master == host_master ? "steps of the host processor" : "steps of a DMA channel"));
  return field::mapping(std::move(fields));
}

/// Steps 'use' name files from this one's folder; a recording lies somewhere else.
YAML::Node with_absolute_files(YAML::Node node, const std::filesystem::path& folder) {
  if (node.IsSequence())
    for (YAML::Node each : node) with_absolute_files(each, folder);
  if (!node.IsMap()) return node;
  for (auto entry : node) {
    YAML::Node value = entry.second;
    if (entry.first.Scalar() != "use") {
      with_absolute_files(value, folder);
      continue;
    }
    YAML::Node file = value.IsMap() ? value["file"] : value;
    if (file.IsScalar()) file = std::filesystem::absolute(folder / file.Scalar()).lexically_normal().string();
  }
  return node;
}

void read_agents(const YAML::Node& node, const StepSource& source, Scenario& scenario) {
  static const FieldType type = agent_fields();
  FieldReader reader(node, source.file, "'agents'", type);
  for (const auto& [name, master] : master_names())
    if (const YAML::Node steps = reader.node(name); steps.IsDefined())
      scenario.agents.push_back({master, reader.mark_of(name), read_steps(steps, source, "the steps of " + name)});
  reader.finish();
}

}  // namespace

FieldType scenario_fields(const ScenarioLanguage& language) {
  using namespace field;
  return mapping({
      needs("name", text(), "name of the scenario"),
      needs("platform", text(), "platform: a name, or the path of a file"),
      has("allocator", text(), "allocator binding: a name, or the path of a file; default zones"),
      has("firmware", text(), "ELF to run: a path from this file's folder; default the one of platform and allocator"),
      has("seed", number(0, ~0ull), "seed of all that is random; default 1"),
      has("description", text(), "one line about it"),
      has("objects", names(static_fields()), "static objects: {NAME: {bytes, ...}}"),
      needs("cores", names(field::steps(), "^[0-9]+$"), "what each core does: {0: [...], 1: [...]}"),
      has("agents", agent_fields(), "what masters without a cache do by themselves: {host: [...], dma0: [...]}"),
      has("expect", expectation_fields(language.rules), "what has to come out of it"),
  });
}

Scenario load_scenario(const std::string& path, const ScenarioLanguage& language, const Edits& edits) {
  const YAML::Node root = load_edited(path, edits);
  if (!root.IsMap()) throw InputError({path, 0, 0}, "a scenario is a mapping with 'name', 'platform' and 'cores'");
  const FieldType type = scenario_fields(language);
  FieldReader reader(root, path, "the scenario", type);
  Scenario scenario;
  scenario.file = path;
  reader.required("name", scenario.name);
  scenario.name = printable(scenario.name);
  reader.required("platform", scenario.platform);
  scenario.platform_mark = reader.mark_of("platform");
  if (reader.optional("allocator", scenario.allocator)) scenario.allocator_mark = reader.mark_of("allocator");
  if (reader.optional("firmware", scenario.firmware)) scenario.firmware_mark = reader.mark_of("firmware");
  reader.optional("seed", scenario.seed);
  std::string description;
  reader.optional("description", description);
  if (const YAML::Node objects = reader.node("objects"); objects.IsDefined()) {
    scenario.statics = read_statics(objects, path);
    scenario.objects_text = one_line(objects);
  }
  const YAML::Node cores = reader.node("cores");
  if (!cores.IsDefined()) reader.missing("cores", "a mapping from core number to a list of steps");
  if (!cores.IsMap() || cores.size() == 0)
    reader.fail("cores", "'cores' must be a mapping from core number to a list of steps, such as {0: [...], 1: [...]}");
  std::uint64_t steps = 0;
  for (const auto& entry : cores) {
    const SourceMark mark{path, entry.first.Mark().line + 1, entry.first.Mark().column + 1};
    std::uint32_t core = 0;
    reader.convert(entry.first, "core number", core);
    scenario.core_marks[core] = mark;
    if (!scenario.cores
             .emplace(core, read_steps(entry.second, {language.steps, path, {}, &steps},
                                       "the steps of core " + std::to_string(core)))
             .second)
      FieldReader::fail(mark, "core " + std::to_string(core) + " is given twice");
  }
  if (const YAML::Node agents = reader.node("agents"); agents.IsDefined()) {
    read_agents(agents, {language.steps, path, {}, &steps, true}, scenario);
    scenario.agents_text =
        one_line(with_absolute_files(YAML::Clone(agents), std::filesystem::path(path).parent_path()));
  }
  if (const YAML::Node expect = reader.node("expect"); expect.IsDefined()) {
    scenario.expectations = read_expectations(expect, path, language.rules);
    scenario.expect_text = one_line(expect);
  }
  reader.finish();
  return scenario;
}

void ScenarioNames::refuse_busy_master(std::uint32_t master, const SourceMark& mark) const {
  if (!masters.contains(master)) return;
  const std::string name = master_names()[master].first;
  throw InputError(mark, "'" + name +
                             "' has steps of its own under 'agents': a core cannot let it work at the same time" +
                             (master == host_master ? "" : "; use another channel"));
}

ScenarioNames check_scenario(const Scenario& scenario, const Platform& platform) {
  ScenarioNames names;
  names.platform = &platform;
  for (const StaticObject& object : scenario.statics) {
    names.objects[object.name] = object.mark;
    names.statics[object.name] = object.bytes;
  }
  for (const Scenario::AgentSteps& agent : scenario.agents) names.masters.insert(agent.master);
  for (const auto& [core, steps] : scenario.cores) {
    if (core >= platform.core_count())
      throw InputError(
          scenario.core_marks.at(core),
          "core " + std::to_string(core) + " does not exist: platform '" + platform.name + "' has " +
              (platform.core_count() == 1 ? "only core 0" : "cores 0 to " + std::to_string(platform.core_count() - 1)));
    for (const auto& step : steps) step->declare(names, core);
  }
  for (const Scenario::AgentSteps& agent : scenario.agents)
    for (const auto& step : agent.steps) step->declare(names, agent_of_master(agent.master, platform.core_count()));
  for (const auto& [core, steps] : scenario.cores)
    for (const auto& step : steps) step->check(names, core);
  for (const Scenario::AgentSteps& agent : scenario.agents)
    for (const auto& step : agent.steps) step->check(names, agent_of_master(agent.master, platform.core_count()));
  check_expectations(scenario.expectations, names);
  return names;
}

}  // namespace dspmem
