// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "models/store_log.h"

namespace dspmem {

class Core;

/// How an access reaches memory: through a core's cache, past it, or by a master that has none.
enum class View : std::uint8_t { cached, uncached, direct };

enum class CacheOperation {
  write_back, invalidate, write_back_invalidate, prefetch, lock, unlock,
  index_invalidate, index_write_back, index_write_back_invalidate,
};

/// What synchronising instructions do besides moving data.
enum class Ordering : std::uint8_t { plain, acquire, release, acquire_release };

/// Decides whether a core's cache operation takes effect: for experiments that leave operations out.
class CacheOperationFilter {
 public:
  virtual ~CacheOperationFilter() = default;
  virtual bool allow(Core& core, CacheOperation operation) = 0;
};

/// Is told when a core enters functions that were asked for, with their arguments in a2 to a7, and when they return, with the
/// result in a2. Changes nothing.
class CallObserver {
 public:
  virtual ~CallObserver() = default;
  /// `nested`: from within another of these functions, not from an interrupt handler on top of it.
  virtual void on_call(Core& core, std::uint32_t function, bool nested) = 0;
  virtual void on_return(Core& core, std::uint32_t function, bool nested) = 0;
  /// Core::in_watched_call() changes: an interrupt handler begins or ends.
  virtual void on_interruption(Core& core) = 0;
  /// The core starts anew: what it was in never returns.
  virtual void on_abandoned(Core& core) = 0;
};

/// Sees what happens in the hardware and changes nothing: a run with observers computes the same cycles and data as one without.
/// Addresses are physical. Calls come in the order in which things happen.
class HardwareObserver {
 public:
  virtual ~HardwareObserver() = default;
  /// `seen` is what the load returned. Within one line. Returns which bytes of the line the core may read again, through its cache,
  /// without telling: one bit for each 64th of the line, until Core::revoke() takes that back.
  virtual std::uint64_t on_read(Core& core, View view, std::uint32_t address, std::span<const std::uint8_t> seen, Ordering ordering) = 0;
  /// Called before the bytes are stored. Returns which bytes the core may store to without telling, until the line is cleaned
  /// or leaves its cache, and until Core::revoke(); it notes such stores in the line's log. 0, for a cached access, takes
  /// back all that the core was allowed to do to the line unseen.
  virtual std::uint64_t on_write(Core& core, View view, std::uint32_t address, std::span<const std::uint8_t> value, Ordering ordering) = 0;
  /// Where they are noted; for the observer to read and to StoreLog::take(), until on_log_ends(). That it was taken still says that the
  /// line is dirty.
  virtual void on_stores_unseen(std::uint32_t address, StoreLog& log) = 0;
  /// The line is cleaned, or leaves the cache: what is in its log, which has an owner, must be taken now.
  virtual void on_log_ends(StoreLog& log) = 0;
  /// The core's data cache has fetched the line at `address` for an access. Returns which bytes it may read, and write, without telling, in
  /// the terms of on_read() and on_write(); where it may write, the observer has said in the log by what to find it.
  struct Permission {
    std::uint64_t reads = 0, writes = 0;
  };
  virtual Permission on_line_filled(Core& core, std::uint32_t address, StoreLog& log) = 0;
  /// Instructions that come from memory into the core's instruction cache.
  virtual void on_fetch(Core& core, std::uint32_t address, std::span<const std::uint8_t> line) = 0;
  /// Write-backs and invalidates end what the core itself was allowed to do to the line unseen. By address: any line; `implied` when another instruction does it on the way. By index: the set and way that the operation names, whatever they hold.
  virtual void on_cache_operation(Core& core, CacheOperation operation, std::uint32_t address, bool implied) = 0;
  virtual void on_index_operation(Core& core, CacheOperation operation, std::uint32_t set, std::uint32_t way) = 0;
  /// An operation on an uncached address, which does nothing.
  virtual void on_ignored_operation(Core& core, CacheOperation operation, std::uint32_t address) { (void)core, (void)operation, (void)address; }
  virtual void on_device_read(Core& core, std::uint32_t address) = 0;
  virtual void on_device_write(Core& core, std::uint32_t address) = 0;
  virtual void on_core_start(Core& core) = 0;
  virtual void on_core_off(Core& core) = 0;
  /// A master without a cache, such as a DMA channel, is started by whoever released `object`, a device register or
  /// something that only the host knows, and finishes.
  virtual void on_master_start(std::uint8_t agent, std::uint64_t object) = 0;
  virtual void on_master_finish(std::uint8_t agent, std::uint64_t object) = 0;
  virtual void on_master_read(std::uint8_t agent, std::uint32_t address, std::span<const std::uint8_t> seen, std::uint64_t cycle) = 0;
  virtual void on_master_write(std::uint8_t agent, std::uint32_t address, std::span<const std::uint8_t> value, std::uint64_t cycle) = 0;
  /// Memory refused an access of a master.
  virtual void on_master_refused(std::uint8_t agent, std::uint32_t address, std::uint64_t cycle) = 0;
  /// A bank lost its contents.
  virtual void on_bank_off(std::uint32_t address, std::uint32_t bytes) = 0;
};

}  // namespace dspmem
