// SPDX-License-Identifier: Apache-2.0
#include "sim/heap/byte_set.h"

#include <algorithm>

namespace dspmem {
namespace {

/// `count` bits from `bit` on.
std::uint64_t mask_of(std::uint64_t bit, std::uint64_t count) {
  return (count == 64 ? ~0ull : (1ull << count) - 1) << bit;
}

}  // namespace

void ByteSet::set(std::uint32_t first, std::uint64_t count, bool value) {
  for (std::uint64_t at = first; at < first + count;) {
    const std::uint64_t bit = at % 64, here = std::min<std::uint64_t>(64 - bit, first + count - at);
    const std::uint64_t mask = mask_of(bit, here);
    if (value) words_[at / 64] |= mask;
    else words_[at / 64] &= ~mask;
    at += here;
  }
}

bool ByteSet::all_of_many(std::uint32_t first, std::uint32_t count) const {
  while (count) {
    const std::uint32_t bit = first % 64, here = std::min(64 - bit, count);
    const std::uint64_t mask = mask_of(bit, here);
    if ((words_[first / 64] & mask) != mask) return false;
    first += here;
    count -= here;
  }
  return true;
}

bool ByteSet::any(std::uint32_t first, std::uint32_t count) const {
  while (count) {
    const std::uint32_t bit = first % 64, here = std::min(64 - bit, count);
    if (words_[first / 64] & mask_of(bit, here)) return true;
    first += here;
    count -= here;
  }
  return false;
}

}  // namespace dspmem
