// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "models/byte_mask.h"

namespace dspmem {

/// What all caches of a platform have in common, as far as coherency goes.
struct CacheRules {
  std::uint32_t cores = 1;        ///< at most LineWorlds::max_cores
  std::uint32_t line_bytes = 64;  ///< at most 256
  bool prefetch = false;          ///< a cache may fetch lines that nobody asked for
  bool byte_dirty = false;        ///< a write-back writes only the bytes that were written
  bool write_through = false;     ///< no line is ever dirty; stores do not allocate
  const std::uint32_t* running = nullptr;  ///< a bit for each core that has power, the others fetch nothing; null: all have
};

/// Why a read may return something older than the latest write.
enum class StaleReason {
  none,
  old_copy,        ///< memory has the latest write; the reader's cache may hold an older copy
  not_in_memory,   ///< the latest write is in another cache, or was when the reader filled its line
  overwritten,     ///< a write-back of a line with an older copy may have destroyed the latest write
  discarded,       ///< an invalidate may have thrown the latest write away
};

/// Everything the hardware may have made of one line, given what the program did.
///
/// A world says for memory and for each core's copy which bytes are fresh: equal to the latest write. Caches may evict any copy
/// at any time, and fetch any absent line where the platform prefetches; the set of worlds is closed under that. Of two worlds
/// of the same shape only the one with fewer fresh bytes is kept, since every step is monotone in the masks.
///
/// A line that one core uses, and that nothing but its cache holds, is kept as a summary from which the worlds can be made.
class LineWorlds {
 public:
  static constexpr std::uint32_t max_cores = 8;

  /// Memory fresh, no copies; with a prefetcher also clean copies. REQUIRES: the rules outlive this.
  explicit LineWorlds(const CacheRules& rules);

  // What the program does. Bytes that are written become fresh where they are written, and stale everywhere else.
  void read_cached(std::uint32_t core) {
    if (!nobody_elses(core)) return read_shared(core);
    owner_ = static_cast<std::int8_t>(core);
    clean_copy_ = true;
  }
  void write_cached(std::uint32_t core, const ByteMask& bytes) {
    if (!nobody_elses(core)) return write_shared(core, bytes);
    if (write_through_) return;
    owner_ = static_cast<std::int8_t>(core);
    dirty_ = true;
    clean_copy_ = true;  // evicted and read again; that is never worse than the dirty copy, so it may stand for "not read again" too
    unsafe_ |= bytes;
  }
  void write_memory(const ByteMask& bytes);
  void write_back(std::uint32_t core);
  void invalidate(std::uint32_t core);
  void write_back_invalidate(std::uint32_t core);
  /// The core lost power: whatever its cache held is gone.
  void power_off(std::uint32_t core) { invalidate(core); }
  /// A core has got power, and may fetch the line from now on.
  void power_on() { if (full_ && rules_->prefetch) close(); }

  /// Nobody cares any more what these bytes were: they count as fresh everywhere. Lines stay as dirty as they are.
  void forget(const ByteMask& bytes) {
    if (full_) forget_shared(bytes);
    else unsafe_ -= bytes;
  }
  /// Memory lost its contents.
  void lose_memory(const ByteMask& bytes);

  /// Bytes of `wanted` that a read by `core` through its cache, or of memory, may find stale, and why.
  struct Stale {
    ByteMask bytes;
    StaleReason reason = StaleReason::none;
  };
  Stale stale_for_core(std::uint32_t core, const ByteMask& wanted) const;
  Stale stale_in_memory(const ByteMask& wanted) const;

  /// Whether a read by `core`, or of memory for -1, is fresh without looking further: memory is, and only this core may have a copy.
  bool surely_fresh(int core) const { return !full_ && (owner_ < 0 || owner_ == core || unsafe_.none()); }
  /// Whether `core` may hold a dirty copy, and which bytes memory would lack then.
  bool may_be_dirty(std::uint32_t core) const;
  /// Whether another core than this one may, or any for -1.
  bool may_be_dirty_elsewhere(int core) const;
  bool may_hold(std::uint32_t core) const;
  /// Bytes whose latest write exists only in that core's copy, in some world.
  ByteMask only_in(std::uint32_t core) const;
  /// Whether the last operation may have left bytes fresh nowhere; tells it once. Whose write-back did it, or -1 for an invalidate.
  bool take_newly_lost() { return std::exchange(newly_lost_, false); }
  int lost_by_write_back_of() const { return lost_by_; }

  /// Nobody but `core` may have a copy, and it keeps what it writes: then its writes may be told later, in one, as long as nothing else
  /// happens to the line in between.
  bool may_write_alone(std::uint32_t core) const { return nobody_elses(core) && !write_through_; }
  /// At most one core has a copy, and memory is written by nobody else.
  bool summarised() const { return full_ == nullptr; }
  std::size_t world_count() const { return full_ ? full_->worlds.size() : 0; }

 private:
  enum class Shape : std::uint8_t { absent, clean, dirty };
  struct Copy {
    ByteMask fresh;
    ByteMask written;  ///< with byte_dirty: what a write-back writes
    bool operator==(const Copy&) const = default;
  };
  struct World {
    std::array<Shape, max_cores> shape{};
    ByteMask memory;
    std::array<Copy, max_cores> copies{};
  };

  bool nobody_elses(std::uint32_t core) const { return !full_ && (owner_ < 0 || owner_ == static_cast<int>(core)); }
  void read_shared(std::uint32_t core);
  void write_shared(std::uint32_t core, const ByteMask& bytes);
  void forget_shared(const ByteMask& bytes);
  void expand();
  void settle_if_possible();
  void fill(World& world, std::uint32_t core) const;
  void clean(World& world, std::uint32_t core, ByteMask& lost) const;
  ByteMask fresh_somewhere(const World& world) const;
  template <class Operation>
  void apply(Operation operation);
  void close();
  /// False when a world of the set covers it.
  bool insert(std::vector<World>& set, const World& world) const;
  Stale explain(const World& world, int core, const ByteMask& stale) const;
  void note_lost(const ByteMask& lost, int by);

  ByteMask whole() const { return ByteMask::range(0, rules_->line_bytes); }

  /// What the summary cannot say.
  struct Full {
    std::vector<World> worlds;
    ByteMask overwritten, discarded;  ///< bytes that may be fresh nowhere, by the cause
  };
  // Summary, without full_: only `owner_` may hold a copy; memory is fresh but for `unsafe_`.
  std::int8_t owner_ = -1;
  bool dirty_ = false;       ///< the copy may be dirty
  bool clean_copy_ = false;  ///< there may be a clean copy
  bool newly_lost_ = false;
  std::int8_t lost_by_ = -1;
  bool write_through_;  ///< as in the rules
  std::unique_ptr<Full> full_;
  const CacheRules* rules_;
  ByteMask unsafe_;
};

}  // namespace dspmem
