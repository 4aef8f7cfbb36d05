// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dspmem {

/// How the cores see a range of addresses.
enum class RegionKind {
  cached,  ///< goes through the L1 caches
  uncached,  ///< memory that is accessed directly: an alias of a cached region, or a region of its own
  device,  ///< registers: accesses are word-wide and synchronise the core
};

struct Region {
  std::string name;
  std::uint32_t base = 0;
  std::uint32_t size = 0;
  RegionKind kind = RegionKind::cached;
  /// Where the bytes really are. Two regions with the same physical base are views of the same bytes.
  std::uint32_t physical = 0;

  bool contains(std::uint32_t address) const { return address - base < size; }
  std::uint32_t to_physical(std::uint32_t address) const { return address - base + physical; }
};

/// Physical addresses [base, base + bytes).
struct PhysicalRange {
  std::uint32_t base = 0, bytes = 0;
  bool contains(std::uint32_t address) const { return address - base < bytes; }
};

/// What a core can address. Lookups need no hash because platforms have few regions.
class AddressMap {
 public:
  AddressMap() = default;
  /// Throws std::invalid_argument naming both regions when two overlap.
  explicit AddressMap(std::vector<Region> regions);

  const Region* find(std::uint32_t address) const {
    for (const Region& region : regions_)
      if (region.contains(address)) return &region;
    return nullptr;
  }
  const std::vector<Region>& regions() const { return regions_; }
  /// Accesses there fail from now on. REQUIRES: it is no memory, which others may have noted.
  void remove(const std::string& name);

  /// The other view of a byte: its uncached address for a cached one and the reverse. The address itself when there is
  /// no other view.
  std::uint32_t alias(std::uint32_t address, RegionKind wanted) const;

 private:
  std::vector<Region> regions_;
};

}  // namespace dspmem
