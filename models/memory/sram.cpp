// SPDX-License-Identifier: Apache-2.0
#include "models/memory/sram.h"

#include <cstring>

namespace dspmem {

Sram::Sram(sc_core::sc_module_name name, const SramConfig& config, const Clock& clock)
    : sc_module(name), target_socket("target_socket"), config_(config), clock_(clock), contents_(config.size()) {
  for (std::uint32_t index = 0; index < config_.banks; ++index)
    banks_.emplace_back(std::span(&contents_[std::size_t{index} * config_.bank_bytes], config_.bank_bytes));
  target_socket.register_b_transport(this, &Sram::b_transport);
  target_socket.register_transport_dbg(this, &Sram::transport_dbg);
}

void Sram::move(tlm::tlm_generic_payload& payload) {
  std::uint8_t* here = &contents_[payload.get_address()];
  std::uint8_t* data = payload.get_data_ptr();
  const std::size_t length = payload.get_data_length();
  if (payload.is_read()) {
    std::memcpy(data, here, length);
    return;
  }
  auto* access = payload.get_extension<BusAccess>();
  if (access && access->compare_and_swap) {
    std::uint32_t held;
    std::memcpy(&held, here, 4);
    if (held == access->expected) std::memcpy(here, data, 4);
    access->expected = held;
    return;
  }
  if (!access || !access->bytes) {
    std::memcpy(here, data, length);
    return;
  }
  for (std::size_t i = 0; i < length; ++i)
    if (access->bytes->test(i)) here[i] = data[i];
}

const char* Sram::refusal(SramBank& bank, std::uint64_t now, std::uint64_t& wait) const {
  if (bank.usable(now)) return nullptr;
  if (bank.on()) return bank.usable_at() - now > config_.wake.usable_cycles + config_.retention_wake.usable_cycles ? " was switched on without its regulator" : " was switched on but is not usable yet";
  if (bank.state() == BankState::off) return " is powered off";
  if (!config_.retained_access_wakes) return " is in retention";
  bank.power_on(now, config_.retention_wake);
  wait = bank.usable_at() - now;
  return nullptr;
}

void Sram::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  const auto index = static_cast<std::uint32_t>(payload.get_address() / config_.bank_bytes);
  SramBank& bank = banks_[index];
  const std::uint64_t now = clock_.to_cycles(sc_core::sc_time_stamp() + delay);
  std::uint64_t woken = 0;
  if (const char* why = refusal(bank, now, woken)) {
    refuse(payload, tlm::TLM_GENERIC_ERROR_RESPONSE, "SRAM bank " + bank_name(index) + why);
    return;
  }
  const auto beats = static_cast<std::uint32_t>((payload.get_data_length() + config_.beat_bytes - 1) / config_.beat_bytes);
  const std::uint64_t waited = woken + bank.occupy(now + woken, beats, bus_access(payload).master);
  bank.count(payload.is_write(), payload.get_data_length());
  delay += clock_.to_time(waited + config_.latency_cycles + beats - 1);
  move(payload);
  payload.set_response_status(tlm::TLM_OK_RESPONSE);
}

unsigned Sram::transport_dbg(tlm::tlm_generic_payload& payload) {
  if (payload.get_address() + payload.get_data_length() > contents_.size()) return 0;
  move(payload);
  return payload.get_data_length();
}

}  // namespace dspmem
