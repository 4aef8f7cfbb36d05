// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/point.h"

#include <fmt/format.h>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "sim/config/fields.h"
#include "sim/config/input_files.h"
#include "sim/experiment/job.h"
#include "sim/report/writer.h"
#include "sim/result/groups.h"
#include "sim/sweep/digest.h"
#include "sim/sweep/image_builder.h"

namespace dspmem {
namespace {

using Json = nlohmann::json;
using Of = SweepKey::Of;

JobRequest request_of(const Sweep& sweep, const SweepPoint& point, ReplayOptions& options) {
  JobRequest request;
  request.scenario = sweep.scenario;
  request.ignore_expectations = sweep.ignore_expectations;
  const auto folder = std::filesystem::path(sweep.file).parent_path();
  // A path in a sweep file is relative to it; other names are those of what comes with dspmem.
  const auto reference = [&folder](const std::string& name) {
    const bool is_path = name.find('/') != std::string::npos || name.ends_with(".yaml") || name.ends_with(".elf");
    return is_path && std::filesystem::path(name).is_relative() ? (folder / name).lexically_normal().string() : name;
  };
  if (!sweep.platform.empty()) request.platform = reference(sweep.platform);
  if (!sweep.allocator.empty()) request.allocator = reference(sweep.allocator);
  for (std::size_t index = 0; index < sweep.keys.size(); ++index) {
    const SweepKey& key = sweep.keys[index];
    const std::string& text = key.texts[point[index]];
    switch (key.of) {
      case Of::scenario: request.scenario = reference(text); break;
      case Of::platform: request.platform = reference(text); break;
      case Of::allocator: request.allocator = reference(text); break;
      case Of::firmware: request.firmware = reference(text); break;
      case Of::seed: options.seed = *parse_number(text); break;
      case Of::quantum: options.quantum_cycles = static_cast<std::uint32_t>(*parse_number(text)); break;
      case Of::scenario_field: request.scenario_edits.set(key.path, key.values[point[index]]); break;
      case Of::platform_field: request.platform_edits.set(key.path, key.values[point[index]]); break;
    }
  }
  return request;
}

/// What the report says under a name; nothing where it has none.
std::optional<double> metric_of(const Json& report, const std::string& name) {
  const Json* at = &report;
  std::size_t begin = 0;
  while (begin <= name.size()) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    const std::string part = name.substr(begin, end - begin);
    begin = end + 1;
    if (at->is_object() && at->contains(part)) {
      at = &(*at)[part];
    } else if (at->is_array()) {
      // By number, or by the element's name: its first text, or the number of its core.
      const Json* found = nullptr;
      for (const Json& each : *at) {
        if (!each.is_object()) continue;
        for (const auto& [key, value] : each.items())
          if (value.is_string() && value == part &&
              (key == "heap" || key == "zone" || key == "bank" || key == "policy" || key == "operation" ||
               key == "name"))
            found = &each;
        if (found) break;
      }
      if (!found)
        if (const auto number = parse_number(part); number && *number < at->size()) found = &(*at)[*number];
      if (!found) return std::nullopt;
      at = found;
    } else {
      return std::nullopt;
    }
  }
  if (at->is_number()) return at->get<double>();
  if (at->is_boolean()) return at->get<bool>();
  if (at->is_array() || at->is_object()) return static_cast<double>(at->size());
  return std::nullopt;
}

/// Names of figures that the report has, for suggestions: not those of single banks and findings.
void metric_names(const Json& json, const std::string& prefix, std::vector<std::string>& names) {
  if (names.size() > 5000) return;
  if (json.is_number()) names.push_back(prefix);
  if (json.is_object())
    for (const auto& [key, value] : json.items()) metric_names(value, prefix.empty() ? key : prefix + "." + key, names);
  if (!json.is_array()) return;
  names.push_back(prefix);
  for (std::size_t i = 0; i < std::min<std::size_t>(json.size(), 64); ++i) {
    std::string name = std::to_string(i);
    if (json[i].is_object())
      for (const char* key : {"heap", "zone", "policy", "operation"})
        if (json[i].contains(key) && json[i][key].is_string()) {
          name = json[i][key];
          break;
        }
    metric_names(json[i], prefix + "." + name, names);
  }
}

/// The report as metrics see it: findings are those that fail a run.
Json report_of(const Result& result) {
  Json json = Json::parse(json_writer.write({&result, 1}, {}));
  Json failing = Json::array();
  for (std::size_t i = 0; i < result.findings.size(); ++i)
    if (result.findings[i].fails(false)) failing.push_back(json["findings"][i]);
  json["findings"] = failing;
  json["exit_code"] = exit_code(result.verdict);
  return json;
}

}  // namespace

PointRunner::PointRunner(const Sweep& sweep, std::string image_folder)
    : sweep_(sweep), image_folder_(std::move(image_folder)) {}

const PointRunner::Common& PointRunner::common_of(const SweepPoint& point) {
  std::string key;
  for (std::size_t index = 0; index < sweep_.keys.size(); ++index)
    if (const Of of = sweep_.keys[index].of; of != Of::seed && of != Of::quantum)
      key += sweep_.keys[index].texts[point[index]] + "\n";
  const auto known = common_.find(key);
  if (known != common_.end()) return known->second;
  ReplayOptions options;
  JobRequest request = request_of(sweep_, point, options);
  std::set<std::string> files;  // that the scenario names with 'use' or 'trace', too
  std::string image;
  {
    const InputRecord record;
    const Job job = load_checked(request);
    image = image_for(request, job, image_folder_);
    files = record.paths();
  }
  files.insert(image);
  Digest digest;
  for (const std::string& file : files) {
    // What is too large to read for this is known by its size and time.
    if (const auto bytes = std::filesystem::file_size(file); bytes <= input_limits().file_bytes)
      digest.add(read_input(file));
    else
      digest.add(
          fmt::format("{} {} {}", file, bytes, std::filesystem::last_write_time(file).time_since_epoch().count()));
  }
  return common_[key] = {image, digest.text()};
}

std::string PointRunner::hash(const SweepPoint& point) {
  Digest digest;
  digest.add(DSPMEM_VERSION);
  digest.add(common_of(point).digest);
  for (std::size_t index = 0; index < sweep_.keys.size(); ++index) {
    const SweepKey& key = sweep_.keys[index];
    // A file that is varied is in by what it says, not by its name.
    if (key.of == Of::scenario || key.of == Of::platform || key.of == Of::allocator || key.of == Of::firmware) continue;
    digest.add(key.name);
    digest.add(key.texts[point[index]]);
  }
  for (const SweepMetric& metric : sweep_.metrics) digest.add(metric.name);
  digest.add(sweep_.ignore_expectations ? "without expectations" : "");
  return digest.text();
}

Job PointRunner::job(const SweepPoint& point, ReplayOptions& options) {
  JobRequest request = request_of(sweep_, point, options);
  request.firmware = common_of(point).image;
  return load_job(request);
}

SweepResult PointRunner::run(const SweepPoint& point) {
  const auto begun = std::chrono::steady_clock::now();
  SweepResult result;
  result.keys = sweep_.describe(point);
  try {
    ReplayOptions options;
    const Result replayed = dspmem::run(job(point, options), options);
    const Json report = report_of(replayed);
    result.exit_code = exit_code(replayed.verdict);
    result.verdict = to_string(replayed.verdict);
    for (const SweepMetric& metric : sweep_.metrics)
      if (const auto value = metric_of(report, metric.name); value && std::isfinite(*value))
        result.metrics[metric.name] = *value;
    for (const Result::Finding& finding : replayed.findings)
      if (finding.fails(false))
        result.findings.push_back({to_string(finding.rule), finding.object ? finding.object->name : "",
                                   to_string(finding.severity), fingerprint_of(finding), finding.count});
  } catch (const InputError& error) {
    result.exit_code = 2;
    result.verdict = "bad-input";
    result.error = error.what();
  }
  result.milliseconds = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun).count());
  return result;
}

void PointRunner::check_metrics(const SweepPoint& point) {
  ReplayOptions options;
  JobRequest request = request_of(sweep_, point, options);
  JobRequest plain = request;
  plain.scenario_edits = plain.platform_edits = {};
  const Job job = load_checked(plain);
  for (const SweepKey& key : sweep_.keys) {
    if (key.of != Of::scenario_field && key.of != Of::platform_field) continue;
    Edits edits;
    edits.set(key.path, key.values.front());
    const std::string file = key.of == Of::scenario_field ? job.scenario.file : job.platform.file;
    YAML::Node root = load_yaml(file);
    try {
      edits.apply(root);
    } catch (const std::out_of_range& error) {
      throw InputError(key.mark, "'" + file + "' has no field " + error.what());
    }
  }
  Json report;
  try {
    request.firmware = common_of(point).image;
    report = report_of(dspmem::run(load_job(request), options));
  } catch (const InputError& error) {
    throw InputError({sweep_.file}, "the first point (" + sweep_.describe(point) + ") cannot be run: " + error.what());
  }
  for (const SweepMetric& metric : sweep_.metrics) {
    if (metric_of(report, metric.name)) continue;
    std::vector<std::string> names;
    metric_names(report, "", names);
    throw InputError(metric.mark, "the report has no figure '" + metric.name + "'" + suggestion(metric.name, names));
  }
}

}  // namespace dspmem
