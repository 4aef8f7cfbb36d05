// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "models/memory/address_map.h"
#include "models/observe/calls.h"
#include "models/observe/observer.h"
#include "sim/config/platform.h"
#include "sim/events/bus.h"
#include "sim/image/firmware_image.h"
#include "sim/result/result.h"

namespace dspmem {

/// Where cores spend their time: every block of instructions, under the functions that called for it; and which
/// objects' lines they miss, reach past the cache, or operate on. Exact, not sampled: all costs of a core add up to
/// what the report says of it. What passes while a core executes nothing of the firmware's, such as a step of the
/// scenario, is the core's own.
class Profile final : public BlockObserver, public HardwareObserver, public Subscriber {
 public:
  enum Cost {
    cycles,
    instructions,
    l1d_misses,
    l1i_misses,
    uncached_accesses,
    write_backs,
    cache_operations,
    cost_count
  };
  using Costs = std::array<std::uint64_t, cost_count>;

  /// REQUIRES: both outlive it.
  Profile(const Platform& platform, const FirmwareImage& image);

  void on_block(Core& core, std::uint32_t pc) override;
  void on_leave(Core& core) override;

  bool watches_accesses() const override { return true; }
  std::uint64_t on_read(const CoreAccess& access) override;
  std::uint64_t on_write(const CoreAccess& access) override;
  Permission on_line_filled(Core& core, std::uint32_t address, StoreLog& log) override;
  void on_cache_operation(Core& core, CacheOperation operation, std::uint32_t address, bool implied) override;

  void on(const Allocated& event) override;
  void on(const Freeing& event) override;
  void on(const Resizing& event) override;

  /// The functions and objects that cost most, for the report.
  void summarise(Result& result, std::size_t most) const;
  /// For KCachegrind and callgrind_annotate.
  std::string callgrind(const Result& result) const;
  /// Cycles of each stack, for flame graphs: "core 0;caller;callee 1234".
  std::string folded() const;

 private:
  /// A function, called in one way: the functions that led to it are its parents.
  struct Node {
    std::size_t parent = 0;
    std::uint32_t function = 0;  ///< its address; of the topmost nodes the core's number
    std::uint64_t calls = 0;
    Costs self{};
    std::map<std::uint32_t, std::size_t> callees;
    std::unordered_map<std::uint32_t, Costs> blocks;  ///< by the address where they begin
  };
  struct CoreState {
    bool known = false, inside = false;
    Costs before{};
    std::size_t top = 0;
    std::size_t node = 0;  ///< of the block that is being executed
    std::uint32_t block = 0;
    std::uint32_t depth = 0, return_address = 0, function = 0;  ///< by which the node is known again
  };
  struct ObjectCosts {
    std::string what;
    std::uint64_t l1d_misses = 0, uncached_accesses = 0, cache_operations = 0;
  };

  CoreState& state_of(const Core& core);
  void charge(const Core& core, CoreState& state);
  std::size_t callee(std::size_t parent, std::uint32_t function, bool call);
  std::uint32_t function_of(std::uint32_t pc);
  std::string name_of(const Node& node) const;
  ObjectCosts& object_at(std::uint32_t physical);
  std::uint32_t physical(std::uint32_t address) const;

  const Platform& platform_;
  const FirmwareImage& image_;
  AddressMap map_;
  std::vector<Node> nodes_;
  std::map<std::uint32_t, CoreState> cores_;
  std::vector<FirmwareImage::Function> functions_;
  std::unordered_map<std::uint32_t, std::uint32_t> function_at_;
  std::map<std::string, ObjectCosts> objects_;
  struct Live {
    std::uint32_t bytes;
    std::string name;
  };
  std::map<std::uint32_t, Live> live_;  ///< by physical address
};

}  // namespace dspmem
