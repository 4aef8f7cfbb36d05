// SPDX-License-Identifier: Apache-2.0
#include "models/power/energy_meter.h"

#include <algorithm>

namespace dspmem {

EnergyMeter::EnergyMeter(const std::vector<std::unique_ptr<Sram>>& srams, const std::vector<BankFigures>& figures) {
  for (std::size_t memory = 0; memory < srams.size(); ++memory) {
    const SramConfig& config = srams[memory]->config();
    if (!config.switchable) continue;
    for (std::uint32_t index = 0; index < config.banks; ++index) {
      const auto number = static_cast<std::uint32_t>(banks_.size());
      banks_.push_back({figures[memory], config.bank_bytes, static_cast<std::uint32_t>(memory),
                        static_cast<std::uint32_t>(config.wake.usable_cycles),
                        static_cast<std::uint32_t>(config.retention_wake.usable_cycles)});
      names_.push_back(srams[memory]->bank_name(index));
      places_.push_back({config.physical_base + index * config.bank_bytes, &srams[memory]->bank(index)});
      srams[memory]->bank(index).listen(*this, number, figures[memory].retention_break_even());
    }
  }
  live_.resize(banks_.size());
  for (const PowerPolicyKind& kind : power_policies()) {
    policies_.push_back(kind.make(banks_));
    if (policies_.back()->watches_idle_banks()) idle_watchers_.push_back(policies_.back().get());
  }
  for (std::uint32_t bank = 0; bank < banks_.size(); ++bank)
    for (const auto& policy : policies_) policy->on_live(bank, 0, 0, 0);
}

std::optional<std::uint32_t> EnergyMeter::bank_of(std::uint32_t address) const {
  if (looked_up_ < places_.size() && address - places_[looked_up_].base < banks_[looked_up_].bytes) return looked_up_;
  const auto next = std::upper_bound(places_.begin(), places_.end(), address,
                                     [](std::uint32_t wanted, const Place& place) { return wanted < place.base; });
  if (next == places_.begin()) return std::nullopt;
  const auto index = static_cast<std::uint32_t>(next - places_.begin() - 1);
  if (address - places_[index].base >= banks_[index].bytes) return std::nullopt;
  return looked_up_ = index;
}

void EnergyMeter::set_live(std::uint32_t bank, std::uint64_t bytes) {
  total_ = total_ - live_[bank] + bytes;
  const bool same = (live_[bank] == 0) == (bytes == 0);
  live_[bank] = bytes;
  if (same) return;
  for (const auto& policy : policies_) policy->on_live(bank, bytes, now_, places_[bank].bank->last_access());
}

void EnergyMeter::change(std::uint32_t address, std::uint32_t bytes, bool added, std::uint64_t cycle) {
  advance(cycle);
  for (std::uint32_t done = 0; done < bytes;) {
    const auto bank = bank_of(address + done);
    if (!bank) return;
    const std::uint32_t here = std::min(bytes - done, places_[*bank].base + banks_[*bank].bytes - (address + done));
    // What was lost with its bank's power is not needed any more, whatever the allocator thinks; nor is what is given
    // out in a bank that is off.
    if (added && places_[*bank].bank->state() == BankState::off) {
      done += here;
      continue;
    }
    if (added) set_live(*bank, live_[*bank] + here);
    else set_live(*bank, live_[*bank] - std::min<std::uint64_t>(live_[*bank], here));
    done += here;
  }
  for (const auto& policy : policies_) policy->on_total(total_, now_);
}

void EnergyMeter::on_bank_state(std::uint32_t bank, BankState state, std::uint64_t cycle) {
  advance(cycle);
  for (const auto& policy : policies_) policy->on_state(bank, state, now_);
  if (state != BankState::off || !live_[bank]) return;
  set_live(bank, 0);
  for (const auto& policy : policies_) policy->on_total(total_, now_);
}

void EnergyMeter::on_bank_idle(std::uint32_t bank, std::uint64_t from, std::uint64_t to) {
  advance(to);
  for (PowerPolicy* policy : idle_watchers_) policy->on_idle(bank, from, now_);
}

const PowerPolicy* EnergyMeter::policy(PolicyRole role) const {
  const auto kinds = power_policies();
  for (std::size_t index = 0; index < kinds.size(); ++index)
    if (kinds[index].role == role) return policies_[index].get();
  return nullptr;
}

void EnergyMeter::finish(std::uint64_t cycle) {
  advance(cycle);
  std::vector<std::uint64_t> last_access;
  for (const Place& place : places_) last_access.push_back(place.bank->last_access());
  for (const auto& policy : policies_) policy->finish(now_, last_access);
}

std::vector<Energy> EnergyMeter::access_energies() const {
  std::vector<Energy> energies;
  for (std::size_t bank = 0; bank < banks_.size(); ++bank)
    energies.push_back(access_energy(places_[bank].bank->statistics(), banks_[bank].figures));
  return energies;
}

}  // namespace dspmem
