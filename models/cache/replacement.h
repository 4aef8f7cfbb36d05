// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dspmem {

struct CacheConfig;

/// The ways of a set, the most recently used first: four bits each, so that none of it is a matter of chance for the
/// host's branches. REQUIRES: at most 16 ways.
class WayOrder {
 public:
  std::uint32_t at(std::uint32_t position) const { return ways_ >> 4 * position & 15; }
  void bring_forward(std::uint32_t way) {
    constexpr std::uint64_t ones = 0x1111111111111111, tops = ones << 3;
    const std::uint64_t differing = ways_ ^ way * ones;
    const std::uint64_t here =
        (differing - ones) & ~differing & tops;  // the lowest bit set is the top of the way's four
    const std::uint64_t until_here = here ^ (here - 1);
    ways_ = (ways_ & ~until_here) | ((ways_ << 4 | way) & until_here);
  }

 private:
  std::uint64_t ways_ = 0xfedcba9876543210;
};

/// Chooses the way that makes room in a full set. The cache asks only when every unlocked way holds a line, and reports
/// every hit on a way other than the most recently used one; a hit on the most recently used way must change nothing.
class ReplacementPolicy {
 public:
  virtual ~ReplacementPolicy() = default;
  void touch(std::uint32_t set, std::uint32_t way) {
    if (orders_.empty()) touched(set, way);
    else orders_[set].bring_forward(way);
  }
  /// The way to replace among those not in `locked_ways` (bit i = way i). REQUIRES: at least one way is not locked.
  std::uint32_t choose(std::uint32_t set, std::uint32_t locked_ways) {
    return !orders_.empty() && !locked_ways ? orders_[set].at(ways_ - 1) : victim(set, locked_ways);
  }

 protected:
  virtual std::uint32_t victim(std::uint32_t set, std::uint32_t locked_ways) = 0;
  virtual void touched(std::uint32_t, std::uint32_t) {}

  std::vector<WayOrder> orders_;  ///< by set: for LRU, which nearly everybody has, kept without a call
  std::uint32_t ways_ = 0;
};

/// Known names, in the order shown to users.
std::vector<std::string> replacement_policies();

/// Throws std::invalid_argument for a name that is not in replacement_policies().
std::unique_ptr<ReplacementPolicy> make_replacement_policy(const CacheConfig& config);

}  // namespace dspmem
