// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "models/power/energy_meter.h"
#include "models/system.h"
#include "sim/config/energy.h"
#include "sim/replay/objects.h"
#include "sim/report/result.h"

namespace dspmem {

/// What a run says about bank power: the account of every policy, and which objects keep which bank on. In memory that grows with the
/// number of places that allocate, not with the number of allocations.
class PowerAccount {
 public:
  PowerAccount(const Platform& platform, const EnergyPreset& preset, System& system);

  void allocated(const LiveMemory::Block& block, std::uint64_t cycle) { add(block, cycle); }
  void freed(const LiveMemory::Block& block, std::uint64_t cycle) { remove(block, cycle); }
  /// Memory that is needed and that no allocator gave away: the image, a stack, statics. `address` is cached.
  void pin(const std::string& name, std::uint32_t address, std::uint32_t bytes, std::uint64_t cycle);
  void unpin(const std::string& name, std::uint32_t address, std::uint32_t bytes, std::uint64_t cycle);
  /// The allocator's own books grow by a few bytes.
  void bookkeeping(std::uint32_t address, std::uint32_t bytes, std::uint64_t cycle);
  /// They shrink: an object has these bytes now.
  void bookkeeping_gone(std::uint32_t address, std::uint32_t bytes, std::uint64_t cycle);

  /// The end of the run. `describe` puts a block into words.
  Result::Power finish(std::uint64_t cycle, const std::function<Result::Object(const LiveMemory::Block&)>& describe);

 private:
  /// Blocks with the same name, or from the same place, count as one.
  using Key = std::tuple<const SourceMark*, std::uint32_t, std::string_view>;  ///< the name is that of Pin::first
  struct Pin {
    LiveMemory::Block first;     ///< one of them
    bool allocated = true;       ///< else `first` holds only a name
    std::uint64_t objects = 0, largest = 0, longest = 0;
    std::uint64_t share = 0;     ///< of the time in which the bank was needed: cycles, in 65536ths
  };
  struct Live {
    Pin* pin;
    std::uint64_t share_at_start, since;
  };
  /// Each moment in which a bank is needed is shared evenly among the objects that live in it. `clock` is the time that one object
  /// of this bank would have collected so far.
  struct Bank {
    std::uint64_t clock = 0, updated = 0;
    std::uint64_t books = 0;  ///< bytes of the allocator's own
    std::unordered_map<std::uint32_t, Live> live;  ///< by the object's address
    std::map<Key, std::unique_ptr<Pin>> pins;
  };

  static Key key_of(const LiveMemory::Block& block) { return {block.group ? block.group : block.where, block.name.empty() ? block.site.stack[0] : 0, block.name}; }
  static Pin& pin_of(Bank& bank, const LiveMemory::Block& block, bool allocated);
  std::uint32_t physical(std::uint32_t cached) const;
  void advance(Bank& bank, std::uint64_t cycle);
  void add(const LiveMemory::Block& block, std::uint64_t cycle, bool allocated = true);
  void remove(const LiveMemory::Block& block, std::uint64_t cycle);
  void retire(Bank& bank, std::unordered_map<std::uint32_t, Live>::iterator live);

  const Platform& platform_;
  const EnergyPreset& preset_;
  System& system_;
  std::unique_ptr<EnergyMeter> meter_;
  std::vector<Bank> banks_;
  std::uint64_t now_ = 0;
};

}  // namespace dspmem
