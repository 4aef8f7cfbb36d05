// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "models/memory/refusal.h"
#include "models/observe/operation.h"
#include "models/observe/store_log.h"

namespace dspmem {

class Core;

enum class CacheOperation {
  write_back,
  invalidate,
  write_back_invalidate,
  prefetch,
  lock,
  unlock,
  index_invalidate,
  index_write_back,
  index_write_back_invalidate,
};

/// What synchronising instructions do besides moving data.
enum class Ordering : std::uint8_t { plain, acquire, release, acquire_release };

/// A load or store of a core, within one line.
struct CoreAccess {
  Core& core;
  View view;
  Ordering ordering;
  std::uint32_t address;  ///< physical
  std::span<const std::uint8_t> bytes;  ///< what the load returned, or the store is about to store
};

/// An access of a master without a cache.
struct MasterAccess {
  AgentId agent = 0;
  std::uint64_t cycle = 0;
  bool scripted = false;  ///< a step of a scenario makes it, which knows its object; else a device does
  bool writes = false;  ///< of one that was refused
};

/// Sees what happens in the hardware and changes nothing: a run with observers computes the same cycles and data as one
/// without. Addresses are physical. Calls come in the order in which things happen. What an observer does not override
/// does not matter to it.
class HardwareObserver {
 public:
  virtual ~HardwareObserver() = default;

  /// Whether it wants to see loads, stores and line fills. The others cost an access nothing.
  virtual bool watches_accesses() const { return false; }
  /// A load was made. Returns which bytes of the line the core may read again, through its cache,
  /// without telling: one bit for each 64th of the line, until Core::revoke() takes that back.
  virtual std::uint64_t on_read(const CoreAccess&) { return ~0ull; }
  /// A store is about to be made. Returns which bytes the core may store to without telling, until the line is cleaned
  /// or leaves its cache, and until Core::revoke(); it notes such stores in the line's log. 0, for a cached access,
  /// takes back all that the core was allowed to do to the line unseen.
  virtual std::uint64_t on_write(const CoreAccess&) { return ~0ull; }
  /// Where they are noted; for the observer to read, until on_log_ends(). That something was taken from it still says
  /// that the line is dirty.
  virtual void on_stores_unseen(const Core&, std::uint32_t address, StoreLog& log) { (void)address, (void)log; }
  /// The line is cleaned, or leaves the cache: what is in its log, which has an owner, must be taken now.
  virtual void on_log_ends(StoreLog& log) { (void)log; }
  /// The core's data cache has fetched the line at `address` for an access. Returns which bytes it may read, and write,
  /// without telling, in the terms of on_read() and on_write(). `log` is where such writes would be noted.
  struct Permission {
    std::uint64_t reads = ~0ull, writes = ~0ull;
  };
  virtual Permission on_line_filled(Core&, std::uint32_t address, StoreLog& log) {
    (void)address, (void)log;
    return {};
  }

  /// Instructions that come from memory into the core's instruction cache, to be executed from byte `first` on.
  virtual void on_fetch(Core&, std::uint32_t address, std::span<const std::uint8_t> line, std::uint32_t first) {
    (void)address, (void)line, (void)first;
  }
  /// The core executes instructions of its instruction cache that may be old: see Core::distrust_code(). They lie
  /// within one line.
  virtual void on_code_entered(Core&, std::uint32_t address, std::span<const std::uint8_t> held) {
    (void)address, (void)held;
  }
  /// An operation on the instruction cache. Of one by index `address` is the operand, of others it is physical.
  virtual void on_code_operation(Core&, CacheOperation, std::uint32_t address) { (void)address; }
  /// Write-backs and invalidates end what the core itself was allowed to do to the line unseen. By address: any line;
  /// `implied` when another instruction does it on the way. By index: the set and way that the operation names,
  /// whatever they hold.
  virtual void on_cache_operation(Core&, CacheOperation, std::uint32_t address, bool implied) {
    (void)address, (void)implied;
  }
  virtual void on_index_operation(Core&, CacheOperation, std::uint32_t set, std::uint32_t way) { (void)set, (void)way; }
  /// An operation on an uncached address, which does nothing.
  virtual void on_ignored_operation(Core&, CacheOperation, std::uint32_t address) { (void)address; }
  virtual void on_device_read(Core&, std::uint32_t address) { (void)address; }
  virtual void on_device_write(Core&, std::uint32_t address) { (void)address; }
  virtual void on_core_start(Core&) {}
  virtual void on_core_off(Core&) {}
  /// A master without a cache, such as a DMA channel, is started by whoever released `object`, a device register or
  /// something that only the host knows, and finishes.
  virtual void on_master_start(AgentId agent, std::uint64_t object) { (void)agent, (void)object; }
  virtual void on_master_finish(AgentId agent, std::uint64_t object) { (void)agent, (void)object; }
  virtual void on_master_read(const MasterAccess&, std::uint32_t address, std::span<const std::uint8_t> seen) {
    (void)address, (void)seen;
  }
  virtual void on_master_write(const MasterAccess&, std::uint32_t address, std::span<const std::uint8_t> value) {
    (void)address, (void)value;
  }
  /// Memory refused an access of a master.
  virtual void on_master_refused(const MasterAccess&, std::uint32_t address, const Refusal& why) {
    (void)address, (void)why;
  }
  /// A bank lost its contents.
  virtual void on_bank_off(std::uint32_t address, std::uint32_t bytes) { (void)address, (void)bytes; }
  /// A bank that was off, or in a retention from which accesses do not wake it, was switched on.
  virtual void on_bank_on(std::uint32_t address, std::uint32_t bytes) { (void)address, (void)bytes; }
};

}  // namespace dspmem
