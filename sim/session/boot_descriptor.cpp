// SPDX-License-Identifier: Apache-2.0
#include "sim/session/boot_descriptor.h"

namespace dspmem {
namespace {

// Constants of models/firmware/include/boot.h, which is C with target-sized fields and cannot be included here.
constexpr std::uint32_t magic = 0x424d5344, version = 2;
constexpr std::size_t max_cores = 8, max_heaps = 24, max_maps = 12, max_memories = 4;

}  // namespace

std::vector<std::uint8_t> boot_descriptor(const Platform& platform) {
  std::vector<std::uint8_t> bytes;
  const auto put = [&bytes](std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8) bytes.push_back(value >> shift & 0xff);
  };
  put(magic);
  put(version);
  put(platform.core_count());
  put(static_cast<std::uint32_t>(platform.heaps.size()));
  for (std::size_t id = 0; id < max_cores; ++id) {
    const CoreArea area = id < platform.core_areas.size() ? platform.core_areas[id] : CoreArea{};
    put(area.stack_base + area.stack_bytes);
    put(area.memory);
    put(area.first_bank);
    put(area.bank_count);
  }
  for (std::size_t index = 0; index < max_heaps; ++index) {
    const HeapLayout heap = index < platform.heaps.size() ? platform.heaps[index] : HeapLayout{};
    put(static_cast<std::uint32_t>(heap.zone));
    put(heap.core);
    put(heap.base);
    put(heap.bytes);
    put(heap.capabilities);
    put(static_cast<std::uint32_t>(heap.maps.size()));
    for (std::size_t map = 0; map < max_maps; ++map) {
      put(map < heap.maps.size() ? heap.maps[map].block_bytes : 0);
      put(map < heap.maps.size() ? heap.maps[map].count : 0);
    }
  }
  put(platform.keep_empty_banks);
  std::vector<SwitchableMemory> memories = platform.switchable_memories;
  put(static_cast<std::uint32_t>(memories.size()));
  memories.resize(max_memories);
  for (const SwitchableMemory& memory : memories)
    for (const std::uint32_t field : {memory.base, memory.bank_bytes, memory.bank_count, memory.awake_first,
                                      memory.awake_count, memory.managed_first, memory.managed_count, memory.regulator})
      put(field);
  return bytes;
}

}  // namespace dspmem
