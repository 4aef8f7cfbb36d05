// SPDX-License-Identifier: Apache-2.0
#include "sim/experiment/job.h"

#include <filesystem>
#include <fmt/format.h>

#include "sim/config/describe.h"
#include "sim/config/fields.h"
#include "sim/config/paths.h"
#include "sim/session/steps/steps.h"

namespace dspmem {
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

/// Refuses an image that says that it was built for something else: it would do the wrong cache operations.
void check_platform(const Job& job) {
  const Platform& platform = job.platform;
  const FirmwareImage& image = *job.image;
  std::string differing;
  for (const auto& [name, value] : job.platform_facts) {
    const std::string key = name + "=";
    const std::string& facts = image.platform_facts();
    std::size_t at = facts.starts_with(key) ? 0 : facts.find(";" + key);
    if (at == std::string::npos) continue;
    at = facts.find('=', at) + 1;
    const std::string built_for = facts.substr(at, facts.find(';', at) - at);
    if (parse_number(built_for) != value) differing += fmt::format("{}{} {} in the image and {:#x} on the platform", differing.empty() ? "" : ", ", name, built_for, value);
  }
  if (!differing.empty())
    throw InputError({image.path()}, fmt::format("this firmware was built for another platform than '{}' ({}): {}; build it for this platform, or run it all the same with --allow-mismatch",
                                                 platform.name, platform.file, differing));
}

}  // namespace

Scenario load_scenario(const std::string& path) { return load_scenario(path, {step_kinds(), rule_names()}); }

Job load_checked(const JobRequest& request) {
  Job job;
  job.scenario = load_scenario(request.scenario);
  if (request.ignore_expectations) job.scenario.expectations = {};
  job.platform = request.platform ? load_platform(*request.platform, {"--platform", 0, 0}) : load_platform(job.scenario.platform, job.scenario.platform_mark);
  job.allocator = load_allocator(request.allocator.value_or("zones"), {"--allocator", 0, 0});
  job.platform_facts = platform_facts(job.platform);
  job.platform = with_allocator(std::move(job.platform), job.allocator);
  check_scenario(job.scenario, job.platform);
  return job;
}

Job load_job(const JobRequest& request) {
  Job job = load_checked(request);
  job.image = std::make_unique<FirmwareImage>(request.firmware ? *request.firmware : firmware_path(job.platform, job.allocator));
  if (!request.allow_mismatch) check_platform(job);
  check_functions(job.allocator, *job.image);
  return job;
}

}  // namespace dspmem
