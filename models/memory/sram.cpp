// SPDX-License-Identifier: Apache-2.0
#include "models/memory/sram.h"

#include <bit>
#include <cstring>

namespace dspmem {

Sram::Sram(sc_core::sc_module_name name, const SramConfig& config, const Clock& clock)
    : sc_module(name), target_socket("target_socket"), config_(config), clock_(clock), contents_(config.size()) {
  for (std::uint32_t index = 0; index < config_.banks; ++index)
    banks_.emplace_back(std::span(&contents_[std::size_t{index} * config_.bank_bytes], config_.bank_bytes));
  if (std::has_single_bit(config_.bank_bytes))
    bank_shift_ = static_cast<std::uint32_t>(std::countr_zero(config_.bank_bytes));
  line_beats_ = (SramBank::line_bytes + config_.beat_bytes - 1) / config_.beat_bytes;
  line_cycles_ = config_.latency_cycles + line_beats_ - 1;
  target_socket.register_b_transport(this, &Sram::b_transport);
  target_socket.register_transport_dbg(this, &Sram::transport_dbg);
}

void Sram::move(bool write, std::uint8_t* here, std::uint8_t* data, std::uint32_t bytes, BusAccess* access) {
  if (!write) {
    std::memcpy(data, here, bytes);
    return;
  }
  if (access && access->compare_and_swap) {
    std::uint32_t held;
    std::memcpy(&held, here, 4);
    if (held == access->expected) std::memcpy(here, data, 4);
    access->expected = held;
    return;
  }
  if (!access || !access->bytes || access->bytes->contains(ByteMask::range(0, bytes))) {
    std::memcpy(here, data, bytes);
    return;
  }
  for (std::uint32_t i = 0; i < bytes; ++i)
    if (access->bytes->test(i)) here[i] = data[i];
}

const char* state_of_bank(Refusal::Kind kind) {
  switch (kind) {
    case Refusal::Kind::bank_off: return "is powered off";
    case Refusal::Kind::bank_in_retention: return "is in retention";
    case Refusal::Kind::bank_not_usable_yet: return "was switched on but is not usable yet";
    case Refusal::Kind::bank_without_regulator: return "was switched on without its regulator";
    default: return "";
  }
}

Refusal Sram::why_refused(std::uint32_t offset, std::uint64_t now) const {
  const std::uint32_t index = bank_at(offset);
  const SramBank& bank = banks_[index];
  if (bank.usable(now)) return {};
  Refusal refusal;
  if (bank.on())
    refusal.kind = bank.usable_at() - now > config_.wake.usable_cycles + config_.retention_wake.usable_cycles
                       ? Refusal::Kind::bank_without_regulator
                       : Refusal::Kind::bank_not_usable_yet;
  else if (bank.state() == BankState::off) refusal.kind = Refusal::Kind::bank_off;
  else if (bank.usable_at() >= SramBank::never) refusal.kind = Refusal::Kind::bank_without_regulator;
  else if (!config_.retained_access_wakes) refusal.kind = Refusal::Kind::bank_in_retention;
  else return {};  // the access wakes it
  refusal.address = config_.physical_base + offset;
  refusal.bank_base = config_.physical_base + index * config_.bank_bytes;
  refusal.bank = bank_name(index);
  refusal.text = "SRAM bank " + refusal.bank + " " + state_of_bank(refusal.kind);
  return refusal;
}

std::uint32_t Sram::serve_any(bool write, std::uint32_t offset, std::uint8_t* data, std::uint32_t bytes,
                              BusAccess& access, std::uint64_t now) {
  const std::uint32_t index = bank_at(offset);
  SramBank& bank = banks_[index];
  std::uint64_t woken = 0;
  if (!bank.usable(now)) {
    access.refusal = why_refused(offset, now);
    if (access.refusal.kind != Refusal::Kind::none) return refused;
    bank.power_on(now, config_.retention_wake);
    woken = bank.usable_at() - now;
  }
  const auto waited = static_cast<std::uint32_t>(woken) + bank.occupy(now + woken, beats(bytes), access.master);
  bank.count(write, bytes);
  const std::uint32_t expected = access.expected;
  move(write, &contents_[offset], data, bytes, &access);
  const bool changed = write && (!access.compare_and_swap || access.expected == expected);
  if (changed && bank.polled()) bank.wrote(offset, bytes);
  return waited + access_cycles(bytes);
}

void Sram::b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  const std::uint64_t now = clock_.to_cycles(sc_core::sc_time_stamp() + delay);
  const std::uint32_t cycles = serve(payload.is_write(), static_cast<std::uint32_t>(payload.get_address()),
                                     payload.get_data_ptr(), payload.get_data_length(), bus_access(payload), now);
  if (cycles != refused) {
    delay += clock_.to_time(cycles);
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
  } else {
    payload.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
  }
}

unsigned Sram::transport_dbg(tlm::tlm_generic_payload& payload) {
  if (payload.get_address() + payload.get_data_length() > contents_.size()) return 0;
  const auto offset = static_cast<std::uint32_t>(payload.get_address());
  move(payload.is_write(), &contents_[offset], payload.get_data_ptr(), payload.get_data_length(),
       payload.get_extension<BusAccess>());
  if (payload.is_write()) bank_of(offset).wrote(offset, payload.get_data_length());
  return payload.get_data_length();
}

}  // namespace dspmem
