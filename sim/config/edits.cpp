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

/// The same mapping or list, of the same elements, which nobody else refers to: an anchor's aliases keep what they say.
YAML::Node copied(const YAML::Node& node) {
  YAML::Node copy(node.Type());
  copy.SetStyle(node.Style());
  if (node.IsMap())
    for (const auto& each : node) copy.force_insert(each.first, each.second);
  else
    for (const auto& each : node) copy.push_back(each);
  return copy;
}

/// `node`, with the value where the rest of the path leads.
YAML::Node assigned(const YAML::Node& node, const std::vector<std::string>& path, std::size_t at, const YAML::Node& value) {
  if (at == path.size()) return YAML::Clone(value);
  const std::string& name = path[at];
  if (node.IsSequence()) {
    const YAML::Node found = element(node, name);
    YAML::Node copy(YAML::NodeType::Sequence);
    copy.SetStyle(node.Style());
    for (const auto& each : node) copy.push_back(each.is(found) ? assigned(each, path, at + 1, value) : YAML::Node(each));
    return copy;
  }
  if (!node.IsMap()) throw std::out_of_range("'" + name + "', since what is before it is no mapping");
  YAML::Node copy = copied(node);
  if (at + 1 < path.size() && !copy[name].IsDefined()) {
    std::vector<std::string> known;
    for (const auto& each : node) known.push_back(each.first.Scalar());
    throw std::out_of_range("'" + name + "'" + suggestion(name, known).text);
  }
  copy[name] = assigned(node[name], path, at + 1, value);
  return copy;
}

}  // namespace

void Edits::apply(YAML::Node& root) const {
  for (const auto& [path, value] : edits_) root.reset(assigned(root, path, 0, value));
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
