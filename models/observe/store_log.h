// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>

namespace dspmem {

/// Stores that an observer let pass unseen, kept until it asks for them: for each word of a line, the last one. Its
/// records lie behind it, as many as the line has words, and behind those what the core's cache holds of the line. Of
/// this line until the log ends, which it does when the line is cleaned, or leaves the cache.
struct alignas(16) StoreLog {
  struct Record {
    /// Cycles take the bits below: at 400 MHz, four months.
    static constexpr unsigned tag_shift = 52;

    std::uint64_t when = 0;  ///< the cycle, and what the observer had the core tag its stores with
    std::uint32_t pc = 0, caller = 0;

    std::uint64_t cycle() const { return when & ((1ull << tag_shift) - 1); }
    std::uint32_t tag() const { return static_cast<std::uint32_t>(when >> tag_shift); }
  };
  static constexpr std::uint32_t nobody = ~0u;

  std::uint64_t written = 0;  ///< the 64ths of the line that were stored to
  std::uint32_t owner =
      nobody;  ///< what the observer that takes it as a line's log finds the line by: its physical address
  bool taken = false;  ///< an observer has taken something from here since the line was clean

  Record* words() { return reinterpret_cast<Record*>(this + 1); }
  const Record* words() const { return reinterpret_cast<const Record*>(this + 1); }
  const std::uint8_t* contents(std::uint32_t line_bytes) const {
    return reinterpret_cast<const std::uint8_t*>(words() + line_bytes / 4);
  }
  /// Stores to these 64ths of the line, which lie in one word.
  void note(std::uint64_t parts, std::uint32_t word, const Record& record) {
    written |= parts;
    words()[word] = record;
  }
  /// An observer takes what is there.
  std::uint64_t take() {
    taken |= written != 0;
    return std::exchange(written, 0);
  }
  /// Whether the line has been stored to since it was clean.
  bool any() const { return written || taken; }
  void end() {
    written = 0;
    owner = nobody;
    taken = false;
  }
};

/// Is told what somebody has taken from a log: those who only want to know what was stored to.
class StoreSink {
 public:
  virtual ~StoreSink() = default;
  /// The 64ths of the line at a physical address.
  virtual void on_stored(std::uint32_t line, std::uint64_t parts) = 0;
};
static_assert(sizeof(StoreLog::Record) == 16 && sizeof(StoreLog) == 16);

}  // namespace dspmem
