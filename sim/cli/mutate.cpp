// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <fmt/format.h>
#include <set>

#include "sim/cli/commands.h"
#include "sim/cli/job.h"
#include "sim/cli/usage.h"

namespace dspmem {
namespace {

/// What went wrong in a run, in a word; empty when nothing did that the scenario does not expect.
std::string trouble(const Result& result) {
  if (result.crash) return "crash";
  std::string text;
  std::set<std::string> rules;
  for (const Result::Finding& finding : result.findings)
    if (finding.kind != Result::Finding::Kind::advice) rules.insert(finding.rule);
  for (const std::string& rule : rules) text += (text.empty() ? "" : ", ") + rule;
  if (text.empty() && result.verdict != Result::Verdict::passed) text = "wrong values";
  return text;
}

}  // namespace

int mutate_command(const std::vector<std::string>& arguments) {
  namespace po = boost::program_options;
  po::options_description options("options");
  add_platform_option(options);
  add_firmware_option(options);
  add_allocator_option(options);
  add_replay_options(options);
  po::variables_map values;
  if (!parse_arguments(arguments, "mutate SCENARIO.yaml [OPTIONS]", options, "scenario", values)) return 0;
  const std::string file = scenario_of(values, "mutate");
  ReplayOptions replay_options = replay_options_of(values);
  const Job job = load_job(file, values);

  MaintenanceSites sites(*job.image);
  replay_options.sites = &sites;
  const std::string before = trouble(Replay(job.scenario, job.platform, job.allocator, *job.image, replay_options).run());
  if (!before.empty()) {
    std::printf("%s is not clean as it is: %s. Mend that first.\n", file.c_str(), before.c_str());
    return 1;
  }
  const std::size_t count = sites.entries().size();
  std::vector<std::uint64_t> executed;
  for (const auto& entry : sites.entries()) executed.push_back(entry.count);
  std::printf("%s on %s: %zu places maintain caches\n\n%-13s %10s  %s\n", file.c_str(), job.platform.name.c_str(), count, "left out", "operations", "place");
  std::size_t killed = 0;
  for (std::size_t index = 0; index < count; ++index) {
    sites.restart();
    sites.mute(index);
    const std::string found = trouble(Replay(job.scenario, job.platform, job.allocator, *job.image, replay_options).run());
    killed += !found.empty();
    const MaintenanceSites::Entry entry = sites.entries()[index];
    std::printf("%-13s %10llu  %s in %s%s%s\n", found.empty() ? "not missed" : "missed", static_cast<unsigned long long>(executed[index]), entry.operation.c_str(), entry.place.c_str(),
                found.empty() ? "" : ": ", found.c_str());
  }
  std::printf("\n%zu of %zu are missed when they are left out. The others are either redundant, and cost cycles for nothing, or this scenario\n"
              "does not reach what they protect.\n", killed, count);
  return 0;
}

}  // namespace dspmem
