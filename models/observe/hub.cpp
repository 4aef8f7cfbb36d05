// SPDX-License-Identifier: Apache-2.0
#include "models/observe/hub.h"

namespace dspmem {

void ObserverHub::add(HardwareObserver& observer, Shown shown) {
  observers_.push_back(&observer);
  if (shown == Shown::everything) cache_observers_.push_back(&observer);
  if (observer.watches_accesses()) access_observers_.push_back(&observer);
}

// ---- Accesses -----------------------------------------------------------------------------------

std::uint64_t ObserverHub::on_read(const CoreAccess& access) {
  std::uint64_t permitted = ~0ull;
  for (HardwareObserver* each : access_observers_) permitted &= each->on_read(access);
  return permitted;
}

std::uint64_t ObserverHub::on_write(const CoreAccess& access) {
  std::uint64_t permitted = ~0ull;
  for (HardwareObserver* each : access_observers_) permitted &= each->on_write(access);
  return permitted;
}

void ObserverHub::on_stores_unseen(const Core& core, std::uint32_t address, StoreLog& log) {
  for (HardwareObserver* each : access_observers_) each->on_stores_unseen(core, address, log);
}

void ObserverHub::on_log_ends(StoreLog& log) {
  for (HardwareObserver* each : access_observers_) each->on_log_ends(log);
}

HardwareObserver::Permission ObserverHub::on_line_filled(Core& core, std::uint32_t address, StoreLog& log) {
  Permission permitted;
  for (HardwareObserver* each : access_observers_) {
    const Permission more = each->on_line_filled(core, address, log);
    permitted.reads &= more.reads;
    permitted.writes &= more.writes;
  }
  return permitted;
}

// ---- Everything else ----------------------------------------------------------------------------

void ObserverHub::on_fetch(Core& core, std::uint32_t address, std::span<const std::uint8_t> line, std::uint32_t first) {
  for (HardwareObserver* each : cache_observers_) each->on_fetch(core, address, line, first);
}
void ObserverHub::on_code_entered(Core& core, std::uint32_t address, std::span<const std::uint8_t> held) {
  for (HardwareObserver* each : cache_observers_) each->on_code_entered(core, address, held);
}
void ObserverHub::on_code_operation(Core& core, CacheOperation operation, std::uint32_t address) {
  for (HardwareObserver* each : cache_observers_) each->on_code_operation(core, operation, address);
}
void ObserverHub::on_cache_operation(Core& core, CacheOperation operation, std::uint32_t address, bool implied) {
  for (HardwareObserver* each : cache_observers_) each->on_cache_operation(core, operation, address, implied);
}
void ObserverHub::on_index_operation(Core& core, CacheOperation operation, std::uint32_t set, std::uint32_t way) {
  for (HardwareObserver* each : cache_observers_) each->on_index_operation(core, operation, set, way);
}
void ObserverHub::on_ignored_operation(Core& core, CacheOperation operation, std::uint32_t address) {
  for (HardwareObserver* each : cache_observers_) each->on_ignored_operation(core, operation, address);
}
void ObserverHub::on_device_read(Core& core, std::uint32_t address) {
  for (HardwareObserver* each : observers_) each->on_device_read(core, address);
}
void ObserverHub::on_device_write(Core& core, std::uint32_t address) {
  for (HardwareObserver* each : observers_) each->on_device_write(core, address);
}
void ObserverHub::on_core_start(Core& core) {
  for (HardwareObserver* each : observers_) each->on_core_start(core);
}
void ObserverHub::on_core_off(Core& core) {
  for (HardwareObserver* each : observers_) each->on_core_off(core);
}
void ObserverHub::on_master_start(AgentId agent, std::uint64_t object) {
  for (HardwareObserver* each : observers_) each->on_master_start(agent, object);
}
void ObserverHub::on_master_finish(AgentId agent, std::uint64_t object) {
  for (HardwareObserver* each : observers_) each->on_master_finish(agent, object);
}
void ObserverHub::on_master_read(const MasterAccess& access, std::uint32_t address,
                                 std::span<const std::uint8_t> seen) {
  for (HardwareObserver* each : observers_) each->on_master_read(access, address, seen);
}
void ObserverHub::on_master_write(const MasterAccess& access, std::uint32_t address,
                                  std::span<const std::uint8_t> value) {
  for (HardwareObserver* each : observers_) each->on_master_write(access, address, value);
}
void ObserverHub::on_master_refused(const MasterAccess& access, std::uint32_t address, const Refusal& why) {
  for (HardwareObserver* each : observers_) each->on_master_refused(access, address, why);
}
void ObserverHub::on_bank_off(std::uint32_t address, std::uint32_t bytes) {
  for (HardwareObserver* each : observers_) each->on_bank_off(address, bytes);
}
void ObserverHub::on_bank_on(std::uint32_t address, std::uint32_t bytes) {
  for (HardwareObserver* each : observers_) each->on_bank_on(address, bytes);
}

// ---- Calls --------------------------------------------------------------------------------------

void ObserverHub::on_call(Core& core, std::uint32_t function, bool nested) {
  for (CallObserver* each : call_observers_) each->on_call(core, function, nested);
  if (nested) return;
  for (CallIntervention* each : interventions_) each->before_call(core, function);
}

void ObserverHub::on_return(Core& core, std::uint32_t function, bool nested) {
  if (!nested)
    for (CallIntervention* each : interventions_) each->after_return(core, function);
  for (CallObserver* each : call_observers_) each->on_return(core, function, nested);
}

void ObserverHub::on_interruption(Core& core) {
  for (CallObserver* each : call_observers_) each->on_interruption(core);
}

void ObserverHub::on_abandoned(Core& core) {
  for (CallObserver* each : call_observers_) each->on_abandoned(core);
}

}  // namespace dspmem
