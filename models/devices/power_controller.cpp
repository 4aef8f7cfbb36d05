// SPDX-License-Identifier: Apache-2.0
#include "models/devices/power_controller.h"

#include <algorithm>

namespace dspmem {
namespace {

constexpr std::uint32_t cavs_sram_stride = 0x100, cavs_segment_stride = 0x10, cavs_segment_banks = 32;
constexpr std::uint32_t ace_sram_stride = 0x400, ace_bank_stride = 8, ace_retention_bit = 1u << 8;
constexpr std::uint32_t regulator_offset = 0xf00, regulator_on = 1, regulator_settled = 2;

}  // namespace

PowerController::PowerController(sc_core::sc_module_name name, PowerRegisters registers, std::vector<Sram*> srams,
                                 const Clock& clock)
    : RegisterBlock(name, 2, clock), registers_(registers), srams_(std::move(srams)), regulators_(srams_.size()) {}

PowerController::Regulator* PowerController::regulator_at(std::uint32_t offset) {
  const std::uint32_t sram = (offset - regulator_offset) / 4;
  return offset >= regulator_offset && sram < srams_.size() && srams_[sram]->config().regulator ? &regulators_[sram]
                                                                                                : nullptr;
}

void PowerController::account(std::size_t sram, std::uint64_t now) {
  Regulator& regulator = regulators_[sram];
  if (now <= regulator.since) return;
  const std::uint64_t spent = now - regulator.since;
  regulator.since = now;
  if (!regulator.on) return;
  regulator.on_cycles += spent;
  bool used = false;
  for (std::uint32_t bank = 0; bank < srams_[sram]->config().banks; ++bank)
    used |= srams_[sram]->bank(bank).state() != BankState::off;
  if (!used) regulator.wasted += spent;
}

std::vector<PowerController::RegulatorTimes> PowerController::regulator_times(std::uint64_t now) {
  std::vector<RegulatorTimes> times;
  for (std::size_t sram = 0; sram < srams_.size(); ++sram) {
    if (!srams_[sram]->config().regulator) continue;
    account(sram, now);
    times.push_back({srams_[sram]->config().name, regulators_[sram].on_cycles, regulators_[sram].wasted});
  }
  return times;
}

std::optional<PowerController::Place> PowerController::locate(std::uint32_t offset) const {
  const std::uint32_t stride = registers_ == PowerRegisters::cavs ? cavs_sram_stride : ace_sram_stride;
  const std::uint32_t sram = offset / stride, inside = offset % stride;
  if (sram >= srams_.size()) return std::nullopt;
  if (registers_ == PowerRegisters::ace) {
    const std::uint32_t bank = inside / ace_bank_stride;
    if (bank >= srams_[sram]->config().banks) return std::nullopt;
    return Place{srams_[sram], bank, 1, inside % ace_bank_stride ? Field::status : Field::both};
  }
  const std::uint32_t first = inside / cavs_segment_stride * cavs_segment_banks,
                      field = inside % cavs_segment_stride / 4;
  if (first >= srams_[sram]->config().banks || field > 2) return std::nullopt;
  return Place{srams_[sram], first, cavs_segment_banks,
               field == 0   ? Field::control
               : field == 1 ? Field::retention
                            : Field::status};
}

std::uint32_t PowerController::bits(const Place& place, std::uint64_t now) const {
  std::uint32_t value = 0;
  for (std::uint32_t bit = 0; bit < place.banks; ++bit) {
    const std::uint32_t index = place.first_bank + bit;
    const bool exists = index < place.sram->config().banks;
    const SramBank* bank = exists ? &place.sram->bank(index) : nullptr;
    if (place.field == Field::both)
      return (bank->state() == BankState::off) | (bank->state() == BankState::retention ? ace_retention_bit : 0);
    if (place.field == Field::control && (!bank || bank->state() == BankState::off)) value |= 1u << bit;
    if (place.field == Field::retention && bank && bank->state() == BankState::retention) value |= 1u << bit;
    if (place.field == Field::status && (!bank || bank->state() == BankState::off || (bank->on() && !bank->ready(now))))
      value |= 1u << bit;
  }
  return value;
}

bool PowerController::read_register(std::uint32_t offset, std::uint32_t& value, std::uint64_t now,
                                    std::uint32_t master) {
  if (const Regulator* regulator = regulator_at(offset)) {
    value = regulator->on ? regulator_on | (now >= regulator->settled_at ? regulator_settled : 0) : 0;
    return true;
  }
  const auto place = locate(offset);
  if (!place) return false;
  value = bits(*place, now);
  if (place->field != Field::status) {
    polls_.erase(master);
    return true;
  }
  LastPoll& poll = polls_[master];
  if (poll.offset != offset || poll.value != value) poll = {offset, value, 0};
  ++poll.times;
  return true;
}

std::optional<PowerController::Poll> PowerController::last_poll(std::uint32_t master) const {
  const auto known = polls_.find(master);
  if (known == polls_.end()) return std::nullopt;
  Poll poll{known->second.offset, known->second.value, known->second.times, {}, {}};
  const Place place = *locate(poll.offset);
  for (std::uint32_t bit = 0; bit < place.banks; ++bit) {
    const std::uint32_t bank = place.first_bank + bit;
    if (bank >= place.sram->config().banks) poll.missing.push_back(place.sram->bank_name(bank));
    else if (place.sram->bank(bank).state() == BankState::off) poll.gated.push_back(place.sram->bank_name(bank));
  }
  return poll;
}

void PowerController::set_state(Sram& sram, std::uint32_t index, BankState state, std::uint64_t now) {
  SramBank& bank = sram.bank(index);
  const SramConfig& config = sram.config();
  if (state == bank.state()) return;
  const auto number = static_cast<std::size_t>(std::find(srams_.begin(), srams_.end(), &sram) - srams_.begin());
  account(number, now);
  if (state != BankState::off) {
    // A bank in retention that an access wakes can be used at any time.
    const bool usable = bank.state() == BankState::retention && config.retained_access_wakes;
    const bool fed = !config.regulator || (regulators_[number].on && now >= regulators_[number].settled_at);
    bank.power_on(now, bank.state() == BankState::retention ? config.retention_wake
                       : fed                                ? config.wake
                                                            : BankWake{SramBank::never, SramBank::never});
    if (state == BankState::retention) bank.retain(now);
    else if (observer_ && !usable)
      observer_->on_bank_on(config.physical_base + index * config.bank_bytes, config.bank_bytes);
    return;
  }
  bank.power_off(now);
  if (observer_) observer_->on_bank_off(config.physical_base + index * config.bank_bytes, config.bank_bytes);
}

bool PowerController::write_register(std::uint32_t offset, std::uint32_t value, std::uint64_t now,
                                     std::uint32_t master) {
  if (Regulator* regulator = regulator_at(offset)) {
    account(static_cast<std::size_t>(regulator - regulators_.data()), now);
    Sram& sram = *srams_[static_cast<std::size_t>(regulator - regulators_.data())];
    if ((value & regulator_on) && !regulator->on) regulator->settled_at = now + sram.config().regulator_settle_cycles;
    if (!(value & regulator_on) && regulator->on)
      for (std::uint32_t bank = 0; bank < sram.config().banks; ++bank) sram.bank(bank).starve(now);
    regulator->on = value & regulator_on;
    return true;
  }
  const auto place = locate(offset);
  if (!place || place->field == Field::status) return false;
  polls_.erase(master);
  for (std::uint32_t bit = 0; bit < place->banks && place->first_bank + bit < place->sram->config().banks; ++bit) {
    const BankState now_in = place->sram->bank(place->first_bank + bit).state();
    const bool set = value >> bit & 1;
    BankState wanted = now_in;
    switch (place->field) {
      case Field::control: wanted = set ? BankState::off : now_in == BankState::off ? BankState::on : now_in; break;
      case Field::retention:
        wanted = now_in == BankState::off ? now_in : set ? BankState::retention : BankState::on;
        break;
      default: wanted = value & 1 ? BankState::off : value & ace_retention_bit ? BankState::retention : BankState::on;
    }
    set_state(*place->sram, place->first_bank + bit, wanted, now);
  }
  return true;
}

}  // namespace dspmem
