// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "sim/cli/commands.h"
#include "sim/cli/usage.h"
#include "sim/config/paths.h"
#include "sim/replay/replay.h"

namespace dspmem {
namespace {

/// Writes a file as a whole or not at all: under another name first.
void write_file(const std::string& path, const std::string& text) {
  const std::string temporary = path + ".part";
  {
    std::ofstream stream(temporary, std::ios::binary);
    stream << text;
    if (!stream.flush()) {
      std::error_code ignored;
      std::filesystem::remove(temporary, ignored);
      throw UsageError("'" + path + "' cannot be written");
    }
  }
  std::filesystem::rename(temporary, path);
}

std::string firmware_for(const Platform& platform) {
  return (firmware_directory() / (std::filesystem::path(platform.file).stem().string() + ".elf")).string();
}

}  // namespace

int run_command(const std::vector<std::string>& arguments) {
  namespace po = boost::program_options;
  po::options_description options("options");
  options.add_options()
      ("platform,p", po::value<std::string>(), "replay on this platform instead of the scenario's: a name or a .yaml file")
      ("firmware,f", po::value<std::string>(), "run this ELF instead of the platform's own image")
      ("seed", po::value<std::uint64_t>(), "seed of everything random, instead of the scenario's")
      ("quantum", po::value<std::uint32_t>(), "cycles that a core may run ahead of the others (default 1000; 1 is the reference for timing)")
      ("watchdog", po::value<std::uint64_t>(), "cycles after which a firmware call counts as hung (default 100000000)")
      ("json", po::value<std::string>(), "write the report as JSON to this file; - for standard output, instead of the text")
      ("quiet,q", "print only the verdict of each scenario");
  po::variables_map values;
  if (!parse_arguments(arguments, "run SCENARIO.yaml... [OPTIONS]", options, "scenario", values)) return 0;
  if (!values.count("scenario")) throw UsageError("run needs a scenario file; see 'dspmem run --help'");
  const auto files = values["scenario"].as<std::vector<std::string>>();
  if (values.count("json") && files.size() > 1) throw UsageError("--json takes one scenario at a time, not " + std::to_string(files.size()));

  ReplayOptions replay_options;
  if (values.count("seed")) replay_options.seed = values["seed"].as<std::uint64_t>();
  if (values.count("quantum")) replay_options.quantum_cycles = values["quantum"].as<std::uint32_t>();
  if (replay_options.quantum_cycles == 0u) throw UsageError("--quantum must be at least 1");
  if (values.count("watchdog")) replay_options.watchdog_cycles = values["watchdog"].as<std::uint64_t>();
  if (replay_options.watchdog_cycles == 0u) throw UsageError("--watchdog must be at least 1");
  replay_options.show_progress = isatty(STDERR_FILENO);

  int worst = 0;
  for (const std::string& file : files) {
    const Scenario scenario = load_scenario(file);
    const Platform platform = values.count("platform") ? load_platform(values["platform"].as<std::string>(), {"--platform", 0, 0})
                                                       : load_platform(scenario.platform, scenario.platform_mark);
    const FirmwareImage image(values.count("firmware") ? values["firmware"].as<std::string>() : firmware_for(platform));
    const Result result = Replay(scenario, platform, image, replay_options).run();
    if (values.count("quiet")) std::printf("%s: %s\n", file.c_str(), to_string(result.verdict));
    if (!values.count("json")) {
      if (!values.count("quiet")) std::printf("%s%s", &file == &files.front() ? "" : "\n", text_report(result).c_str());
    } else if (values["json"].as<std::string>() == "-") {
      std::fputs(json_report(result).c_str(), stdout);
    } else {
      write_file(values["json"].as<std::string>(), json_report(result));
      if (!values.count("quiet")) std::fputs(text_report(result).c_str(), stdout);
    }
    worst = std::max(worst, exit_code(result.verdict));
  }
  return worst;
}

}  // namespace dspmem
