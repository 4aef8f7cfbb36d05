// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>
#include <string>
#include <utility>
#include <vector>

namespace dspmem {

/// Fields of a YAML file that are to have other values than the file says. What is read is as if the file said so; the
/// file stays as it is.
class Edits {
 public:
  void set(std::vector<std::string> path, const YAML::Node& value) { edits_.emplace_back(std::move(path), value); }
  bool empty() const { return edits_.empty(); }
  /// Changes a tree that belongs to nobody else. A name in a list is a number, or the 'name' of one of its elements.
  /// Throws std::out_of_range with the part of a path that leads nowhere; only the last name of a path may be new.
  void apply(YAML::Node& root) const;

 private:
  std::vector<std::pair<std::vector<std::string>, YAML::Node>> edits_;
};

/// load_yaml() with edits. A path of theirs that leads nowhere is an InputError.
YAML::Node load_edited(const std::string& path, const Edits& edits);

}  // namespace dspmem
