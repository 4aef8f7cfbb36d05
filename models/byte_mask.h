// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace dspmem {

/// A set of the bytes of one line; lines have at most 256.
struct ByteMask {
  std::array<std::uint64_t, 4> words{};

  /// `count` bytes from `first` on. REQUIRES: first + count <= 256.
  static constexpr ByteMask range(unsigned first, unsigned count) {
    ByteMask mask;
    if (first % 64 + count < 64) [[likely]] {
      mask.words[first / 64] = ((1ull << count) - 1) << first % 64;
      return mask;
    }
    while (count) {
      const unsigned bit = first % 64, take = count < 64 - bit ? count : 64 - bit;
      mask.words[first / 64] |= (take == 64 ? ~0ull : (1ull << take) - 1) << bit;
      first += take;
      count -= take;
    }
    return mask;
  }

  constexpr bool test(unsigned byte) const { return words[byte / 64] >> byte % 64 & 1; }
  constexpr void set(unsigned byte) { words[byte / 64] |= 1ull << byte % 64; }
  constexpr bool any() const { return words[0] | words[1] | words[2] | words[3]; }
  constexpr bool none() const { return !any(); }
  constexpr bool contains(const ByteMask& other) const { return (other - *this).none(); }
  /// Index of the lowest byte. REQUIRES: any().
  constexpr unsigned first() const {
    unsigned word = 0;
    while (!words[word]) ++word;
    return word * 64 + static_cast<unsigned>(std::countr_zero(words[word]));
  }
  /// Index of the highest byte. REQUIRES: any().
  constexpr unsigned last() const {
    unsigned word = 3;
    while (!words[word]) --word;
    return word * 64 + 63 - static_cast<unsigned>(std::countl_zero(words[word]));
  }
  constexpr unsigned count() const {
    unsigned total = 0;
    for (const std::uint64_t word : words) total += static_cast<unsigned>(std::popcount(word));
    return total;
  }

  constexpr ByteMask& operator|=(const ByteMask& other) {
    for (unsigned i = 0; i < 4; ++i) words[i] |= other.words[i];
    return *this;
  }
  constexpr ByteMask& operator&=(const ByteMask& other) {
    for (unsigned i = 0; i < 4; ++i) words[i] &= other.words[i];
    return *this;
  }
  /// Bytes of this that are not in `other`.
  constexpr ByteMask& operator-=(const ByteMask& other) {
    for (unsigned i = 0; i < 4; ++i) words[i] &= ~other.words[i];
    return *this;
  }
  friend constexpr ByteMask operator|(ByteMask a, const ByteMask& b) { return a |= b; }
  friend constexpr ByteMask operator&(ByteMask a, const ByteMask& b) { return a &= b; }
  friend constexpr ByteMask operator-(ByteMask a, const ByteMask& b) { return a -= b; }
  constexpr bool operator==(const ByteMask&) const = default;
};

}  // namespace dspmem
