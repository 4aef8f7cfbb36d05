// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "sim/cli/commands.h"
#include "sim/cli/usage.h"
#include "sim/config/describe.h"

namespace dspmem {

int describe_command(const std::vector<std::string>& arguments) {
  boost::program_options::options_description options("options");
  auto add = options.add_options();
  add("dot", "the zones as a Graphviz graph");
  add("linker-script", "the linker script for firmware images");
  add("header", "platform_config.h, for compiling firmware");
  boost::program_options::variables_map values;
  if (!parse_arguments(arguments, "describe PLATFORM [OPTIONS]", options, "platform", values)) return 0;
  if (!values.count("platform")) {
    std::string names;
    for (const std::string& name : shipped_platforms()) names += " " + name;
    throw UsageError("describe needs a platform, one of:" + names + "; or a .yaml file");
  }
  if (values.count("dot") + values.count("linker-script") + values.count("header") > 1)
    throw UsageError("--dot, --linker-script and --header each stand for the whole output: give one of them");
  for (const std::string& name : values["platform"].as<std::vector<std::string>>()) {
    const Platform platform = load_platform(name, {"dspmem describe", 0, 0});
    const std::string text = values.count("dot")             ? describe_as_dot(platform)
                             : values.count("linker-script") ? describe_as_linker_script(platform)
                             : values.count("header")        ? describe_as_header(platform)
                                                             : describe_as_text(platform);
    std::fputs(text.c_str(), stdout);
  }
  return 0;
}

}  // namespace dspmem
