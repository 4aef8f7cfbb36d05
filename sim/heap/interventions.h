// SPDX-License-Identifier: Apache-2.0
// Experiments that change what the allocator is asked for. They are no observers: a run with one of them is another
// run.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "sim/heap/allocator_watch.h"

namespace dspmem {

/// Keeps freed blocks from being given out again until so many bytes have been freed after them: then a late use of one
/// is not mistaken for one of its successor. The heaps fill up accordingly.
class Quarantine final : public CallIntervention, public Subscriber {
 public:
  Quarantine(std::uint64_t bytes, const WatchedFunctions& functions, const AddressMap& map, const LiveMemory& live)
      : limit_(bytes), functions_(functions), map_(map), live_(live) {}

  void before_call(Core& core, std::uint32_t function) override;
  void after_return(Core&, std::uint32_t) override {}
  void on(const AllocatorEntered& event) override { freed_[event.core] = 0; }
  void on(const Freeing& event) override { freed_[event.core] = event.block.bytes; }

 private:
  struct Held {
    std::uint32_t address;  ///< as it was freed
    std::uint32_t bytes;
  };
  /// The address that the allocator is to free instead of this one; 0 for none.
  std::uint32_t exchange(std::uint32_t address, std::uint32_t bytes);

  std::uint64_t limit_, bytes_ = 0;
  const WatchedFunctions& functions_;
  const AddressMap& map_;
  const LiveMemory& live_;
  std::array<std::uint32_t, max_agents> freed_{};  ///< bytes of the block that the call under way frees
  std::deque<Held> held_;  ///< the oldest first
};

/// Objects that are put elsewhere: the allocator is not asked for them. Memory from `base` on must be free.
struct Relocation {
  std::vector<std::string> names;  ///< of the scenario's objects
  std::vector<std::uint32_t> callers;  ///< return addresses of the allocations of the firmware
  std::uint32_t base = 0, bytes = 0;  ///< cached addresses
};

class Relocator final : public CallIntervention, public Subscriber {
 public:
  Relocator(const Relocation& relocation, const Platform& platform, const WatchedFunctions& functions,
            const AddressMap& map, const AllocatorWatch& watch)
      : relocation_(relocation), platform_(platform), functions_(functions), map_(map), watch_(watch) {}

  void before_call(Core& core, std::uint32_t function) override;
  void after_return(Core& core, std::uint32_t function) override;
  void on(const AllocatorEntered& event) override {
    if (event.state == AllocatorEntered::State::abandoned) results_[event.core].clear();
  }
  /// Whether all that was to be relocated found room.
  bool fits() const { return fits_; }

 private:
  bool wants(const Core& core) const;
  std::uint32_t place(std::uint32_t bytes);

  const Relocation& relocation_;
  const Platform& platform_;
  const WatchedFunctions& functions_;
  const AddressMap& map_;
  const AllocatorWatch& watch_;
  std::map<std::uint32_t, std::uint32_t> placed_;  ///< what lies in the relocation's memory: address -> bytes
  struct Returned {
    std::uint32_t block;  ///< what to return instead; 0: what the allocator does
    std::uint32_t out;  ///< what `out_pointer` was
  };
  std::array<std::vector<Returned>, max_agents> results_;  ///< of the calls under way
  bool fits_ = true;
};

}  // namespace dspmem
