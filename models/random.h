// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace dspmem {

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): small, seedable, and the same on every machine. The distributions of
/// the standard library are not: their algorithms are left to the implementation.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
  }

  /// Uniform in [0, bound). REQUIRES: bound > 0. The bias of the modulo is below bound / 2^64.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

  /// Uniform in [low, high].
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }

 private:
  std::uint64_t state_;
};

}  // namespace dspmem
