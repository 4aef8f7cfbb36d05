// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "sim/scenario/step.h"

namespace dspmem {

/// What a write stores and a read expects, as a function of the position: any part of it can be checked alone.
class Pattern {
 public:
  /// Reads 'counter', 'random', 'zeros' or a number, which every 32-bit word then holds. `field` must be present.
  static Pattern read(StepReader& reader, const std::string& field);

  /// What `field` may be.
  static FieldType type();

  /// The byte at `offset` of the object.
  std::uint8_t at(std::uint64_t offset, std::uint64_t seed) const;
  std::string describe() const;
  /// The word that has the number from this byte of the object on.
  std::uint32_t word_with_itself_at(std::uint64_t offset) const { return value_ << offset % 4 * 8; }
  /// A number of which these bytes of the object show nothing: its word has them, and they are zero. Whoever writes it
  /// means something else.
  bool is_lost_in(std::uint64_t offset, std::uint64_t bytes) const;

 private:
  enum class Kind { counter, random, value } kind_ = Kind::value;
  std::uint32_t value_ = 0;
};

}  // namespace dspmem
