// SPDX-License-Identifier: Apache-2.0
#include "sim/config/field_schema.h"

#include <nlohmann/json.hpp>
#include <regex>

namespace dspmem {
namespace {

using Schema = nlohmann::ordered_json;

Schema plain_value() { return {{"type", {"string", "number", "boolean"}}}; }

/// Numbers are written as numbers by most people, and read from quoted text as well.
Schema number_schema(std::uint64_t low, std::uint64_t high) {
  Schema schema{{"type", "integer"}, {"minimum", low}};
  if (high != ~0ull) schema["maximum"] = high;
  return schema;
}

Schema schema_of(const FieldType& type, bool& has_steps);

Schema object_schema(const FieldType& type, bool& has_steps) {
  Schema properties = Schema::object(), required = Schema::array();
  for (const Field& field : type.fields) {
    Schema& property = properties[field.name] = schema_of(field.type, has_steps);
    property["description"] = field.summary;
    if (field.required) required.push_back(field.name);
  }
  Schema schema{{"type", "object"}, {"properties", properties}, {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = required;
  return schema;
}

Schema schema_of(const FieldType& type, bool& has_steps) {
  switch (type.kind) {
    case FieldType::Kind::text: return plain_value();
    case FieldType::Kind::number: return number_schema(type.low, type.high);
    case FieldType::Kind::flag: return {{"enum", {true, false, "yes", "no"}}};
    case FieldType::Kind::size:
      return {{"anyOf",
               {number_schema(type.low, type.high),
                {{"type", "string"}, {"pattern", "^(0x[0-9a-fA-F]+|[0-9]+) *(B|KiB|MiB)?$"}}}}};
    case FieldType::Kind::address: return number_schema(0, type.high);
    case FieldType::Kind::choice: {
      Schema values = type.choices;
      // YAML of an earlier day reads on and off as true and false.
      for (const std::string& each : type.choices)
        if (each == "on" || each == "off") values.push_back(each == "on");
      return {{"enum", values}};
    }
    case FieldType::Kind::form: {
      const Schema in_text{{"type", "string"}, {"pattern", type.regex}};
      // A number without a unit is no text to YAML.
      const bool takes_numbers = std::regex_search("1", std::regex(type.regex));
      return takes_numbers
                 ? Schema{{"anyOf",
                           {in_text, number_schema(std::regex_search("0", std::regex(type.regex)) ? 0 : 1, ~0ull)}}}
                 : in_text;
    }
    case FieldType::Kind::list: {
      Schema schema{{"type", "array"}, {"items", schema_of(type.parts[0], has_steps)}};
      if (type.low) schema["minItems"] = type.low;
      if (type.high != ~0ull) schema["maxItems"] = type.high;
      return schema;
    }
    case FieldType::Kind::names: {
      Schema schema{{"type", "object"}, {"additionalProperties", schema_of(type.parts[0], has_steps)}};
      if (!type.regex.empty()) schema["propertyNames"] = {{"pattern", type.regex}};
      return schema;
    }
    case FieldType::Kind::mapping: {
      const Schema schema = object_schema(type, has_steps);
      const Field* primary = type.primary.empty() ? nullptr : find_field(type.fields, type.primary);
      return primary ? Schema{{"anyOf", {schema_of(primary->type, has_steps), schema}}} : schema;
    }
    case FieldType::Kind::one_of: {
      Schema schema = object_schema(type, has_steps);
      schema["minProperties"] = schema["maxProperties"] = 1;
      return schema;
    }
    case FieldType::Kind::either: {
      Schema parts = Schema::array();
      for (const FieldType& part : type.parts) parts.push_back(schema_of(part, has_steps));
      return {{"anyOf", parts}};
    }
    case FieldType::Kind::steps:
      has_steps = true;
      return {{"type", "array"}, {"items", {{"$ref", "#/definitions/step"}}}};
  }
  return {};
}

}  // namespace

std::string json_schema(const std::string& title, const std::string& description, const FieldType& fields,
                        const FieldType& step_kinds) {
  bool has_steps = false;
  const Schema root = schema_of(fields, has_steps);
  Schema schema{{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", title}, {"description", description}};
  if (has_steps) schema["definitions"]["step"] = schema_of(step_kinds, has_steps);
  schema.update(root);
  return schema.dump(2) + "\n";
}

}  // namespace dspmem
