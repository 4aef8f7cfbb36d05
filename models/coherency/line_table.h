// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace dspmem {

/// What is known of each line of a 32-bit address space: a table of three levels, whose leaves hold neighbouring lines
/// side by side and are made when the first of them is asked for. A lookup is three loads and no search. Lines stay
/// where they are.
///
/// A `Page` holds the lines of one leaf: lines[page_lines].
template <class Page>
class LineTable {
 public:
  static constexpr std::uint32_t page_shift = 4, page_lines = 1u << page_shift;

  explicit LineTable(std::uint32_t line_shift)
      : line_shift_(line_shift), roots_(std::size_t{1} << (32 - line_shift - page_shift - middle_shift)) {}

  /// The line that holds an address; null when its leaf was never made.
  auto* find(std::uint32_t address) const {
    const std::uint32_t number = address >> line_shift_ >> page_shift;
    const std::unique_ptr<Middle>& middle = roots_[number >> middle_shift];
    Page* const page = middle ? (*middle)[number & (middles - 1)].get() : nullptr;
    return page ? &page->lines[index(address)] : nullptr;
  }
  /// The same, with its leaf made if need be: `make(address of its first line)` returns a std::unique_ptr<Page>.
  template <class Make>
  auto& at(std::uint32_t address, Make make) {
    if (auto* known = find(address)) return *known;
    const std::uint32_t number = address >> line_shift_ >> page_shift;
    std::unique_ptr<Middle>& middle = roots_[number >> middle_shift];
    if (!middle) middle = std::make_unique<Middle>();
    std::unique_ptr<Page>& made = (*middle)[number & (middles - 1)];
    made = make(number << page_shift << line_shift_);
    return made->lines[index(address)];
  }
  /// In the order of their addresses.
  template <class Visit>
  void for_each(Visit visit) const {
    for (const auto& middle : roots_)
      if (middle)
        for (const auto& each : *middle)
          if (each)
            for (auto& line : each->lines) visit(line);
  }

 private:
  static constexpr std::uint32_t middle_shift = 13, middles = 1u << middle_shift;
  using Middle = std::array<std::unique_ptr<Page>, middles>;

  std::uint32_t index(std::uint32_t address) const { return address >> line_shift_ & (page_lines - 1); }

  std::uint32_t line_shift_;
  std::vector<std::unique_ptr<Middle>> roots_;
};

}  // namespace dspmem
