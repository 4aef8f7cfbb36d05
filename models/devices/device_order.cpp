// SPDX-License-Identifier: Apache-2.0
#include "models/devices/device_order.h"

#include "models/core/core.h"
#include "models/devices/core_control.h"
#include "models/devices/dma.h"
#include "models/devices/idc.h"

namespace dspmem {

std::uint64_t DeviceOrder::object_of(std::uint32_t address) const {
  const auto part = [address](std::uint32_t bytes) { return address / bytes * bytes; };
  if (address - devices_.idc < device_bytes) return address;
  if (is_dma(address)) return part(Dma::channel_stride);
  if (address - devices_.core_control < device_bytes) return part(CoreControl::core_stride);
  return 0;
}

bool DeviceOrder::tells(std::uint32_t core, std::uint32_t address) const {
  if (address - devices_.idc < device_bytes)
    return (address - devices_.idc) % Idc::receiver_stride / Idc::sender_stride == core;
  return address - devices_.core_control < device_bytes;
}

void OriginTracker::on_device_write(Core& core, std::uint32_t address) {
  if (const std::uint64_t object = order_.object_of(address)) origins_.starts(static_cast<AgentId>(core.id()), object);
}

}  // namespace dspmem
