// SPDX-License-Identifier: Apache-2.0
#include "sim/config/field_table.h"

#include <fmt/format.h>
#include <algorithm>

namespace dspmem {
namespace {

FieldType of_kind(FieldType::Kind kind, std::uint64_t low = 0, std::uint64_t high = ~0ull) {
  FieldType type;
  type.kind = kind;
  type.low = low;
  type.high = high;
  return type;
}

/// "from 1 to 8", "of at least 1", or nothing where every number will do.
std::string bounds(const FieldType& type, std::uint64_t highest) {
  const bool open = type.high >= highest;
  if (open) return type.low ? fmt::format(" of at least {}", type.low) : "";
  return fmt::format(" from {} to {}", type.low, type.high);
}

constexpr std::uint64_t highest_word = 0xffffffff;

}  // namespace

std::string FieldType::describe() const {
  switch (kind) {
    case Kind::text: return "text";
    case Kind::number: return "number" + bounds(*this, highest_word);
    case Kind::flag: return "true or false";
    case Kind::size: return "size" + bounds(*this, highest_word);
    case Kind::address: return "address";
    case Kind::choice: return fmt::format("{}{}", choices.size() > 1 ? "one of " : "", fmt::join(choices, ", "));
    case Kind::form: return "such as " + example;
    case Kind::list: return "list: " + parts[0].describe();
    case Kind::mapping: return primary.empty() ? "mapping" : "mapping, or just '" + primary + "'";
    case Kind::names: return "mapping from names: " + parts[0].describe();
    case Kind::one_of: return "mapping with one of its fields";
    case Kind::either: {
      std::string text;
      for (const FieldType& part : parts) text += (text.empty() ? "" : "; or ") + part.describe();
      return text;
    }
    case Kind::steps: return "list of steps";
  }
  return "";
}

std::string FieldType::sample() const {
  switch (kind) {
    case Kind::text: return "x";
    case Kind::number:
    case Kind::size: return std::to_string(low);
    case Kind::flag: return "true";
    case Kind::address: return "0x1000";
    case Kind::choice: return choices.front();
    case Kind::form: return example;
    case Kind::list: return "[" + parts[0].sample() + "]";
    case Kind::names: return "{x: " + parts[0].sample() + "}";
    case Kind::either: return parts[0].sample();
    case Kind::steps: return "[]";
    case Kind::one_of: return "{" + fields.front().name + ": " + fields.front().type.sample() + "}";
    case Kind::mapping: {
      std::string text;
      for (const Field& field : fields)
        if (field.required) text += (text.empty() ? "" : ", ") + field.name + ": " + field.type.sample();
      return "{" + text + "}";
    }
  }
  return "";
}

const Field* find_field(const FieldList& fields, std::string_view name) {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [name](const Field& each) { return each.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

FieldList joined(FieldList first, const FieldList& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

namespace field {

Field needs(std::string name, FieldType type, std::string summary) {
  return {std::move(name), std::move(type), std::move(summary), true};
}
Field has(std::string name, FieldType type, std::string summary) {
  return {std::move(name), std::move(type), std::move(summary), false};
}

FieldType text() { return of_kind(FieldType::Kind::text); }
FieldType number(std::uint64_t low, std::uint64_t high) { return of_kind(FieldType::Kind::number, low, high); }
FieldType flag() { return of_kind(FieldType::Kind::flag); }
FieldType size(std::uint64_t low, std::uint64_t high) { return of_kind(FieldType::Kind::size, low, high); }
FieldType address() { return of_kind(FieldType::Kind::address, 0, highest_word); }
FieldType steps() { return of_kind(FieldType::Kind::steps); }

FieldType choice(std::vector<std::string> names, std::string kind) {
  FieldType type = of_kind(FieldType::Kind::choice);
  type.called = std::move(kind);
  type.choices = std::move(names);
  return type;
}

FieldType form(std::string regex, std::string example) {
  FieldType type = of_kind(FieldType::Kind::form);
  type.regex = std::move(regex);
  type.example = std::move(example);
  return type;
}

FieldType list(FieldType element, std::uint64_t least, std::uint64_t most) {
  FieldType type = of_kind(FieldType::Kind::list, least, most);
  type.parts.push_back(std::move(element));
  return type;
}

FieldType mapping(FieldList fields, std::string primary) {
  FieldType type = of_kind(FieldType::Kind::mapping);
  type.fields = std::move(fields);
  type.primary = std::move(primary);
  return type;
}

FieldType names(FieldType value, std::string regex) {
  FieldType type = of_kind(FieldType::Kind::names);
  type.regex = std::move(regex);
  type.parts.push_back(std::move(value));
  return type;
}

FieldType one_of(FieldList fields) {
  FieldType type = of_kind(FieldType::Kind::one_of);
  type.fields = std::move(fields);
  return type;
}

FieldType either(std::vector<FieldType> types) {
  FieldType type = of_kind(FieldType::Kind::either);
  type.parts = std::move(types);
  return type;
}

}  // namespace field
}  // namespace dspmem
