// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dspmem {

struct CacheConfig;

/// Chooses the way that makes room in a full set. The cache asks only when every unlocked way holds a line, and reports
/// every hit on a way other than the most recently used one; a hit on the most recently used way must change nothing.
class ReplacementPolicy {
 public:
  virtual ~ReplacementPolicy() = default;
  void touch(std::uint32_t set, std::uint32_t way) {
    if (!order_) return touched(set, way);
    std::uint8_t* order = order_ + set * ways_;
    auto moved = static_cast<std::uint8_t>(way);
    for (std::uint32_t position = 0;; ++position) {
      std::swap(order[position], moved);
      if (moved == way) return;
    }
  }
  /// The way to replace among those not in `locked_ways` (bit i = way i). REQUIRES: at least one way is not locked.
  std::uint32_t choose(std::uint32_t set, std::uint32_t locked_ways) { return order_ && !locked_ways ? order_[set * ways_ + ways_ - 1] : victim(set, locked_ways); }

 protected:
  virtual std::uint32_t victim(std::uint32_t set, std::uint32_t locked_ways) = 0;
  virtual void touched(std::uint32_t, std::uint32_t) {}

  /// For LRU, which nearly everybody has, a list of ways for each set, the most recent first: touch() keeps it without a call.
  std::uint8_t* order_ = nullptr;
  std::uint32_t ways_ = 0;
};

/// Known names, in the order shown to users.
std::vector<std::string> replacement_policies();

/// Throws std::invalid_argument for a name that is not in replacement_policies().
std::unique_ptr<ReplacementPolicy> make_replacement_policy(const CacheConfig& config);

}  // namespace dspmem
