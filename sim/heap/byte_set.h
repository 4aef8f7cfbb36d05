// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace dspmem {

/// One bit for each byte of a range of memory. Offsets count from its start.
class ByteSet {
 public:
  void resize(std::uint32_t bytes, bool value) { words_.assign((bytes + 63) / 64, value ? ~0ull : 0); }
  void set(std::uint32_t first, std::uint64_t count, bool value);
  /// Sets these of at most 64 bytes, lowest first, none of them behind the next multiple of 64.
  void add(std::uint32_t first, std::uint64_t bits) { words_[first / 64] |= bits << (first % 64); }
  bool all(std::uint32_t first, std::uint32_t count) const {
    const std::uint32_t bit = first % 64;
    if (bit + count > 64 || count == 64) [[unlikely]]
      return all_of_many(first, count);
    const std::uint64_t mask = ((1ull << count) - 1) << bit;
    return (words_[first / 64] & mask) == mask;
  }
  bool any(std::uint32_t first, std::uint32_t count) const;
  bool test(std::uint32_t at) const { return words_[at / 64] >> (at % 64) & 1; }
  /// 64 bits, lowest first; what is behind the end is 0.
  std::uint64_t from(std::uint32_t first) const {
    const std::uint32_t bit = first % 64;
    const std::uint64_t low = words_[first / 64] >> bit;
    return bit && first / 64 + 1 < words_.size() ? low | words_[first / 64 + 1] << (64 - bit) : low;
  }

 private:
  bool all_of_many(std::uint32_t first, std::uint32_t count) const;

  std::vector<std::uint64_t> words_;
};

}  // namespace dspmem
