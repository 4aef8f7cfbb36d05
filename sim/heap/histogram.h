// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace dspmem {

/// How often each number was seen, in constant memory: exact below 2^precision_bits, and to one part in
/// 2^(precision_bits - 1) above.
class Histogram {
 public:
  void add(std::uint64_t value) {
    const std::size_t index = index_of(value);
    if (index >= counts_.size()) counts_.resize(index + 1);
    ++counts_[index];
    ++total_;
    if (value > largest_) largest_ = value;
  }
  std::uint64_t total() const { return total_; }
  std::uint64_t largest() const { return largest_; }

  /// The smallest value that at least `per_thousand` thousandths of those seen do not exceed; 0 when none was seen.
  std::uint64_t quantile(std::uint64_t per_thousand) const {
    const std::uint64_t wanted = (total_ * per_thousand + 999) / 1000;
    std::uint64_t seen = 0;
    for (std::size_t index = 0; index < counts_.size(); ++index)
      if ((seen += counts_[index]) >= wanted && counts_[index])
        return value_of(index) < largest_ ? value_of(index) : largest_;
    return 0;
  }

 private:
  static constexpr unsigned precision_bits = 11;

  static std::size_t index_of(std::uint64_t value) {
    const unsigned bits = static_cast<unsigned>(std::bit_width(value));
    if (bits <= precision_bits) return static_cast<std::size_t>(value);
    const unsigned shift = bits - precision_bits;
    return (std::size_t{shift} << (precision_bits - 1)) + static_cast<std::size_t>(value >> shift);
  }
  /// The largest value that has this index.
  static std::uint64_t value_of(std::size_t index) {
    if (index < (1u << precision_bits)) return index;
    const std::size_t half = std::size_t{1} << (precision_bits - 1);
    const std::size_t shift = index / half - 1;
    return ((index - shift * half + 1) << shift) - 1;
  }

  std::vector<std::uint64_t> counts_;
  std::uint64_t total_ = 0, largest_ = 0;
};

}  // namespace dspmem
