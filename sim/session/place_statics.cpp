// SPDX-License-Identifier: Apache-2.0
#include "sim/session/place_statics.h"

#include <fmt/format.h>
#include <algorithm>

namespace dspmem {
namespace {

struct Taken {
  std::uint64_t base, end;
  std::string what;
};

std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

/// Everything that has its place before any static object gets one.
std::vector<Taken> taken_places(const Platform& platform, const FirmwareImage& image) {
  std::vector<Taken> taken;
  std::uint64_t image_end = platform.image_base;
  for (const FirmwareImage::Segment& segment : image.segments())
    if (segment.address - platform.image_base < platform.image_bytes)
      image_end = std::max<std::uint64_t>(image_end, std::uint64_t{segment.address} + segment.bytes.size());
  taken.push_back({platform.image_base, image_end, "the firmware image"});
  for (const HeapLayout& heap : platform.heaps)
    taken.push_back({heap.base, std::uint64_t{heap.base} + heap.bytes, "heap " + heap.name});
  for (std::size_t core = 0; core < platform.core_areas.size(); ++core)
    taken.push_back({platform.core_areas[core].stack_base,
                     std::uint64_t{platform.core_areas[core].stack_base} + platform.core_areas[core].stack_bytes,
                     fmt::format("the stack of core {}", core)});
  return taken;
}

const Taken* overlapping(const std::vector<Taken>& taken, std::uint64_t base, std::uint64_t end) {
  for (const Taken& each : taken)
    if (base < each.end && each.base < end) return &each;
  return nullptr;
}

/// The first free place for `bytes` in [first, end).
std::optional<std::uint64_t> free_place(const std::vector<Taken>& taken, std::uint64_t first, std::uint64_t end,
                                        std::uint64_t bytes, std::uint64_t alignment) {
  for (std::uint64_t base = align_up(first, alignment); base + bytes <= end;) {
    const Taken* other = overlapping(taken, base, base + bytes);
    if (!other) return base;
    base = align_up(other->end, alignment);
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::uint32_t> place_statics(const std::vector<StaticObject>& statics, const Platform& platform,
                                         const FirmwareImage& image) {
  std::vector<Taken> taken = taken_places(platform, image);
  const AddressMap map(platform.system.regions);
  std::vector<std::uint32_t> addresses;
  for (const StaticObject& object : statics) {
    const std::uint64_t alignment =
        object.shared ? std::max(object.alignment, platform.line_bytes()) : object.alignment;
    const std::uint64_t bytes = object.shared ? align_up(object.bytes, platform.line_bytes()) : object.bytes;
    std::optional<std::uint64_t> base;
    if (object.at) {
      base = map.alias(*object.at, RegionKind::cached);
      const Region* region = map.find(static_cast<std::uint32_t>(*base));
      if (!region || region->kind == RegionKind::device || *base + bytes > std::uint64_t{region->base} + region->size)
        throw InputError(object.mark, fmt::format("'{}' cannot lie at {:#x}: platform '{}' has no memory for it there",
                                                  object.name, *object.at, platform.name));
      if (*base % alignment)
        throw InputError(object.mark, fmt::format("{:#x} is not aligned to the {} bytes that '{}' needs", *object.at,
                                                  alignment, object.name));
    } else if (!object.behind.empty()) {
      const auto other = std::find_if(statics.begin(), statics.begin() + static_cast<std::ptrdiff_t>(addresses.size()),
                                      [&](const StaticObject& each) { return each.name == object.behind; });
      if (other == statics.begin() + static_cast<std::ptrdiff_t>(addresses.size())) {
        std::vector<std::string> known;
        for (std::size_t i = 0; i < addresses.size(); ++i) known.push_back(statics[i].name);
        throw InputError(object.mark, fmt::format("'{}' lies behind '{}', which is not declared before it", object.name,
                                                  object.behind) +
                                          suggestion(object.behind, known));
      }
      base = align_up(addresses[static_cast<std::size_t>(other - statics.begin())] + std::uint64_t{other->bytes},
                      alignment);
    } else if (!object.bank.empty()) {
      std::vector<std::string> banks;
      const SramConfig* found = nullptr;
      std::uint32_t number = 0;
      for (const SramConfig& sram : platform.system.srams)
        for (std::uint32_t bank = 0; bank < sram.banks; ++bank) {
          banks.push_back(sram.name + std::to_string(bank));
          if (banks.back() != object.bank) continue;
          found = &sram;
          number = bank;
        }
      if (!found)
        throw InputError(object.mark, fmt::format("platform '{}' has no bank '{}'; did you mean '{}'?", platform.name,
                                                  object.bank, nearest_name(object.bank, banks)));
      const std::uint64_t first = found->physical_base + std::uint64_t{number} * found->bank_bytes;
      base = free_place(taken, first, first + found->bank_bytes, bytes, alignment);
      if (!base)
        throw InputError(object.mark,
                         fmt::format("bank {} has no room for the {} bytes of '{}' beside the heaps and the image",
                                     object.bank, bytes, object.name));
    } else {
      base = free_place(taken, platform.image_base, std::uint64_t{platform.image_base} + platform.image_bytes, bytes,
                        alignment);
      if (!base)
        throw InputError(object.mark,
                         fmt::format("the {} bytes of '{}' do not fit behind the firmware image, which has {} bytes",
                                     bytes, object.name, platform.image_bytes));
    }
    if (const Taken* other = overlapping(taken, *base, *base + bytes))
      throw InputError(object.mark, fmt::format("'{}' would lie on {} ({:#x} to {:#x})", object.name, other->what,
                                                other->base, other->end - 1));
    taken.push_back({*base, *base + bytes, "'" + object.name + "'"});
    addresses.push_back(static_cast<std::uint32_t>(*base));
  }
  return addresses;
}

PhysicalRange free_behind_image(const std::vector<StaticObject>& statics, const Platform& platform,
                                const FirmwareImage& image) {
  std::uint64_t start = taken_places(platform, image).front().end;
  const std::vector<std::uint32_t> addresses = place_statics(statics, platform, image);
  for (std::size_t index = 0; index < addresses.size(); ++index)
    if (addresses[index] - platform.image_base < platform.image_bytes)
      start = std::max<std::uint64_t>(start, std::uint64_t{addresses[index]} + statics[index].bytes);
  start = align_up(start, platform.line_bytes());
  std::uint64_t end = std::uint64_t{platform.image_base} + platform.image_bytes;
  for (const SramConfig& sram : platform.system.srams)
    if (start - sram.physical_base < sram.size())
      end = std::min(end, sram.physical_base + align_up(start - sram.physical_base + 1, sram.bank_bytes));
  return {static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(end > start ? end - start : 0)};
}

}  // namespace dspmem
