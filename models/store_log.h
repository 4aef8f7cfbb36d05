// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace dspmem {

/// Stores that an observer let pass unseen, kept until it asks for them: for each word of a line, the last one.
struct StoreLog {
  struct Record {
    std::uint64_t cycle = 0;
    std::uint32_t pc = 0;
    std::uint32_t unused = 0;      ///< makes the size a power of two
    // As they follow each other in CoreState, to be copied in one.
    const void* origin = nullptr;  ///< what the host said the core was doing
    std::uint32_t caller = 0;
    std::uint32_t unused_either = 0;
  };
  std::uint64_t written = 0;  ///< the 64ths of the line that were stored to
  void* owner = nullptr;      ///< what the observer that takes it as a line's log finds the line by; null while nobody does
  std::uint64_t taken = 0;    ///< those that the observer has taken from here, or some of them, since the line was clean
  std::uint64_t unused_too = 0;
  Record words[64];           ///< as many as the line has are there

  /// The observer takes what is there.
  std::uint64_t take() {
    taken |= written;
    return std::exchange(written, 0);
  }
  /// Whether the line has been stored to since it was clean.
  bool any() const { return written | taken; }
};
/// A line that may have such stores, and what the core's cache holds of it. Valid until the log ends: the line is cleaned, or leaves the cache.
struct LoggedLine {
  StoreLog* log = nullptr;
  const std::uint8_t* contents = nullptr;
};
static_assert(sizeof(StoreLog::Record) == 32 && offsetof(StoreLog, words) == 32);

}  // namespace dspmem
