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

  /// The byte at `offset` of the object.
  std::uint8_t at(std::uint64_t offset, std::uint64_t seed) const;
  std::string describe() const;

 private:
  enum class Kind { counter, random, value } kind_ = Kind::value;
  std::uint32_t value_ = 0;
};

}  // namespace dspmem
