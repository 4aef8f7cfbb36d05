// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "models/core/core_config.h"
#include "models/memory/address_map.h"
#include "models/memory/sram_config.h"
#include "models/observe/operation.h"

namespace dspmem {

/// Physical addresses of the devices, each 4 KiB.
struct DeviceAddresses {
  std::uint32_t core_control = 0;
  std::uint32_t idc = 0;
  std::uint32_t power = 0;
  std::uint32_t dma = 0;  ///< 0: there is none
};
inline constexpr std::uint32_t device_bytes = 0x1000;

/// Addresses of registers whose hardware is not modelled.
struct RegisterRange {
  enum class Answer {
    constant,  ///< reads return `value`; writes do nothing
    remember,  ///< reads return what was written last, `value` before
    poll,  ///< the same, and a register that is read again and again returns its complement each time: a loop that
           ///< waits for a bit goes on
  };
  std::uint32_t base = 0, bytes = 0;
  Answer answer = Answer::remember;
  std::uint32_t value = 0;
};

/// How the bank power registers are laid out.
enum class PowerRegisters { cavs, ace };

/// The hardware of a platform, resolved: every number is set.
struct SystemConfig {
  std::uint32_t clock_period_ps = 2500;
  bool direct_memory = true;  ///< cores reach SRAM past the interconnect's sockets: same timing, less host time
  std::uint32_t bus_latency_cycles = 2;
  CoreLimits limits;
  std::vector<CoreConfig> cores;
  std::vector<Region> regions;
  std::vector<SramConfig> srams;
  DeviceAddresses devices;
  std::vector<RegisterRange> registers;
  PowerRegisters power_registers = PowerRegisters::cavs;
  std::vector<AgentId> scripted_masters = {};  ///< masters whose programs the host of the simulation supplies
};

}  // namespace dspmem
