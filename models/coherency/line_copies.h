// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "models/byte_mask.h"
#include "models/coherency/vector_clock.h"

namespace dspmem {

/// What all caches of a platform have in common, as far as coherency goes.
struct CacheRules {
  std::uint32_t cores = 1;  ///< at most LineCopies::max_cores
  std::uint32_t line_bytes = 64;  ///< at most 256
  bool prefetch = false;  ///< a cache may fetch lines that nobody asked for
  bool byte_dirty = false;  ///< a write-back writes only the bytes that were written
  bool write_through = false;  ///< no line is ever dirty; stores do not allocate
};

/// How old each core's copy of one line may be, and when it may be written back.
///
/// A *window* of a core begins with a store through its cache and ends with the core's next write-back or invalidate of
/// the line. While it lasts, the hardware may write the line back at any moment.
///
/// Most lines are used by one core at a time, and handed over in order. Of those the summary is enough: who has a copy,
/// whether it is dirty, which core's window ended last. In the summary no copy is older than what was written when it
/// was filled, and the last window ended before the present one began. Shared says all there is to know of every core;
/// it is made when the summary would not be true any more.
struct LineCopies {
  static constexpr std::uint32_t max_cores = 8;
  static constexpr std::int8_t none = -1;

  /// One core's.
  struct Copy {
    bool touched = false;  ///< accessed through the cache since the last invalidate
    bool dirty = false;  ///< a window is open
    std::uint32_t cleaned = 0;  ///< epoch in which the last window ended; 0: there was none
    std::uint32_t store_site = 0;  ///< number of site and view of the store that opened the last window; 0: not known
    std::uint64_t store_cycle = 0;
    std::uint32_t store_epoch = 0;
    std::uint8_t store_offset = 0;  ///< of its first byte
    VectorClock filled;  ///< what the core knew at its first access since the last invalidate
    VectorClock invalidated;  ///< what it knew at that
    ByteMask open;  ///< stored in the open window, and not freed since
    ByteMask passed;  ///< what the core itself wrote past the cache since `filled`: its copy may lack it
    ByteMask passed_invalidated;  ///< and since `invalidated`
    // With byte_dirty: what the open window's write-backs write, and for each byte the epoch in which its last window
    // ended.
    ByteMask written;
    std::unique_ptr<std::uint32_t[]> cleaned_bytes;
  };
  /// A window that may overwrite the latest write of some bytes.
  struct Threat {
    /// How the window came to be there: nothing orders its store and the write, the core had not cleaned the line
    /// before the write, or it stored to a copy that was older than the write.
    enum class Kind : std::uint8_t { unordered, left_dirty, old_copy };
    ByteMask bytes;
    std::uint8_t core = 0;
    std::uint32_t store_site = 0;  ///< as in Copy
    std::uint64_t store_cycle = 0;
    std::uint8_t store_offset = 0;
    Kind kind = Kind::unordered;
  };
  struct Shared {
    std::vector<Copy> copies;  ///< of each core
    std::vector<Threat> threats;
    ByteMask threatened;  ///< all of theirs
    ByteMask reported;  ///< those of which a read was reported
    ByteMask lost;  ///< memory lost them with its power,
    Operation lost_by;  ///< by this
  };

  bool summarised() const { return shared == nullptr; }
  bool may_be_dirty(std::uint32_t core) const {
    return shared ? shared->copies[core].dirty : dirty && owner == static_cast<int>(core);
  }
  /// Of the summary: whether another core may have a copy.
  bool may_be_elsewhere(std::uint32_t core) const { return (touched || dirty) && owner != static_cast<int>(core); }
  bool may_hold(std::uint32_t core) const {
    return shared ? shared->copies[core].touched : touched && owner == static_cast<int>(core);
  }
  /// What the core has stored through its cache and not written back or invalidated since.
  const ByteMask& open_of(std::uint32_t core) const {
    static constexpr ByteMask nothing;
    return shared ? shared->copies[core].open : owner == static_cast<int>(core) ? open : nothing;
  }
  /// The epoch in which the core's last window ended; 0: none has, or it does not matter any more.
  std::uint32_t cleaned_by(std::uint32_t core) const {
    if (shared) return shared->copies[core].cleaned;
    return cleaner == static_cast<int>(core) ? cleaned : 0;
  }
  /// Nobody cares any more what these bytes were. Lines stay as dirty as they are.
  void forget(const ByteMask& bytes) {
    if (shared) forget_shared(bytes);
    else open -= bytes;
  }
  /// A latest write of these bytes, which nothing threatens yet.
  void renew(const ByteMask& bytes) {
    if (shared) renew_shared(bytes);
  }
  void threaten(const Threat& threat);

  // The summary.
  std::int8_t owner = none;  ///< the core that may have a copy, or had the last
  bool touched = false;  ///< it has
  bool dirty = false;  ///< its window is open
  std::int8_t cleaner = none;  ///< whose window ended last,
  std::uint32_t cleaned = 0;  ///< in this epoch; 0: there was none
  std::unique_ptr<Shared> shared;
  ByteMask open;  ///< as in Copy

 private:
  void forget_shared(const ByteMask& bytes);
  void renew_shared(const ByteMask& bytes);
};

}  // namespace dspmem
