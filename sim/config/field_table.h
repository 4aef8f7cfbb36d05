// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dspmem {

struct Field;

/// What a value in a YAML file may be. From it come the checks of FieldReader, the JSON Schemas of configs/schema and
/// `dspmem fields`.
struct FieldType {
  enum class Kind {
    text,  ///< any plain value
    number,  ///< whole, from `low` to `high`
    flag,  ///< true or false
    size,  ///< of bytes: 512, 0x200, 64 KiB; from `low` to `high`
    address,  ///< of 32 bits
    choice,  ///< one of `choices`
    form,  ///< text that `regex` describes, such as `example`
    list,  ///< of `parts[0]`; at least `low`, at most `high`
    mapping,  ///< `fields`
    names,  ///< any names, each with a `parts[0]`
    one_of,  ///< a mapping with exactly one of `fields`
    either,  ///< any of `parts`
    steps,  ///< a list of steps of the scenario language
  };
  Kind kind = Kind::text;
  std::uint64_t low = 0, high = ~0ull;
  std::vector<std::string> choices;
  std::string called;  ///< of a choice: what one of them is, if not as the field
  std::string regex, example;  ///< of a form; `regex` of names too
  std::vector<FieldType> parts;
  std::vector<Field> fields;
  std::string primary;  ///< of a mapping: the field that a plain value stands for; empty: none

  /// In a few words: "one of on, off", "number from 1 to 8".
  std::string describe() const;
  /// A value of this type, as YAML in flow style.
  std::string sample() const;
};

/// One field of a mapping.
struct Field {
  std::string name;
  FieldType type;
  std::string summary;  ///< one line: meaning, unit, default
  bool required = false;
};
using FieldList = std::vector<Field>;

/// The named field; null when there is none.
const Field* find_field(const FieldList& fields, std::string_view name);

/// Field lists one after the other.
FieldList joined(FieldList first, const FieldList& second);

namespace field {

// How tables are written: {needs("banks", number(1), "number of banks"), has("wake", number(), "cycles until usable;
// default 0")}.
Field needs(std::string name, FieldType type, std::string summary);
Field has(std::string name, FieldType type, std::string summary);

FieldType text();
FieldType number(std::uint64_t low = 0, std::uint64_t high = 0xffffffff);
FieldType flag();
FieldType size(std::uint64_t low = 0, std::uint64_t high = 0xffffffff);
FieldType address();
/// `kind` is what one of them is called, if not as the field.
FieldType choice(std::vector<std::string> names, std::string kind = {});
FieldType form(std::string regex, std::string example);
FieldType list(FieldType element, std::uint64_t least = 0, std::uint64_t most = ~0ull);
FieldType mapping(FieldList fields, std::string primary = {});
/// `regex`: what the names are like; empty: any.
FieldType names(FieldType value, std::string regex = {});
FieldType one_of(FieldList fields);
FieldType either(std::vector<FieldType> types);
FieldType steps();

/// The names of choices that stand for values.
template <class Value>
FieldType choice(const std::vector<std::pair<std::string, Value>>& choices, std::string kind = {}) {
  std::vector<std::string> names;
  for (const auto& [name, value] : choices) names.push_back(name);
  return choice(std::move(names), std::move(kind));
}

}  // namespace field
}  // namespace dspmem
