// SPDX-License-Identifier: Apache-2.0
#include "models/power/power_controller.h"

namespace dspmem {

PowerController::PowerController(sc_core::sc_module_name name, std::vector<Sram*> srams, const Clock& clock)
    : RegisterBlock(name, 2, clock), srams_(std::move(srams)) {
  for (const Sram* sram : srams_) retention_.emplace_back((sram->config().banks + 31) / 32);
}

bool PowerController::locate(std::uint32_t offset, Place& place) {
  const std::uint32_t sram = offset / sram_stride, segment = offset % sram_stride / segment_stride;
  if (sram >= srams_.size() || segment >= retention_[sram].size()) return false;
  place = {srams_[sram], segment * 32, offset % segment_stride, &retention_[sram][segment]};
  return place.register_offset <= status;
}

bool PowerController::read_register(std::uint32_t offset, std::uint32_t& value, std::uint64_t now, std::uint32_t) {
  Place place;
  if (!locate(offset, place)) return false;
  if (place.register_offset == retention) {
    value = *place.retention;
    return true;
  }
  value = 0;
  for (std::uint32_t bit = 0; bit < 32; ++bit) {
    const std::uint32_t index = place.first_bank + bit;
    const bool exists = index < place.sram->config().banks;
    const bool up = exists && (place.register_offset == status ? place.sram->bank(index).usable(now) : place.sram->bank(index).on());
    if (!up) value |= 1u << bit;
  }
  return true;
}

bool PowerController::write_register(std::uint32_t offset, std::uint32_t value, std::uint64_t now, std::uint32_t) {
  Place place;
  if (!locate(offset, place) || place.register_offset == status) return false;
  if (place.register_offset == retention) {
    *place.retention = value;
    return true;
  }
  for (std::uint32_t bit = 0; bit < 32 && place.first_bank + bit < place.sram->config().banks; ++bit) {
    SramBank& bank = place.sram->bank(place.first_bank + bit);
    if (!(value >> bit & 1)) bank.power_on(now, place.sram->config().wake_cycles);
    else if (bank.on()) {
      bank.power_off();
      const SramConfig& config = place.sram->config();
      if (observer_) observer_->on_bank_off(config.physical_base + (place.first_bank + bit) * config.bank_bytes, config.bank_bytes);
    }
  }
  return true;
}

}  // namespace dspmem
