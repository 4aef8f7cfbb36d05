// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/options.h"

#include "sim/cli/usage.h"

namespace dspmem {

namespace po = boost::program_options;

void add_platform_option(po::options_description& options) {
  options.add_options()("platform,p", po::value<std::string>(),
                        "replay on this platform instead of the scenario's: a name or a .yaml file");
}

void add_allocator_option(po::options_description& options) {
  options.add_options()(
      "allocator,a", po::value<std::string>(),
      "how to use the firmware's allocator: a name from configs/allocators or a .yaml file (default zones)");
}

void add_firmware_option(po::options_description& options) {
  auto add = options.add_options();
  add("firmware,f", po::value<std::string>(), "run this ELF instead of the platform's own image");
  add("allow-mismatch", "run firmware that says it was built for another platform");
}

void add_energy_option(po::options_description& options) {
  options.add_options()("energy", po::value<std::string>(),
                        "energy figures of the banks: optimistic, default, conservative or a .yaml file");
}

void add_replay_options(po::options_description& options) {
  auto add = options.add_options();
  add("seed", po::value<std::string>(), "seed of everything random, instead of the scenario's");
  add("quantum", po::value<std::string>(),
      "cycles that a core may compute in its cache before it looks at interrupts (default 1000); moves no other "
      "figure");
  add("watchdog", po::value<std::string>(), "cycles after which a firmware call counts as hung (default 100000000)");
  add("interpret",
      "translate no code to the host's: slower, same results; for finding out whether the translator is to blame");
}

ReplayOptions replay_options_of(const po::variables_map& values) {
  ReplayOptions options;
  options.seed = number_option(values, "seed", 0);
  options.interpret = values.count("interpret") != 0;
  options.quantum_cycles = number_option(values, "quantum", 1, 1000000);
  options.watchdog_cycles = number_option(values, "watchdog", 1, 1000000000000000);
  if (values.count("energy")) {
    options.energy = values["energy"].as<std::string>();
    load_energy(*options.energy, SourceMark{"dspmem", 0, 0});
  }
  return options;
}

JobRequest request_of(const std::string& scenario, const po::variables_map& values) {
  const auto text = [&values](const char* option) {
    return values.count(option) ? std::optional(values[option].as<std::string>()) : std::nullopt;
  };
  JobRequest request{
      scenario, text("platform"), std::nullopt, text("firmware"), false, values.count("allow-mismatch") != 0};
  if (values.count("allocator") && values["allocator"].value().type() == typeid(std::string))
    request.allocator = text("allocator");
  return request;
}

std::string scenario_of(const po::variables_map& values, const std::string& command, const std::string& hint) {
  if (!values.count("scenario") || values["scenario"].as<std::vector<std::string>>().size() != 1)
    throw UsageError(command + " needs one scenario file" + hint + "; see 'dspmem " + command + " --help'");
  return values["scenario"].as<std::vector<std::string>>().front();
}

}  // namespace dspmem
