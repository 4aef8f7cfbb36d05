// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "sim/cli/commands.h"
#include "sim/cli/output_file.h"
#include "sim/cli/usage.h"
#include "sim/config/platform.h"
#include "sim/image/survey.h"
#include "sim/result/printable.h"

namespace dspmem {
namespace {

/// The memory of the platform that holds an address; empty when none does.
std::string memory_at(const Platform& platform, std::uint32_t address) {
  for (const Region& region : platform.system.regions)
    if (region.contains(address)) return region.kind == RegionKind::device ? region.name + ", registers" : region.name;
  return "";
}

std::string what_it_is(const FirmwareImage& image) {
  std::string out = fmt::format("{}\n", printable(image.path()));
  const bool windowed = image.abi() == FirmwareImage::Abi::windowed;
  if (image.function_count())
    out += fmt::format("  ABI       {} ({} of {} functions begin with ENTRY)\n", windowed ? "windowed" : "call0",
                       image.windowed_functions(), image.function_count());
  else out += "  ABI       unknown: the file has no functions' names\n";
  out += fmt::format("  entry     {:#010x} {}\n", image.entry(), printable(image.function_at(image.entry())));
  out +=
      image.starts_itself()
          ? "  start-up  dspmem's own: it boots, and finds its heaps through the boot descriptor\n"
          : "  start-up  not dspmem's: scenarios call its functions without starting it, on stacks of the platform;\n"
            "            with 'start: entry' and 'until: FUNCTION' in the binding, core 0 executes it before\n";
  out += fmt::format("  names     {} functions, {} variables; line tables: {}\n", image.function_count(),
                     image.variables().size(),
                     image.has_debug_information() ? "yes" : "none, so reports have no source lines");
  if (image.name_count() == 0)
    out += "            It is stripped: --symbols FILE takes the names from a map file of GNU ld (-Wl,-Map=FILE)\n";
  return out;
}

std::string where_it_is(const FirmwareImage& image, const Platform& platform) {
  std::string out = fmt::format("\nsections, and the memory of platform '{}' that they are in\n", platform.name);
  bool missing = false;
  for (const FirmwareImage::Section& section : image.sections()) {
    const std::string memory = memory_at(platform, section.address);
    missing |= memory.empty();
    out += fmt::format("  {:<20} {:#010x} to {:#010x} {:>9} bytes  {}{}\n", printable(section.name), section.address,
                       section.address + section.bytes, section.bytes,
                       section.executable ? "code "
                       : section.writable ? "data "
                                          : "const",
                       memory.empty() ? "  NOT in any memory" : "  " + memory);
  }
  if (missing)
    out +=
        "  The platform file may have other addresses than this product. RAM that it lacks can stand in the binding:\n"
        "  memory: [{name: iram, base: 0x40080000, bytes: 128 KiB}]\n";
  return out;
}

std::string what_it_has(const FirmwareImage& image, const ImageSurvey& survey) {
  std::string out = "\nallocators, by the names of their functions\n";
  for (const KnownAllocator& each : survey.allocators) {
    std::vector<std::string> names;
    for (const KnownFunction& function : each.functions) names.push_back(function.name);
    out += fmt::format("  {}: {}\n", each.name, fmt::join(names, ", "));
  }
  if (survey.allocators.empty()) out += "  none that is known: name its functions in a binding\n";
  if (!survey.heap_variable.empty())
    out += fmt::format("  largest array that may be a heap: {} ({} bytes)\n", printable(survey.heap_variable),
                       survey.heap_variable_bytes);
  if (!survey.heap_begin.empty())
    out += fmt::format("  heap between symbols: {} to {}\n", survey.heap_begin, survey.heap_end);

  out += fmt::format("\ninstructions: {} in functions\n", survey.instructions);
  for (const auto& [option, count] : survey.options) out += fmt::format("  {:<34} {:>8}\n", option, count);
  for (const ImageSurvey::Unknown& each : survey.unknown)
    out += fmt::format("  {:<34} {:>8}  not modelled; the first at {:#010x}, in {}\n", each.what, each.count,
                       each.first, printable(image.function_at(each.first)));
  if (!survey.unknown.empty())
    out += "  What is not modelled ends a run only if it is executed; data among code can look like it.\n";
  if (!survey.rom.empty()) {
    constexpr std::size_t most_shown = 12;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < std::min(survey.rom.size(), most_shown); ++i) names.push_back(printable(survey.rom[i]));
    out += fmt::format(
        "\nsymbols at fixed addresses where the file has nothing, as of a ROM: {}{}\n  A call of one ends the run, "
        "unless the binding has a stub for it.\n",
        fmt::join(names, ", "), survey.rom.size() > most_shown ? ", ..." : "");
  }
  return out;
}

}  // namespace

int inspect_command(const std::vector<std::string>& arguments) {
  namespace po = boost::program_options;
  po::options_description options("options");
  auto add = options.add_options();
  add("platform", po::value<std::string>()->default_value("tgl"), "whose memory its sections are compared with");
  add("symbols", po::value<std::string>(), "a map file of GNU ld, with the names that a stripped ELF lacks");
  add("binding", po::value<std::string>(), "write a binding to start from to this file");
  po::variables_map values;
  if (!parse_arguments(arguments, "inspect FILE.elf [OPTIONS]", options, "elf", values)) return 0;
  if (!values.count("elf") || values["elf"].as<std::vector<std::string>>().size() != 1)
    throw UsageError("inspect needs one ELF file; see 'dspmem inspect --help'");
  const std::string path = values["elf"].as<std::vector<std::string>>().front();
  const Platform platform = load_platform(values["platform"].as<std::string>(), {"--platform", 0, 0});
  FirmwareImage image(path);
  std::string map;
  if (values.count("symbols")) image.add_symbols(read_map_file(map = values["symbols"].as<std::string>()));
  const ImageSurvey found = survey(image);
  std::fputs((what_it_is(image) + where_it_is(image, platform) + what_it_has(image, found)).c_str(), stdout);
  if (!values.count("binding")) {
    std::printf(
        "\nnext: dspmem inspect %s --binding mine.yaml, then dspmem run SCENARIO.yaml --platform %s --allocator "
        "./mine.yaml\n",
        printable(path).c_str(), platform.name.c_str());
    return 0;
  }
  const std::string target = values["binding"].as<std::string>();
  const auto folder = std::filesystem::absolute(target).parent_path();
  if (std::filesystem::exists(target))
    throw UsageError("--binding '" + target +
                     "' is there already, and may have been completed by hand: name another file");
  OutputFile file("--binding", target);
  file.refuse_inputs();
  const auto from_folder = [&folder](const std::string& each) {
    return std::filesystem::relative(std::filesystem::absolute(each), folder).string();
  };
  file.stream() << binding_for(image, found, from_folder(path), map.empty() ? "" : from_folder(map));
  file.commit();
  std::printf("\nwrote %s: complete the lines with TODO, then dspmem run SCENARIO.yaml --platform %s --allocator %s\n",
              printable(target).c_str(), platform.name.c_str(), printable(target).c_str());
  return 0;
}

}  // namespace dspmem
