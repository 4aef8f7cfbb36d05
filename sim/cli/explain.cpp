// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "sim/cli/commands.h"
#include "sim/cli/usage.h"
#include "sim/config/paths.h"
#include "sim/diagnose/rules.h"
#include "sim/experiment/job.h"
#include "sim/report/writer.h"

namespace dspmem {
namespace {

constexpr std::size_t columns = 100;

/// The text with line breaks between words, each line behind two blanks.
std::string wrapped(const std::string& text) {
  std::string out, line = " ";
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (line.size() + 1 + word.size() > columns) {
      out += line + "\n";
      line = " ";
    }
    line += " " + word;
  }
  return out + line + "\n";
}

std::string indented(const std::string& text) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) out += line.empty() ? "\n" : "  " + line + "\n";
  return out;
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream) throw InputError({file.string()}, "cannot be opened");
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// What a run of the example reports of the rule.
std::string report_of(const std::filesystem::path& example, RuleId rule) {
  const Result result = run(load_job({example.string(), std::nullopt, std::nullopt, std::nullopt}), {});
  for (const Result::Finding& each : result.findings)
    if (each.rule == rule) return finding_text(each);
  throw std::logic_error("the example of rule '" + to_string(rule) + "' does not show it");
}

void print_rule(const RuleInfo& rule) {
  const std::filesystem::path folder = example_directory(), example = folder / (to_string(rule.id) + ".yaml"),
                              fixed = folder / (to_string(rule.id) + "_fixed.yaml");
  fmt::print("{} ({}): {}\n\n{}", rule.id.name, to_string(rule.severity), rule.title, wrapped(rule.meaning));
  fmt::print("\nexample: {}\n\n{}", example.string(), indented(text_of(example)));
  fmt::print("\nits report:\n{}", indented(report_of(example, rule.id)));
  fmt::print("\nhow to fix it\n\n{}", wrapped(rule.fix));
  fmt::print("\nthe example, fixed: {}\n\n{}\nmore: {}\n", fixed.string(), indented(text_of(fixed)), rule.link());
}

}  // namespace

int explain_command(const std::vector<std::string>& arguments) {
  boost::program_options::options_description options("options");
  boost::program_options::variables_map values;
  if (!parse_arguments(arguments,
                       "explain [RULE]\n\nLists the rules of findings; or says what one means, with an example, its "
                       "report and how to fix it",
                       options, "rule", values))
    return 0;
  if (!values.count("rule")) {
    for (const RuleInfo* rule : rules())
      fmt::print("{:<24} {:<9} {}\n", rule->id.name, to_string(rule->severity), rule->title);
    return 0;
  }
  const auto names = values["rule"].as<std::vector<std::string>>();
  for (const std::string& name : names)
    if (!find_rule(name)) throw UsageError("there is no rule '" + name + "'" + suggestion(name, rule_names()));
  for (const std::string& name : names) print_rule(*find_rule(name));
  return 0;
}

}  // namespace dspmem
