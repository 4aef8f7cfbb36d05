// SPDX-License-Identifier: Apache-2.0
// A suppression file that would silence what was found: to begin with, where a project has findings that it cannot fix
// at once.
#include <fmt/format.h>
#include <set>

#include "sim/report/writer.h"

namespace dspmem {
namespace {

/// In double quotes, as YAML has it.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char each : text) {
    if (each == '"' || each == '\\') result += '\\';
    result += each;
  }
  return result + "\"";
}

std::string write_suppressions(std::span<const Result> results, const WriterOptions& options) {
  std::string out = "# For 'dspmem run --suppressions'. Say why in each reason, or fix it.\nsuppressions:\n";
  std::set<std::string> said;
  for (const Result& result : results)
    for (const Result::Finding& finding : result.findings) {
      if (finding.is_advice() || (finding.severity == Severity::warning && !options.strict)) continue;
      std::string entry = "  - {rule: " + to_string(finding.rule);
      if (finding.object && finding.object->kind != Result::Object::Kind::heap)
        entry += ", object: " + quoted(finding.object->name);
      if (!finding.access.stack.empty() && !finding.access.stack[0].function.empty())
        entry += ", function: " + quoted(finding.access.stack[0].function);
      entry += ", reason: " + quoted("found on " + result.platform + ", not looked at yet") + "}\n";
      if (said.insert(entry).second) out += entry;
    }
  return said.empty() ? "suppressions: []\n" : out;
}

}  // namespace

const Writer suppressions_writer{"write-suppressions", ".yaml",
                                 "write a suppression file for what was found, to begin with; - for standard output",
                                 write_suppressions};

}  // namespace dspmem
