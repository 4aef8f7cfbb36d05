// SPDX-License-Identifier: Apache-2.0
// Two JSON reports of the same scenarios: what got better or worse.
#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <map>

#include "sim/cli/commands.h"
#include "sim/cli/report_file.h"
#include "sim/cli/usage.h"

namespace dspmem {
namespace {

namespace po = boost::program_options;

/// One scenario, compared.
struct Difference {
  std::string scenario, old_verdict, new_verdict;
  std::vector<std::string> added, fixed;  ///< findings in a line each
  std::size_t staying = 0;
  struct Figure {
    std::string name;
    double before, after;
  };
  std::vector<Figure> figures;  ///< those that changed
  bool worse = false;
};

bool counts(const Json& finding) {
  return finding.value("kind", "") == "manifest" || finding.value("kind", "") == "latent";
}

std::string line_of(const Json& finding) {
  return fmt::format("{} ({}): {}", finding.value("rule", "?"), finding.value("kind", "?"),
                     finding.value("message", ""));
}

std::multimap<std::string, const Json*> findings_of(const Json& report) {
  std::multimap<std::string, const Json*> found;
  for (const Json& each : report["findings"])
    if (each.value("kind", "") != "advice") found.emplace(each.value("fingerprint", ""), &each);
  return found;
}

std::vector<Difference::Figure> figures_of(const Json& report) {
  std::vector<Difference::Figure> figures;
  const auto add = [&figures](const std::string& name, const Json& value) {
    if (value.is_number()) figures.push_back({name, value.get<double>(), 0});
  };
  add("cycles", report.value("cycles", Json()));
  for (const Json& heap : report.value("heaps", Json::array()))
    add("peak of heap " + heap.value("heap", "?") + ", bytes", heap.value("peak", Json()));
  for (const Json& each : report.value("operations", Json::array()))
    add("median cycles of " + each.value("operation", each.value("name", "?")), each.value("median_cycles", Json()));
  if (report.contains("energy"))
    for (const Json& policy : report["energy"].value("policies", Json::array()))
      if (policy.value("policy", "") == "firmware") {
        add("saved by bank power-off, %", policy.value("saved_percent", Json()));
        add("banks off, %", policy.value("residency_off", Json()));
      }
  return figures;
}

Difference compare(const std::string& name, const Json& before, const Json& after) {
  Difference difference{name, before.value("verdict", "?"), after.value("verdict", "?"), {}, {}, 0, {}, false};
  const auto old_findings = findings_of(before), new_findings = findings_of(after);
  for (const auto& [fingerprint, finding] : new_findings) {
    if (old_findings.contains(fingerprint)) {
      ++difference.staying;
      continue;
    }
    difference.added.push_back(line_of(*finding));
    difference.worse |= counts(*finding);
  }
  for (const auto& [fingerprint, finding] : old_findings)
    if (!new_findings.contains(fingerprint)) difference.fixed.push_back(line_of(*finding));
  difference.worse |= difference.old_verdict == "passed" && difference.new_verdict != "passed";
  const auto old_figures = figures_of(before);
  for (Difference::Figure& each : figures_of(after)) {
    const auto old = std::find_if(old_figures.begin(), old_figures.end(),
                                  [&each](const auto& other) { return other.name == each.name; });
    if (old == old_figures.end() || old->before == each.before) continue;
    difference.figures.push_back({each.name, old->before, each.before});
  }
  return difference;
}

std::string number(double value) {
  return value == std::floor(value) ? fmt::format("{:.0f}", value) : fmt::format("{:.2f}", value);
}

std::string change_of(const Difference::Figure& figure) {
  return figure.before != 0 ? fmt::format("{:+.2f} %", (figure.after - figure.before) / figure.before * 100) : "new";
}

void print_text(const Difference& each) {
  fmt::print("{} {}: {}\n",
             each.worse           ? "WORSE"
             : each.fixed.empty() ? "same "
                                  : "better",
             each.scenario,
             each.old_verdict == each.new_verdict ? each.new_verdict : each.old_verdict + " -> " + each.new_verdict);
  for (const std::string& line : each.added) fmt::print("  new    {}\n", line);
  for (const std::string& line : each.fixed) fmt::print("  fixed  {}\n", line);
  if (each.staying) fmt::print("  still  {} finding{}\n", each.staying, each.staying == 1 ? "" : "s");
  for (const Difference::Figure& figure : each.figures)
    fmt::print("  {}: {} -> {} ({})\n", figure.name, number(figure.before), number(figure.after), change_of(figure));
}

std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) text.replace(at, 1, "\\|");
  return text;
}

void print_markdown(const std::vector<Difference>& differences) {
  fmt::print("| scenario | verdict | new | fixed | still there |\n|---|---|---|---|---|\n");
  for (const Difference& each : differences)
    fmt::print(
        "| {} | {} | {} | {} | {} |\n", cell(each.scenario),
        each.old_verdict == each.new_verdict ? each.new_verdict : each.old_verdict + " → **" + each.new_verdict + "**",
        each.added.size(), each.fixed.size(), each.staying);
  for (const Difference& each : differences) {
    if (each.added.empty() && each.fixed.empty() && each.figures.empty()) continue;
    fmt::print("\n**{}**\n\n", each.scenario);
    for (const std::string& line : each.added) fmt::print("- new: {}\n", line);
    for (const std::string& line : each.fixed) fmt::print("- fixed: {}\n", line);
    for (const Difference::Figure& figure : each.figures)
      fmt::print("- {}: {} → {} ({})\n", figure.name, number(figure.before), number(figure.after), change_of(figure));
  }
}

}  // namespace

int diff_command(const std::vector<std::string>& arguments) {
  po::options_description options("options");
  options.add_options()("markdown", "for the comment of a pull request");
  po::variables_map values;
  if (!parse_arguments(arguments, "diff OLD.json NEW.json [OPTIONS]", options, "report", values)) return 0;
  const auto files =
      values.count("report") ? values["report"].as<std::vector<std::string>>() : std::vector<std::string>{};
  if (files.size() != 2) throw UsageError("diff needs two reports of 'dspmem run --json', the old one first");
  const auto before = load_reports(files[0]), after = load_reports(files[1]);
  std::vector<Difference> differences;
  bool worse = false;
  for (const auto& [name, report] : after) {
    const auto old = before.find(name);
    Json nothing = report;
    nothing["findings"] = Json::array();
    nothing["verdict"] = "not run";
    differences.push_back(compare(name, old == before.end() ? nothing : old->second, report));
    worse |= differences.back().worse;
  }
  if (values.count("markdown")) print_markdown(differences);
  else
    for (const Difference& each : differences) print_text(each);
  for (const auto& [name, report] : before)
    if (!after.contains(name)) fmt::print("{}{} was not run again\n", values.count("markdown") ? "- " : "gone  ", name);
  return worse ? 1 : 0;
}

}  // namespace dspmem
