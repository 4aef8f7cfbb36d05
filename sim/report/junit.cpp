// SPDX-License-Identifier: Apache-2.0
// JUnit's XML, which CI systems show as test results: one case for each scenario.
#include <fmt/format.h>

#include "sim/report/writer.h"
#include "sim/result/groups.h"

namespace dspmem {
namespace {

/// Text between tags or in quotes. XML 1.0 knows no way to write other control characters.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char each : text) {
    switch (each) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      case '\n':
      case '\t': result += each; break;
      default:
        if (static_cast<unsigned char>(each) < 0x20) result += fmt::format("\\x{:02x}", static_cast<unsigned>(each));
        else result += each;
    }
  }
  return result;
}

std::string failure_of(const Result& result, const WriterOptions& options) {
  const std::vector<Group> groups = groups_of(result.findings);
  std::string message = to_string(result.verdict);
  std::string text;
  for (const Group& group : groups) {
    if (!fails_with(group.severity(), options.strict)) continue;
    if (text.empty()) message = fmt::format("{}: {}", group.root().rule.name, group.root().message);
    text += finding_text(group.root()) + "\n";
  }
  for (const Result::Expectation& each : result.expectations)
    if (!each.passed)
      text += fmt::format("expected: {}, but it is: {} ({})\n", each.text, each.actual, each.where.to_string());
  if (result.crash) {
    message = "crashed: " + result.crash->message;
    text += result.crash->message + "\n";
  }
  return fmt::format("<failure message=\"{}\" type=\"{}\">{}</failure>", escaped(message), to_string(result.verdict),
                     escaped(text));
}

std::string write_junit(std::span<const Result> results, const WriterOptions& options) {
  std::size_t failures = 0;
  std::string cases;
  for (const Result& result : results) {
    const bool failed = result.verdict != Result::Verdict::passed;
    failures += failed;
    const double seconds = result.clock_mhz ? static_cast<double>(result.cycles) / result.clock_mhz / 1e6 : 0;
    cases += fmt::format("    <testcase name=\"{}\" classname=\"{}\" file=\"{}\" time=\"{:.6f}\"{}\n",
                         escaped(result.scenario), escaped(result.platform), escaped(result.file), seconds,
                         failed ? ">\n      " + failure_of(result, options) + "\n    </testcase>" : "/>");
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"dspmem\" tests=\"{}\" "
      "failures=\"{}\" errors=\"0\" skipped=\"0\">\n{}  </testsuite>\n</testsuites>\n",
      results.size(), failures, cases);
}

}  // namespace

const Writer junit_writer{"junit", ".xml",
                          "write one test case for each scenario, in JUnit's XML, for CI systems (times are "
                          "simulated); - for standard output",
                          write_junit};

}  // namespace dspmem
