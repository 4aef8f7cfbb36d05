// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "sim/cli/commands.h"
#include "sim/cli/usage.h"
#include "sim/replay/scenario.h"

namespace dspmem {

int check_command(const std::vector<std::string>& arguments) {
  boost::program_options::options_description options("options");
  options.add_options()("platform,p", boost::program_options::value<std::string>(), "check against this platform instead of the scenario's");
  boost::program_options::variables_map values;
  if (!parse_arguments(arguments, "check SCENARIO.yaml... [OPTIONS]", options, "scenario", values)) return 0;
  if (!values.count("scenario")) throw UsageError("check needs a scenario file; see 'dspmem check --help'");
  for (const std::string& file : values["scenario"].as<std::vector<std::string>>()) {
    const Scenario scenario = load_scenario(file);
    check_scenario(scenario, values.count("platform") ? load_platform(values["platform"].as<std::string>(), {"--platform", 0, 0})
                                                      : load_platform(scenario.platform, scenario.platform_mark));
    std::printf("%s: ok\n", file.c_str());
  }
  return 0;
}

}  // namespace dspmem
