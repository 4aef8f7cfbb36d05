// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "models/coherency/coherency_observer.h"
#include "sim/image/firmware_image.h"
#include "sim/replay/objects.h"

namespace dspmem {

/// One function of the allocator: what it does, and which argument (0 is a2) says what; absent where no argument does.
struct AllocatorFunction {
  enum class Role {
    allocate,    ///< returns a block, or 0
    reallocate,  ///< returns a block in place of `pointer`, or 0 and leaves that one
    free,        ///< gives `pointer` back
    reset,       ///< empties the heaps of `zone` that belong to the core that calls
    internal,    ///< works on the heaps themselves: may touch all of their memory
  };
  std::string symbol;
  Role role = Role::internal;
  std::optional<std::uint32_t> bytes, zone, flags, alignment, pointer, core;
  Zone fixed_zone = Zone::runtime;  ///< where no argument says the zone
};

/// The functions of our own allocator: models/firmware/include/alloc.h.
const std::vector<AllocatorFunction>& zones_allocator();

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
  /// An address was freed where no block begins; `freed` is what was there before, or null.
  virtual void on_bad_free(Core& core, std::uint32_t address, const LiveMemory::Block* freed) = 0;
  /// The allocator uses these bytes (a physical address) for its own books from now on.
  virtual void on_bookkeeping(const Core& core, std::uint32_t address, std::uint32_t bytes) = 0;
  /// An access to heap memory that belongs to no object.
  virtual void on_stray_access(const Core* core, const Deed& access, std::uint32_t address, std::uint32_t bytes) = 0;
  /// Firmware read bytes of a live object, none of which anybody has written.
  virtual void on_uninitialised_read(const Core& core, const Deed& access, const LiveMemory::Block& block, std::uint32_t address) = 0;
};

/// Knows at every moment which bytes of the heaps belong to whom, by watching the allocator's functions being called, whoever calls
/// them, and judges every access of the firmware by it. The allocator itself may touch what it likes.
class HeapTracker final : public CallObserver, public AccessJudge {
 public:
  HeapTracker(const Platform& platform, const FirmwareImage& image, const AddressMap& map, LiveMemory& live, HeapListener& listener);

  const std::vector<std::uint32_t>& functions() const { return addresses_; }
  /// The next block that this core allocates is the scenario's object `name`.
  void name_next(std::uint32_t core, const std::string& name, const SourceMark& mark) { next_[core] = {name, &mark}; }
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
  std::uint64_t writable(AgentId agent, std::uint32_t address, std::uint32_t line_bytes) override;
  std::uint64_t readable(AgentId agent, std::uint32_t address, std::uint32_t line_bytes) override;
  void on_access(const Core* core, const Deed& access, std::uint32_t address, std::uint32_t bytes) override;

 private:
  /// One bit for each byte of the memory that heaps lie in.
  class Bitmap {
   public:
    void resize(std::uint32_t bytes, bool value) { words_.assign((bytes + 63) / 64, value ? ~0ull : 0); }
    void set(std::uint32_t first, std::uint64_t count, bool value);
    bool all(std::uint32_t first, std::uint32_t count) const;
    /// 64 bits, lowest first; what is behind the end is 0.
    std::uint64_t from(std::uint32_t first) const;
    bool test(std::uint32_t at) const { return words_[at / 64] >> (at % 64) & 1; }

   private:
    std::vector<std::uint64_t> words_;
  };
  struct Call {
    const AllocatorFunction* function = nullptr;
    std::array<std::uint32_t, 6> arguments{};
    LiveMemory::CallSite site;
    std::uint32_t relocated = 0;  ///< the address that the caller gets instead of the allocator's; cached
    bool old_freed = false;  ///< of a reallocation: the block was given back by a call from within
  };
  struct Name {
    std::string name;
    const SourceMark* mark = nullptr;
  };

  static bool is_shared(const Call& call);
  std::uint32_t physical(std::uint32_t cached) const { return map_.find(cached)->to_physical(cached); }
  /// Whether a core executes the allocator itself at this moment.
  bool inside(AgentId agent) const { return cores_[agent] && cores_[agent]->in_watched_call(); }
  void allocated(Core& core, const Call& call, std::uint32_t address);
  /// The address that the allocator is to free instead of this one; 0 for none.
  std::uint32_t next_from_quarantine(std::uint32_t address, std::uint32_t bytes);
  void freeing(Core& core, const Call& call, std::uint32_t address, bool reallocated);
  void freed(const LiveMemory::Block& block);
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
  std::map<std::uint32_t, const AllocatorFunction*> by_address_;
  const FirmwareImage& image_;
  /// What each core is in: more than one call when an interrupt handler calls the allocator too.
  std::array<std::vector<Call>, max_agents> calls_{};
  std::array<const Core*, max_agents> cores_{};
  std::array<Name, max_agents> next_{};
  std::uint32_t first_ = 0, bytes_ = 0;  ///< physical; all heaps lie here
  Bitmap allowed_;                       ///< live, or no heap's at all
  Bitmap bookkeeping_;
  struct Range {
    std::uint32_t first, count;  ///< from first_
  };
  std::array<std::vector<Range>, max_agents> own_writes_;  ///< since the core went into the allocator
  std::map<std::uint32_t, LiveMemory::Block> freed_;  ///< by base; bounded
  bool wants_relocation(const Call& call, std::uint32_t core) const;
  std::uint32_t place_elsewhere(std::uint32_t bytes);
  void profile(const LiveMemory::Block& block, bool allocated);

  const Relocation* relocation_ = nullptr;
  std::map<std::uint32_t, std::uint32_t> elsewhere_;  ///< what lies in the relocation's memory: address -> bytes
  bool relocation_fits_ = true;
  SizeProfile sizes_;
  struct Quarantined {
    std::uint32_t address;  ///< as it was freed
    std::uint32_t bytes;
  };
  std::deque<Quarantined> quarantined_;  ///< the oldest first
  std::uint64_t quarantine_limit_ = 0, quarantined_bytes_ = 0;
  std::uint64_t allocations_ = 0, frees_ = 0;
};

}  // namespace dspmem
