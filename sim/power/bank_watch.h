// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "models/observe/observer.h"
#include "models/observe/origins.h"
#include "models/system.h"
#include "sim/events/bus.h"

namespace dspmem {

/// Follows the SRAM banks: emits BankChanged, BankSwitchedOff with who did it, and AccessRefused of masters without a
/// cache.
class BankWatch final : public HardwareObserver, public BankListener {
 public:
  BankWatch(System& system, const DeviceAddresses& devices, const Origins& origins, const EventBus& bus);

  /// Who switched off the bank that begins at a physical address; kind none when nobody did.
  Operation power_off_of(std::uint32_t bank) const;
  /// A step of the scenario, which moves bytes without a bus, accesses memory: emits AccessRefused if a bus would
  /// refuse it.
  void check_scripted(const Operation& access, std::uint32_t address) const;

  void on_device_write(Core& core, std::uint32_t address) override;
  void on_bank_off(std::uint32_t address, std::uint32_t bytes) override;
  void on_master_refused(const MasterAccess& access, std::uint32_t address, const Refusal& why) override;
  void on_bank_state(std::uint32_t bank, BankState state, std::uint64_t cycle) override;

 private:
  struct Bank {
    std::string name;
    std::uint32_t base, bytes;
  };
  System& system_;
  std::uint32_t power_registers_;
  const Origins& origins_;
  const EventBus& bus_;
  std::vector<Bank> banks_;
  Operation last_power_write_;
  std::unordered_map<std::uint32_t, Operation> power_offs_;  ///< physical base of a bank -> what switched it off
};

}  // namespace dspmem
