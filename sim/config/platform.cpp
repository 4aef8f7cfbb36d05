// SPDX-License-Identifier: Apache-2.0
#include "sim/config/platform.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <filesystem>

#include "models/cache/replacement.h"
#include "sim/config/paths.h"
#include "sim/config/platform_fields.h"
#include "sim/result/printable.h"

namespace dspmem {
namespace {

constexpr std::uint32_t max_heaps = 24, max_switchable = 4,
                        max_managed_banks = 128;  // limits of the boot descriptor, boot.h
constexpr std::uint32_t max_heap_bytes = 1u << 30;

std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

/// Builds a Platform from its file: reads the hardware first, then lays out memory from the bottom of each SRAM up.
class PlatformReader {
 public:
  PlatformReader(const YAML::Node& root, const std::string& file)
      : file_(file), root_(root), top_(root, file, "the platform", platform_fields()) {
    platform_.file = file;
  }

  Platform read() {
    top_.required("name", platform_.name);
    top_.optional("description", platform_.description);
    platform_.name = printable(platform_.name);
    platform_.description = printable(platform_.description);
    read_cores();
    read_memories();
    read_devices();
    read_power();
    read_sharing();
    read_layout();
    platform_.figures = read_figures(top_, root_);
    top_.finish();
    return std::move(platform_);
  }

 private:
  static const FieldType& of(const std::string& field) { return find_field(platform_fields().fields, field)->type; }

  CacheConfig read_cache(const std::string& name, std::uint32_t core_hint) {
    CacheConfig cache;
    const YAML::Node node = top_.node(name);
    if (!node.IsDefined()) top_.missing(name);
    FieldReader reader(node, file_, "cache '" + name + "'", of(name));
    Bytes size;
    std::string policy;
    reader.required("size", size);
    reader.required("ways", cache.ways);
    reader.required("line", cache.line_bytes);
    reader.optional("replacement", cache.replacement);
    if (reader.optional("write_policy", policy))
      cache.write_policy = choose(reader, "write_policy", policy, write_policies());
    reader.optional("byte_dirty", cache.byte_dirty);
    reader.optional("prefetch_lines", cache.prefetch_lines);
    reader.finish();
    cache.size_bytes = static_cast<std::uint32_t>(size.value);
    cache.seed = core_hint;
    try {
      validate(cache);
    } catch (const std::invalid_argument& error) {
      const std::string text = error.what();
      const std::string field = text.substr(0, 4);  // line, ways or size
      reader.fail(field, "'" + field + "' of cache '" + name + "'" + text.substr(text.find(' ')));
    }
    return cache;
  }

  void read_cores() {
    std::uint32_t count = 0, clock_mhz = 400;
    top_.required("cores", count);
    top_.optional("clock_mhz", clock_mhz);
    platform_.system.clock_period_ps = 1000000 / clock_mhz;
    CoreConfig core;
    if (const YAML::Node node = top_.node("timing"); node.IsDefined()) {
      FieldReader reader(node, file_, "'timing'", of("timing"));
      reader.optional("taken_branch", core.timing.taken_branch_cycles);
      reader.optional("load_use", core.timing.load_use_cycles);
      reader.optional("multiply_use", core.timing.multiply_use_cycles);
      reader.optional("rsr_use", core.timing.special_use_cycles);
      static constexpr std::pair<const char*, InstructionKind> kinds[] = {
          {"multiply", InstructionKind::multiply},
          {"divide", InstructionKind::divide},
          {"jump", InstructionKind::jump},
          {"call", InstructionKind::call},
          {"return", InstructionKind::return_},
          {"barrier", InstructionKind::barrier},
          {"synchronising", InstructionKind::synchronising},
          {"cache", InstructionKind::cache}};
      for (const auto& [name, kind] : kinds)
        reader.optional(name, core.timing.extra_cycles[static_cast<std::size_t>(kind)]);
      reader.finish();
    }
    std::string text = "write_back_drop";
    top_.optional("atomctl", text);
    const Atomics atomics = choose(top_, "atomctl", text, atomics_choices());
    constexpr std::uint32_t at_memory = 0x15, in_cache = 0x29;  // cached addresses inside the cache, others at memory
    platform_.atomctl = atomics == Atomics::cached ? in_cache : at_memory;
    core.atomics_keep_lines = atomics == Atomics::memory;
    core.instruction_cache = read_cache("l1i", 1);
    core.data_cache = read_cache("l1d", 1);
    for (std::uint32_t id = 0; id < count; ++id) {
      core.id = id;
      core.data_cache.seed = id + 1;
      platform_.system.cores.push_back(core);
    }
  }

  void read_memories() {
    const YAML::Node list = top_.node("memories");
    if (!list.IsDefined() || !list.IsSequence() || list.size() == 0)
      top_.missing("memories", "a list with at least one");
    for (const auto& node : list) {
      FieldReader reader(node, file_, "memory", of("memories").parts[0]);
      SramConfig sram;
      Address base, uncached;
      Bytes bank;
      reader.required("name", sram.name);
      sram.name = printable(sram.name);
      reader.required("base", base);
      reader.required("bank", bank);
      reader.required("banks", sram.banks);
      reader.optional("latency", sram.latency_cycles);
      reader.optional("beat", sram.beat_bytes);
      if (reader.optional("wake", sram.wake.usable_cycles)) sram.wake.ready_cycles = sram.wake.usable_cycles;
      if (reader.optional("ready", sram.wake.ready_cycles) && sram.wake.ready_cycles > sram.wake.usable_cycles)
        reader.fail(
            "ready",
            fmt::format(
                "'ready' ({} cycles) must not be later than 'wake' ({} cycles): it is when the status register says so",
                sram.wake.ready_cycles, sram.wake.usable_cycles));
      if (reader.optional("retention_wake", sram.retention_wake.usable_cycles))
        sram.retention_wake.ready_cycles = sram.retention_wake.usable_cycles;
      if (const YAML::Node regulator = reader.node("regulator"); regulator.IsDefined()) {
        FieldReader settings(regulator, file_, "'regulator'",
                             find_field(of("memories").parts[0].fields, "regulator")->type);
        settings.required("settle", sram.regulator_settle_cycles);
        settings.finish();
        sram.regulator = true;
      }
      reader.optional("switchable", sram.switchable);
      reader.optional("uncached", uncached);
      reader.finish();
      if (bank.value == 0 || bank.value % 4096) reader.fail("bank", "'bank' must be a multiple of 4 KiB");
      if (sram.banks * bank.value > 0x40000000ull) reader.fail("banks", "the memory must be below 1 GiB");
      if (base.value % 4096) reader.fail("base", "'base' must be a multiple of 4 KiB");
      if (std::uint64_t{base.value} + sram.banks * bank.value > 1ull << 32)
        reader.fail("base", "memory '" + sram.name + "' reaches beyond the 4 GiB of a 32-bit address");
      if (uncached.value && std::uint64_t{uncached.value} + sram.banks * bank.value > 1ull << 32)
        reader.fail("uncached",
                    "the uncached view of memory '" + sram.name + "' reaches beyond the 4 GiB of a 32-bit address");
      for (const SramConfig& other : platform_.system.srams)
        if (other.name == sram.name) reader.fail("name", "memory '" + sram.name + "' is defined twice");
      sram.bank_bytes = static_cast<std::uint32_t>(bank.value);
      sram.physical_base = base.value;
      auto& regions = platform_.system.regions;
      regions.push_back({sram.name, base.value, sram.size(), RegionKind::cached, base.value});
      if (uncached.value)
        regions.push_back({sram.name + " uncached", uncached.value, sram.size(), RegionKind::uncached, base.value});
      platform_.memory_uncached.push_back(uncached.value);
      platform_.system.srams.push_back(sram);
      cursors_.push_back(0);
    }
    if (const YAML::Node node = top_.node("bus"); node.IsDefined()) {
      FieldReader reader(node, file_, "'bus'", of("bus"));
      reader.optional("latency", platform_.system.bus_latency_cycles);
      reader.finish();
    }
  }

  void read_devices() {
    const YAML::Node node = top_.node("devices");
    if (!node.IsDefined()) top_.missing("devices");
    FieldReader reader(node, file_, "'devices'", of("devices"));
    Address core_control, idc, power, dma;
    reader.required("core_control", core_control);
    reader.required("idc", idc);
    reader.required("power", power);
    reader.optional("dma", dma);
    reader.finish();
    platform_.system.devices = {core_control.value, idc.value, power.value, dma.value};
    auto& regions = platform_.system.regions;
    for (const auto& [name, base] : {std::pair{"core control", core_control.value},
                                     {"idc", idc.value},
                                     {"power", power.value},
                                     {"dma", dma.value}})
      if (base || name != std::string_view("dma"))
        regions.push_back({name, base, device_bytes, RegionKind::device, base});
    try {
      AddressMap check(regions);
    } catch (const std::invalid_argument& error) { FieldReader::fail(top_.mark_of("memories"), error.what()); }
  }

  void read_power() {
    const YAML::Node node = top_.node("power");
    if (!node.IsDefined()) return;
    FieldReader reader(node, file_, "'power'", of("power"));
    if (reader.optional("energy", platform_.energy)) platform_.energy_mark = reader.mark_of("energy");
    std::string text = "cavs";
    reader.optional("registers", text);
    platform_.system.power_registers = choose(reader, "registers", text, power_register_layouts());
    text = "wakes";
    reader.optional("retained_access", text);
    const bool wakes = choose(reader, "retained_access", text, retained_accesses());
    for (SramConfig& sram : platform_.system.srams) sram.retained_access_wakes = wakes;
    if (const YAML::Node manager = reader.node("bank_manager"); manager.IsDefined()) {
      FieldReader settings(manager, file_, "'bank_manager'", find_field(of("power").fields, "bank_manager")->type);
      settings.required("keep_empty", platform_.keep_empty_banks);
      settings.finish();
      platform_.bank_manager = true;
    }
    reader.finish();
    load_energy(platform_.energy,
                platform_.energy_mark);  // a preset that cannot be read is a mistake of the platform file
  }

  void read_sharing() {
    std::string text;
    top_.required("shared_data", text);
    platform_.shared = choose(top_, "shared_data", text, shared_data_choices());
    if (platform_.shared == SharedData::uncached_alias && platform_.memory_uncached[0] == 0)
      top_.fail("shared_data", "shared_data is 'uncached_alias', but memory '" + platform_.system.srams[0].name +
                                   "' has no 'uncached' address");
    top_.optional("alignment", platform_.allocation_alignment);
    if (!std::has_single_bit(platform_.allocation_alignment) || platform_.allocation_alignment < 4)
      top_.fail("alignment", "'alignment' must be a power of two and at least 4");
  }

  std::uint32_t memory_index(const FieldReader& reader, const std::string& name) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < platform_.system.srams.size(); ++i) {
      if (platform_.system.srams[i].name == name) return static_cast<std::uint32_t>(i);
      names.push_back(platform_.system.srams[i].name);
    }
    reader.fail("memory", "'" + name + "' is not a memory of this platform" + suggestion(name, names));
  }

  /// Takes the next `bytes` of a memory; `what` and `mark` are for the message when they are not there.
  std::uint32_t take(std::uint32_t memory, std::uint64_t bytes, std::uint64_t alignment, const std::string& what,
                     const SourceMark& mark) {
    const SramConfig& sram = platform_.system.srams[memory];
    const std::uint64_t start = align_up(cursors_[memory], alignment);
    if (start + bytes > sram.size())
      FieldReader::fail(mark, what + " needs " + std::to_string(bytes) + " bytes, but memory '" + sram.name + "' has " +
                                  std::to_string(start < sram.size() ? sram.size() - start : 0) + " left");
    cursors_[memory] = start + bytes;
    return static_cast<std::uint32_t>(sram.physical_base + start);
  }

  struct HeapRequest {
    HeapLayout heap;
    SourceMark mark;
    std::uint32_t memory = 0;
    std::uint32_t rest_block_bytes = 0;  ///< not 0: takes what is left, in blocks of this size
  };

  void read_layout() {
    const YAML::Node image = top_.node("image");
    if (!image.IsDefined()) top_.missing("image");
    FieldReader image_reader(image, file_, "'image'", of("image"));
    Bytes image_bytes;
    image_reader.required("size", image_bytes);
    image_reader.finish();
    platform_.image_bytes = static_cast<std::uint32_t>(image_bytes.value);
    platform_.image_base = take(0, image_bytes.value, 4096, "the image", image_reader.mark());

    Bytes stack{4096};
    std::string area_alignment = "line";
    const YAML::Node area = top_.node("core_areas");
    if (area.IsDefined()) {
      FieldReader reader(area, file_, "'core_areas'", of("core_areas"));
      reader.optional("stack", stack);
      reader.optional("align", area_alignment);
      reader.finish();
      if (stack.value < 1024 || stack.value % 16)
        reader.fail("stack", "'stack' must be a multiple of 16, at least 1 KiB");
    }
    const std::vector<HeapRequest> requests = read_heaps();
    place(requests, static_cast<std::uint32_t>(stack.value), area_alignment == "bank");
    describe_switchable_memories();
    std::vector<std::string> zones;
    if (!top_.optional("protected_zones", zones)) return;
    for (const std::string& zone : zones)
      platform_.protected_zones.push_back(choose<Zone>(top_, "protected_zones", zone, zone_names(), "zone"));
    // Heaps lie at cached addresses, which are physical ones.
    for (const HeapLayout& heap : platform_.heaps)
      if (std::find(platform_.protected_zones.begin(), platform_.protected_zones.end(), heap.zone) !=
          platform_.protected_zones.end())
        for (CoreConfig& core : platform_.system.cores) core.kernel_only.push_back({heap.base, heap.bytes});
  }

  /// What the firmware's power code has to know about banks.
  void describe_switchable_memories() {
    for (const SramConfig& sram : platform_.system.srams) {
      if (!sram.switchable) continue;
      if (platform_.switchable_memories.size() == max_switchable)
        FieldReader::fail(top_.mark_of("memories"),
                          "at most " + std::to_string(max_switchable) + " memories can have banks that are switched");
      SwitchableMemory memory{sram.physical_base, sram.bank_bytes, sram.banks, 0, 0, 0, 0, sram.regulator};
      const auto bank_of = [&sram](std::uint64_t address) {
        return static_cast<std::uint32_t>((address - sram.physical_base) / sram.bank_bytes);
      };
      const auto lies_here = [&sram](std::uint32_t address) { return address - sram.physical_base < sram.size(); };
      const CoreArea& primary = platform_.core_areas[0];
      if (lies_here(platform_.image_base)) {
        memory.awake_first = bank_of(platform_.image_base);
        memory.awake_count =
            bank_of(std::uint64_t{primary.stack_base} + primary.stack_bytes - 1) + 1 - memory.awake_first;
      }
      if (platform_.bank_manager) manage_banks(sram, memory);
      platform_.switchable_memories.push_back(memory);
    }
  }

  /// The banks behind everything that is not a heap of all cores.
  void manage_banks(const SramConfig& sram, SwitchableMemory& memory) const {
    std::uint64_t end = sram.physical_base;
    const auto extend = [&sram](std::uint64_t& reach, std::uint32_t base, std::uint32_t bytes) {
      if (base - sram.physical_base < sram.size()) reach = std::max(reach, std::uint64_t{base} + bytes);
    };
    extend(end, platform_.image_base, platform_.image_bytes);
    for (const CoreArea& area : platform_.core_areas) extend(end, area.stack_base, area.stack_bytes);
    for (const HeapLayout& heap : platform_.heaps)
      if (heap.per_core) extend(end, heap.base, heap.bytes);
    memory.managed_first =
        static_cast<std::uint32_t>((end - sram.physical_base + sram.bank_bytes - 1) / sram.bank_bytes);
    memory.managed_count =
        memory.managed_first < sram.banks ? std::min(sram.banks - memory.managed_first, max_managed_banks) : 0;
  }

  std::vector<HeapRequest> read_heaps() {
    const YAML::Node list = top_.node("heaps");
    if (!list.IsDefined() || !list.IsSequence()) top_.missing("heaps", "a list");
    std::vector<HeapRequest> requests;
    for (const auto& node : list) {
      FieldReader reader(node, file_, "heap", of("heaps").parts[0]);
      HeapRequest request;
      request.mark = reader.mark();
      std::string zone, memory = platform_.system.srams[0].name;
      std::vector<std::uint32_t> cores;
      std::vector<std::string> capabilities;
      Bytes size, rest_block;
      reader.required("zone", zone);
      request.heap.zone = choose<Zone>(reader, "zone", zone, zone_names());
      if (reader.optional("memory", memory)) request.memory = memory_index(reader, memory);
      if (reader.optional("capabilities", capabilities))
        for (const std::string& each : capabilities)
          request.heap.capabilities |=
              choose<std::uint32_t>(reader, "capabilities", each, capability_names(), "capability");
      if (!reader.node("capabilities").IsDefined()) request.heap.capabilities = 1;  // ram: every heap is that
      const bool bump = request.heap.zone == Zone::system;
      request.heap.per_core = bump || request.heap.zone == Zone::system_runtime;
      if (request.heap.per_core) reader.required("cores", cores);
      if (bump) {
        reader.required("size", size);
        request.heap.bytes = static_cast<std::uint32_t>(size.value);
        if (size.value == 0 || size.value % platform_.line_bytes())
          reader.fail("size", "'size' must be a multiple of the cache line, and not 0");
      } else {
        read_maps(reader, request);
      }
      reader.finish();
      if (!request.heap.per_core) cores = {0};
      for (const std::uint32_t core : cores) {
        if (core >= platform_.core_count())
          reader.fail("cores", "core " + std::to_string(core) + " does not exist: the platform has cores 0 to " +
                                   std::to_string(platform_.core_count() - 1));
        request.heap.core = core;
        request.heap.name = zone + (request.heap.per_core ? "[" + std::to_string(core) + "]" : "");
        for (const HeapRequest& other : requests)
          if (other.heap.name == request.heap.name) {
            if (request.heap.zone != Zone::buffer)
              FieldReader::fail(reader.mark(), "heap '" + request.heap.name + "' is defined twice");
            request.heap.name += "_" + memory;
          }
        requests.push_back(request);
      }
    }
    if (requests.size() > max_heaps)
      FieldReader::fail(top_.mark_of("heaps"), "at most " + std::to_string(max_heaps) + " heaps");
    for (std::uint32_t core = 0; core < platform_.core_count(); ++core)
      if (std::none_of(requests.begin(), requests.end(),
                       [core](const HeapRequest& r) { return r.heap.zone == Zone::system && r.heap.core == core; }))
        FieldReader::fail(top_.mark_of("heaps"), "core " + std::to_string(core) + " has no heap of zone 'system'");
    return requests;
  }

  void read_maps(FieldReader& reader, HeapRequest& request) {
    std::uint32_t times = 1;
    reader.optional("times", times);
    std::vector<std::vector<std::uint32_t>> blocks;
    Bytes rest;
    const bool has_blocks = reader.optional("blocks", blocks);
    if (reader.optional("rest_in_blocks_of", rest) == has_blocks)
      FieldReader::fail(reader.mark(), "a heap needs either 'blocks' or 'rest_in_blocks_of'");
    request.rest_block_bytes = static_cast<std::uint32_t>(rest.value);
    if (!has_blocks && (rest.value == 0 || rest.value % 16))
      reader.fail("rest_in_blocks_of", "'rest_in_blocks_of' must be a multiple of 16, and not 0");
    for (const auto& pair : blocks) {
      if (pair.size() != 2 || pair[0] < 16 || pair[0] % 16 || pair[1] == 0 || times == 0)
        reader.fail("blocks", "'blocks' must be a list of [block size, count], sizes multiples of 16, counts above 0");
      if (!request.heap.maps.empty() && pair[0] <= request.heap.maps.back().block_bytes)
        reader.fail("blocks", "'blocks' must be in order of growing block size");
      if (pair[1] > (max_heap_bytes - request.heap.bytes) / pair[0] / times)
        reader.fail("blocks", "a heap must be below 1 GiB");
      request.heap.maps.push_back({pair[0], pair[1] * times});
      request.heap.bytes += pair[0] * pair[1] * times;
    }
  }

  void place_heap(HeapRequest request) {
    HeapLayout& heap = request.heap;
    const std::uint32_t alignment = std::max<std::uint32_t>(platform_.line_bytes(), 64);
    if (request.rest_block_bytes) {
      const std::uint64_t start = align_up(cursors_[request.memory], alignment);
      const std::uint64_t left = platform_.system.srams[request.memory].size() -
                                 std::min<std::uint64_t>(start, platform_.system.srams[request.memory].size());
      const auto count = static_cast<std::uint32_t>(left / request.rest_block_bytes);
      if (count == 0) FieldReader::fail(request.mark, "no memory is left for heap '" + heap.name + "'");
      heap.maps = {{request.rest_block_bytes, count}};
      heap.bytes = count * request.rest_block_bytes;
    }
    heap.base = take(request.memory, heap.bytes, alignment, "heap '" + heap.name + "'", request.mark);
    platform_.heaps.push_back(heap);
  }

  void place(const std::vector<HeapRequest>& requests, std::uint32_t stack_bytes, bool bank_aligned) {
    const SramConfig& sram = platform_.system.srams[0];
    for (std::uint32_t core = 0; core < platform_.core_count(); ++core) {
      const bool own_banks = bank_aligned && core > 0 && sram.switchable;
      if (own_banks) cursors_[0] = align_up(cursors_[0], sram.bank_bytes);
      CoreArea area;
      area.first_bank = static_cast<std::uint32_t>(cursors_[0] / sram.bank_bytes);
      area.stack_bytes = stack_bytes;
      area.stack_base =
          take(0, stack_bytes, 64, "the stack of core " + std::to_string(core), top_.mark_of("core_areas"));
      for (const HeapRequest& request : requests)
        if (request.heap.per_core && request.heap.core == core) place_heap(request);
      if (own_banks) {
        cursors_[0] = align_up(cursors_[0], sram.bank_bytes);
        area.bank_count = static_cast<std::uint32_t>(cursors_[0] / sram.bank_bytes) - area.first_bank;
      }
      platform_.core_areas.push_back(area);
    }
    for (const HeapRequest& request : requests)
      if (!request.heap.per_core) place_heap(request);
  }

  std::string file_;
  YAML::Node root_;
  FieldReader top_;
  Platform platform_;
  std::vector<std::uint64_t> cursors_;  ///< per SRAM: offset of the first free byte
};

}  // namespace

const std::vector<std::pair<std::string, Zone>>& zone_names() {
  static const std::vector<std::pair<std::string, Zone>> names{
      {"system", Zone::system}, {"system_runtime", Zone::system_runtime}, {"runtime", Zone::runtime},
      {"buffer", Zone::buffer}, {"runtime_shared", Zone::runtime_shared}, {"system_shared", Zone::system_shared}};
  return names;
}

std::string to_string(Zone zone) {
  for (const auto& [name, value] : zone_names())
    if (value == zone) return name;
  return "?";
}

const std::vector<std::pair<std::string, std::uint32_t>>& capability_names() {
  static const std::vector<std::pair<std::string, std::uint32_t>> names{
      {"ram", 1u << 0}, {"lp", 1u << 3}, {"hp", 1u << 4}, {"dma", 1u << 5}};
  return names;
}

const std::vector<std::pair<std::string, std::uint32_t>>& flag_names() {
  static const std::vector<std::pair<std::string, std::uint32_t>> names{{"shared", 1u << 0}};
  return names;
}

std::string platform_reference(const std::string& name_or_path, const Platform& platform) {
  const bool is_path = name_or_path.find('/') != std::string::npos || name_or_path.ends_with(".yaml");
  return is_path ? std::filesystem::absolute(platform.file).lexically_normal().string() : name_or_path;
}

std::vector<std::string> shipped_platforms() { return shipped_configs("platforms"); }

Platform load_platform(const std::string& name_or_path, const SourceMark& mark, const Edits& edits) {
  const std::string path = config_file("platforms", name_or_path, mark, "platform file", "platform");
  return PlatformReader(load_edited(path, edits), path).read();
}

}  // namespace dspmem
