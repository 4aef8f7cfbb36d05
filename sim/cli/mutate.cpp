// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <cstdio>

#include "sim/cli/commands.h"
#include "sim/cli/options.h"
#include "sim/cli/progress_line.h"
#include "sim/cli/usage.h"
#include "sim/experiment/mutate.h"
#include "sim/result/printable.h"

namespace dspmem {
namespace {

/// What went wrong, in a word; empty when nothing did that the scenario does not expect.
std::string text_of(const Trouble& trouble) {
  if (trouble.crash) return "crash";
  if (trouble.wrong_values) return "wrong values";
  std::string text;
  for (const RuleId rule : trouble.rules) text += (text.empty() ? "" : ", ") + to_string(rule);
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
  const ReplayOptions replay_options = replay_options_of(values);
  const Job job = load_job(request_of(file, values));

  const Mutation mutation = mutate(job, replay_options, progress_line("leaving out cache operations", "places"));
  if (mutation.before.any()) {
    std::printf("%s is not clean as it is: %s. Fix that first.\n", printable(file).c_str(),
                text_of(mutation.before).c_str());
    return 1;
  }
  const std::size_t count = mutation.mutants.size();
  std::printf("%s on %s: %zu places maintain caches\n\n%-13s %10s  %s\n", printable(file).c_str(),
              job.platform.name.c_str(), count, "left out", "operations", "place");
  std::size_t killed = 0;
  for (const Mutant& mutant : mutation.mutants) {
    const std::string found = text_of(mutant.trouble);
    killed += mutant.trouble.any();
    std::printf("%-13s %10llu  %s in %s%s%s\n", found.empty() ? "not missed" : "missed",
                static_cast<unsigned long long>(mutant.site.count), mutant.site.operation.c_str(),
                mutant.site.place.c_str(), found.empty() ? "" : ": ", found.c_str());
  }
  std::printf(
      "\n%zu of %zu are missed when they are left out. The others are either redundant, and cost cycles for nothing, "
      "or this scenario\n"
      "does not reach what they protect.\n",
      killed, count);
  return 0;
}

}  // namespace dspmem
