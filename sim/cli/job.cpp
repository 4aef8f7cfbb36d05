// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/job.h"

#include <filesystem>

#include "sim/config/paths.h"

namespace dspmem {
namespace {

std::string firmware_path(const Platform& platform) {
  const auto path = firmware_directory() / (std::filesystem::path(platform.file).stem().string() + ".elf");
  if (!std::filesystem::exists(path))
    throw InputError({platform.file, 0, 0}, "there is no firmware image '" + path.string() + "' for this platform: put the file into configs/platforms and build, or name an ELF with --firmware");
  return path.string();
}

}  // namespace

Job load_job(const std::string& scenario_file, const boost::program_options::variables_map& options) {
  Job job;
  job.scenario = load_scenario(scenario_file);
  job.platform = options.count("platform") ? load_platform(options["platform"].as<std::string>(), {"--platform", 0, 0})
                                           : load_platform(job.scenario.platform, job.scenario.platform_mark);
  check_scenario(job.scenario, job.platform);
  job.image = std::make_unique<FirmwareImage>(options.count("firmware") ? options["firmware"].as<std::string>() : firmware_path(job.platform));
  return job;
}

std::optional<std::string> energy_option(const boost::program_options::variables_map& options) {
  if (!options.count("energy")) return std::nullopt;
  const std::string name = options["energy"].as<std::string>();
  load_energy(name, SourceMark{"dspmem", 0, 0});
  return name;
}

}  // namespace dspmem
