// SPDX-License-Identifier: Apache-2.0
#include "sim/config/edits.h"

#include <stdexcept>

#include "sim/config/fields.h"

namespace dspmem {
namespace {

/// The element of a list that a name means.
YAML::Node element(const YAML::Node& list, const std::string& name) {
  if (const auto number = parse_number(name)) {
    if (*number < list.size()) return list[*number];
    throw std::out_of_range("[" + name + "], of " + std::to_string(list.size()) + " elements");
  }
  for (const auto& each : list)
    if (each.IsMap() && each["name"].IsDefined() && each["name"].IsScalar() && each["name"].Scalar() == name) return each;
  throw std::out_of_range("'" + name + "'");
}

void assign(YAML::Node node, const std::vector<std::string>& path, std::size_t at, const YAML::Node& value) {
  const std::string& name = path[at];
  const bool last = at + 1 == path.size();
  if (node.IsSequence()) {
    YAML::Node found = element(node, name);
    if (last) found = YAML::Clone(value);
    else assign(found, path, at + 1, value);
    return;
  }
  if (!node.IsMap()) throw std::out_of_range("'" + name + "', since what is before it is no mapping");
  if (last) {
    node[name] = YAML::Clone(value);
    return;
  }
  if (!node[name].IsDefined()) {
    std::vector<std::string> known;
    for (const auto& each : node) known.push_back(each.first.Scalar());
    throw std::out_of_range("'" + name + "'" + suggestion(name, known).text);
  }
  assign(node[name], path, at + 1, value);
}

}  // namespace

void Edits::apply(YAML::Node& root) const {
  for (const auto& [path, value] : edits_) assign(root, path, 0, value);
}

YAML::Node load_edited(const std::string& path, const Edits& edits) {
  YAML::Node root = load_yaml(path);
  try {
    edits.apply(root);
  } catch (const std::out_of_range& error) {
    throw InputError({path}, std::string("has no field ") + error.what());
  }
  return root;
}

}  // namespace dspmem
