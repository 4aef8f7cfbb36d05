// SPDX-License-Identifier: Apache-2.0
#include "sim/import/product_platform.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <sstream>
#include <string_view>
#include <tuple>

#include "sim/config/error.h"
#include "sim/config/fields.h"
#include "sim/config/input_files.h"

namespace dspmem {
namespace {

constexpr std::uint64_t page = 4096, device_pages = 4;

std::uint64_t whole_pages(std::uint64_t bytes) { return (bytes + page - 1) / page * page; }

std::string size_text(std::uint64_t bytes) {
  constexpr std::uint64_t kib = 1024, mib = kib * kib;
  if (bytes && bytes % mib == 0) return fmt::format("{} MiB", bytes / mib);
  if (bytes && bytes % kib == 0) return fmt::format("{} KiB", bytes / kib);
  return std::to_string(bytes);
}

std::string cache_text(const char* field, const ProductFacts::Cache& cache, const char* kind) {
  const auto number = [](const std::optional<ProductFacts::Number>& fact) {
    return fact ? std::to_string(fact->value) : std::string("?");
  };
  const bool known = cache.bytes && cache.bytes->value && cache.line && cache.ways;
  if (cache.bytes && !cache.bytes->value)
    return fmt::format("{}: {{size: 64, ways: 1, line: 64}}  # the core has none; the simulator needs one: one line\n",
                       field);
  std::string line =
      fmt::format("{}: {{size: {}, ways: {}, line: {}", field, cache.bytes ? size_text(cache.bytes->value) : "?",
                  number(cache.ways), number(cache.line));
  if (cache.write_back && !*cache.write_back) line += ", write_policy: write_through";
  line += "}";
  if (known) return fmt::format("{}\n", line);
  return fmt::format(
      "# {}\n# TODO: take the comment sign away and fill in what is '?': XCHAL_{}_SIZE, _WAYS and _LINESIZE of the "
      "core's\n# xtensa/config/core-isa.h (--core-isa FILE reads them)\n",
      line, kind);
}

/// Four pages for the simulator's own registers, where nothing else is.
std::uint32_t free_pages(const std::vector<ProductFacts::Memory>& memories) {
  for (std::uint64_t base : {0x00071000ull, 0x71000000ull, 0x10000000ull, 0xf0000000ull, 0x50000000ull}) {
    const std::uint64_t end = base + device_pages * page;
    const auto overlaps = [&](const ProductFacts::Memory& memory) {
      const auto at = [&](std::uint64_t first) { return first < end && base < first + memory.bytes; };
      return at(memory.base) || (memory.uncached && at(*memory.uncached));
    };
    if (std::none_of(memories.begin(), memories.end(), overlaps)) return static_cast<std::uint32_t>(base);
  }
  return 0x00071000;
}

std::string memory_text(const ProductFacts::Memory& memory) {
  std::string out = fmt::format("  - name: {}\n    base: {:#010x}\n", memory.name, memory.base);
  if (memory.uncached)
    out += fmt::format("    uncached: {:#010x}  # TODO: the image uses both; exchange them if this one is cached\n",
                       *memory.uncached);
  else out += "    # uncached: 0x9e000000  # TODO: the address of its view past the caches, if the chip has one\n";
  out += fmt::format(
      "    bank: {}\n    banks: 1  # TODO: how many banks can be switched off by themselves, and 'bank', the bytes of "
      "each\n",
      size_text(memory.bytes));
  out +=
      "    # latency: 6  # TODO: cycles until the first beat of an access\n    # wake: 256  # TODO: cycles from a "
      "bank's power-on until it can be used\n";
  return out;
}

std::string candidates(const std::vector<ProductFacts::Candidate>& all) {
  std::string out;
  for (const ProductFacts::Candidate& each : all)
    out += fmt::format("{}{} ({} bytes)", out.empty() ? "" : ", ", each.name, each.bytes);
  return out;
}

}  // namespace

void ProductFacts::add_memory(Memory memory) {
  const std::uint64_t begin = whole_pages(memory.base), end = (std::uint64_t{memory.base} + memory.bytes) / page * page;
  const auto leave_out = [&](const std::string& why) {
    remarks.push_back(fmt::format("left out: {} ({:#x}, {} bytes), {}", memory.source, memory.base, memory.bytes, why));
  };
  for (const Memory& each : memories) {
    const std::uint64_t other_end = std::uint64_t{each.base} + each.bytes;
    if (begin >= other_end || each.base >= end) continue;
    // The same memory in another file is no news.
    if (each.base == begin && other_end == end) return;
    return leave_out("which overlaps " + each.name);
  }
  if (end <= begin) return leave_out("which has no whole page of 4 KiB");
  constexpr std::uint64_t last_page = 0xfffff000, most = 256 << 20;
  if (end > last_page) return leave_out("which reaches to the end of the addresses");
  if (end - begin > most) return leave_out("which is larger than 256 MiB");
  memory.base = static_cast<std::uint32_t>(begin);
  memory.bytes = end - begin;
  std::string name;
  for (const char c : memory.name) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  if (name.empty()) name = "memory";
  const auto taken = [this](const std::string& wanted) {
    return std::any_of(memories.begin(), memories.end(), [&](const Memory& each) { return each.name == wanted; });
  };
  memory.name = name;
  for (int number = 1; taken(memory.name); ++number) memory.name = fmt::format("{}_{}", name, number);
  memories.push_back(std::move(memory));
}

void add_core_isa(const std::string& path, ProductFacts& facts) {
  std::istringstream text(read_input(path));
  const std::string file = path.substr(path.rfind('/') + 1);
  std::map<std::string, std::uint64_t> defined;
  for (std::string line; std::getline(text, line);) {
    std::istringstream words(line);
    std::string define, name, value;
    if (words >> define >> name >> value && define == "#define") {
      while (!value.empty() && std::string_view("uUlL").find(value.back()) != std::string_view::npos) value.pop_back();
      if (const auto number = parse_number(value)) defined[name] = *number;
    }
  }
  const auto cache = [&](ProductFacts::Cache& to, const std::string& kind) {
    const auto set = [&](std::optional<ProductFacts::Number>& fact, const std::string& name) {
      if (const auto found = defined.find("XCHAL_" + kind + "_" + name); found != defined.end())
        fact = {found->second, fmt::format("{}: XCHAL_{}_{}", file, kind, name)};
    };
    set(to.bytes, "SIZE");
    set(to.line, "LINESIZE");
    set(to.ways, "WAYS");
    if (const auto found = defined.find("XCHAL_" + kind + "_IS_WRITEBACK"); found != defined.end())
      to.write_back = found->second != 0;
  };
  cache(facts.instruction_cache, "ICACHE");
  cache(facts.data_cache, "DCACHE");
  if (!defined.contains("XCHAL_DCACHE_SIZE"))
    throw InputError({path}, "this is no xtensa/config/core-isa.h: it does not define XCHAL_DCACHE_SIZE");
}

std::string platform_text(const ProductFacts& facts, const std::string& name) {
  std::string out =
      "# Made by 'dspmem import platform'. Lines with TODO say what to look up; 'dspmem describe FILE' says what is "
      "missing.\n";
  out += fmt::format("name: {}\ndescription: TODO, one line about it\n", name);
  constexpr std::uint64_t hz_per_mhz = 1'000'000, most_cores = 8;
  if (facts.clock_hz && facts.clock_hz->value >= hz_per_mhz)
    out += fmt::format("clock_mhz: {}\n", facts.clock_hz->value / hz_per_mhz);
  else out += "# clock_mhz: 400  # TODO: clock of the cores\n";
  if (facts.cores) out += fmt::format("cores: {}\n", std::min(facts.cores->value, most_cores));
  else out += "# cores: 1  # TODO: number of cores\n";
  out += cache_text("l1i", facts.instruction_cache, "ICACHE") + cache_text("l1d", facts.data_cache, "DCACHE");
  out += "# bus: {latency: 2}  # TODO: cycles between cores and memories\n";

  // The image, the stacks and the heaps of cores are in the first memory.
  std::vector<ProductFacts::Memory> memories = facts.memories;
  if (memories.empty())
    out += "# memories: [{name: HP, base: 0xbe000000, bank: 64 KiB, banks: 46}]  # TODO: the SRAMs\n";
  const auto first = std::max_element(memories.begin(), memories.end(), [&facts](const auto& a, const auto& b) {
    const auto rank = [&facts](const ProductFacts::Memory& memory) {
      const auto holds = [&memory](std::uint64_t address) {
        return address >= memory.base && address - memory.base < memory.bytes;
      };
      return std::tuple(facts.image_end && holds(facts.image_end->value - 1), facts.chosen && holds(*facts.chosen),
                        memory.bytes);
    };
    return rank(a) < rank(b);
  });
  if (first != memories.end()) {
    std::rotate(memories.begin(), first, first + 1);
    out += "memories:\n";
    for (const ProductFacts::Memory& memory : memories) out += memory_text(memory);
  }
  const bool alias = std::any_of(memories.begin(), memories.end(), [](const auto& each) { return each.uncached; });
  out += fmt::format("shared_data: {}\n",
                     alias ? "uncached_alias" : "writeback_invalidate  # TODO: or uncached_alias, none");
  const std::uint32_t devices = free_pages(memories);
  out += fmt::format(
      "devices: {{core_control: {:#x}, idc: {:#x}, power: {:#x}}}  # this simulator's own, where nothing else is\n",
      devices, devices + page, devices + 2 * page);
  if (facts.image_end && first != memories.end())
    out += fmt::format("image: {{size: {}}}\n", size_text(whole_pages(facts.image_end->value - memories[0].base)));
  else out += "image: {size: 128 KiB}  # TODO: what code and static data take, from the bottom of the first memory\n";
  out += "core_areas: {stack: 4 KiB}  # TODO: of each core, behind the image";
  if (!facts.stacks.empty()) out += "; the image has " + candidates(facts.stacks);
  out += "\nheaps:  # a binding's heap takes the place of these";
  if (!facts.heaps.empty()) out += "; the image has " + candidates(facts.heaps);
  std::string numbers = "0";
  for (std::uint64_t core = 1; facts.cores && core < std::min(facts.cores->value, most_cores); ++core)
    numbers += fmt::format(", {}", core);
  out += fmt::format(
      "\n  - {{zone: system, cores: [{}], size: 8 KiB}}\n  - {{zone: buffer, rest_in_blocks_of: 0x100}}\n", numbers);
  if (!facts.power_domains.empty()) {
    out +=
        "# power domains of the devicetree; 'power: {registers: cavs or ace}' and 'wake' say how banks are switched:\n";
    for (const std::string& each : facts.power_domains) out += fmt::format("#   {}\n", each);
  }
  std::string sources;
  const auto add_source = [&sources](const std::string& field, const std::string& source) {
    std::string text;
    for (const char c : source) text += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
    sources += fmt::format("  {}: \"{}\"\n", field, text);
  };
  if (facts.clock_hz && facts.clock_hz->value >= hz_per_mhz) add_source("clock_mhz", facts.clock_hz->source);
  if (facts.cores) add_source("cores", facts.cores->source);
  for (const auto& [field, cache] : {std::pair("l1i", facts.instruction_cache), std::pair("l1d", facts.data_cache)})
    if (cache.bytes && cache.bytes->value && cache.line && cache.ways) add_source(field, cache.bytes->source);
  for (const ProductFacts::Memory& memory : memories) add_source("memories." + memory.name, memory.source);
  if (facts.image_end && first != memories.end()) add_source("image.size", facts.image_end->source);
  if (!sources.empty()) out += "sources:\n" + sources;
  return out;
}

}  // namespace dspmem
