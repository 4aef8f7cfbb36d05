// SPDX-License-Identifier: Apache-2.0
#include "sim/config/edits.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace dspmem::test {
namespace {

std::string edited(const std::string& text, std::vector<std::string> path, const std::string& value) {
  Edits edits;
  edits.set(std::move(path), YAML::Load(value));
  YAML::Node root = YAML::Load(text);
  edits.apply(root);
  YAML::Emitter out;
  out.SetMapFormat(YAML::Flow);
  out.SetSeqFormat(YAML::Flow);
  out << YAML::Clone(root);
  return out.c_str();
}

TEST(Edits, ReplaceAndAddFields) {
  EXPECT_EQ(edited("{a: {b: 1, c: 2}}", {"a", "b"}, "5"), edited("{a: {b: 5, c: 2}}", {"a", "b"}, "5"));
  EXPECT_EQ(YAML::Load(edited("{a: {b: 1}}", {"a", "new"}, "[1, 2]"))["a"]["new"][1].as<int>(), 2);
  EXPECT_EQ(YAML::Load(edited("{list: [{name: x, v: 1}, {name: y, v: 2}]}", {"list", "y", "v"}, "7"))["list"][1]["v"]
                .as<int>(),
            7);
  EXPECT_EQ(YAML::Load(edited("{list: [1, 2, 3]}", {"list", "1"}, "9"))["list"][1].as<int>(), 9);
}

TEST(Edits, LeaveAliasesAsTheyAre) {
  const YAML::Node whole = YAML::Load(edited("{a: &w [{op: {n: 1}}], b: *w}", {"a", "0", "op", "n"}, "5"));
  EXPECT_EQ(whole["a"][0]["op"]["n"].as<int>(), 5);
  EXPECT_EQ(whole["b"][0]["op"]["n"].as<int>(), 1);
  const YAML::Node element = YAML::Load(edited("{a: [&w {n: 1}, *w], b: {c: *w}}", {"a", "0", "n"}, "5"));
  EXPECT_EQ(element["b"]["c"]["n"].as<int>(), 1);
}

TEST(Edits, SayWhichNameLeadsNowhere) {
  const auto error_of = [](std::vector<std::string> path) -> std::string {
    try {
      edited("{l1d: {size: 1}, list: [1]}", std::move(path), "2");
    } catch (const std::out_of_range& error) { return error.what(); }
    return "";
  };
  EXPECT_NE(error_of({"l1x", "size"}).find("'l1x'"), std::string::npos);
  EXPECT_NE(error_of({"list", "3"}).find("[3], of 1"), std::string::npos);
  EXPECT_NE(error_of({"list", "name"}).find("'name'"), std::string::npos);
  EXPECT_NE(error_of({"l1d", "size", "more"}).find("no mapping"), std::string::npos);
}

}  // namespace
}  // namespace dspmem::test
