// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/job.h"

#include <filesystem>

#include "sim/config/paths.h"

namespace dspmem {
namespace {

/// PLATFORM.elf has the zones allocator, PLATFORM-ALLOCATOR.elf another one.
std::string firmware_path(const Platform& platform, const Allocator& allocator) {
  if (!allocator.firmware.empty()) return (std::filesystem::path(allocator.file).parent_path() / allocator.firmware).string();
  const std::string binding = std::filesystem::path(allocator.file).stem().string();
  const auto path = firmware_directory() / (std::filesystem::path(platform.file).stem().string() + (binding == "zones" ? "" : "-" + binding) + ".elf");
  if (std::filesystem::exists(path)) return path.string();
  if (binding == "zones") throw InputError({platform.file, 0, 0}, "there is no firmware image '" + path.string() + "' for this platform: put the file into configs/platforms and build, or name an ELF with --firmware");
  throw InputError({allocator.file, 0, 0}, "there is no firmware image '" + path.string() + "' with this allocator for platform '" + platform.name + "': build one with dspmem_add_firmware, and name it with --firmware");
}

}  // namespace

Job load_job(const std::string& scenario_file, const boost::program_options::variables_map& options) {
  return load_job(scenario_file, options, options.count("allocator") ? options["allocator"].as<std::string>() : "zones");
}

Job load_job(const std::string& scenario_file, const boost::program_options::variables_map& options, const std::string& allocator, Expectations expectations) {
  Job job;
  job.scenario = load_scenario(scenario_file);
  if (expectations == Expectations::ignore) job.scenario.expectations = {};
  job.platform = options.count("platform") ? load_platform(options["platform"].as<std::string>(), {"--platform", 0, 0})
                                           : load_platform(job.scenario.platform, job.scenario.platform_mark);
  job.allocator = load_allocator(allocator, {"--allocator", 0, 0});
  job.platform = with_allocator(std::move(job.platform), job.allocator);
  check_scenario(job.scenario, job.platform);
  job.image = std::make_unique<FirmwareImage>(options.count("firmware") ? options["firmware"].as<std::string>() : firmware_path(job.platform, job.allocator));
  for (const AllocatorFunction& function : job.allocator.functions)
    if (function.role == AllocatorFunction::Role::allocate && !job.image->symbol(function.symbol))
      throw InputError(function.mark, "firmware '" + job.image->path() + "' has no function '" + function.symbol + "'" + suggestion(function.symbol, job.image->symbol_names()));
  return job;
}

std::optional<std::string> energy_option(const boost::program_options::variables_map& options) {
  if (!options.count("energy")) return std::nullopt;
  const std::string name = options["energy"].as<std::string>();
  load_energy(name, SourceMark{"dspmem", 0, 0});
  return name;
}

}  // namespace dspmem
