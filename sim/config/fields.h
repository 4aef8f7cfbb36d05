// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "sim/config/error.h"
#include "sim/config/field_table.h"

namespace dspmem {

/// A number of bytes, written as 512, 0x200, 64 KiB or 2 MiB.
struct Bytes {
  std::uint64_t value = 0;
};
/// An address, written as a number.
struct Address {
  std::uint32_t value = 0;
};

/// One mapping of a YAML file, and the table of its fields. Ask for each field by name, then finish(): what was not
/// asked for is reported as unknown, with the nearest name that was. Values are checked against the table first. Every
/// error names file, line, column and what was expected. Asking for a field that the table does not have is a
/// std::logic_error.
class FieldReader {
 public:
  /// `what` names the mapping in messages: "step 'alloc'". `type` is a mapping, or names, and outlives the reader. A
  /// scalar stands for a mapping with only its primary field.
  FieldReader(const YAML::Node& node, std::string file, std::string what, const FieldType& type);

  /// A field that must be there.
  template <class T>
  void required(const std::string& name, T& value) {
    if (!field(name, value)) missing(name);
  }
  /// A field that keeps its value when it is absent. Returns whether it was there.
  template <class T>
  bool optional(const std::string& name, T& value) {
    return field(name, value);
  }
  /// The raw node, for fields with a structure of their own; not defined when absent.
  YAML::Node node(const std::string& name);
  /// A field that others have and that means nothing here: says why, when it is there.
  void refuse(const std::string& name, const std::string& why) const {
    if (fields_.contains(name)) fail(name, "'" + name + "' is not for " + why);
  }
  void finish() const;
  /// Reports that a field that must be there is not, with the given one that looks like it.
  [[noreturn]] void missing(const std::string& name, const std::string& what_it_is = {}) const;

  const SourceMark& mark() const { return mark_; }
  SourceMark mark_of(const YAML::Node& node) const;
  SourceMark mark_of(const std::string& field) const;
  const std::string& file() const { return file_; }
  [[noreturn]] void fail(const std::string& field, const Message& message) const { fail(mark_of(field), message); }
  [[noreturn]] static void fail(const SourceMark& mark, const Message& message) { throw InputError(mark, message); }

  // Conversions of one scalar; they throw InputError. `expected` says what was wanted.
  void convert(const YAML::Node& node, const std::string& name, Bytes& value) const;
  void convert(const YAML::Node& node, const std::string& name, Address& value) const;
  void convert(const YAML::Node& node, const std::string& name, std::uint64_t& value) const;
  void convert(const YAML::Node& node, const std::string& name, std::uint32_t& value) const;
  void convert(const YAML::Node& node, const std::string& name, bool& value) const;
  void convert(const YAML::Node& node, const std::string& name, std::string& value) const;
  template <class T>
  void convert(const YAML::Node& node, const std::string& name, std::optional<T>& value) const {
    convert(node, name, value.emplace());
  }
  template <class T>
  void convert(const YAML::Node& node, const std::string& name, std::vector<T>& value) const {
    if (!node.IsSequence()) wrong_type(node, name, "a list, such as [a, b]");
    value.clear();
    for (const auto& element : node) convert(element, name, value.emplace_back());
  }

 private:
  template <class T>
  bool field(const std::string& name, T& value) {
    const YAML::Node found = node(name);
    if (!found.IsDefined()) return false;
    check(found, name, declared(name));
    convert(found, name, value);
    return true;
  }
  [[noreturn]] void wrong_type(const YAML::Node& node, const std::string& name, const std::string& expected) const;
  /// The type that the table gives a field.
  const FieldType& declared(const std::string& name) const;
  /// Throws InputError for a number out of bounds, and for a name that is none of the choices.
  void check(const YAML::Node& node, const std::string& name, const FieldType& type) const;

  const FieldType* type_;
  std::string file_;
  std::string what_;
  SourceMark mark_;
  std::map<std::string, std::pair<SourceMark, YAML::Node>> fields_;
  mutable std::vector<std::string> asked_;
};

/// A decimal or 0x number, and nothing else.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// A node as YAML on one line; empty for none.
std::string one_line(const YAML::Node& node);

/// Loads a YAML file; syntax errors, unreadable files and nodes that contain themselves become InputError.
YAML::Node load_yaml(const std::string& path);
/// The same for text that came from `file`.
YAML::Node parse_yaml(const std::string& text, const std::string& file);

/// What fixed names stand for.
template <class Value>
using Choices = std::vector<std::pair<std::string, Value>>;

/// A choice among fixed names, with the nearest one in the error. `kind` is what one of them is called, if not as the
/// field.
template <class Enum>
Enum choose(const FieldReader& reader, const std::string& field, const std::string& text, const Choices<Enum>& choices,
            const std::string& kind = {}) {
  std::vector<std::string> names;
  for (const auto& [name, value] : choices) {
    if (name == text) return value;
    names.push_back(name);
  }
  reader.fail(field, "'" + text + "' is not a known " + (kind.empty() ? field : kind) + suggestion(text, names));
}

}  // namespace dspmem
