// SPDX-License-Identifier: Apache-2.0
// The published schemas of YAML files, for editors: the files that come with dspmem are valid, and files with mistakes that dspmem refuses
// are not.
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "sim/config/allocator.h"
#include "sim/import/component_table.h"
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
  std::int64_t number = 0;
  if (node.Tag() != "!" && YAML::convert<std::int64_t>::decode(node, number)) return number;
  return node.Scalar();
}

bool valid(const std::string& schema_file, const std::string& yaml) { return schema_errors(schema_file, json_of(YAML::Load(yaml)).dump()).empty(); }

template <class Load>
void agrees(const std::string& schema, const std::string& yaml, Load load) {
  const TemporaryDirectory directory;
  const std::string file = directory.write("f.yaml", yaml);
  bool taken = true;
  try {
    load(file);
  } catch (const InputError&) {
    taken = false;
  }
  EXPECT_EQ(valid(schema, yaml), taken) << yaml;
}

class Schema : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Schema, TakesWhatComesWithDspmem) {
  const auto [folder, schema] = GetParam();
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(source_directory() / "configs" / folder)) {
    EXPECT_TRUE(valid(schema, read_file(entry.path()))) << entry.path();
    ++files;
  }
  EXPECT_GE(files, 1u);
}

INSTANTIATE_TEST_SUITE_P(All, Schema, testing::Values(std::pair("allocators", "allocator.schema.json"), std::pair("topology", "components.schema.json")), [](const auto& info) { return std::string(info.param.first); });

TEST(Schemas, RefuseWhatDspmemRefuses) {
  const std::string good = "name: a\nfunctions:\n  - {function: m, does: allocate, arguments: [bytes, 3, {value_of: v}]}\n  - {function: f, does: free, arguments: [pointer]}\n";
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
