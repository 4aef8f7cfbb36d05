// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "models/core/dsp_core.h"
#include "models/devices/core_control.h"
#include "models/devices/dma.h"
#include "models/devices/foreign_registers.h"
#include "models/devices/idc.h"
#include "models/devices/power_controller.h"
#include "models/devices/scripted_master.h"
#include "models/interconnect/interconnect.h"
#include "models/memory/sram.h"
#include "models/system_config.h"

namespace dspmem {

/// A fresh SystemC kernel for as long as it lives, so that one process can simulate several systems in turn. Create it
/// before the first module and destroy it after the last.
class SimulationContext {
 public:
  SimulationContext();
  ~SimulationContext();
  SimulationContext(const SimulationContext&) = delete;
  SimulationContext& operator=(const SimulationContext&) = delete;

 private:
  sc_core::sc_simcontext* previous_;
};

/// All modules of a platform, connected.
class System {
 public:
  /// Throws std::invalid_argument when the configuration cannot be built.
  System(const SystemConfig& config, CoreHost& host);

  /// Runs until somebody calls stop() or nothing can happen any more. Returns true in the second case.
  bool run();
  /// From within a process: the run ends, and no other process goes on.
  void stop();

  std::size_t core_count() const { return cores_.size(); }
  DspCore& core(std::size_t index) { return *cores_[index]; }
  std::vector<std::unique_ptr<Sram>>& srams() { return srams_; }
  const AddressMap& map() const { return map_; }
  PowerController& power() { return *power_; }
  /// In the order of the configuration.
  const std::vector<std::unique_ptr<ScriptedMaster>>& scripted_masters() const { return scripted_masters_; }
  void remove_region(const std::string& name) { map_.remove(name); }
  const std::vector<std::unique_ptr<ForeignRegisters>>& foreign_registers() const { return foreign_registers_; }

  /// Shows an observer everything that happens from now on. REQUIRES: it outlives the system.
  void observe(HardwareObserver& observer);

  // Memory as it is below the caches, without time. Throw std::out_of_range where there is none.
  void load(std::uint32_t address, std::span<const std::uint8_t> bytes);
  void inspect(std::uint32_t address, std::span<std::uint8_t> bytes);

 private:
  void debug_access(tlm::tlm_command command, std::uint32_t address, std::uint8_t* data, std::size_t bytes);

  Clock clock_;
  AddressMap map_;
  TimeKeeper keeper_;
  Interconnect interconnect_;
  std::vector<std::unique_ptr<DspCore>> cores_;
  std::vector<std::unique_ptr<Sram>> srams_;
  std::unique_ptr<CoreControl> core_control_;
  std::unique_ptr<Idc> idc_;
  std::unique_ptr<PowerController> power_;
  std::unique_ptr<Dma> dma_;
  std::vector<std::unique_ptr<ForeignRegisters>> foreign_registers_;
  std::vector<std::unique_ptr<ScriptedMaster>> scripted_masters_;
};

}  // namespace dspmem
