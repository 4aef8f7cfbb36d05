// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "models/byte_mask.h"
#include "models/cache/cache_config.h"
#include "models/cache/replacement.h"
#include "models/store_log.h"

namespace dspmem {

/// What a cache needs from the world below it. Addresses are those the core uses; the port translates them.
class LinePort {
 public:
  virtual ~LinePort() = default;
  virtual void fill(std::uint32_t line_address, std::span<std::uint8_t> line, bool prefetch) = 0;
  /// Writes the bytes whose bit in `bytes` is set: all of them unless the cache keeps dirty state per byte.
  virtual void write_back(std::uint32_t line_address, std::span<const std::uint8_t> line, const ByteMask& bytes) = 0;
  /// A store that goes below because the cache is write-through.
  virtual void write_through(std::uint32_t address, std::span<const std::uint8_t> bytes) = 0;
  /// Whether the prefetcher may fetch this line: it must not reach outside of memory.
  virtual bool may_prefetch(std::uint32_t line_address) const = 0;
  /// The line has been fetched for an access that nobody was told of: what of it may be accessed without telling, in the terms of
  /// L1Cache::permit_reads() and permit_writes(). `log` is where such writes will be noted; whoever permits them becomes its owner.
  struct Permission {
    std::uint64_t reads = 0, writes = 0;
  };
  virtual Permission filled(std::uint32_t line_address, const LoggedLine& log) { (void)line_address, (void)log; return {}; }
  /// The cache is about to forget a line whose log has an owner.
  virtual void leaving(StoreLog& log) { (void)log; }
};

struct CacheStatistics {
  std::uint64_t misses = 0;       ///< demand accesses that found no valid line
  std::uint64_t write_backs = 0;  ///< lines written to memory because they were dirty
  std::uint64_t prefetches = 0;   ///< lines filled by the prefetcher
};

/// A private L1 cache whose lines hold their own bytes. Nothing keeps it coherent with memory or with other caches.
///
/// The hit path of the instruction-set simulator does not call into this class: for each set, `fast_entries()` holds the
/// most recently used line, under keys that only an aligned access of that line can equal. A hit there changes no
/// replacement order, so nothing needs to be told. `write_key` matches only while stores need no bookkeeping (the line is
/// dirty already). Everything else comes through line_for_read() and store().
///
/// While an observer watches, an access is fast only where the observer let it: anywhere in a line of which nothing is hidden, whose
/// keys match; elsewhere `read_line` and `write_line` do, and the `hidden` bits decide. It may let the core do in one role (`context`)
/// what it wants to see in another; each context has its own entries.
class L1Cache {
 public:
  /// A key that no access produces: bit 4 lies between the size bits and the line bits of every supported geometry.
  static constexpr std::uint32_t no_key = 0x10;

  struct alignas(64) FastEntry {
    // The line's address, if nothing of it is hidden; write_key only if it is dirty already.
    std::uint32_t read_key = no_key;
    std::uint32_t write_key = no_key;
    // The same, whatever is hidden.
    std::uint32_t read_line = no_key;
    std::uint32_t write_line = no_key;
    std::uintptr_t base = 0;  ///< host address of the line's bytes, less the line's own
    // With an observer: the 64ths of the line that it wants to see accessed.
    std::uint64_t hidden_from_reads = 0;
    std::uint64_t hidden_from_writes = 0;
    StoreLog* log = nullptr;  ///< where stores must be noted; null: nowhere

    /// The byte at an address in the line.
    std::uint8_t* at(std::uint32_t address) const { return reinterpret_cast<std::uint8_t*>(base + address); }
    void empty() { read_key = write_key = read_line = write_line = no_key; }
    void hide(std::uint64_t from_reads, std::uint64_t from_writes) {
      hidden_from_reads = from_reads;
      hidden_from_writes = from_writes;
      read_key = from_reads ? no_key : read_line;
      write_key = from_writes ? no_key : write_line;
    }
    void set_dirty(bool dirty) {
      write_line = dirty ? read_line : no_key;
      write_key = hidden_from_writes ? no_key : write_line;
    }
    /// Whether an access of `bytes` at an offset in the line is hidden. REQUIRES: not finer than a 64th of the line.
    static bool hides(std::uint64_t hidden, std::uint32_t offset, std::uint32_t bytes, std::uint32_t part_shift) {
      const std::uint32_t parts = std::max(bytes >> part_shift, 1u);
      return hidden >> (offset >> part_shift) & ((1ull << parts) - 1);
    }
  };
  static constexpr std::uint32_t contexts = 2;

  /// Throws std::invalid_argument when the shape cannot be built.
  L1Cache(const CacheConfig& config, LinePort& port);

  const CacheConfig& config() const { return config_; }
  std::uint32_t line_shift() const { return line_shift_; }
  std::uint32_t set_mask() const { return set_mask_; }
  /// A line has 64 parts of this many bytes, as a power of two; shorter lines have fewer parts of one byte.
  std::uint32_t part_shift() const { return line_shift_ > 6 ? line_shift_ - 6 : 0; }
  FastEntry* fast_entries(std::uint32_t context = 0) { return &fast_[context << set_bits_]; }
  enum class FastAccess {
    all,
    permitted,  ///< what permit_reads() and permit_writes() let pass
    none,
  };
  void use_fast_entries(FastAccess use);
  /// Accesses are made in this context from now on. REQUIRES: context < contexts.
  void use_context(std::uint32_t context) {
    context_ = context;
    contexts_used_ = std::max(contexts_used_, context + 1);
  }
  /// Parts of the line at `address`, which was accessed last, that may be read, or written and noted in its log, without being seen in
  /// this context, from now on whenever it is the most recently used of its set.
  void permit_reads(std::uint32_t address, std::uint64_t parts);
  /// REQUIRES, for writes: parts is not 0.
  LoggedLine permit_writes(std::uint32_t address, std::uint64_t parts);
  /// In all contexts.
  void revoke(std::uint32_t address) {
    if (permits_.empty()) return;
    if (const int way = find(address); way >= 0) give_back(set_of(address), static_cast<std::uint32_t>(way));
  }
  void revoke_all();
  /// Stores to the most recently used line of its set without telling, though it may be clean so far. False where that is not possible: with
  /// byte-wide dirty state, and write-through.
  bool make_dirty(std::uint32_t address) {
    if (config_.byte_dirty || config_.write_policy == WritePolicy::write_through) return false;
    const std::uint32_t set = set_of(address), way = most_recent_[set];
    line(set, way).dirty = true;
    fast_entries(context_)[set].set_dirty(true);
    return true;
  }
  /// Makes the line at `address` the most recently used of its set. False when it is absent.
  bool touch(std::uint32_t address) {
    const int way = find(address);
    if (way < 0) return false;
    if (most_recent_[set_of(address)] != static_cast<std::uint32_t>(way)) make_most_recent(set_of(address), static_cast<std::uint32_t>(way));
    return true;
  }
  /// The set and way that an operation by index names; the way may not exist.
  std::uint32_t set_of(std::uint32_t address) const { return address >> line_shift_ & set_mask_; }
  std::uint32_t way_of_index(std::uint32_t address) const;
  const CacheStatistics& statistics() const { return statistics_; }

  std::uint32_t line_address(std::uint32_t address) const { return address & ~(config_.line_bytes - 1); }

  /// The bytes of the line that holds `address`, filled from below on a miss.
  const std::uint8_t* line_for_read(std::uint32_t address);

  /// Stores within one line. A write-back cache allocates on a miss.
  void store(std::uint32_t address, std::span<const std::uint8_t> bytes);

  /// The bytes this cache holds for `address`, or null: looks, changes nothing.
  const std::uint8_t* peek(std::uint32_t address) const;
  bool dirty(std::uint32_t address) const;
  bool holds(std::uint32_t address) const { return find(address) >= 0; }

  // Cache operations on the line that holds `address`; each does nothing when the line is absent.
  void write_back(std::uint32_t address);
  void invalidate(std::uint32_t address);  ///< dirty bytes are lost; locked lines stay
  void write_back_invalidate(std::uint32_t address);
  void prefetch(std::uint32_t address);
  /// Fetches and locks a line. Returns false when the set would have no unlocked way left.
  bool lock(std::uint32_t address);
  void unlock(std::uint32_t address);

  enum class IndexOperation { invalidate, write_back, write_back_invalidate };
  /// Operates on a line by its place: set from the index bits of `address`, way from the bits above them.
  void by_index(std::uint32_t address, IndexOperation operation);

  void write_back_invalidate_all();
  /// Drops every line, dirty and locked ones too: what a power cycle does.
  void reset();
  std::uint32_t dirty_lines() const;

 private:
  /// What an observer lets a line's accesses in one context do unseen.
  struct Permits {
    std::uint64_t hidden_from_reads = ~0ull, hidden_from_writes = ~0ull;
    StoreLog* log = nullptr;
    // Of context 0 only:
    bool listed = false;  ///< in permitted_
    bool given = false;   ///< some context may do something
  };
  struct Line {
    std::uint32_t address = 0;
    bool valid = false;
    bool dirty = false;
    bool locked = false;
    ByteMask dirty_bytes{};  ///< none unless the line is dirty, in caches that keep them

    void forget() {
      if (dirty) dirty_bytes = {};
      valid = dirty = locked = false;
    }
  };

  Line& line(std::uint32_t set, std::uint32_t way) { return lines_[set * config_.ways + way]; }
  std::span<std::uint8_t> bytes(std::uint32_t set, std::uint32_t way);
  int find(std::uint32_t address) const {
    const std::uint32_t wanted = line_address(address);
    const std::uint32_t* tags = &tags_[set_of(address) * config_.ways];
    for (std::uint32_t way = 0; way < config_.ways; ++way)
      if (tags[way] == wanted) return static_cast<int>(way);
    return -1;
  }
  std::uint32_t locked_ways(std::uint32_t set) const;
  std::uint32_t make_room(std::uint32_t set);
  enum class Purpose {
    access,    ///< for one that need not be told if this is permitted: see LinePort::filled()
    told,      ///< for one that is told anyway
    prefetch,
  };
  std::uint32_t fill(std::uint32_t address, Purpose purpose);
  void run_prefetcher(std::uint32_t missed_line);
  void clean(std::uint32_t set, std::uint32_t way);
  void drop(std::uint32_t set, std::uint32_t way);
  void make_most_recent(std::uint32_t set, std::uint32_t way);
  void forget_most_recent(std::uint32_t set);
  StoreLog* log_of(std::uint32_t set, std::uint32_t way);
  Permits& permits(std::uint32_t set, std::uint32_t way, std::uint32_t context) { return permits_[(set * config_.ways + way) * contexts + context]; }
  void note_permitted(std::uint32_t set, std::uint32_t way);
  void ask_permission(std::uint32_t set, std::uint32_t way);
  void give_back(std::uint32_t set, std::uint32_t way) {
    if (permits(set, way, 0).given) take_back(set, way);
  }
  void take_back(std::uint32_t set, std::uint32_t way);
  void apply(std::uint32_t set, std::uint32_t way, IndexOperation operation);

  CacheConfig config_;
  LinePort& port_;
  std::unique_ptr<ReplacementPolicy> replacement_;
  std::uint32_t line_shift_;
  std::uint32_t set_mask_;
  std::uint32_t set_bits_;
  ByteMask whole_line_{};
  static constexpr std::uint32_t no_line = 1;  ///< no line begins there
  std::vector<std::uint32_t> tags_;            ///< address of each valid line, by set and way: what every lookup compares
  std::vector<Line> lines_;
  std::vector<std::uint8_t> data_;
  static constexpr std::uint32_t no_way = ~0u;
  std::uint32_t context_ = 0, contexts_used_ = 1;
  std::vector<std::uint32_t> most_recent_;  ///< way, by set
  std::vector<FastEntry> fast_;             ///< by context and set
  std::vector<Permits> permits_;            ///< by set, way and context; empty without an observer
  std::vector<std::uint32_t> permitted_;    ///< set * ways + way of lines that got permits since revoke_all()
  std::vector<std::uint64_t> logs_;         ///< StoreLogs, by set and way; made when the first is needed
  FastAccess fast_access_ = FastAccess::all;
  CacheStatistics statistics_;
};

}  // namespace dspmem
