// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "models/observe/calls.h"
#include "models/observe/observer.h"

namespace dspmem {

/// Several observers in the place of one. Every event goes to all of them in the order in which they were added;
/// accesses only to those that watch them, and what a core may do unseen is what each of them permits.
class ObserverHub final : public HardwareObserver, public CallObserver {
 public:
  enum class Shown {
    everything,
    accesses
  };  ///< `accesses`: those of masters too; neither what cores fetch, nor cache operations
  /// REQUIRES: before the first instruction; outlives the hub.
  void add(HardwareObserver& observer, Shown shown = Shown::everything);
  void add(CallObserver& observer) { call_observers_.push_back(&observer); }
  void add(CallIntervention& intervention) { interventions_.push_back(&intervention); }
  /// Whether nobody needs to be shown accesses.
  bool watches_accesses() const override { return !access_observers_.empty(); }

  std::uint64_t on_read(const CoreAccess& access) override;
  std::uint64_t on_write(const CoreAccess& access) override;
  void on_stores_unseen(const Core& core, std::uint32_t address, StoreLog& log) override;
  void on_log_ends(StoreLog& log) override;
  Permission on_line_filled(Core& core, std::uint32_t address, StoreLog& log) override;

  void on_fetch(Core& core, std::uint32_t address, std::span<const std::uint8_t> line, std::uint32_t first) override;
  void on_code_entered(Core& core, std::uint32_t address, std::span<const std::uint8_t> held) override;
  void on_code_operation(Core& core, CacheOperation operation, std::uint32_t address) override;
  void on_cache_operation(Core& core, CacheOperation operation, std::uint32_t address, bool implied) override;
  void on_index_operation(Core& core, CacheOperation operation, std::uint32_t set, std::uint32_t way) override;
  void on_ignored_operation(Core& core, CacheOperation operation, std::uint32_t address) override;
  void on_device_read(Core& core, std::uint32_t address) override;
  void on_device_write(Core& core, std::uint32_t address) override;
  void on_core_start(Core& core) override;
  void on_core_off(Core& core) override;
  void on_master_start(AgentId agent, std::uint64_t object) override;
  void on_master_finish(AgentId agent, std::uint64_t object) override;
  void on_master_read(const MasterAccess& access, std::uint32_t address, std::span<const std::uint8_t> seen) override;
  void on_master_write(const MasterAccess& access, std::uint32_t address, std::span<const std::uint8_t> value) override;
  void on_master_refused(const MasterAccess& access, std::uint32_t address, const Refusal& why) override;
  void on_bank_off(std::uint32_t address, std::uint32_t bytes) override;
  void on_bank_on(std::uint32_t address, std::uint32_t bytes) override;

  void on_call(Core& core, std::uint32_t function, bool nested) override;
  void on_return(Core& core, std::uint32_t function, bool nested) override;
  void on_interruption(Core& core) override;
  void on_abandoned(Core& core) override;

 private:
  std::vector<HardwareObserver*> observers_, access_observers_;
  std::vector<HardwareObserver*> cache_observers_;  ///< of fetches and cache operations
  std::vector<CallObserver*> call_observers_;
  std::vector<CallIntervention*> interventions_;
};

}  // namespace dspmem
