// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "models/core/abi.h"
#include "models/observe/calls.h"
#include "models/observe/origins.h"
#include "sim/config/allocator.h"
#include "sim/events/bus.h"
#include "sim/heap/heap_costs.h"
#include "sim/heap/live_memory.h"
#include "sim/image/firmware_image.h"

namespace dspmem {

/// One function of the allocator, as it is watched: what it does, and which word of its arguments (0 is the first) says
/// what; absent where none does.
struct WatchedFunction {
  using Role = AllocatorFunction::Role;
  explicit WatchedFunction(const AllocatorFunction& function);

  Role role = Role::internal;
  AllocatorFunction::Returns returns = AllocatorFunction::Returns::pointer;
  std::optional<std::uint32_t> bytes, count, zone, flags, capabilities, alignment, pointer, core, out_pointer;
  std::uint32_t words = 0;  ///< how many of its arguments have to be known
  std::uint32_t shared_flag = 0;  ///< which of the flags asks for shared data
  Zone fixed_zone = Zone::runtime;  ///< where no argument says the zone

  bool allocates() const { return role == Role::allocate || role == Role::allocate_zeroed; }
  bool returns_block() const { return allocates() || role == Role::reallocate; }
  /// What it is to free or to resize. REQUIRES: the core is at its first instruction, and it frees or resizes.
  std::uint32_t old_block(const Core& core) const;
  void set_old_block(Core& core, std::uint32_t block) const;
  /// The block that it has just returned, 0 for none. `out`: what `out_pointer` was.
  std::uint32_t new_block(const Core& core, std::uint32_t out) const;
  void set_new_block(Core& core, std::uint32_t out, std::uint32_t block) const;
};

/// The functions of an allocator in a firmware image, by address.
class WatchedFunctions {
 public:
  WatchedFunctions(const Allocator& allocator, const FirmwareImage& image);
  const std::vector<std::uint32_t>& addresses() const { return addresses_; }
  /// REQUIRES: one of addresses().
  const WatchedFunction& at(std::uint32_t address) const { return by_address_.at(address); }

 private:
  std::vector<std::uint32_t> addresses_;
  std::map<std::uint32_t, WatchedFunction> by_address_;
};

/// What one allocation is for, when the scenario asks for it and not the firmware.
struct AllocationRequest {
  std::string name;
  const SourceMark* where = nullptr;
  std::optional<Zone> zone;  ///< what it wants, which not every allocator is told
  const SourceMark* group = nullptr;  ///< see HeapBlock::group
  bool shared = false;  ///< its user shares it, whether or not the allocator is told
  std::uint64_t block = 0;  ///< answer: the id of what it got; 0 for nothing
};

/// Knows at every moment what is allocated, by watching the allocator's functions being called, whoever calls them.
/// Keeps LiveMemory, and emits Allocated, Freeing, Resizing, BadFree and AllocatorEntered.
class AllocatorWatch final : public CallObserver {
 public:
  AllocatorWatch(const Platform& platform, const WatchedFunctions& functions, const AddressMap& map, LiveMemory& live,
                 HeapCosts& costs, const Origins& origins, const EventBus& bus)
      : platform_(platform), functions_(functions), map_(map), live_(live), costs_(costs), origins_(origins),
        bus_(bus) {}

  /// What `core` allocates until close() is for this request. REQUIRES: it outlives that.
  void open(std::uint32_t core, AllocationRequest& request) { requests_[core] = &request; }
  void close(std::uint32_t core) { requests_[core] = nullptr; }
  /// The request that is open; null for none.
  const AllocationRequest* request(std::uint32_t core) const { return requests_[core]; }

  /// What the memory at a cached address was until it was freed, and nobody else's since; null when it was never
  /// anybody's.
  const HeapBlock* freed_at(std::uint32_t address) const;
  std::uint64_t allocations() const { return allocations_; }
  std::uint64_t frees() const { return frees_; }

  void on_call(Core& core, std::uint32_t function, bool nested) override;
  void on_return(Core& core, std::uint32_t function, bool nested) override;
  void on_interruption(Core& core) override { emit_entered(core, state_of(core)); }
  void on_abandoned(Core& core) override;

 private:
  static constexpr std::size_t freed_blocks_kept = 4096;

  struct Call {
    const WatchedFunction* function = nullptr;
    std::array<std::uint32_t, abi::most_arguments> arguments{};
    HeapCosts::Start start;
    CallSite site;
    std::uint32_t old_block = 0;  ///< what it frees or resizes
    bool old_freed = false;  ///< of a reallocation: the block was given back by a call from within

    std::uint32_t argument(const std::optional<std::uint32_t>& position, std::uint32_t absent) const {
      return position ? arguments[*position] : absent;
    }
    /// As much as there can be where the product is more.
    std::uint32_t wanted_bytes() const {
      return static_cast<std::uint32_t>(std::min<std::uint64_t>(
          std::uint64_t{argument(function->bytes, 0)} * argument(function->count, 1), 0xffffffff));
    }
    Zone zone() const {
      return static_cast<Zone>(argument(function->zone, static_cast<std::uint32_t>(function->fixed_zone)));
    }
    bool is_shared() const;
  };

  std::uint32_t cached(std::uint32_t address) const { return map_.alias(address, RegionKind::cached); }
  AllocatorEntered::State state_of(const Core& core) const;
  void emit_entered(const Core& core, AllocatorEntered::State state) const;
  static Call begin(Core& core, const WatchedFunction& function);
  /// What the call asks for, with its place: a block without an address.
  HeapBlock wanted(const Core& core, const Call& call) const;
  void allocated(Core& core, const Call& call, std::uint32_t address);
  void freeing(Core& core, const Call& call, std::uint32_t address, bool reallocated);
  void reset(Core& core, const Call& call);
  void freed(HeapBlock block);

  const Platform& platform_;
  const WatchedFunctions& functions_;
  const AddressMap& map_;
  LiveMemory& live_;
  HeapCosts& costs_;
  const Origins& origins_;  ///< of cores: steps
  const EventBus& bus_;
  /// What each core is in: more than one call when an interrupt handler calls the allocator too.
  std::array<std::vector<Call>, max_agents> calls_{};
  std::array<AllocationRequest*, max_agents> requests_{};
  std::vector<HeapBlock> freed_;  ///< the last ones, in a ring
  std::size_t freed_count_ = 0;  ///< ever
  std::uint64_t allocations_ = 0, frees_ = 0;
};

}  // namespace dspmem
