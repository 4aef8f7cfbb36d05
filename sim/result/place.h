// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace dspmem {

/// Who does something. `number` counts within the kind: core 0, dma 3.
struct Agent {
  enum class Kind : std::uint8_t { none, core, dma, host };
  Kind kind = Kind::none;
  std::uint32_t number = 0;

  static Agent core(std::uint32_t number) { return {Kind::core, number}; }
  bool is_core() const { return kind == Kind::core; }
  bool operator==(const Agent&) const = default;
};
/// "core 0", "dma 1", "host"; empty for none.
std::string to_string(const Agent& agent);

/// A place in a file that a user wrote. Line and column count from 1; line 0 means the file as a whole, an empty file
/// no place.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;

  bool empty() const { return file.empty(); }
  bool operator==(const Place&) const = default;
  /// "file:line:column", or "file"; empty for none.
  std::string to_string() const;
};

}  // namespace dspmem
