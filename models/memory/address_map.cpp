// SPDX-License-Identifier: Apache-2.0
#include "models/memory/address_map.h"

#include <stdexcept>

namespace dspmem {

AddressMap::AddressMap(std::vector<Region> regions) : regions_(std::move(regions)) {
  for (std::size_t i = 0; i < regions_.size(); ++i)
    for (std::size_t k = 0; k < i; ++k) {
      const Region& a = regions_[k];
      const Region& b = regions_[i];
      if (std::uint64_t{a.base} < std::uint64_t{b.base} + b.size &&
          std::uint64_t{b.base} < std::uint64_t{a.base} + a.size)
        throw std::invalid_argument("regions '" + a.name + "' and '" + b.name + "' overlap");
    }
}

void AddressMap::remove(const std::string& name) {
  std::erase_if(regions_, [&name](const Region& region) { return region.name == name; });
}

std::uint32_t AddressMap::alias(std::uint32_t address, RegionKind wanted) const {
  const Region* here = find(address);
  if (!here || here->kind == wanted) return address;
  const std::uint32_t physical = here->to_physical(address);
  for (const Region& region : regions_)
    if (region.kind == wanted && physical - region.physical < region.size)
      return physical - region.physical + region.base;
  return address;
}

}  // namespace dspmem
