// SPDX-License-Identifier: Apache-2.0
#include "sim/experiment/job.h"

#include <fmt/format.h>
#include <algorithm>
#include <filesystem>

#include "sim/config/describe.h"
#include "sim/config/fields.h"
#include "sim/config/paths.h"
#include "sim/session/start_up.h"
#include "sim/session/steps/steps.h"

namespace dspmem {
namespace {

/// Whether the firmware has what no scenario can do without. What only some use, such as a function that changes a
/// block's size, may be absent.
void check_functions(const Allocator& allocator, const FirmwareImage& image) {
  const auto need = [&image](const std::string& function, const SourceMark& mark) {
    if (!image.symbol(function)) throw InputError(mark, image.why_unknown(function, "firmware '" + image.path() + "'"));
  };
  using Role = AllocatorFunction::Role;
  for (const AllocatorFunction& function : allocator.functions)
    if (function.role == Role::allocate || function.role == Role::free || function.role == Role::initialise)
      need(function.symbol, function.mark);
  for (const Allocator::Stub& stub : allocator.stubs) {
    need(stub.function, stub.mark);
    if (image.variable(stub.function))
      throw InputError(stub.mark,
                       "'" + stub.function + "' is a variable of the firmware; a stub stands in for a function");
  }
  if (!allocator.until.empty()) {
    if (image.starts_itself())
      throw InputError(allocator.start_mark, "this firmware has dspmem's start-up code: leave 'start' out");
    need(allocator.until, allocator.start_mark);
    if (image.variable(allocator.until))
      throw InputError(allocator.start_mark, "'" + allocator.until +
                                                 "' is a variable of the firmware; 'until' names a "
                                                 "function that its start-up code calls");
    if (image.symbol(allocator.until) == image.entry())
      throw InputError(allocator.start_mark, "the start-up code begins at '" + allocator.until +
                                                 "': 'until' names a function that it calls later");
  }
  if (allocator.lock.empty()) return;
  const auto done_by_simulator = [&image](const std::string& function) {
    return !image.starts_itself() && StandIns::knows(function);
  };
  if (!done_by_simulator(allocator.lock)) need(allocator.lock, allocator.lock_mark);
  if (!done_by_simulator(allocator.unlock)) need(allocator.unlock, allocator.unlock_mark);
}

/// "line 64 in the image and 0x20 on the platform", for each fact that differs; empty for none.
std::string differing_facts(const FirmwareImage& image,
                            const std::vector<std::pair<std::string, std::uint32_t>>& platform_facts) {
  std::string differing;
  for (const auto& [name, value] : platform_facts) {
    const std::string key = name + "=";
    const std::string& facts = image.platform_facts();
    std::size_t at = facts.starts_with(key) ? 0 : facts.find(";" + key);
    if (at == std::string::npos) continue;
    at = facts.find('=', at) + 1;
    const std::string built_for = facts.substr(at, facts.find(';', at) - at);
    if (parse_number(built_for) != value)
      differing += fmt::format("{}{} {} in the image and {:#x} on the platform", differing.empty() ? "" : ", ", name,
                               built_for, value);
  }
  return differing;
}

/// Refuses an image that says that it was built for something else: it would do the wrong cache operations.
void check_platform(const Job& job) {
  const std::string differing = differing_facts(*job.image, job.platform_facts);
  if (!differing.empty())
    throw InputError({job.image->path()},
                     fmt::format("this firmware was built for another platform than '{}' ({}): {}; build it for this "
                                 "platform, or run it all the same with --allow-mismatch",
                                 job.platform.name, job.platform.file, differing));
}

/// The cached view of an address.
std::uint32_t cached_view(const Platform& platform, std::uint32_t address) {
  for (const Region& region : platform.system.regions)
    if (region.contains(address) && region.kind == RegionKind::uncached)
      for (const Region& other : platform.system.regions)
        if (other.kind == RegionKind::cached && region.to_physical(address) - other.physical < other.size)
          return region.to_physical(address) - other.physical + other.base;
  return address;
}

/// Where memory of the image that is a heap begins, and behind its end.
std::pair<std::uint32_t, std::uint32_t> range_of(const Allocator::ImageHeap& heap, const FirmwareImage& image) {
  if (!heap.variable.empty()) {
    const auto variable = image.variable(heap.variable);
    if (!variable)
      throw InputError(
          heap.mark, fmt::format("firmware '{}' has no variable '{}' (the compiler removes statics that nothing uses)",
                                 image.path(), heap.variable) +
                         suggestion(heap.variable, image.variable_names()));
    return {variable->address, variable->address + variable->bytes};
  }
  const auto symbol = [&](const std::string& name) {
    const auto address = image.symbol(name);
    if (!address)
      throw InputError(heap.mark, fmt::format("firmware '{}' has no symbol '{}'", image.path(), name) +
                                      suggestion(name, image.symbol_names()));
    return *address;
  };
  return {symbol(heap.begin), symbol(heap.end)};
}

/// Where the binding says that heaps are something of the image.
void place_heaps(Job& job) {
  std::vector<HeapLayout> heaps;
  for (const Allocator::ImageHeap& each : job.allocator.heaps) {
    const auto [base, end] = range_of(each, *job.image);
    if (end <= base)
      throw InputError(each.mark, fmt::format("this heap has no bytes: it is from {:#x} to {:#x}", base, end));
    HeapLayout heap;
    heap.name = job.allocator.heaps.size() == 1 ? "heap" : each.variable.empty() ? each.begin : each.variable;
    heap.zone = Zone::runtime;
    heap.all_zones = true;
    heap.base = cached_view(job.platform, base);
    heap.bytes = end - base;
    for (const HeapLayout& common : job.platform.heaps) heap.capabilities |= common.capabilities;
    for (const HeapLayout& other : heaps)
      if (heap.base < std::uint64_t{other.base} + other.bytes && other.base < std::uint64_t{heap.base} + heap.bytes)
        throw InputError(each.mark, fmt::format("this heap, at {:#x} to {:#x}, overlaps '{}'", base, end, other.name));
    heaps.push_back(heap);
  }
  if (!heaps.empty()) job.platform.heaps = std::move(heaps);
}

/// What the cores need to run this image: its vectors, and if it is called without having been started, what its
/// start-up code would have done.
void prepare_cores(Job& job) {
  Platform& platform = job.platform;
  const FirmwareImage& image = *job.image;
  for (CoreConfig& core : platform.system.cores) {
    if (image.abi() == FirmwareImage::Abi::windowed) {  // vectors of the configurations that Cadence ships
      core.kernel_vector = 0x300;
      core.user_vector = 0x340;
    }
    if (image.starts_itself()) continue;
    if (core.id == 0 && !job.allocator.until.empty()) {  // what the linker scripts of Cadence call it
      core.reset_vecbase = image.symbol("_memmap_vecbase_reset").value_or(0);
      continue;
    }
    const CoreArea& area = platform.core_areas[core.id];
    core.reset_stack = (area.stack_base + area.stack_bytes) & ~15u;
    core.reset_ps = ps::woe | ps::um;
    core.reset_atomctl = platform.atomctl;
    core.window_vectors = false;
  }
  // Functions of a ROM have stubs where nothing else is.
  constexpr std::uint32_t page = 4096;
  for (const Allocator::Stub& stub : job.allocator.stubs) {
    const std::uint32_t address = *image.symbol(stub.function);
    if (address > 0xffffefff)
      throw InputError(stub.mark, fmt::format("'{}' is at {:#x}, where no memory can be that would hold its stub",
                                              stub.function, address));
    const auto holds = [address](const Region& region) { return region.contains(address); };
    if (std::none_of(platform.system.regions.begin(), platform.system.regions.end(), holds))
      add_memory(platform, fmt::format("ROM {:#x}", address & ~(page - 1)), address & ~(page - 1), page);
  }
  platform.system.limits.start_up_cycles = job.allocator.start_up_cycles;
  if (!job.allocator.until.empty()) add_unlisted_registers(platform.system, image);
  if (image.starts_itself()) return;
  for (const FirmwareImage::Segment& segment : image.segments())
    for (const CoreArea& area : platform.core_areas)
      if (segment.address < std::uint64_t{area.stack_base} + area.stack_bytes &&
          area.stack_base < std::uint64_t{segment.address} + segment.bytes.size())
        throw InputError({image.path()},
                         fmt::format("this firmware has {} bytes at {:#x}, where platform '{}' has the stack of a core "
                                     "({:#x} to {:#x}): give its image room there (image, stack)",
                                     segment.bytes.size(), segment.address, platform.name, area.stack_base,
                                     area.stack_base + area.stack_bytes));
}

}  // namespace

/// PLATFORM.elf has the zones allocator, PLATFORM-ALLOCATOR.elf another one.
std::string firmware_path(const Platform& platform, const Allocator& allocator) {
  if (!allocator.firmware.empty()) {
    const std::string named = (std::filesystem::path(allocator.file).parent_path() / allocator.firmware).string();
    if (!std::filesystem::exists(named))
      throw InputError(allocator.firmware_mark, "there is no firmware image '" + named + "'");
    return named;
  }
  const std::string binding = std::filesystem::path(allocator.file).stem().string();
  const auto path = firmware_directory() / (std::filesystem::path(platform.file).stem().string() +
                                            (binding == "zones" ? "" : "-" + binding) + ".elf");
  if (std::filesystem::exists(path)) return path.string();
  if (binding == "zones")
    throw InputError(
        {platform.file, 0, 0},
        "there is no firmware image '" + path.string() +
            "' for this platform: put the file into configs/platforms and build, or name an ELF with --firmware");
  throw InputError({allocator.file, 0, 0},
                   "there is no firmware image '" + path.string() + "' with this allocator for platform '" +
                       platform.name +
                       "': build one with dspmem_add_firmware, and name it with 'firmware:' there, or with --firmware");
}

bool built_for(const FirmwareImage& image, const std::vector<std::pair<std::string, std::uint32_t>>& facts) {
  return differing_facts(image, facts).empty();
}

Scenario load_scenario(const std::string& path, const Edits& edits) {
  return load_scenario(path, {step_kinds(), rule_names()}, edits);
}

Job load_checked(const JobRequest& request) {
  Job job;
  job.scenario = load_scenario(request.scenario, request.scenario_edits);
  if (request.ignore_expectations) job.scenario.expectations = {};
  job.platform = request.platform
                     ? load_platform(*request.platform, {"--platform", 0, 0}, request.platform_edits)
                     : load_platform(job.scenario.platform, job.scenario.platform_mark, request.platform_edits);
  const Scenario& scenario = job.scenario;
  job.allocator = request.allocator || scenario.allocator.empty()
                      ? load_allocator(request.allocator.value_or("zones"), {"--allocator", 0, 0})
                      : load_allocator(scenario.allocator, scenario.allocator_mark);
  if (request.firmware) {
    job.firmware = request.firmware;
  } else if (!request.allocator && !scenario.firmware.empty()) {  // another allocator is in another image
    job.firmware = (std::filesystem::path(scenario.file).parent_path() / scenario.firmware).string();
    if (!std::filesystem::exists(*job.firmware))
      throw InputError(scenario.firmware_mark, "there is no firmware image '" + *job.firmware + "'");
  }
  job.platform_facts = platform_facts(job.platform);
  job.platform = with_allocator(std::move(job.platform), job.allocator);
  check_scenario(job.scenario, job.platform);
  return job;
}

Job load_job(const JobRequest& request) {
  Job job = load_checked(request);
  job.image =
      std::make_unique<FirmwareImage>(job.firmware ? *job.firmware : firmware_path(job.platform, job.allocator));
  if (const std::string& map = job.allocator.symbols; !map.empty()) {
    const std::string path = (std::filesystem::path(job.allocator.file).parent_path() / map).string();
    if (!std::filesystem::exists(path)) throw InputError(job.allocator.symbols_mark, "there is no file '" + path + "'");
    job.image->add_symbols(read_map_file(path));
  }
  if (!request.allow_mismatch) check_platform(job);
  check_functions(job.allocator, *job.image);
  place_heaps(job);
  prepare_cores(job);
  return job;
}

}  // namespace dspmem
