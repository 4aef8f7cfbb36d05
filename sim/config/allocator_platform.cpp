// SPDX-License-Identifier: Apache-2.0
// What a binding means: for calls, and for the platform.
#include <fmt/format.h>
#include <algorithm>
#include <map>

#include "sim/config/allocator.h"

namespace dspmem {
namespace {

using Kind = AllocatorArgument::Kind;
using Role = AllocatorFunction::Role;

}  // namespace

std::uint32_t Allocator::translate(const Bits& bits, std::uint32_t value, const char* kind) const {
  if (bits.values.empty()) return value;
  std::uint32_t result = 0;
  for (std::uint32_t bit = 1; bit; bit <<= 1) {
    if (!(value & bit)) continue;
    const auto found = bits.values.find(bit);
    if (found == bits.values.end())
      throw InputError(
          bits.mark,
          fmt::format("the scenario asks for {} {:#x}, and this binding does not say which value that is", kind, bit));
    result |= found->second;
  }
  return result;
}

std::optional<std::uint32_t> AllocatorFunction::position(Kind kind) const {
  for (const AllocatorArgument& argument : arguments)
    if (argument.kind == kind) return argument.word;
  return std::nullopt;
}

namespace {

using BufferKey = std::pair<std::string, std::uint32_t>;

/// Offsets of all buffers, by name and size, and behind the last one.
std::map<BufferKey, std::uint32_t> place_buffers(const Allocator& allocator, std::uint32_t line, std::uint32_t& end) {
  std::map<BufferKey, std::uint32_t> offsets;
  end = 0;
  for (const AllocatorFunction& function : allocator.functions)
    for (const AllocatorArgument& argument : function.arguments)
      if (argument.kind == Kind::buffer && offsets.try_emplace({argument.symbol, argument.number}, end).second)
        end += (argument.number + line - 1) / line * line;
  return offsets;
}

}  // namespace

std::uint32_t Allocator::buffer_offset(const AllocatorArgument& buffer, std::uint32_t line_bytes) const {
  std::uint32_t end = 0;
  return place_buffers(*this, line_bytes, end).at({buffer.symbol, buffer.number});
}

std::uint32_t Allocator::buffer_bytes(std::uint32_t line_bytes) const {
  std::uint32_t end = 0;
  place_buffers(*this, line_bytes, end);
  return end;
}

bool AllocatorFunction::serves(Zone zone) const {
  return zones.empty() || std::find(zones.begin(), zones.end(), zone) != zones.end();
}

const AllocatorFunction* Allocator::find(Role role, Zone zone, bool aligned) const {
  for (const AllocatorFunction& function : functions)
    if (function.role == role && function.serves(zone) && (!aligned || function.position(Kind::alignment)))
      return &function;
  return nullptr;
}

void add_memory(Platform& platform, const std::string& name, std::uint32_t base, std::uint32_t bytes) {
  SramConfig sram;
  sram.name = name;
  sram.physical_base = base;
  sram.banks = 1;
  sram.bank_bytes = bytes;
  sram.switchable = false;
  platform.system.srams.push_back(sram);
  platform.system.regions.push_back({name, base, bytes, RegionKind::cached, base});
  platform.memory_uncached.push_back(0);
}

Platform with_allocator(Platform platform, const Allocator& allocator) {
  if (allocator.alignment) platform.allocation_alignment = allocator.alignment;
  const auto need_room = [&platform](const std::string& what, std::uint32_t base, std::uint32_t bytes,
                                     const SourceMark& mark) {
    for (const Region& region : platform.system.regions)
      if (base < std::uint64_t{region.base} + region.size && region.base < std::uint64_t{base} + bytes)
        throw InputError(mark,
                         fmt::format("{} overlap '{}' of platform '{}', which is at {:#x} to {:#x}", what, region.name,
                                     platform.name, region.base, std::uint64_t{region.base} + region.size));
  };
  for (const Allocator::Registers& each : allocator.registers) {
    need_room("these registers", each.range.base, each.range.bytes, each.mark);
    platform.system.registers.push_back(each.range);
    platform.system.regions.push_back({fmt::format("registers {:#x}", each.range.base), each.range.base,
                                       each.range.bytes, RegionKind::device, each.range.base});
  }
  for (const Allocator::Memory& memory : allocator.memories) {
    for (const SramConfig& sram : platform.system.srams)
      if (sram.name == memory.name)
        throw InputError(memory.mark, "platform '" + platform.name + "' has a memory '" + memory.name +
                                          "' already: name this one otherwise");
    need_room("the bytes of memory '" + memory.name + "'", memory.base, memory.bytes, memory.mark);
    add_memory(platform, memory.name, memory.base, memory.bytes);
  }
  if (!allocator.one_heap) return platform;
  // A heap of the image stands here, too, until the image says where it is: scenarios are checked against its name.
  // The common heaps of the first memory lie side by side, behind all that belongs to one core.
  const SramConfig& sram = platform.system.srams[0];
  HeapLayout heap;
  heap.name = "heap";
  heap.zone = Zone::runtime;
  heap.all_zones = true;
  std::uint64_t low = ~0ull, high = 0;
  for (const HeapLayout& each : platform.heaps) {
    if (each.per_core || each.base - sram.physical_base >= sram.size()) continue;
    low = std::min<std::uint64_t>(low, each.base);
    high = std::max<std::uint64_t>(high, std::uint64_t{each.base} + each.bytes);
    heap.capabilities |= each.capabilities;
  }
  if (high <= low)
    throw InputError({platform.file}, "platform '" + platform.name + "' has no heap that all cores use: allocator '" +
                                          allocator.name + "' needs one");
  const std::uint32_t buffers = allocator.buffer_bytes(platform.line_bytes());
  if (buffers >= high - low)
    throw InputError({allocator.file},
                     fmt::format("the buffers of this binding have {} bytes, and the memory for heaps of platform '{}' "
                                 "has {}",
                                 buffers, platform.name, high - low));
  heap.base = static_cast<std::uint32_t>(low);
  heap.bytes = static_cast<std::uint32_t>(high - low) - buffers;
  platform.allocator_buffers = heap.base + heap.bytes;
  platform.heaps = {heap};
  // The bank manager is part of the zones allocator.
  platform.bank_manager = false;
  for (SwitchableMemory& memory : platform.switchable_memories) memory.managed_count = 0;
  return platform;
}

}  // namespace dspmem
