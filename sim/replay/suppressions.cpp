// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/suppressions.h"

#include <algorithm>

#include "sim/config/fields.h"
#include "sim/replay/findings.h"

namespace dspmem {
namespace {

/// Whether any frame of the access lies in the function or the file; a file may be named by its end.
bool touches(const Result::Deed& deed, const Suppression& suppression) {
  return std::any_of(deed.stack.begin(), deed.stack.end(), [&](const Result::Frame& frame) {
    return (suppression.function.empty() || frame.function == suppression.function) && (suppression.file.empty() || frame.file.ends_with(suppression.file));
  });
}

bool matches(const Suppression& suppression, const Result::Finding& finding) {
  if (!suppression.rule.empty() && suppression.rule != finding.rule) return false;
  if (!suppression.object.empty() && (!finding.object || finding.object->name != suppression.object)) return false;
  return (suppression.function.empty() && suppression.file.empty()) || touches(finding.access, suppression) || (finding.other && touches(*finding.other, suppression));
}

}  // namespace

SuppressionList load_suppressions(const std::string& path) {
  FieldReader file(load_yaml(path), path, "the suppression file");
  const YAML::Node list = file.node("suppressions");
  if (!list.IsDefined()) file.missing("suppressions", "a list");
  if (!list.IsSequence()) file.fail("suppressions", "'suppressions' must be a list");
  SuppressionList all;
  for (const auto& node : list) {
    FieldReader reader(node, path, "a suppression");
    Suppression each;
    each.mark = reader.mark();
    if (reader.optional("rule", each.rule)) {
      const auto& rules = rule_names();
      if (std::find(rules.begin(), rules.end(), each.rule) == rules.end()) reader.fail("rule", "'" + each.rule + "' is not a known rule" + suggestion(each.rule, rules));
    }
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

void suppress(const SuppressionList& list, Result& result) {
  for (const Suppression& suppression : list) {
    Result::Suppressed note{suppression.mark.to_string(), suppression.reason, 0};
    std::erase_if(result.findings, [&](const Result::Finding& finding) {
      if (!matches(suppression, finding)) return false;
      note.count += finding.count;
      return true;
    });
    result.suppressions.push_back(std::move(note));
  }
}

}  // namespace dspmem
