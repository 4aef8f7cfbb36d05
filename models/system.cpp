// SPDX-License-Identifier: Apache-2.0
#include "models/system.h"

#include <new>
#include <stdexcept>

namespace dspmem {

SimulationContext::SimulationContext() : previous_(sc_core::sc_curr_simcontext) {
  sc_core::sc_curr_simcontext = new sc_core::sc_simcontext;
  sc_core::sc_default_global_context = sc_core::sc_curr_simcontext;
  // sc_stop() is how every run ends; nobody needs to be told.
  // Memories are called what users call them.
  sc_core::sc_report_handler::set_actions(sc_core::SC_ID_ILLEGAL_CHARACTERS_, sc_core::SC_DO_NOTHING);
  sc_core::sc_report_handler::set_actions("/OSCI/SystemC", sc_core::SC_INFO, sc_core::SC_DO_NOTHING);
}

SimulationContext::~SimulationContext() {
  delete sc_core::sc_curr_simcontext;
  sc_core::sc_curr_simcontext = previous_;
  sc_core::sc_default_global_context = previous_;
}

namespace {

/// Where the slaves answer: the memories first, then the devices in the order in which System binds them.
std::vector<AddressRange> address_ranges(const SystemConfig& config) {
  std::vector<AddressRange> ranges;
  for (const SramConfig& sram : config.srams) ranges.push_back({sram.physical_base, sram.size()});
  for (const std::uint32_t base : {config.devices.core_control, config.devices.idc, config.devices.power})
    ranges.push_back({base, device_bytes});
  for (const RegisterRange& each : config.registers) ranges.push_back({each.base, each.bytes});
  if (config.devices.dma) ranges.push_back({config.devices.dma, device_bytes});
  return ranges;
}

}  // namespace

System::System(const SystemConfig& config, CoreHost& host)
    : clock_{sc_core::sc_time(config.clock_period_ps, sc_core::SC_PS)}, map_(config.regions),
      keeper_(config.cores.size() + 1 + config.scripted_masters.size()),
      interconnect_("interconnect", static_cast<std::uint32_t>(config.cores.size()) + (config.devices.dma != 0),
                    address_ranges(config), config.bus_latency_cycles, clock_) {
  std::vector<DspCore*> cores;
  for (const CoreConfig& each : config.cores) {
    const std::string name = "core" + std::to_string(each.id);
    cores_.push_back(std::make_unique<DspCore>(name.c_str(), each, map_, clock_, config.limits, keeper_, host));
    cores_.back()->initiator_socket.bind(interconnect_.target_sockets[each.id]);
    cores.push_back(cores_.back().get());
  }
  std::vector<Sram*> switchable;
  for (const SramConfig& each : config.srams) {
    srams_.push_back(std::make_unique<Sram>(each.name.c_str(), each, clock_));
    interconnect_.initiator_sockets[srams_.size() - 1].bind(srams_.back()->target_socket);
    if (each.switchable) switchable.push_back(srams_.back().get());
  }
  if (config.direct_memory)
    for (DspCore* each : cores) each->connect_directly(srams_, config.bus_latency_cycles);
  core_control_ = std::make_unique<CoreControl>("core_control", cores, clock_);
  idc_ = std::make_unique<Idc>("idc", cores, clock_);
  power_ = std::make_unique<PowerController>("power_controller", config.power_registers, switchable, clock_);
  RegisterBlock* const devices[] = {core_control_.get(), idc_.get(), power_.get()};
  for (std::size_t index = 0; index < std::size(devices); ++index)
    interconnect_.initiator_sockets[srams_.size() + index].bind(devices[index]->target_socket);
  std::size_t socket = srams_.size() + std::size(devices);
  for (const RegisterRange& each : config.registers) {
    const std::string name = "registers" + std::to_string(foreign_registers_.size());
    foreign_registers_.push_back(std::make_unique<ForeignRegisters>(name.c_str(), each, clock_));
    interconnect_.initiator_sockets[socket++].bind(foreign_registers_.back()->target_socket);
  }
  const std::size_t slot = config.cores.size();
  for (const AgentId agent : config.scripted_masters) {
    const std::size_t index = scripted_masters_.size();
    scripted_masters_.push_back(std::make_unique<ScriptedMaster>(("scripted_master" + std::to_string(index)).c_str(),
                                                                 agent, slot + 1 + index, keeper_, clock_, host));
  }
  if (!config.devices.dma) return;
  dma_ = std::make_unique<Dma>("dma", static_cast<std::uint32_t>(slot), config.devices.dma, slot, keeper_, clock_);
  dma_->initiator_socket.bind(interconnect_.target_sockets[slot]);
  interconnect_.initiator_sockets[socket].bind(dma_->target_socket);
}

void System::observe(HardwareObserver& observer) {
  for (const auto& core : cores_) core->observe(&observer);
  power_->observe(&observer);
  if (dma_) dma_->observe(&observer);
}

bool System::run() {
  try {
    sc_core::sc_start();
  } catch (const sc_core::sc_report& report) {
    constexpr int no_stack = 518;  // SystemC has no memory for a thread
    if (report.get_id() == no_stack) throw std::bad_alloc();
    throw;
  }
  return sc_core::sc_get_status() != sc_core::SC_STOPPED;
}

void System::stop() {
  keeper_.end();
  sc_core::sc_stop();
}

void System::debug_access(tlm::tlm_command command, std::uint32_t address, std::uint8_t* data, std::size_t bytes) {
  const Region* region = map_.find(address);
  if (!region || region->kind == RegionKind::device) throw std::out_of_range("no memory at this address");
  tlm::tlm_generic_payload payload;
  payload.set_command(command);
  payload.set_address(region->to_physical(address));
  payload.set_data_ptr(data);
  payload.set_data_length(static_cast<unsigned>(bytes));
  if (cores_[0]->initiator_socket->transport_dbg(payload) != bytes) throw std::out_of_range("beyond the end of memory");
}

void System::load(std::uint32_t address, std::span<const std::uint8_t> bytes) {
  debug_access(tlm::TLM_WRITE_COMMAND, address, const_cast<std::uint8_t*>(bytes.data()), bytes.size());
}

void System::inspect(std::uint32_t address, std::span<std::uint8_t> bytes) {
  debug_access(tlm::TLM_READ_COMMAND, address, bytes.data(), bytes.size());
}

}  // namespace dspmem

/// SystemC's library has a main() that calls sc_main(). Programs with a main() of their own need neither; those with an
/// sc_main() replace this one.
extern "C" __attribute__((weak)) int sc_main(int, char**) { return 0; }
