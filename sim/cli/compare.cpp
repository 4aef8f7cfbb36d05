// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "sim/cli/commands.h"
#include "sim/cli/options.h"
#include "sim/cli/progress_line.h"
#include "sim/cli/usage.h"
#include "sim/result/printable.h"

namespace dspmem {
namespace {

using OrderedJson = nlohmann::ordered_json;

using Row = ComparedAllocator;

std::string per_call(std::uint64_t total, std::uint64_t calls) {
  return calls ? fmt::format("{:.1f}", static_cast<double>(total) / static_cast<double>(calls)) : "-";
}

std::string percent(std::uint64_t basis_points) {
  return fmt::format("{:.1f} %", static_cast<double>(basis_points) / 100);
}

std::string outcome(const Row& row) {
  const Result& result = row.result;
  if (!row.refusal.empty()) return "cannot: " + printable(row.refusal);
  if (result.crash)
    return "stopped: " + result.crash->message +
           (result.crash->step
                ? ", during step " + result.crash->step->kind + " at " + result.crash->step->where.to_string()
                : "");
  std::string rules;
  std::set<RuleId> reported;
  for (const Result::Finding& each : result.findings)
    if (!each.is_advice() && reported.insert(each.rule).second)
      rules += (rules.empty() ? "" : ", ") + to_string(each.rule);
  if (!result.stale_reads.empty()) rules += std::string(rules.empty() ? "" : ", ") + "wrong values read";
  for (const Result::Expectation& each : result.expectations)
    if (!each.passed && result.stale_reads.empty())
      rules += (rules.empty() ? "" : ", ") + each.text + ": " + each.actual;
  return rules.empty() ? "clean" : rules;
}

void print_costs(const std::vector<Row>& rows, const std::string& operation) {
  if (std::none_of(rows.begin(), rows.end(), [&](const Row& row) {
        return std::any_of(row.result.operations.begin(), row.result.operations.end(),
                           [&](const auto& each) { return each.name == operation; });
      }))
    return;
  fmt::print("{:<14}{:>10}{:>8}{:>10}{:>10}{:>10}{:>14}{:>12}{:>10}\n", operation, "calls", "failed", "cycles", "99 %",
             "worst", "instructions", "L1D misses", "waiting");
  for (const Row& row : rows)
    for (const Result::AllocatorCalls& each : row.result.operations)
      if (each.name == operation)
        fmt::print("  {:<12} {:>9} {:>7} {:>9} {:>9} {:>9} {:>13} {:>11} {:>9}\n", row.allocator, each.count,
                   each.failed, each.median_cycles, each.p99_cycles, each.worst_cycles,
                   per_call(each.instructions, each.count), per_call(each.l1d_misses, each.count),
                   per_call(each.waiting_cycles, each.count));
  fmt::print("\n");
}

void print_memory(const std::vector<Row>& rows) {
  fmt::print("{:<14}{:>12}{:>12}{:>11}{:>11}{:>10}  {}\n", "memory", "peak", "touched", "scattered", "banks off",
             "findings", "outcome");
  for (const Row& row : rows) {
    const Result& result = row.result;
    const Result::PowerPolicy* achievable = result.power.policy(Result::PolicyRole::achievable);
    const std::string off = achievable ? percent(achievable->off_basis_points) : "-";
    fmt::print("  {:<12} {:>11} {:>11} {:>10} {:>10} {:>9}  {}\n", row.allocator, result.footprint.peak,
               result.footprint.touched, percent(result.footprint.scattered_basis_points), off, finding_count(result),
               outcome(row));
  }
}

OrderedJson to_json(const Row& row) {
  const Result& result = row.result;
  OrderedJson json{{"allocator", row.allocator},
                   {"cycles", result.cycles},
                   {"peak", result.footprint.peak},
                   {"touched", result.footprint.touched},
                   {"scattered_basis_points", result.footprint.scattered_basis_points},
                   {"findings", finding_count(result)},
                   {"outcome", outcome(row)}};
  if (const Result::PowerPolicy* achievable = result.power.policy(Result::PolicyRole::achievable))
    json["banks_off_basis_points"] = achievable->off_basis_points;
  for (const Result::AllocatorCalls& each : result.operations)
    json["operations"][each.name] = {{"count", each.count},
                                     {"failed", each.failed},
                                     {"median_cycles", each.median_cycles},
                                     {"p99_cycles", each.p99_cycles},
                                     {"worst_cycles", each.worst_cycles},
                                     {"instructions", each.instructions},
                                     {"l1d_misses", each.l1d_misses},
                                     {"waiting_cycles", each.waiting_cycles},
                                     {"waiting_instructions", each.waiting_instructions}};
  return json;
}

}  // namespace

int compare_command(const std::vector<std::string>& arguments) {
  namespace po = boost::program_options;
  po::options_description options("options");
  add_platform_option(options);
  auto add = options.add_options();
  add("allocator,a", po::value<std::vector<std::string>>()->multitoken(),
      "allocators to compare: names from configs/allocators or .yaml files (default: all that come with dspmem); a "
      "file of yours names its ELF with 'firmware'");
  add("json", "print JSON instead of text");
  add_replay_options(options);
  add_energy_option(options);
  po::variables_map values;
  if (!parse_arguments(arguments,
                       "compare SCENARIO.yaml [OPTIONS]\n\n"
                       "Exits with 0 whatever the allocators do, crashes included; 'run --allocator' judges one",
                       options, "scenario", values))
    return 0;
  const std::string file = scenario_of(values, "compare", ", before --allocator");
  std::vector<std::string> allocators =
      values.count("allocator") ? values["allocator"].as<std::vector<std::string>>() : shipped_allocators();
  if (const Scenario scenario = load_scenario(file); !values.count("allocator") && !scenario.allocator.empty()) {
    const std::string own = load_allocator(scenario.allocator, scenario.allocator_mark).file;
    const auto is_own = [&own](const std::string& each) {
      return std::filesystem::equivalent(load_allocator(each, {}).file, own);
    };
    if (std::none_of(allocators.begin(), allocators.end(), is_own)) allocators.insert(allocators.begin(), own);
  }
  const ReplayOptions replay_options = replay_options_of(values);

  // What the scenario expects is about its own allocator: others have other heaps, and take other times.
  std::vector<Job> jobs;
  for (const std::string& each : allocators) {
    JobRequest request = request_of(file, values);
    request.allocator = each;
    request.ignore_expectations = true;
    jobs.push_back(load_job(request));
  }
  const std::vector<Row> rows = compare(jobs, replay_options, progress_line("comparing", "allocators"));
  if (values.count("json")) {
    OrderedJson json{{"scenario", jobs.front().scenario.name},
                     {"platform", jobs.front().platform.name},
                     {"allocators", OrderedJson::array()}};
    for (const Row& row : rows) json["allocators"].push_back(to_json(row));
    std::printf("%s\n", json.dump(2).c_str());
    return 0;
  }
  fmt::print("{} on {}: {} allocators, the same requests\n\n", printable(file), jobs.front().platform.name,
             rows.size());
  print_costs(rows, "allocate");
  print_costs(rows, "free");
  print_costs(rows, "reallocate");
  print_memory(rows);
  fmt::print(
      "\ncycles of one call: median, 99th percentile, worst; instructions and misses: mean of a call\n"
      "peak: bytes asked for at a time; touched: cache lines that were ever an object's or the allocator's, bytes; "
      "scattered: near\n"
      "the peak, what of the memory between objects is not in its largest piece; banks off: with page-refcount\n");
  return 0;
}

}  // namespace dspmem
