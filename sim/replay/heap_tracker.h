// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "models/coherency/coherency_observer.h"
#include "sim/config/allocator.h"
#include "sim/image/firmware_image.h"
#include "sim/replay/objects.h"
#include "sim/report/histogram.h"

namespace dspmem {

/// One function of the allocator, as it is watched: what it does, and which argument (0 is a2) says what; absent where no argument does.
struct WatchedFunction {
  using Role = AllocatorFunction::Role;
  explicit WatchedFunction(const AllocatorFunction& function);

  Role role = Role::internal;
  std::optional<std::uint32_t> bytes, count, zone, flags, alignment, pointer, core;
  Zone fixed_zone = Zone::runtime;  ///< where no argument says the zone

  bool allocates() const { return role == Role::allocate || role == Role::allocate_zeroed; }
};

/// What the calls of one kind cost the cores that made them.
struct OperationCosts {
  Histogram cycles;
  std::uint64_t instructions = 0, l1d_misses = 0;
  std::uint64_t failed = 0;  ///< calls that returned no block
};

/// Objects that an experiment puts elsewhere: the allocator is not asked for them. Memory from `base` on must be free.
struct Relocation {
  std::vector<std::string> names;       ///< of the scenario's objects
  std::vector<std::uint32_t> callers;   ///< return addresses of the allocations of the firmware
  std::uint32_t base = 0, bytes = 0;    ///< cached addresses
};

/// How much memory of each size one zone needed at a time. Sizes are rounded up to the platform's alignment.
struct SizeProfile {
  struct Class {
    std::uint64_t live = 0, peak = 0, total = 0;
  };
  std::map<Zone, std::map<std::uint32_t, Class>> zones;
};

/// What the tracker tells the replay.
class HeapListener {
 public:
  virtual ~HeapListener() = default;
  /// The core goes into the allocator, or comes out of it.
  virtual void on_allocator(Core& core) = 0;
  /// `wrong` says what is wrong with the block, or is empty.
  virtual void on_allocated(Core& core, const LiveMemory::Block& block, const std::string& wrong) = 0;
  /// Before the allocator does anything about it.
  virtual void on_freeing(Core& core, const LiveMemory::Block& block) = 0;
  /// The block gets another size where it is: on_allocated() follows, with the new one.
  virtual void on_resizing(Core& core, const LiveMemory::Block& block) = 0;
  /// An address was freed where no block begins; `freed` is what was there before, or null.
  virtual void on_bad_free(Core& core, std::uint32_t address, const LiveMemory::Block* freed) = 0;
  /// The allocator uses these bytes (a physical address) for its own books from now on.
  virtual void on_bookkeeping(const Core& core, std::uint32_t address, std::uint32_t bytes) = 0;
  /// It does no longer: an object has them now.
  virtual void on_bookkeeping_gone(const Core& core, std::uint32_t address, std::uint32_t bytes) = 0;
  /// An access to heap memory that belongs to no object.
  virtual void on_stray_access(const Core* core, const Deed& access, std::uint32_t address, std::uint32_t bytes) = 0;
  /// Firmware read bytes of a live object, none of which anybody has written.
  virtual void on_uninitialised_read(const Core& core, const Deed& access, const LiveMemory::Block& block, std::uint32_t address) = 0;
};

/// Knows at every moment which bytes of the heaps belong to whom, by watching the allocator's functions being called, whoever calls
/// them, and judges every access of the firmware by it. The allocator itself may touch what it likes.
class HeapTracker final : public CallObserver, public AccessJudge {
 public:
  HeapTracker(const Platform& platform, const Allocator& allocator, const FirmwareImage& image, const AddressMap& map, LiveMemory& live, HeapListener& listener);

  const std::vector<std::uint32_t>& functions() const { return addresses_; }
  /// The next block that this core allocates is the scenario's object `name`, which wants to be in a zone that not every allocator knows.
  /// `group`: see LiveMemory::Block.
  /// `shared`: its user shares it, whether or not the allocator is told.
  void name_next(std::uint32_t core, const std::string& name, const SourceMark& mark, std::optional<Zone> zone, const SourceMark* group, bool shared) {
    next_[core] = {name, &mark, zone, group, shared};
  }
  /// Reads of bytes that nobody wrote need a checker that knows what was written. Null: they are not looked for.
  void use_checker(CoherencyChecker* checker) { checker_ = checker; }

  /// REQUIRES: before the first instruction; outlives the tracker.
  void relocate(const Relocation& relocation) { relocation_ = &relocation; }
  /// Keeps freed blocks from being given out again until so many bytes have been freed after them: then a late use of one is not
  /// mistaken for one of its successor. The heaps fill up accordingly. REQUIRES: before the first instruction.
  void quarantine(std::uint64_t bytes) { quarantine_limit_ = bytes; }
  /// Whether all that was to be relocated found room.
  bool relocation_fits() const { return relocation_fits_; }
  const SizeProfile& sizes() const { return sizes_; }

  /// Until end_use() the costs of a call by this core include all that it does: a lock around it, say.
  void begin_use(const Core& core);
  void end_use(const Core& core);

  const OperationCosts& allocation_costs() const { return allocation_costs_; }
  const OperationCosts& free_costs() const { return free_costs_; }
  const OperationCosts& reallocation_costs() const { return reallocation_costs_; }
  /// What the heaps' objects and the allocator's books needed at a time, and all they ever touched.
  struct Footprint {
    std::uint64_t peak_bytes = 0;     ///< asked for and not freed, at most
    std::uint64_t touched_bytes = 0;  ///< cache lines that have ever been an object's or the allocator's
    std::uint64_t scattered_basis_points = 0;  ///< near that peak: how much of the memory between objects is not in the largest piece of it
  };
  const Footprint& footprint() const { return footprint_; }
  /// Of the heap with this index: bytes asked for and not freed, now and at most; the largest piece between objects; requests that failed.
  struct HeapFigures {
    std::uint64_t live = 0, peak = 0, largest_gap = 0, failed = 0;
  };
  HeapFigures figures(std::size_t heap) const;

  std::uint64_t allocations() const { return allocations_; }
  std::uint64_t frees() const { return frees_; }
  /// What the memory at a cached address was until it was freed, and nobody else's since; null when it was never anybody's.
  const LiveMemory::Block* freed_at(std::uint32_t address) const;
  /// The allocator wrote there while no object had it: its own bookkeeping.
  bool bookkeeping(std::uint32_t address) const;

  void on_call(Core& core, std::uint32_t function, bool nested) override;
  void on_return(Core& core, std::uint32_t function, bool nested) override;
  void on_interruption(Core& core) override { listener_.on_allocator(core); }
  void on_abandoned(Core& core) override;
  std::uint8_t context(AgentId agent) const override { return inside(agent) ? 1 : 0; }
  Allowed allowed(AgentId agent, std::uint32_t line_address, std::uint32_t line_bytes, std::uint64_t written) override;
  void on_access(const Core* core, const Deed& access, std::uint32_t address, std::uint32_t bytes) override;

 private:
  /// One bit for each byte of the memory that heaps lie in.
  class Bitmap {
   public:
    void resize(std::uint32_t bytes, bool value) { words_.assign((bytes + 63) / 64, value ? ~0ull : 0); }
    void set(std::uint32_t first, std::uint64_t count, bool value);
    bool all(std::uint32_t first, std::uint32_t count) const;
    bool any(std::uint32_t first, std::uint32_t count) const;
    /// 64 bits, lowest first; what is behind the end is 0.
    std::uint64_t from(std::uint32_t first) const;
    bool test(std::uint32_t at) const { return words_[at / 64] >> (at % 64) & 1; }

   private:
    std::vector<std::uint64_t> words_;
  };
  struct Call {
    const WatchedFunction* function = nullptr;
    std::array<std::uint32_t, 6> arguments{};
    std::uint64_t instructions = 0, l1d_misses = 0;  ///< of the core, when it was called

    std::uint32_t argument(const std::optional<std::uint32_t>& position, std::uint32_t absent) const { return position ? arguments[*position] : absent; }
    std::uint32_t wanted_bytes() const { return argument(function->bytes, 0) * argument(function->count, 1); }
    LiveMemory::CallSite site;
    std::uint32_t relocated = 0;  ///< the address that the caller gets instead of the allocator's; cached
    bool old_freed = false;  ///< of a reallocation: the block was given back by a call from within
  };
  struct Name {
    std::string name;
    const SourceMark* mark = nullptr;
    std::optional<Zone> zone;
    const SourceMark* group = nullptr;
    bool shared = false;
  };

  static bool is_shared(const Call& call);
  /// Where nothing is, the address itself: what firmware passes may be anything.
  std::uint32_t physical(std::uint32_t cached) const {
    const Region* region = map_.find(cached);
    return region ? region->to_physical(cached) : cached;
  }
  /// Whether a core executes the allocator itself at this moment.
  bool inside(AgentId agent) const { return cores_[agent] && cores_[agent]->in_watched_call(); }
  void allocated(Core& core, const Call& call, std::uint32_t address);
  /// The address that the allocator is to free instead of this one; 0 for none.
  std::uint32_t next_from_quarantine(std::uint32_t address, std::uint32_t bytes);
  void freeing(Core& core, const Call& call, std::uint32_t address, bool reallocated);
  void freed(LiveMemory::Block block);
  void set_live(const LiveMemory::Block& block, bool live);
  /// What the allocator writes while no object has it may be an object's a moment later: zeros, a copy. The rest is its books.
  /// Which 64ths of a line have the property in all of their bytes; `bits(at)` tells it of 64 bytes, at an offset from first_.
  template <class Bits>
  std::uint64_t parts_of_line(std::uint32_t address, std::uint32_t line_bytes, Bits bits) const;
  void note_own_write(AgentId agent, std::uint32_t at, std::uint32_t bytes);
  void settle_own_writes(Core& core);

  const Platform& platform_;
  const AddressMap& map_;
  LiveMemory& live_;
  HeapListener& listener_;
  CoherencyChecker* checker_ = nullptr;
  std::vector<std::uint32_t> addresses_;
  std::map<std::uint32_t, WatchedFunction> by_address_;
  const FirmwareImage& image_;
  /// What each core is in: more than one call when an interrupt handler calls the allocator too.
  std::array<std::vector<Call>, max_agents> calls_{};
  std::array<const Core*, max_agents> cores_{};
  /// What a core does around a call of the allocator: from when on, and the costs that the call goes to.
  struct Use {
    bool open = false;
    OperationCosts* costs = nullptr;
    std::uint64_t cycles = 0, instructions = 0, l1d_misses = 0;
  };
  std::array<Use, max_agents> uses_{};
  std::array<Name, max_agents> next_{};
  std::uint32_t first_ = 0, bytes_ = 0;  ///< physical; all heaps lie here, and the allocator's variables
  std::uint32_t heaps_first_ = 0, heaps_bytes_ = 0;  ///< the heaps alone
  std::vector<FirmwareImage::Variable> variables_;   ///< of the allocator; guarded from its first call on
  std::uint32_t header_bytes_ = 0;
  Bitmap allowed_;                       ///< live, or no heap's at all
  Bitmap bookkeeping_;
  struct Range {
    std::uint32_t first, count;  ///< from first_
  };
  std::array<std::vector<Range>, max_agents> own_writes_;  ///< since the core went into the allocator
  std::vector<LiveMemory::Block> freed_;  ///< the last ones, in a ring
  std::size_t freed_count_ = 0;           ///< ever
  bool wants_relocation(const Call& call, std::uint32_t core) const;
  std::uint32_t place_elsewhere(std::uint32_t bytes);
  void profile(const LiveMemory::Block& block, bool allocated);
  void guard_variables();
  void claim_books(Core& core, std::uint32_t at, std::uint32_t count);
  void release_books(Core& core, std::uint32_t at, std::uint32_t count);
  void touch(std::uint32_t at, std::uint32_t count);
  void measure_peak();
  void count_in_heap(const LiveMemory::Block& block, bool added);
  template <class Visit>
  void for_each_gap(const HeapLayout& heap, Visit visit) const;
  void count_costs(Core& core, const Call& call, std::uint32_t result);

  const Relocation* relocation_ = nullptr;
  std::map<std::uint32_t, std::uint32_t> elsewhere_;  ///< what lies in the relocation's memory: address -> bytes
  bool relocation_fits_ = true;
  SizeProfile sizes_;
  OperationCosts allocation_costs_, free_costs_, reallocation_costs_;
  Footprint footprint_;
  std::uint64_t live_bytes_ = 0, measured_at_ = 0;
  std::vector<bool> touched_;  ///< by cache line from first_
  std::vector<HeapFigures> figures_;  ///< by heap; largest_gap is made when it is asked for
  struct Quarantined {
    std::uint32_t address;  ///< as it was freed
    std::uint32_t bytes;
  };
  std::deque<Quarantined> quarantined_;  ///< the oldest first
  std::uint64_t quarantine_limit_ = 0, quarantined_bytes_ = 0;
  std::uint64_t allocations_ = 0, frees_ = 0;
};

}  // namespace dspmem
