// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <functional>
#include <optional>
#include <vector>

#include "models/memory/address_map.h"
#include "models/observe/observer.h"
#include "models/observe/store_log.h"
#include "sim/config/allocator.h"
#include "sim/events/bus.h"
#include "sim/heap/byte_set.h"
#include "sim/heap/live_memory.h"
#include "sim/image/firmware_image.h"

namespace dspmem {

/// Judges every access to heap memory by what the memory is for: an object's, the allocator's, nobody's, or never
/// written. Emits StrayAccess, AllocatorStrayed, UninitialisedRead and MetadataChanged. It knows who executes the
/// allocator from AllocatorEntered, and never sees a core.
///
/// Addresses of accesses are physical, and accesses lie within one line.
class HeapShadow final : public Subscriber, public StoreSink {
 public:
  /// What the shadow needs of its surroundings.
  struct Environment {
    /// Takes back what these cores, a bit for each, may do unseen to the line at a physical address.
    std::function<void(std::uint32_t cores, std::uint32_t line)> revoke;
    /// Whether the code there only moves bytes, written or not: padding of a copied structure is no mistake.
    std::function<bool(std::uint32_t pc)> is_copier;
    /// The core executes the allocator's code from now on, or no longer: what it may do unseen in one role says nothing
    /// of the other.
    std::function<void(AgentId core, bool allocator)> set_role;
  };
  /// What is known of the allocator's metadata beforehand.
  struct Metadata {
    std::uint32_t header_bytes = 0;  ///< right before each block
    std::vector<FirmwareImage::Variable> variables;  ///< that only the allocator may touch
  };
  /// Throws InputError for variables that the firmware does not have.
  static Metadata metadata_of(const Allocator& allocator, const FirmwareImage& image);

  HeapShadow(const Platform& platform, const AddressMap& map, Metadata metadata, const LiveMemory& live,
             const EventBus& bus, Environment environment);

  /// Whether a read may be a finding: most are not, and need not be described.
  bool is_suspicious(AgentId agent, std::uint32_t address, std::uint32_t bytes) const {
    const std::uint32_t at = address - first_;
    if (at >= bytes_) return false;
    return inside_[agent] ? is_foreign(agent, at, bytes) : !(allowed_.all(at, bytes) && written_.all(at, bytes));
  }
  void judge_read(const Operation& access, std::uint32_t address, std::uint32_t bytes);
  /// `judge`: else only that it was written is noted: a step of the scenario makes the access, and knows its object.
  void write(const Operation& access, std::uint32_t address, std::uint32_t bytes, bool judge);
  // Which bytes of its line the agent may access unseen in its present role: a bit for each 64th.
  std::uint64_t readable(AgentId agent, std::uint32_t address) { return permitted(agent, address).reads; }
  std::uint64_t writable(AgentId agent, std::uint32_t address) { return permitted(agent, address).writes; }
  /// Both, for a line that comes into the agent's cache with its log.
  HardwareObserver::Permission line_filled(AgentId agent, std::uint32_t address, StoreLog& log);
  /// Stores to the line are noted there, unseen, until end_log().
  void use_log(AgentId core, std::uint32_t line, StoreLog& log);
  void end_log(std::uint32_t line, StoreLog& log);

  /// What another observer has taken from a log.
  void on_stored(std::uint32_t line, std::uint64_t parts) override;

  /// Whether somebody has written one of these bytes, a physical range of heap memory, since they became an object's.
  bool ever_written(std::uint32_t address, std::uint32_t bytes);
  /// The first of these bytes that nobody has written since. Absent where all were, and outside of the heaps.
  std::optional<std::uint32_t> never_written(std::uint32_t address, std::uint32_t bytes);
  /// Whether the allocator wrote to this cached address while no object had it.
  bool is_metadata(std::uint32_t cached_address) const;
  /// Cache lines that have ever been an object's or the allocator's, in bytes.
  std::uint64_t touched_bytes() const { return touched_bytes_; }

  void on(const AllocatorEntered& event) override;
  void on(const Allocated& event) override;
  void on(const Freeing& event) override { set_owner(event.block, false); }
  void on(const Resizing& event) override;

 private:
  /// Where nothing is, the address itself: what firmware passes may be anything.
  std::uint32_t physical(std::uint32_t cached) const {
    const Region* region = map_.find(cached);
    return region ? region->to_physical(cached) : cached;
  }
  std::uint32_t cached(std::uint32_t physical) const { return map_.alias(physical, RegionKind::cached); }
  bool inside(AgentId agent) const { return inside_[agent]; }
  /// Whether some of the line that holds the address is watched.
  bool covers(std::uint32_t address) const { return (address & ~(line_bytes_ - 1)) - first_ < bytes_; }
  std::optional<std::uint32_t> offset_of(std::uint32_t address, std::uint32_t bytes) const {
    const std::uint32_t at = address - first_;
    if (at >= bytes_ || bytes > bytes_ - at) return std::nullopt;
    return at;
  }
  static constexpr std::size_t most_cores = 8;

  /// What is judged where the allocator is at work: whether some of it may be an object's that its call is not about.
  bool is_foreign(AgentId agent, std::uint32_t at, std::uint32_t bytes) const {
    return heap_lines_[at / line_bytes_] && allowed_.any(at, bytes) && !resized_[agent].holds(at, bytes);
  }
  void judge_own(const Operation& access, std::uint32_t address, std::uint32_t bytes);
  HardwareObserver::Permission permitted(AgentId agent, std::uint32_t address);
  HardwareObserver::Permission permitted_inside(AgentId agent, std::uint32_t at) const;
  void revoke_lines(std::uint32_t at, std::uint32_t count);
  /// Which 64ths of the line at that offset from first_ are in the set with all of their bytes.
  std::uint64_t parts_of_line(std::uint32_t at, const ByteSet& set) const {
    if (line_bytes_ > bytes_ - at) return 0;
    return line_bytes_ <= 64 ? set.from(at) : parts_of_long_line(at, set);
  }
  std::uint64_t parts_of_long_line(std::uint32_t at, const ByteSet& set) const;

  void set_owner(const HeapBlock& block, bool live);
  /// Takes in what was stored unseen to the lines of these bytes.
  void take_logs(std::uint32_t at, std::uint32_t count);
  void note_parts(std::uint32_t line_number, std::uint64_t parts);
  /// What is in the logs of a line, for each core that has one.
  template <class Visit>
  void for_each_log(std::uint32_t line_number, Visit visit) const {
    for (std::uint32_t cores = logged_[line_number]; cores; cores &= cores - 1)
      visit(static_cast<std::size_t>(std::countr_zero(cores)));
  }
  void guard_variables();
  // What the allocator writes while no object has it may be an object's a moment later: zeros, a copy. The rest is its
  // metadata.
  void note_own_write(AgentId agent, std::uint32_t at, std::uint32_t bytes);
  void settle_own_writes(AgentId agent, std::uint64_t cycle);
  void claim_metadata(std::uint32_t at, std::uint32_t count, std::uint64_t cycle);
  void release_metadata(std::uint32_t at, std::uint32_t count, std::uint64_t cycle);
  void touch(std::uint32_t at, std::uint32_t count);

  const AddressMap& map_;
  const LiveMemory& live_;
  const EventBus& bus_;
  Environment environment_;
  std::uint32_t line_bytes_, header_bytes_;
  std::uint32_t first_ = 0, bytes_ = 0;  ///< physical; all heaps lie here, and the allocator's variables
  std::uint32_t heaps_first_ = 0, heaps_bytes_ = 0;  ///< the heaps alone
  std::vector<FirmwareImage::Variable> variables_;  ///< of the allocator; guarded from its first call on
  ByteSet allowed_;  ///< live, or no heap's at all
  ByteSet metadata_;
  ByteSet written_;
  std::array<bool, max_agents> inside_{};
  struct Range {
    std::uint32_t first = 0, count = 0;  ///< from first_
    bool holds(std::uint32_t at, std::uint32_t bytes) const {
      return at - first < count && bytes <= first + count - at;
    }
  };
  std::array<Range, max_agents> resized_{};  ///< by the call of the allocator that the agent is in
  std::array<std::vector<Range>, max_agents> own_writes_;  ///< since the core went into the allocator
  // By line from first_.
  std::vector<bool> heap_lines_;  ///< with bytes of a heap
  std::array<std::vector<StoreLog*>, most_cores> logs_;  ///< by core; empty for those that have stored nothing unseen
  std::vector<std::uint8_t> logged_;  ///< cores that have one
  std::vector<std::uint8_t> permitted_;  ///< cores that may do something to it unseen
  std::vector<bool> touched_;
  std::uint64_t touched_bytes_ = 0;
};

}  // namespace dspmem
