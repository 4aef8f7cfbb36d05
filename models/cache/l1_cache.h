// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "models/byte_mask.h"
#include "models/cache/cache_config.h"
#include "models/cache/replacement.h"
#include "models/observe/store_log.h"

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
  /// The line has been fetched for an access that nobody was told of: what of it may be accessed without telling, in
  /// the terms of L1Cache::permit_reads() and permit_writes(). `log` is where such writes will be noted; whoever
  /// permits them says there by what to find it.
  struct Permission {
    std::uint64_t reads = 0, writes = 0;
  };
  virtual Permission filled(std::uint32_t line_address, StoreLog& log) {
    (void)line_address, (void)log;
    return {};
  }
  /// The cache is about to clean or to forget a line whose log has an owner, who takes what is in it.
  virtual void end_log(StoreLog& log) { (void)log; }
};

struct CacheStatistics {
  std::uint64_t misses = 0;  ///< demand accesses that found no valid line
  std::uint64_t write_backs = 0;  ///< lines written to memory because they were dirty
  std::uint64_t prefetches = 0;  ///< lines filled by the prefetcher
};

/// A private L1 cache whose lines hold their own bytes. Nothing keeps it coherent with memory or with other caches.
///
/// The hit path of the instruction-set simulator does not call into this class: for each set, `fast_entries()` holds
/// the most recently used line, under keys that only an aligned access of that line can equal. A hit there changes no
/// replacement order, so nothing needs to be told. `write_key` matches only while stores need no bookkeeping: the line
/// is dirty already, or they are noted in its log, which says that it is. Everything else comes through line_for_read()
/// and store().
///
/// While an observer watches, an access is fast only where the observer let it: anywhere in a line of which nothing is
/// hidden, whose keys match; elsewhere `line` does, and the `hidden` bits of its place decide. Stores are noted in the
/// place's log then. The observer may let the core do in one role (`context`) what it wants to see in another; each
/// context has its own entries.
class L1Cache {
 public:
  /// A key that no access produces, nor any other with this bit: it lies between the size bits and the line bits of
  /// every supported geometry.
  static constexpr std::uint32_t no_key = 0x10;

  static constexpr std::uint32_t contexts = 2;

  /// Where one line is kept: its log's records and its bytes lie behind it, as StoreLog wants them, so that a simulated
  /// core needs few lines of the host's cache.
  struct alignas(64) Place {
    std::uint32_t address = 0;  ///< of the line, if it is valid
    bool valid = false;
    bool dirty = false;  ///< or its log says so: see is_dirty()
    bool locked = false;
    bool listed = false;  ///< in permitted_
    bool given = false;  ///< in some context something may be done unseen
    /// With an observer: the 64ths of the line that it wants to see accessed.
    struct Hidden {
      std::uint64_t from_reads = ~0ull, from_writes = ~0ull;
    };
    std::array<Hidden, contexts> hidden;
    StoreLog log;

    bool is_dirty() const { return dirty || log.any(); }
    void forget() { valid = dirty = locked = false; }
    void hide() { hidden.fill({}); }
    /// Whether an access of `bytes` at an offset in the line is hidden. REQUIRES: not finer than a 64th of the line.
    static bool hides(std::uint64_t hidden, std::uint32_t offset, std::uint32_t bytes, std::uint32_t part_shift) {
      const std::uint32_t parts = std::max(bytes >> part_shift, 1u);
      return hidden >> (offset >> part_shift) & ((1ull << parts) - 1);
    }
  };
  static_assert(sizeof(Place) == 64 && offsetof(Place, log) == sizeof(Place) - sizeof(StoreLog));

  struct alignas(32) FastEntry {
    // The line's address, if nothing of it is hidden; write_key only if stores need no bookkeeping.
    std::uint32_t read_key = no_key;
    std::uint32_t write_key = no_key;
    std::uint32_t line = no_key;  ///< the same, whatever is hidden
    std::uintptr_t base = 0;  ///< host address of the line's bytes, less the line's own
    Place* place = nullptr;

    /// The byte at an address in the line.
    std::uint8_t* at(std::uint32_t address) const { return reinterpret_cast<std::uint8_t*>(base + address); }
    void empty() { read_key = write_key = line = no_key; }
  };

  /// Throws std::invalid_argument when the shape cannot be built.
  L1Cache(const CacheConfig& config, LinePort& port);

  const CacheConfig& config() const { return config_; }
  std::uint32_t line_shift() const { return line_shift_; }
  std::uint32_t set_mask() const { return set_mask_; }
  /// A line has 64 parts of this many bytes, as a power of two; shorter lines have fewer parts of one byte.
  std::uint32_t part_shift() const { return line_shift_ > 6 ? line_shift_ - 6 : 0; }
  FastEntry* fast_entries(std::uint32_t context = 0) { return &fast_[std::size_t{context} * (set_mask_ + 1)]; }
  enum class FastAccess {
    all,
    permitted,  ///< what permit_reads() and permit_writes() let pass
    none,
  };
  void use_fast_entries(FastAccess use);
  /// Whoever owns a line's log is told that it ends, and nobody owns one after that.
  void end_logs();
  /// Accesses are made in this context from now on. REQUIRES: context < contexts.
  void use_context(std::uint32_t context) {
    context_ = context;
    entries_ = fast_entries(context);
    contexts_used_ = std::max(contexts_used_, context + 1);
  }
  /// Of the access' context: what is hidden of the line that `entry`, one of it, holds.
  const Place::Hidden& hidden(const FastEntry& entry) const { return entry.place->hidden[context_]; }
  /// Parts of the line at `address`, which was accessed last, that may be read, or written and noted in its log,
  /// without being seen in this context, from now on whenever it is the most recently used of its set.
  void permit_reads(std::uint32_t address, std::uint64_t parts);
  /// REQUIRES, for writes: parts is not 0, somebody watches (FastAccess::permitted), and the cache is write-back.
  StoreLog& permit_writes(std::uint32_t address, std::uint64_t parts);
  /// In all contexts.
  void revoke(std::uint32_t address) {
    if (Place* const place = observed_ ? find(address) : nullptr) give_back(*place);
  }
  void revoke_all();
  /// Stores to the most recently used line of its set without telling, though it may be clean so far. False where that
  /// is not possible: with byte-wide dirty state, and write-through.
  bool make_dirty(std::uint32_t address) {
    if (!noted_stores_) return false;
    const std::uint32_t set = set_of(address);
    most_recent_[set]->dirty = true;
    set_keys(entries_[set], *most_recent_[set]);
    return true;
  }
  /// Makes the line at `address` the most recently used of its set. False when it is absent.
  bool touch(std::uint32_t address) {
    const std::uint32_t set = set_of(address), line = line_address(address), way = way_of(set, line);
    if (way == no_way) return false;
    if (entries_[set].line != line) make_most_recent(set, way);
    return true;
  }
  /// REQUIRES: the way holds a line.
  void make_most_recent(std::uint32_t set, std::uint32_t way);
  /// By set and way, as many a set as tags_per_set() says: the address of the line that is there, or no_key. What every
  /// lookup compares.
  const std::uint32_t* tags() const { return tags_.data(); }
  /// A power of two, so that lookups can compare several at once; the ways that do not exist hold nothing.
  std::uint32_t tags_per_set() const { return 1u << tags_shift_; }
  /// Fetches the line at `address` for an access, and makes it the most recently used of its set. REQUIRES: it is
  /// absent.
  void fetch(std::uint32_t address);
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
  static constexpr std::uint32_t no_way = ~0u;
  /// The first way that holds a line. The host foresees which one it will be often enough: a search without branches is
  /// slower.
  std::uint32_t way_of(std::uint32_t set, std::uint32_t line) const {
    const std::uint32_t* const tags = &tags_[tag_number(set, 0)];
    for (std::uint32_t way = 0; way < config_.ways; ++way)
      if (tags[way] == line) return way;
    return no_way;
  }
  const Place* find(std::uint32_t address) const {
    const std::uint32_t set = set_of(address), way = way_of(set, line_address(address));
    return way == no_way ? nullptr : &place_at(set, way);
  }
  Place* find(std::uint32_t address) { return const_cast<Place*>(std::as_const(*this).find(address)); }
  std::size_t tag_number(std::uint32_t set, std::uint32_t way) const { return (std::size_t{set} << tags_shift_) + way; }
  std::size_t number(std::uint32_t set, std::uint32_t way) const { return std::size_t{set} * config_.ways + way; }
  Place& place_at(std::uint32_t set, std::uint32_t way) {
    return reinterpret_cast<Place&>(places_[number(set, way) * place_stride_]);
  }
  const Place& place_at(std::uint32_t set, std::uint32_t way) const {
    return reinterpret_cast<const Place&>(places_[number(set, way) * place_stride_]);
  }
  template <class Visit>
  void for_each_place(Visit visit) {
    for (std::uint32_t set = 0; set <= set_mask_; ++set)
      for (std::uint32_t way = 0; way < config_.ways; ++way) visit(set, way, place_at(set, way));
  }
  std::uint8_t* data(Place& place) const { return reinterpret_cast<std::uint8_t*>(&place) + data_offset_; }
  const std::uint8_t* data(const Place& place) const {
    return reinterpret_cast<const std::uint8_t*>(&place) + data_offset_;
  }
  std::span<std::uint8_t> bytes(Place& place) const { return {data(place), config_.line_bytes}; }
  std::uint32_t locked_ways(std::uint32_t set) const;
  /// Returns the way.
  std::uint32_t make_room(std::uint32_t set);
  enum class Purpose {
    access,  ///< for one that need not be told if this is permitted: see LinePort::filled()
    told,  ///< for one that is told anyway
    prefetch,
  };
  std::uint32_t fill(std::uint32_t address, Purpose purpose);
  void run_prefetcher(std::uint32_t missed_line);
  void clean(std::uint32_t set, std::uint32_t way);
  void drop(std::uint32_t set, std::uint32_t way);
  /// Has the entry, which holds the line, match the accesses that need nothing else.
  void set_keys(FastEntry& entry, const Place& place) const {
    const Place::Hidden& hidden = place.hidden[context_];
    const bool no_reads = observed_ & (hidden.from_reads != 0),
               no_writes = observed_ ? hidden.from_writes != 0 : !noted_stores_ | !place.dirty;
    entry.read_key = entry.line | (no_reads ? no_key : 0);
    entry.write_key = entry.line | (no_writes ? no_key : 0);
  }
  void forget_most_recent(std::uint32_t set);
  void take_log(Place& place);
  void note_permitted(Place& place);
  void ask_permission(Place& place);
  void give_back(Place& place) {
    if (place.given) take_back(place);
  }
  void take_back(Place& place);
  void apply(std::uint32_t set, std::uint32_t way, IndexOperation operation);
  void apply(std::uint32_t address, IndexOperation operation);

  CacheConfig config_;
  LinePort& port_;
  std::unique_ptr<ReplacementPolicy> replacement_;
  std::uint32_t line_shift_;
  std::uint32_t set_mask_;
  std::uint32_t tags_shift_;
  std::uint32_t context_ = 0, contexts_used_ = 1;
  FastAccess fast_access_ = FastAccess::all;
  bool observed_ = false;  ///< by somebody who may permit something
  bool any_locked_ = false;  ///< some line has ever been
  bool noted_stores_;  ///< stores that are only noted in the log are all that a line needs: it is written back later,
                       ///< as a whole
  std::vector<std::uint32_t> tags_;  ///< address of each valid line, or no_key: see tags()
  struct alignas(64) HostLine {
    std::byte bytes[64];
  };
  std::vector<HostLine> places_;  ///< by set and way: a Place, its log's records, the line's bytes
  std::size_t place_stride_, data_offset_;  ///< in lines of the host's cache, and in bytes
  std::vector<ByteMask>
      dirty_bytes_;  ///< by set and way, none unless the line is dirty; empty in caches that keep no such state
  ByteMask whole_line_{};
  std::vector<std::uint8_t> vacant_;  ///< by set: how many ways hold nothing
  std::vector<Place*> most_recent_;  ///< by set; null: unknown
  std::vector<FastEntry> fast_;  ///< by context and set
  FastEntry* entries_ = nullptr;  ///< those of the present context
  std::vector<Place*> permitted_;  ///< those that got permissions since revoke_all()
  CacheStatistics statistics_;
};

}  // namespace dspmem
