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
#include "sim/events/bus.h"
#include "sim/result/result.h"

namespace dspmem {

/// What a run says about bank power: the account of every policy, and which objects keep which bank on. In memory that
/// grows with the number of places that allocate, not with the number of allocations.
class PowerAccount final : public Subscriber {
 public:
  PowerAccount(const Platform& platform, const EnergyPreset& preset, System& system);

  void on(const Allocated& event) override { add(event.block, event.cycle); }
  void on(const Freeing& event) override { remove(event.block, event.cycle); }
  void on(const Resizing& event) override { remove(event.block, event.cycle); }
  void on(const MetadataChanged& event) override;
  void on(const CoreChanged& event) override;
  /// Memory that is needed and that no allocator gave away: the image, a stack, statics. `address` is cached.
  void pin(const std::string& name, Result::Object::Kind kind, std::uint32_t address, std::uint32_t bytes,
           std::uint64_t cycle);
  void unpin(const std::string& name, std::uint32_t address, std::uint32_t bytes, std::uint64_t cycle);
  /// The end of the run. `describe` puts a block into words.
  Result::Power finish(std::uint64_t cycle, const std::function<Result::Object(const HeapBlock&)>& describe);

 private:
  /// Blocks with the same name, or from the same place, count as one.
  using Key = std::tuple<const SourceMark*, std::uint32_t, std::string_view>;  ///< the name is that of Pin::first
  struct Pin {
    HeapBlock first;  ///< one of them
    Result::Object::Kind kind = Result::Object::Kind::block;  ///< of others `first` holds only a name
    std::uint64_t objects = 0, largest = 0, longest = 0;
    std::uint64_t share = 0;  ///< of the time in which the bank was needed: cycles, in 65536ths
  };
  struct Live {
    Pin* pin;
    std::uint64_t share_at_start, since;
  };
  /// Each moment in which a bank is needed is shared evenly among the objects that live in it. `clock` is the time that
  /// one object of this bank would have collected so far.
  struct Bank {
    std::uint64_t clock = 0, updated = 0;
    std::uint64_t metadata = 0;  ///< bytes of the allocator's own
    std::unordered_map<std::uint32_t, Live> live;  ///< by the object's address
    std::map<Key, std::unique_ptr<Pin>> pins;
  };

  static Key key_of(const HeapBlock& block) {
    return {block.group ? block.group : block.where, block.name.empty() ? block.site.stack[0] : 0, block.name};
  }
  static Pin& pin_of(Bank& bank, const HeapBlock& block, Result::Object::Kind kind);
  std::uint32_t physical(std::uint32_t cached) const;
  void advance(Bank& bank, std::uint64_t cycle);
  void claim_metadata(std::uint32_t address, std::uint32_t bytes, std::uint64_t cycle);
  void release_metadata(std::uint32_t address, std::uint32_t bytes, std::uint64_t cycle);
  void add(const HeapBlock& block, std::uint64_t cycle, Result::Object::Kind kind = Result::Object::Kind::block);
  void remove(const HeapBlock& block, std::uint64_t cycle);
  void retire(Bank& bank, std::unordered_map<std::uint32_t, Live>::iterator live);

  const Platform& platform_;
  const EnergyPreset& preset_;
  System& system_;
  std::unique_ptr<EnergyMeter> meter_;
  std::vector<Bank> banks_;
  std::uint64_t now_ = 0;
};

}  // namespace dspmem
