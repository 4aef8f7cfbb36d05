// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/import_platform.h"

#include <fmt/format.h>
#include <algorithm>
#include <filesystem>

#include "sim/cli/output_file.h"
#include "sim/cli/usage.h"
#include "sim/config/platform.h"
#include "sim/image/firmware_image.h"
#include "sim/import/product_platform.h"

namespace dspmem {
namespace {

bool lies_in(std::uint64_t address, const ProductFacts::Memory& memory) {
  return address >= memory.base && address - memory.base < memory.bytes;
}

std::string without_folder(const std::string& path) { return std::filesystem::path(path).filename().string(); }

/// An address in no memory may be another view of one: those of Intel and Cadence differ in one bit. Returns whether it
/// is.
bool note_view(std::uint32_t address, std::vector<ProductFacts::Memory>& memories) {
  for (ProductFacts::Memory& memory : memories)
    for (const std::uint32_t bit : {0x20000000u, 0x40000000u})
      if (lies_in(address ^ bit, memory)) {
        memory.uncached = memory.base ^ bit;
        return true;
      }
  return false;
}

/// Where the image ends in the memory that has most of it; nothing when none has any.
std::optional<ProductFacts::Number> end_of_image(const FirmwareImage& image, const ProductFacts& facts) {
  std::uint64_t most = 0, end_of_most = 0;
  for (const ProductFacts::Memory& memory : facts.memories) {
    std::uint64_t bytes = 0, end = 0;
    for (const FirmwareImage::Section& section : image.sections())
      if (lies_in(section.address, memory)) {
        bytes += section.bytes;
        end = std::max(end, std::uint64_t{section.address} + section.bytes);
      }
    if (bytes > most) most = bytes, end_of_most = end;
  }
  if (!most) return std::nullopt;
  return ProductFacts::Number{end_of_most, without_folder(image.path()) + ": sections"};
}

/// The views that the image uses, its size, its heaps and stacks.
void add_image(const FirmwareImage& image, ProductFacts& facts, std::vector<std::string>& remarks) {
  const auto is_known = [&facts](std::uint32_t address) {
    return std::any_of(facts.memories.begin(), facts.memories.end(),
                       [address](const ProductFacts::Memory& memory) { return lies_in(address, memory); });
  };
  for (const FirmwareImage::Section& section : image.sections())
    if (!is_known(section.address) && !note_view(section.address, facts.memories))
      remarks.push_back(
          fmt::format("section {} ({} bytes at {:#010x}) lies in none of these memories: add one, or give "
                      "it in a binding (memory: [{{name: ..., base: ..., bytes: ...}}])",
                      section.name, section.bytes, section.address));
  facts.image_end = end_of_image(image, facts);
  if (!facts.image_end) remarks.push_back("none of these memories holds anything of the image");
  constexpr std::uint64_t least_heap = 1024, least_stack = 512;
  for (const FirmwareImage::Variable& variable : image.variables()) {
    std::string name = variable.name;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    const auto contains = [&name](const char* part) { return name.find(part) != std::string::npos; };
    if (contains("stack")) {
      if (variable.bytes >= least_stack) facts.stacks.push_back({variable.name, variable.bytes});
    } else if ((contains("heap") || contains("pool")) && variable.bytes >= least_heap) {
      facts.heaps.push_back({variable.name, variable.bytes});
    }
  }
}

std::size_t count_of(const std::string& text, const std::string& word) {
  std::size_t count = 0;
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

}  // namespace

int import_platform(const std::string& output, const boost::program_options::variables_map& values) {
  const auto given = [&values](const char* option) {
    return values.count(option) ? std::optional(values[option].as<std::string>()) : std::nullopt;
  };
  const auto dtb = given("dtb"), elf = given("elf"), map = given("map"), core_isa = given("core-isa");
  if (!dtb && !elf && !map && !core_isa)
    throw UsageError("import platform needs at least one of --dtb, --elf, --map and --core-isa");
  if (std::filesystem::exists(output))
    throw UsageError("'" + output + "' is there already, and may have been completed by hand: name another file");
  ProductFacts facts;
  std::vector<std::string>& remarks = facts.remarks;
  if (dtb) add_devicetree(*dtb, facts);
  if (core_isa) add_core_isa(*core_isa, facts);
  if (map)
    for (const MapMemory& memory : read_map_memories(*map))
      facts.add_memory({memory.name, memory.base, memory.bytes, without_folder(*map) + ": Memory Configuration", {}});
  if (elf) {
    FirmwareImage image(*elf);
    if (map) image.add_symbols(read_map_file(*map));
    add_image(image, facts, remarks);
  }

  std::string name;
  for (const char c : std::filesystem::path(output).stem().string())
    name += std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-' ? c : '_';
  OutputFile target("--output", output);
  target.refuse_inputs();
  const std::string text = platform_text(facts, name);
  target.stream() << text;
  target.commit();
  fmt::print("{}: {} memories; {} lines say what to look up\n", output, facts.memories.size(), count_of(text, "TODO"));
  for (const std::string& each : remarks) fmt::print("  {}\n", each);
  try {
    load_platform(std::filesystem::absolute(output).string(), {"--output", 0, 0});
    fmt::print("next: dspmem describe {0}, or dspmem inspect FILE.elf --platform {0}\n", output);
  } catch (const InputError& error) { fmt::print("to complete first: {}\n", error.what()); }
  return 0;
}

}  // namespace dspmem
