// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "sim/cli/commands.h"
#include "sim/cli/options.h"
#include "sim/cli/usage.h"
#include "sim/result/printable.h"

namespace dspmem {

int check_command(const std::vector<std::string>& arguments) {
  boost::program_options::options_description options("options");
  add_platform_option(options);
  add_allocator_option(options);
  boost::program_options::variables_map values;
  if (!parse_arguments(arguments, "check SCENARIO.yaml... [OPTIONS]", options, "scenario", values)) return 0;
  if (!values.count("scenario")) throw UsageError("check needs a scenario file; see 'dspmem check --help'");
  for (const std::string& file : values["scenario"].as<std::vector<std::string>>()) {
    const Job job = load_checked(request_of(file, values));
    check_programs(job.scenario, check_scenario(job.scenario, job.platform));
    std::printf("%s: ok\n", printable(file).c_str());
  }
  return 0;
}

}  // namespace dspmem
