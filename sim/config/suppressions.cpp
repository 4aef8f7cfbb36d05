// SPDX-License-Identifier: Apache-2.0
#include "sim/config/suppressions.h"

#include <algorithm>

#include "sim/config/fields.h"

namespace dspmem {

SuppressionList load_suppressions(const std::string& path, const std::vector<std::string>& rules) {
  FieldReader file(load_yaml(path), path, "the suppression file");
  const YAML::Node list = file.node("suppressions");
  if (!list.IsDefined()) file.missing("suppressions", "a list");
  if (!list.IsSequence()) file.fail("suppressions", "'suppressions' must be a list");
  SuppressionList all;
  for (const auto& node : list) {
    FieldReader reader(node, path, "a suppression");
    Suppression each;
    each.mark = reader.mark();
    if (reader.optional("rule", each.rule) && std::find(rules.begin(), rules.end(), each.rule) == rules.end())
      reader.fail("rule", "'" + each.rule + "' is not a known rule" + suggestion(each.rule, rules));
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
