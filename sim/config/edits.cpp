// SPDX-License-Identifier: Apache-2.0
#include "sim/config/edits.h"

#include <stdexcept>

#include "sim/config/fields.h"

namespace dspmem {
namespace {

/// Which element of a list a name means.
std::size_t element(const YAML::Node& list, const std::string& name) {
  if (const auto number = parse_number(name)) {
    if (*number < list.size()) return *number;
    throw std::out_of_range("[" + name + "], of " + std::to_string(list.size()) + " elements");
  }
  for (std::size_t index = 0; index < list.size(); ++index)
    if (const YAML::Node each = list[index];
        each.IsMap() && each["name"].IsDefined() && each["name"].IsScalar() && each["name"].Scalar() == name)
      return index;
  throw std::out_of_range("'" + name + "'");
}

/// `node`, with the value where the rest of the path leads.
YAML::Node assigned(const YAML::Node& node, const std::vector<std::string>& path, std::size_t at,
                    const YAML::Node& value) {
  if (at == path.size()) return YAML::Clone(value);
  const std::string& name = path[at];
  if (node.IsSequence()) {
    const std::size_t found = element(node, name);
    std::size_t index = 0;
    YAML::Node copy(YAML::NodeType::Sequence);
    copy.SetStyle(node.Style());
    for (const auto& each : node)
      copy.push_back(index++ == found ? assigned(each, path, at + 1, value) : YAML::Node(each));
    return copy;
  }
  if (!node.IsMap()) throw std::out_of_range("'" + name + "', since what is before it is no mapping");
  // A new mapping of the same elements: assigning to one would change what aliases of it say.
  YAML::Node copy(YAML::NodeType::Map);
  copy.SetStyle(node.Style());
  std::vector<std::string> known;
  bool found = false;
  for (const auto& each : node) {
    const bool here = each.first.IsScalar() && each.first.Scalar() == name;
    if (each.first.IsScalar()) known.push_back(each.first.Scalar());
    found |= here;
    copy.force_insert(each.first, here ? assigned(each.second, path, at + 1, value) : YAML::Node(each.second));
  }
  if (!found && at + 1 < path.size()) throw std::out_of_range("'" + name + "'" + suggestion(name, known).text);
  if (!found) copy.force_insert(name, YAML::Clone(value));
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
  } catch (const std::out_of_range& error) { throw InputError({path}, std::string("has no field ") + error.what()); }
  return root;
}

}  // namespace dspmem
