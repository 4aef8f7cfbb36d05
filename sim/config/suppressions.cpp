// SPDX-License-Identifier: Apache-2.0
#include "sim/config/suppressions.h"

#include "sim/config/fields.h"

namespace dspmem {

FieldType suppression_fields(const std::vector<std::string>& rules) {
  using namespace field;
  return mapping(
      {needs("suppressions",
             list(mapping({
                 has("rule", choice(rules), "of this rule; default any"),
                 has("function", text(), "in this function of the firmware; default any"),
                 has("file", text(), "in this source file; default any"),
                 has("object", text(), "of this object; default any"),
                 needs("reason", text(), "why it is no bug; reports show it"),
             })),
             "findings that do not fail a run; each gives at least one of rule, function, file and object")});
}

SuppressionList load_suppressions(const std::string& path, const std::vector<std::string>& rules) {
  const FieldType type = suppression_fields(rules);
  FieldReader file(load_yaml(path), path, "the suppression file", type);
  const YAML::Node list = file.node("suppressions");
  if (!list.IsDefined()) file.missing("suppressions", "a list");
  if (!list.IsSequence()) file.fail("suppressions", "'suppressions' must be a list");
  SuppressionList all;
  for (const auto& node : list) {
    FieldReader reader(node, path, "a suppression", type.fields[0].type.parts[0]);
    Suppression each;
    each.mark = reader.mark();
    reader.optional("rule", each.rule);
    reader.optional("function", each.function);
    reader.optional("file", each.file);
    reader.optional("object", each.object);
    reader.required("reason", each.reason);
    reader.finish();
    if (each.rule.empty() && each.function.empty() && each.file.empty() && each.object.empty())
      FieldReader::fail(each.mark, "a suppression needs at least one of 'rule', 'function', 'file' and 'object'");
    all.push_back(std::move(each));
  }
  file.finish();
  return all;
}

}  // namespace dspmem
