// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "sim/config/allocator.h"
#include "sim/heap/allocator_watch.h"
#include "sim/session/firmware_calls.h"
#include "sim/session/order.h"

namespace dspmem {

/// What a step wants of the allocator.
struct MemoryRequest {
  Zone zone = Zone::runtime;
  std::uint32_t flags = 0;
  std::uint32_t capabilities = 0;
  std::uint32_t bytes = 0;
  std::uint32_t alignment = 0;
  bool zeroed = false;
  const SourceMark* group = nullptr;  ///< see HeapBlock::group
};

/// What the allocator gave: an address as it returned it, and the id of the block. Address 0: nothing.
struct Memory {
  std::uint32_t address = 0;
  std::uint64_t block = 0;
  explicit operator bool() const { return address != 0; }
};

/// Uses the firmware's allocator as its binding says.
class AllocatorPort {
 public:
  AllocatorPort(const FirmwareCalls& firmware, const Platform& platform, const Allocator& allocator,
                const AddressMap& map, const LiveMemory& live, AllocatorWatch& watch, HeapCosts& costs, Order& order)
      : firmware_(firmware), platform_(platform), allocator_(allocator), map_(map), live_(live), watch_(watch),
        costs_(costs), order_(order) {}

  const Allocator& allocator() const { return allocator_; }
  /// " (pool_get returned -22)", of the last use that the scenario made on a core; empty for 0.
  std::string last_error(std::uint32_t core) const;
  /// Calls what the binding says to call before the first step.
  void initialise(DspCore& core);
  /// `name` is what findings call the object.
  Memory allocate(DspCore& core, const MemoryRequest& request, const std::string& name, const SourceMark& mark);
  /// Gives what `request` allocated at `address` a new size, in another place if need be.
  Memory reallocate(DspCore& core, const MemoryRequest& request, std::uint32_t address, std::uint32_t bytes,
                    const std::string& name, const SourceMark& mark);
  void release(DspCore& core, std::uint32_t address, const SourceMark& mark);

 private:
  /// What the kinds of argument of a binding stand for.
  struct Use {
    MemoryRequest request;
    std::uint32_t pointer = 0, old_bytes = 0;
    std::uint32_t out = 0;  ///< address of the word for `out_pointer`
  };
  std::uint32_t use(DspCore& core, const AllocatorFunction& function, const Use& use, const SourceMark& mark);
  /// A block's address as the allocator gave it out, whatever view of memory that is; any other address as it is, or
  /// cached for `heap: one`.
  std::uint32_t given_out(std::uint32_t address) const;
  std::uint32_t value_of(DspCore& core, const AllocatorArgument& argument, const Use& use) const;
  /// The same for a request of the scenario: the answer is its block.
  Memory use(DspCore& core, const AllocatorFunction& function, const Use& use, AllocationRequest& request,
             const SourceMark& mark);
  const AllocatorFunction& function(AllocatorFunction::Role role, Zone zone, bool aligned,
                                    const SourceMark& mark) const;
  bool needs_whole_lines(const MemoryRequest& request) const;
  std::uint32_t whole_lines(std::uint32_t bytes) const;
  /// The view of memory that an allocator gave out, for data that several cores use.
  std::uint32_t shared_view(DspCore& core, std::uint32_t address, std::uint32_t bytes, const SourceMark& mark);

  const FirmwareCalls& firmware_;
  const Platform& platform_;
  const Allocator& allocator_;
  const AddressMap& map_;
  const LiveMemory& live_;
  AllocatorWatch& watch_;
  HeapCosts& costs_;
  Order& order_;
  struct Answer {
    std::string function;
    std::uint32_t result = 0;
  };
  std::map<std::uint32_t, Answer> last_;  ///< by core
  std::uint32_t initialised_ = 0;  ///< what the function returned that does `initialise`
  std::map<std::uint32_t, std::uint32_t> given_out_;  ///< by cached address: blocks that were not given out there
};

}  // namespace dspmem
