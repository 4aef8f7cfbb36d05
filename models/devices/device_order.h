// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "models/observe/observer.h"
#include "models/observe/origins.h"
#include "models/system_config.h"

namespace dspmem {

/// What accesses to device registers order: a write releases, and a read acquires, an object for each independent part
/// of a device.
class DeviceOrder {
 public:
  explicit DeviceOrder(const DeviceAddresses& devices) : devices_(devices) {}

  /// The object that an access to a device register synchronises on; 0 for registers that order nothing. Address:
  /// physical.
  std::uint64_t object_of(std::uint32_t address) const;
  /// Whether a write there by a core tells another core something: a message, not that one has been read, and no
  /// transfer of the core's own.
  bool tells(std::uint32_t core, std::uint32_t address) const;
  bool is_dma(std::uint32_t address) const { return devices_.dma && address - devices_.dma < device_bytes; }
  bool is_power(std::uint32_t address) const { return address - devices_.power < device_bytes; }

 private:
  DeviceAddresses devices_;
};

/// Keeps Origins of masters that devices drive: they do what the core was doing that started them.
class OriginTracker final : public HardwareObserver {
 public:
  OriginTracker(const DeviceOrder& order, Origins& origins) : order_(order), origins_(origins) {}
  void on_device_write(Core& core, std::uint32_t address) override;
  void on_master_start(AgentId agent, std::uint64_t object) override { origins_.begins(agent, object); }

 private:
  const DeviceOrder& order_;
  Origins& origins_;
};

}  // namespace dspmem
