// SPDX-License-Identifier: Apache-2.0
#include "sim/config/describe.h"

#include <fmt/format.h>

#include <algorithm>

#include "models/cache/l1_cache.h"

namespace dspmem {
namespace {

std::string size_text(std::uint64_t bytes) {
  if (bytes && bytes % (1024 * 1024) == 0) return fmt::format("{} MiB", bytes / (1024 * 1024));
  if (bytes && bytes % 1024 == 0) return fmt::format("{} KiB", bytes / 1024);
  return fmt::format("{} B", bytes);
}

std::string cache_text(const CacheConfig& cache) {
  return fmt::format("{}, {} ways, {} sets, {}-byte lines, {}{}{}", size_text(cache.size_bytes), cache.ways,
                     cache.sets(), cache.line_bytes, cache.replacement,
                     cache.write_policy == WritePolicy::write_back ? "" : ", write-through",
                     cache.prefetch_lines ? fmt::format(", prefetches {} lines", cache.prefetch_lines) : "");
}

std::string sharing_text(SharedData shared) {
  switch (shared) {
    case SharedData::uncached_alias: return "through the uncached alias; commit does nothing";
    case SharedData::writeback_invalidate: return "cached; commit writes back and invalidates";
    case SharedData::none: return "not needed: one core; commit does nothing";
  }
  return "";
}

/// The SRAM that holds an address.
std::size_t memory_of(const Platform& platform, std::uint32_t address) {
  for (std::size_t i = 0; i < platform.system.srams.size(); ++i)
    if (address - platform.system.srams[i].physical_base < platform.system.srams[i].size()) return i;
  return 0;
}

std::string bank_range(const Platform& platform, std::uint32_t base, std::uint32_t bytes) {
  const SramConfig& sram = platform.system.srams[memory_of(platform, base)];
  const std::uint32_t first = (base - sram.physical_base) / sram.bank_bytes;
  const std::uint32_t last = (base + bytes - 1 - sram.physical_base) / sram.bank_bytes;
  return first == last ? fmt::format("{}{}", sram.name, first) : fmt::format("{}{}-{}", sram.name, first, last);
}

std::string blocks_text(const HeapLayout& heap) {
  if (heap.maps.empty()) return "bump";
  std::string text;
  for (const BlockMap& map : heap.maps)
    text += fmt::format("{}{}x{}", text.empty() ? "" : " ", map.block_bytes, map.count);
  return text;
}

}  // namespace

std::string describe_as_text(const Platform& platform) {
  const SystemConfig& system = platform.system;
  const CoreConfig& core = system.cores[0];
  std::string out = fmt::format("{}: {}\n\n", platform.name, platform.description);
  out += fmt::format("cores        {} at {} MHz\n", platform.core_count(), 1000000 / system.clock_period_ps);
  out += fmt::format("L1D          {}\nL1I          {}\n", cache_text(core.data_cache),
                     cache_text(core.instruction_cache));
  out += fmt::format("shared data  {}\n\nmemory map\n", sharing_text(platform.shared));
  for (const Region& region : system.regions) {
    const char* kind = region.kind == RegionKind::cached     ? "cached"
                       : region.kind == RegionKind::uncached ? "uncached"
                                                             : "registers";
    out += fmt::format("  {:08x}-{:08x}  {:<9}  {:>8}  {}\n", region.base, region.base + (region.size - 1), kind,
                       size_text(region.size), region.name);
  }
  out += "\nbanks\n";
  for (const SramConfig& sram : system.srams)
    out += fmt::format(
        "  {:<7} {} x {}, {} cycles to the first of {}-byte beats{}\n", sram.name, sram.banks,
        size_text(sram.bank_bytes), system.bus_latency_cycles + sram.latency_cycles, sram.beat_bytes,
        sram.switchable ? fmt::format(", usable {} cycles after power-on", sram.wake.usable_cycles) : ", always on");
  out += fmt::format("\nlayout\n  {:<22} {:08x}  {:>9}  {:<9}\n", "firmware image", platform.image_base,
                     size_text(platform.image_bytes), bank_range(platform, platform.image_base, platform.image_bytes));
  for (std::size_t id = 0; id < platform.core_areas.size(); ++id) {
    const CoreArea& area = platform.core_areas[id];
    out += fmt::format("  {:<22} {:08x}  {:>9}  {:<9}\n", fmt::format("stack[{}]", id), area.stack_base,
                       size_text(area.stack_bytes), bank_range(platform, area.stack_base, area.stack_bytes));
  }
  for (const HeapLayout& heap : platform.heaps)
    out += fmt::format("  {:<22} {:08x}  {:>9}  {:<9}  {}\n", heap.name, heap.base, size_text(heap.bytes),
                       bank_range(platform, heap.base, heap.bytes), blocks_text(heap));
  for (std::size_t id = 0; id < platform.core_areas.size(); ++id)
    if (const CoreArea& area = platform.core_areas[id]; area.bank_count)
      out += fmt::format("  core {} owns {}{}: off while the core is off\n", id, system.srams[area.memory].name,
                         area.bank_count == 1
                             ? fmt::format("{}", area.first_bank)
                             : fmt::format("{}-{}", area.first_bank, area.first_bank + area.bank_count - 1));
  out += "\nfigures and their sources; 'dspmem run --vary assumed' tries both ends of a range\n" +
         figures_text(platform.figures);
  const EnergyPreset energy = load_energy(platform.energy, platform.energy_mark);
  if (std::any_of(system.srams.begin(), system.srams.end(), [](const SramConfig& each) { return each.switchable; }))
    out += fmt::format("\nenergy figures, preset '{}': {}\n", energy.name, energy.description) +
           figures_text(energy.sources);
  return out;
}

std::string describe_as_dot(const Platform& platform) {
  std::string out =
      fmt::format("digraph \"{}\" {{\n  rankdir=LR; node [shape=record, fontname=\"sans-serif\"];\n", platform.name);
  for (std::size_t memory = 0; memory < platform.system.srams.size(); ++memory) {
    const SramConfig& sram = platform.system.srams[memory];
    out += fmt::format("  subgraph cluster_{0} {{\n    label=\"{0}: {1} banks of {2}\";\n    {0} [label=\"", sram.name,
                       sram.banks, size_text(sram.bank_bytes));
    bool first = true;
    const auto part = [&](const std::string& name, std::uint32_t base, std::uint32_t bytes) {
      if (memory_of(platform, base) != memory) return;
      out += fmt::format("{}{{{}|{:#x}|{}|{}}}", first ? "" : "|", name, base, size_text(bytes),
                         bank_range(platform, base, bytes));
      first = false;
    };
    part("firmware image", platform.image_base, platform.image_bytes);
    std::vector<bool> stack_shown(platform.core_areas.size());
    for (const HeapLayout& heap : platform.heaps) {
      if (heap.per_core && !stack_shown[heap.core]) {
        part(fmt::format("stack[{}]", heap.core), platform.core_areas[heap.core].stack_base,
             platform.core_areas[heap.core].stack_bytes);
        stack_shown[heap.core] = true;
      }
      part(heap.name, heap.base, heap.bytes);
    }
    out += "\"];\n  }\n";
  }
  for (std::uint32_t core = 0; core < platform.core_count(); ++core)
    out += fmt::format("  core{0} [shape=box, label=\"core {0}\\nL1D {1}\"];\n  core{0} -> {2};\n", core,
                       size_text(platform.system.cores[core].data_cache.size_bytes), platform.system.srams[0].name);
  return out + "}\n";
}

std::string describe_as_linker_script(const Platform& platform) {
  return fmt::format(R"(/* Generated from {file}: do not edit. */
ENTRY(_start)
MEMORY {{ image (rwx) : ORIGIN = {base:#x}, LENGTH = {bytes:#x} }}
SECTIONS
{{
  .text : {{ KEEP(*(.vectors)) *(.text.start .text.start.*) *(.literal .text .literal.* .text.*) }} > image
  .rodata : {{ *(.rodata .rodata.*) }} > image
  /* A page of its own: emulators slow down where code and data share one. */
  .data : ALIGN(4096) {{ *(.data .data.*) . = ALIGN({line}); *(.boot) . = ALIGN({line}); }} > image
  .bss (NOLOAD) : ALIGN({line})
  {{
    _bss_start = .;
    *(.bss .bss.* COMMON)
    . = ALIGN({line});
    /* Shared data has cache lines of its own. */
    _shared_data_start = .;
    *(.shared_data)
    . = ALIGN({line});
    _shared_data_end = .;
    _bss_end = .;
  }} > image
  _image_end = .;
  /* What the image was built for: not loaded. */
  .dspmem.platform 0 (INFO) : {{ KEEP(*(.dspmem.platform)) }}
}}
)",
                     fmt::arg("file", platform.name + ".yaml"), fmt::arg("base", platform.image_base),
                     fmt::arg("bytes", platform.image_bytes), fmt::arg("line", platform.line_bytes()));
}

namespace {

/// The numbers of platform_config.h.
std::vector<std::pair<std::string, std::uint32_t>> definitions(const Platform& platform) {
  const CacheConfig& cache = platform.system.cores[0].data_cache;
  std::vector<std::pair<std::string, std::uint32_t>> all;
  const auto define = [&all](const char* name, std::uint32_t value) { all.emplace_back(name, value); };
  define("CORE_COUNT", platform.core_count());
  define("DCACHE_LINE", cache.line_bytes);
  define("DCACHE_BYTES", cache.size_bytes);
  define("DCACHE_WAYS", cache.ways);
  define("ALLOC_ALIGN", platform.allocation_alignment);
  define("ATOMCTL", platform.atomctl);
  define("POWER_ACE", platform.system.power_registers == PowerRegisters::ace);
  define("SHARED_UNCACHED", platform.shared == SharedData::uncached_alias);
  define("SHARED_COMMIT", platform.shared == SharedData::writeback_invalidate);
  // All memories of a platform have their alias at the same distance; the window spans from the lowest to the highest.
  std::uint32_t low = ~0u, high = 0, distance = 0;
  for (std::size_t i = 0; i < platform.system.srams.size(); ++i) {
    if (!platform.memory_uncached[i]) continue;
    low = std::min(low, platform.system.srams[i].physical_base);
    high = std::max(high, platform.system.srams[i].physical_base + platform.system.srams[i].size());
    distance = platform.system.srams[i].physical_base - platform.memory_uncached[i];
  }
  if (high) {
    define("CACHED_BASE", low);
    define("UNCACHED_BASE", low - distance);
    define("ALIAS_BYTES", high - low);
  }
  define("CORE_CONTROL", platform.system.devices.core_control);
  define("IDC", platform.system.devices.idc);
  define("POWER", platform.system.devices.power);
  define("DMA", platform.system.devices.dma);
  return all;
}

}  // namespace

std::vector<std::pair<std::string, std::uint32_t>> platform_facts(const Platform& platform) {
  std::vector<std::pair<std::string, std::uint32_t>> facts = definitions(platform);
  facts.emplace_back("IMAGE_BASE", platform.image_base);
  facts.emplace_back("IMAGE_BYTES", platform.image_bytes);
  return facts;
}

std::string describe_as_header(const Platform& platform) {
  std::string out = fmt::format("/* Generated from {}.yaml: do not edit. */\n#pragma once\n\n", platform.name);
  for (const auto& [name, value] : definitions(platform))
    out += fmt::format("#define PLATFORM_{} {:#x}\n", name, value);
  out += "/* What all of it was, for whoever runs the image on another platform. */\n#define PLATFORM_FACTS \"";
  for (const auto& [name, value] : platform_facts(platform)) out += fmt::format("{}={:#x};", name, value);
  return out + "\"\n";
}

}  // namespace dspmem
