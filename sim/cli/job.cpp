// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/job.h"

#include <filesystem>

#include "sim/cli/usage.h"
#include "sim/config/paths.h"

namespace dspmem {

namespace po = boost::program_options;

namespace {

/// PLATFORM.elf has the zones allocator, PLATFORM-ALLOCATOR.elf another one.
std::string firmware_path(const Platform& platform, const Allocator& allocator) {
  if (!allocator.firmware.empty()) {
    const std::string named = (std::filesystem::path(allocator.file).parent_path() / allocator.firmware).string();
    if (!std::filesystem::exists(named)) throw InputError(allocator.firmware_mark, "there is no firmware image '" + named + "'");
    return named;
  }
  const std::string binding = std::filesystem::path(allocator.file).stem().string();
  const auto path = firmware_directory() / (std::filesystem::path(platform.file).stem().string() + (binding == "zones" ? "" : "-" + binding) + ".elf");
  if (std::filesystem::exists(path)) return path.string();
  if (binding == "zones") throw InputError({platform.file, 0, 0}, "there is no firmware image '" + path.string() + "' for this platform: put the file into configs/platforms and build, or name an ELF with --firmware");
  throw InputError({allocator.file, 0, 0}, "there is no firmware image '" + path.string() + "' with this allocator for platform '" + platform.name + "': build one with dspmem_add_firmware, and name it with 'firmware:' there, or with --firmware");
}

/// Whether the firmware has what no scenario can do without. What only some use, such as a function that changes a block's size, may be absent.
void check_functions(const Allocator& allocator, const FirmwareImage& image) {
  const auto need = [&image](const std::string& function, const SourceMark& mark) {
    if (!image.symbol(function)) throw InputError(mark, "firmware '" + image.path() + "' has no function '" + function + "'" + suggestion(function, image.symbol_names()));
  };
  using Role = AllocatorFunction::Role;
  for (const AllocatorFunction& function : allocator.functions)
    if (function.role == Role::allocate || function.role == Role::free || function.role == Role::initialise) need(function.symbol, function.mark);
  if (allocator.lock.empty()) return;
  need(allocator.lock, allocator.lock_mark);
  need(allocator.unlock, allocator.unlock_mark);
}

std::string text_of(const po::variables_map& values, const char* option, const char* otherwise = "") { return values.count(option) ? values[option].as<std::string>() : otherwise; }

Job load_checked(const std::string& scenario_file, const po::variables_map& options, const std::string& allocator, Expectations expectations) {
  Job job;
  job.scenario = load_scenario(scenario_file);
  if (expectations == Expectations::ignore) job.scenario.expectations = {};
  job.platform = options.count("platform") ? load_platform(text_of(options, "platform"), {"--platform", 0, 0}) : load_platform(job.scenario.platform, job.scenario.platform_mark);
  job.allocator = load_allocator(allocator, {"--allocator", 0, 0});
  job.platform = with_allocator(std::move(job.platform), job.allocator);
  check_scenario(job.scenario, job.platform);
  return job;
}

}  // namespace

void add_platform_option(po::options_description& options) {
  options.add_options()("platform,p", po::value<std::string>(), "replay on this platform instead of the scenario's: a name or a .yaml file");
}

void add_allocator_option(po::options_description& options) {
  options.add_options()("allocator,a", po::value<std::string>(), "how to use the firmware's allocator: a name from configs/allocators or a .yaml file (default zones)");
}

void add_firmware_option(po::options_description& options) { options.add_options()("firmware,f", po::value<std::string>(), "run this ELF instead of the platform's own image"); }

void add_energy_option(po::options_description& options) {
  options.add_options()("energy", po::value<std::string>(), "energy figures of the banks: optimistic, default, conservative or a .yaml file");
}

void add_replay_options(po::options_description& options) {
  options.add_options()
      ("seed", po::value<std::string>(), "seed of everything random, instead of the scenario's")
      ("quantum", po::value<std::string>(), "cycles that a core may run ahead of the others (default 1000; 1 is the reference for timing)")
      ("watchdog", po::value<std::string>(), "cycles after which a firmware call counts as hung (default 100000000)")
      ("interpret", "translate no code to the host's: slower, same results; for finding out whether the translator is to blame");
}

ReplayOptions replay_options_of(const po::variables_map& values) {
  ReplayOptions options;
  options.seed = number_option(values, "seed", 0);
  options.interpret = values.count("interpret") != 0;
  options.quantum_cycles = number_option(values, "quantum", 1, 1000000);
  options.watchdog_cycles = number_option(values, "watchdog", 1, 1000000000000000);
  if (values.count("energy")) {
    options.energy = text_of(values, "energy");
    load_energy(*options.energy, SourceMark{"dspmem", 0, 0});
  }
  return options;
}

std::string scenario_of(const po::variables_map& values, const std::string& command, const std::string& hint) {
  if (!values.count("scenario") || values["scenario"].as<std::vector<std::string>>().size() != 1) throw UsageError(command + " needs one scenario file" + hint + "; see 'dspmem " + command + " --help'");
  return values["scenario"].as<std::vector<std::string>>().front();
}

Job load_checked(const std::string& scenario_file, const po::variables_map& options) { return load_checked(scenario_file, options, text_of(options, "allocator", "zones"), Expectations::keep); }

Job load_job(const std::string& scenario_file, const po::variables_map& options) { return load_job(scenario_file, options, text_of(options, "allocator", "zones")); }

Job load_job(const std::string& scenario_file, const po::variables_map& options, const std::string& allocator, Expectations expectations) {
  Job job = load_checked(scenario_file, options, allocator, expectations);
  job.image = std::make_unique<FirmwareImage>(options.count("firmware") ? text_of(options, "firmware") : firmware_path(job.platform, job.allocator));
  check_functions(job.allocator, *job.image);
  return job;
}

}  // namespace dspmem

