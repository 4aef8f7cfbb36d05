// SPDX-License-Identifier: Apache-2.0
// SARIF 2.1.0 (OASIS), which code reviews and editors show beside the code.
#include <map>
#include <nlohmann/json.hpp>

#include "sim/report/writer.h"
#include "sim/result/groups.h"

namespace dspmem {
namespace {

using OrderedJson = nlohmann::ordered_json;

const char* level_of(Severity severity) {
  switch (severity) {
    case Severity::manifest: return "error";
    case Severity::latent: return "error";
    case Severity::warning: return "warning";
    case Severity::advice: return "note";
  }
  return "none";
}

OrderedJson location(const std::string& file, int line, int column, const std::string& message) {
  OrderedJson region{{"startLine", line}};
  if (column > 0) region["startColumn"] = column;
  OrderedJson result{{"physicalLocation", {{"artifactLocation", {{"uri", file}}}, {"region", region}}}};
  if (!message.empty()) result["message"] = {{"text", message}};
  return result;
}

/// Where an operation is in the firmware, and in the scenario; either may not be known.
std::vector<OrderedJson> locations_of(const Result::Operation& operation, const std::string& message) {
  std::vector<OrderedJson> found;
  for (const Result::Frame& frame : operation.stack)
    if (!frame.file.empty() && frame.line > 0) {
      found.push_back(location(frame.file, frame.line, 0, message));
      break;
    }
  if (operation.step.line > 0)
    found.push_back(location(operation.step.file, operation.step.line, operation.step.column, message));
  return found;
}

std::string sentence_of(const Result::Operation& operation, const char* role) {
  return std::string(role) + ": " + to_string(operation.agent) + " " + to_string(operation.kind);
}

OrderedJson to_json(const Result& result, const Result::Finding& finding, std::size_t rule, std::size_t group) {
  std::string text = finding.message;
  if (!finding.fix.empty()) text += ". Fix: " + finding.fix;
  OrderedJson entry{{"ruleId", to_string(finding.rule)},
                    {"ruleIndex", rule},
                    {"level", level_of(finding.severity)},
                    {"message", {{"text", text}}}};
  std::vector<OrderedJson> here = locations_of(finding.access, ""), related;
  if (here.empty()) here.push_back(location(result.file, 1, 0, ""));
  entry["locations"] = OrderedJson::array({here[0]});
  for (std::size_t i = 1; i < here.size(); ++i) {
    here[i]["message"] = {{"text", "the step of the scenario"}};
    related.push_back(here[i]);
  }
  if (finding.other)
    for (OrderedJson& each : locations_of(*finding.other, sentence_of(*finding.other, "other side")))
      related.push_back(std::move(each));
  if (finding.cause)
    for (OrderedJson& each : locations_of(*finding.cause, sentence_of(*finding.cause, "cause")))
      related.push_back(std::move(each));
  if (finding.object && finding.object->where.step.line > 0)
    related.push_back(location(finding.object->where.step.file, finding.object->where.step.line,
                               finding.object->where.step.column, "'" + finding.object->name + "' comes from here"));
  if (!related.empty()) {
    for (std::size_t i = 0; i < related.size(); ++i) related[i]["id"] = i;
    entry["relatedLocations"] = related;
  }
  entry["partialFingerprints"] = {{"dspmem/v1", fingerprint_of(finding)}};
  entry["properties"] = {{"severity", to_string(finding.severity)},
                         {"group", group},
                         {"count", finding.count},
                         {"scenario", result.scenario},
                         {"platform", result.platform}};
  return entry;
}

std::string write_sarif(std::span<const Result> results, const WriterOptions& options) {
  OrderedJson rules = OrderedJson::array();
  std::map<std::string, std::size_t> index;
  for (const RuleInfo* rule : options.rules) {
    index[to_string(rule->id)] = rules.size();
    rules.push_back({{"id", to_string(rule->id)},
                     {"shortDescription", {{"text", rule->title}}},
                     {"fullDescription", {{"text", rule->meaning}}},
                     {"help", {{"text", rule->fix}}},
                     {"defaultConfiguration", {{"level", level_of(rule->severity)}}}});
  }
  OrderedJson entries = OrderedJson::array();
  for (const Result& result : results) {
    std::map<const Result::Finding*, std::size_t> group_of;
    std::size_t number = 0;
    for (const Group& group : groups_of(result.findings)) {
      ++number;
      for (const Result::Finding* each : group.findings) group_of[each] = number;
    }
    for (const Result::Finding& finding : result.findings)
      if (const auto rule = index.find(to_string(finding.rule)); rule != index.end())
        entries.push_back(to_json(result, finding, rule->second, group_of[&finding]));
  }
  const OrderedJson document{
      {"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
      {"version", "2.1.0"},
      {"runs",
       OrderedJson::array({{{"tool", {{"driver", {{"name", "dspmem"}, {"version", DSPMEM_VERSION}, {"rules", rules}}}}},
                            {"columnKind", "unicodeCodePoints"},
                            {"results", entries}}})}};
  return document.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

}  // namespace

const Writer sarif_writer{
    "sarif", ".sarif",
    "write the findings of all scenarios as SARIF 2.1.0, for code reviews and editors; - for standard output",
    write_sarif};

}  // namespace dspmem
