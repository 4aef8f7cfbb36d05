// SPDX-License-Identifier: Apache-2.0
// Workflow commands of GitHub Actions: findings as annotations beside the code.
#include <fmt/format.h>

#include "sim/report/writer.h"
#include "sim/result/groups.h"

namespace dspmem {
namespace {

std::string escaped(const std::string& text, bool property) {
  std::string result;
  for (const char each : text) {
    if (each == '%' || each == '\r' || each == '\n' || (property && (each == ':' || each == ',')))
      result += fmt::format("%{:02X}", static_cast<unsigned>(each));
    else result += each;
  }
  return result;
}

struct Spot {
  std::string file;
  int line = 1;
};

Spot spot_of(const Result& result, const Result::Operation& operation) {
  for (const Result::Frame& frame : operation.stack)
    if (!frame.file.empty() && frame.line > 0) return {frame.file, frame.line};
  if (operation.step.line > 0) return {operation.step.file, operation.step.line};
  return {result.file, 1};
}

std::string write_github(std::span<const Result> results, const WriterOptions& options) {
  std::string out;
  for (const Result& result : results) {
    for (const Group& group : groups_of(result.findings)) {
      const Result::Finding& root = group.root();
      const Spot spot = spot_of(result, root.access);
      std::string text = root.message;
      if (!root.fix.empty()) text += "\nfix: " + root.fix;
      if (group.findings.size() > 1) text += fmt::format("\nshown in {} ways", group.findings.size());
      out += fmt::format("::{} file={},line={},title={}::{}\n",
                         fails_with(group.severity(), options.strict) ? "error" : "warning", escaped(spot.file, true),
                         spot.line, escaped(fmt::format("{} ({})", root.rule.name, to_string(root.severity)), true),
                         escaped(text, false));
    }
    for (const Result::Expectation& each : result.expectations)
      if (!each.passed)
        out += fmt::format("::error file={},line={},title=expectation failed::{}\n", escaped(each.where.file, true),
                           each.where.line, escaped(fmt::format("{}, but it is: {}", each.text, each.actual), false));
    if (result.crash)
      out += fmt::format("::error file={},title=crashed::{}\n", escaped(result.file, true),
                         escaped(result.crash->message, false));
  }
  return out;
}

}  // namespace

const Writer github_writer{"github", ".txt", "write annotations for GitHub Actions; - for standard output",
                           write_github};

}  // namespace dspmem
