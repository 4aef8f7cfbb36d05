// SPDX-License-Identifier: Apache-2.0
// The published schemas of YAML files, for editors: the files that come with dspmem are valid, and files with mistakes
// that dspmem refuses are not.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>

#include "sim/cli/file_kinds.h"
#include "sim/config/allocator.h"
#include "sim/config/field_schema.h"
#include "sim/import/component_table.h"
#include "sim/session/steps/steps.h"
#include "tests/sim/bad_inputs.h"
#include "tests/support/program.h"
#include "tests/support/schema.h"

namespace dspmem::test {
namespace {

using Json = nlohmann::json;

Json json_of(const YAML::Node& node) {
  if (node.IsMap()) {
    Json object = Json::object();
    for (const auto& entry : node) object[entry.first.Scalar()] = json_of(entry.second);
    return object;
  }
  if (node.IsSequence()) {
    Json list = Json::array();
    for (const auto& each : node) list.push_back(json_of(each));
    return list;
  }
  if (node.IsNull()) return nullptr;
  if (node.Tag() != "!" && (node.Scalar() == "true" || node.Scalar() == "false")) return node.Scalar() == "true";
  std::int64_t number = 0;
  if (node.Tag() != "!" && YAML::convert<std::int64_t>::decode(node, number)) return number;
  return node.Scalar();
}

bool valid(const std::string& schema_file, const std::string& yaml) {
  return schema_errors(schema_file, json_of(YAML::Load(yaml)).dump()).empty();
}

template <class Load>
void agrees(const std::string& schema, const std::string& yaml, Load load) {
  const TemporaryDirectory directory;
  const std::string file = directory.write("f.yaml", yaml);
  bool taken = true;
  try {
    load(file);
  } catch (const InputError&) { taken = false; }
  EXPECT_EQ(valid(schema, yaml), taken) << yaml;
}

class Schema : public testing::TestWithParam<const char*> {};

const FileKind& kind_named(const std::string& name) {
  const auto kinds = file_kinds();
  return *std::find_if(kinds.begin(), kinds.end(), [&name](const FileKind& kind) { return name == kind.name; });
}

TEST_P(Schema, IsWhatTheTablesSay) {
  const FileKind& kind = kind_named(GetParam());
  EXPECT_EQ(read_file(source_directory() / "configs/schema" / (kind.name + std::string(".schema.json"))),
            json_schema(std::string("dspmem ") + kind.name, kind.summary, kind.fields(), step_kinds_type()))
      << "'dspmem fields " << kind.name << " --schema' prints it";
}

INSTANTIATE_TEST_SUITE_P(All, Schema,
                         testing::Values("scenario", "platform", "allocator", "energy", "suppressions", "sweep",
                                         "components"),
                         [](const auto& info) { return std::string(info.param); });

TEST(Schemas, ThereIsOneForEachKindOfFile) {
  EXPECT_EQ(file_kinds().size(), 7u);
  for (const FileKind& kind : file_kinds())
    EXPECT_TRUE(
        std::filesystem::exists(source_directory() / "configs/schema" / (kind.name + std::string(".schema.json"))))
        << kind.name;
}

/// The kind of a YAML file that comes with dspmem, by what it has; empty for steps that scenarios include.
std::string kind_of(const YAML::Node& node) {
  for (const auto& [field, kind] : {std::pair{"cores", "scenario"},
                                    {"functions", "allocator"},
                                    {"wake_from_off", "energy"},
                                    {"suppressions", "suppressions"},
                                    {"vary", "sweep"},
                                    {"widgets", "components"}})
    if (node[field].IsDefined()) return node["memories"].IsDefined() ? "platform" : kind;
  return "";
}

TEST(Schemas, TakeEveryFileThatComesWithDspmem) {
  std::map<std::string, int> files;
  for (const char* folder : {"configs", "scenarios"})
    for (const auto& entry : std::filesystem::recursive_directory_iterator(source_directory() / folder)) {
      if (entry.path().extension() != ".yaml") continue;
      const std::string text = read_file(entry.path()), kind = kind_of(YAML::Load(text));
      ++files[kind];
      if (!kind.empty()) {
        EXPECT_EQ(schema_errors(kind + ".schema.json", json_of(YAML::Load(text)).dump()), "") << entry.path();
      }
    }
  EXPECT_GE(files["scenario"], 90);
  EXPECT_GE(files["platform"], 10);
  EXPECT_GE(files["allocator"], 6);
  EXPECT_GE(files["energy"], 1);
  EXPECT_GE(files["components"], 1);
  for (const auto& [kind, count] : files) RecordProperty(kind.empty() ? "steps" : kind, count);
}

/// Whether one mapping alone shows that this is wrong: a field or a step that there is not, a value of another type, a
/// number out of bounds.
bool can_be_expressed(const std::string& message) {
  static const std::regex words(
      R"(has no field|needs '\w+'(;|, a|$)|is not a known (?!platform|set|unit)|there is no step '|must (not be 0|be (between|at most|at least|a size|a name|true|a whole|a number below|a mapping|a list)))");
  return std::regex_search(message, words);
}

TEST(Schemas, RefuseWhatASchemaCanExpress) {
  int expressed = 0, refused = 0;
  for (const BadInputCase& bad : bad_inputs()) {
    const std::string file = bad.message.substr(bad.message.starts_with("./") ? 2 : 0,
                                                bad.message.find(':') - (bad.message.starts_with("./") ? 2 : 0));
    const auto found = bad.files.find(file);
    if (found == bad.files.end() || !file.ends_with(".yaml")) continue;
    YAML::Node node;
    try {
      node = parse_yaml(found->second, file);
    } catch (const InputError&) {
      continue;  // no YAML, or such as nobody means
    }
    if (!node.IsMap()) continue;
    const std::string kind = bad.arguments[0] == "describe" ? "platform" : kind_of(node);
    if (kind.empty()) continue;
    const bool valid = schema_errors(kind + ".schema.json", json_of(node).dump()).empty();
    refused += !valid;
    if (!can_be_expressed(bad.message)) continue;
    // Limits of numbers with a unit.
    if (bad.name == "SizeOver4GiB" || bad.name == "DelayTooLong" || bad.name == "EnergyAboveAll") continue;
    ++expressed;
    EXPECT_FALSE(valid) << bad.name << ": " << bad.message;
  }
  std::printf("%d malformed files that a schema can express; %d of all are refused by one\n", expressed, refused);
  EXPECT_GE(expressed, 55);
}

// What a table has beyond what is read would be a promise that nothing keeps.
TEST(FieldTables, AStepReadsEveryFieldOfItsTable) {
  int fields = 0;
  for (const StepKind* kind : step_kinds())
    for (const Field& each : kind->type().fields) {
      std::string text;
      for (const Field& other : kind->type().fields)
        if (other.required || &other == &each)
          text += (text.empty() ? "" : ", ") + other.name + ": " + other.type.sample();
      const std::vector<std::string> rules;
      std::string complaint;
      try {
        read_steps(YAML::Load("[" + std::string(kind->name) + ": {" + text + "}]"),
                   {step_kinds(), "s.yaml", {}, nullptr}, "steps");
      } catch (const InputError& error) { complaint = error.what(); }
      EXPECT_EQ(complaint.find("has no field"), std::string::npos) << kind->name << ": {" << text << "}: " << complaint;
      ++fields;
    }
  EXPECT_GE(fields, 100);
}

TEST(Schemas, RefuseWhatDspmemRefuses) {
  const std::string good =
      "name: a\nfunctions:\n  - {function: m, does: allocate, arguments: [bytes, 3, {value_of: v}]}\n  - {function: f, "
      "does: free, arguments: [pointer]}\n";
  const auto load = [](const std::string& file) { load_allocator(file); };
  agrees("allocator.schema.json", good, load);
  agrees("allocator.schema.json", good + "heap: two\n", load);
  agrees("allocator.schema.json", good + "colour: red\n", load);
  agrees("allocator.schema.json", good + "lock: {acquire: a}\n", load);
  agrees("allocator.schema.json", good + "metadata: {header: 8, variables: [x]}\n", load);
  agrees("allocator.schema.json", "name: a\nfunctions: [{function: m, does: alocate}]\n", load);
  agrees("allocator.schema.json", "functions: [{function: m, does: internal}]\n", load);
  const auto components = [](const std::string& file) { load_components(file); };
  agrees("components.schema.json", "widgets: {pga: [{what: volume, bytes: 64, source: assumed}]}\n", components);
  agrees("components.schema.json", "widgets: {pga: [{what: volume, bytes: 64}]}\n", components);
  agrees("components.schema.json", "widgets: {pgas: []}\n", components);
  agrees("components.schema.json", "widgets: {pga: [{what: volume, bytes: often, source: assumed}]}\n", components);
}

}  // namespace
}  // namespace dspmem::test
