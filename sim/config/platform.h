// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models/system_config.h"
#include "sim/config/edits.h"
#include "sim/config/energy.h"
#include "sim/config/error.h"
#include "sim/config/figures.h"

namespace dspmem {

struct FieldType;

/// Zones of the allocator; the numbers are those of enum mem_zone in models/firmware/include/alloc.h.
enum class Zone : std::uint32_t { system, system_runtime, runtime, buffer, runtime_shared, system_shared };
const std::vector<std::pair<std::string, Zone>>& zone_names();
std::string to_string(Zone zone);

/// Capabilities of memory; bits of SOF_MEM_CAPS_* in alloc.h.
const std::vector<std::pair<std::string, std::uint32_t>>& capability_names();
/// Flags of requests, bits of SOF_MEM_FLAG_* in alloc.h.
const std::vector<std::pair<std::string, std::uint32_t>>& flag_names();

/// How shared data is kept current: the two approaches of the memory-management document, and single-core platforms.
enum class SharedData { uncached_alias, writeback_invalidate, none };

struct BlockMap {
  std::uint32_t block_bytes = 0;
  std::uint32_t count = 0;
};

/// One heap with its place in memory.
struct HeapLayout {
  std::string name;  ///< zone, with the core in brackets where it belongs to one: system[1]
  Zone zone = Zone::runtime;
  bool per_core = false;
  std::uint32_t core = 0;
  std::uint32_t base = 0;
  std::uint32_t bytes = 0;
  std::uint32_t capabilities = 0;
  std::vector<BlockMap> maps;  ///< empty: a bump heap, or one that its allocator divides as it likes
  bool all_zones = false;  ///< of an allocator that knows no zones: `zone` says nothing

  bool serves(Zone wanted) const { return all_zones || zone == wanted; }
};

/// Memory that belongs to one core.
struct CoreArea {
  std::uint32_t stack_base = 0;
  std::uint32_t stack_bytes = 0;
  std::uint32_t memory = 0;  ///< index of the SRAM
  std::uint32_t first_bank = 0;  ///< banks that hold nothing else; none when bank_count is 0
  std::uint32_t bank_count = 0;
};

/// A memory whose banks can be switched, as the firmware sees it. Counts are banks.
struct SwitchableMemory {
  std::uint32_t base = 0, bank_bytes = 0, bank_count = 0;
  std::uint32_t awake_first = 0, awake_count = 0;  ///< hold the image and core 0's stack: never put to sleep
  std::uint32_t managed_first = 0,
                managed_count = 0;  ///< hold nothing but heaps of all cores, and are left to the bank manager
  std::uint32_t regulator = 0;  ///< 1: it has to be on while banks come up
};

/// A platform file, resolved: everything has an address. Feeds the simulator, the linker script and the boot
/// descriptor.
struct Platform {
  std::string name;
  std::string description;
  std::string file;
  SystemConfig system;
  SharedData shared = SharedData::none;
  std::uint32_t allocation_alignment = 4;
  std::uint32_t atomctl = 0;  ///< what start-up code writes to the register
  std::uint32_t allocator_buffers = 0;  ///< where buffers that an allocator's binding asks for begin
  std::uint32_t image_base = 0;
  std::uint32_t image_bytes = 0;
  std::vector<std::uint32_t> memory_uncached;  ///< per SRAM: base of its uncached alias, 0 without one
  std::vector<HeapLayout> heaps;
  std::vector<Zone> protected_zones;  ///< what user mode may not access
  std::vector<CoreArea> core_areas;
  std::vector<SwitchableMemory> switchable_memories;
  bool bank_manager = false;
  std::uint32_t keep_empty_banks = 0;  ///< of the bank manager: banks without users that stay on
  std::string energy = "default";  ///< the preset of energy figures
  SourceMark energy_mark;
  std::vector<Figure> figures;  ///< of the file, with their sources

  std::uint32_t core_count() const { return static_cast<std::uint32_t>(system.cores.size()); }
  std::uint32_t line_bytes() const { return system.cores[0].data_cache.line_bytes; }
};

/// Reads configs/platforms/<name>.yaml, or any file when `name_or_path` has a slash or ends in .yaml. Throws
/// InputError; `mark` is where the user named the platform.
Platform load_platform(const std::string& name_or_path, const SourceMark& mark = {}, const Edits& edits = {});

/// How a file in any folder can name a platform that was loaded as `name_or_path`: by the same name, or by its whole
/// path.
std::string platform_reference(const std::string& name_or_path, const Platform& platform);

/// Names of the platforms that come with dspmem.
std::vector<std::string> shipped_platforms();

/// The fields of a platform file.
const FieldType& platform_fields();

}  // namespace dspmem
