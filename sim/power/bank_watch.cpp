// SPDX-License-Identifier: Apache-2.0
#include "sim/power/bank_watch.h"

namespace dspmem {

BankWatch::BankWatch(System& system, const DeviceAddresses& devices, const Origins& origins, const EventBus& bus)
    : system_(system), power_registers_(devices.power), origins_(origins), bus_(bus) {
  for (const auto& sram : system.srams())
    for (std::uint32_t index = 0; index < sram->config().banks; ++index) {
      sram->bank(index).watch_state(*this, static_cast<std::uint32_t>(banks_.size()));
      banks_.push_back({sram->bank_name(index), sram->config().physical_base + index * sram->config().bank_bytes,
                        sram->config().bank_bytes});
    }
}

Operation BankWatch::power_off_of(std::uint32_t bank) const {
  const auto known = power_offs_.find(bank);
  return known == power_offs_.end() ? Operation{} : known->second;
}

void BankWatch::check_scripted(const Operation& access, std::uint32_t address) const {
  for (const auto& sram : system_.srams()) {
    if (address - sram->config().physical_base >= sram->config().size()) continue;
    const Refusal why = sram->why_refused(address - sram->config().physical_base, access.cycle);
    if (why.kind != Refusal::Kind::none) bus_.emit(AccessRefused{access, address, why});
  }
}

void BankWatch::on_device_write(Core& core, std::uint32_t address) {
  if (address - power_registers_ >= device_bytes) return;
  const auto agent = static_cast<AgentId>(core.id());
  last_power_write_ = {Operation::Kind::power_off,
                       agent,
                       View::uncached,
                       {core.current_pc(), core.return_address(), origins_.of(agent)},
                       core.now()};
}

void BankWatch::on_bank_off(std::uint32_t address, std::uint32_t bytes) {
  power_offs_[address] = last_power_write_;
  bus_.emit(BankSwitchedOff{address, bytes, last_power_write_});
}

void BankWatch::on_master_refused(const MasterAccess& access, std::uint32_t address, const Refusal& why) {
  if (!why.of_bank()) return;
  bus_.emit(AccessRefused{{access.writes ? Operation::Kind::write : Operation::Kind::read,
                           access.agent,
                           View::direct,
                           {0, 0, origins_.of(access.agent)},
                           access.cycle},
                          address,
                          why});
}

void BankWatch::on_bank_state(std::uint32_t bank, BankState state, std::uint64_t cycle) {
  bus_.emit(BankChanged{banks_[bank].name, banks_[bank].base, banks_[bank].bytes, state, cycle});
}

}  // namespace dspmem
