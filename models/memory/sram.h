// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_target_socket.h>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "models/bus_access.h"
#include "models/memory/sram_bank.h"
#include "models/memory/sram_config.h"

namespace dspmem {

/// One SRAM with its banks. Target of the interconnect; addresses are offsets into it.
class Sram : public sc_core::sc_module {
 public:
  tlm_utils::simple_target_socket<Sram> target_socket;

  Sram(sc_core::sc_module_name name, const SramConfig& config, const Clock& clock);

  const SramConfig& config() const { return config_; }
  SramBank& bank(std::uint32_t index) { return banks_[index]; }
  const SramBank& bank(std::uint32_t index) const { return banks_[index]; }
  /// Serves a transaction that arrives at `now`: what b_transport() does, for initiators that know the target, as with
  /// the standard's direct memory interface, though here ports and power count all the same. Returns the cycles it
  /// takes, or `refused`; the reason is in `access` then. REQUIRES: offset + bytes <= size.
  std::uint32_t serve(bool write, std::uint32_t offset, std::uint8_t* data, std::uint32_t bytes, BusAccess& access,
                      std::uint64_t now) {
    SramBank& bank = banks_[bank_at(offset)];
    if (bytes != SramBank::line_bytes || access.compare_and_swap || access.bytes || !bank.usable(now)) [[unlikely]]
      return serve_any(write, offset, data, bytes, access, now);
    const std::uint32_t waited = bank.occupy(now, line_beats_, access.master);
    bank.count_line(write);
    if (write && bank.polled()) [[unlikely]]
      bank.wrote(offset, bytes);
    std::uint8_t* const here = contents_.data() + offset;
    std::memcpy(write ? here : data, write ? data : here, SramBank::line_bytes);
    return waited + line_cycles_;
  }
  static constexpr std::uint32_t refused = ~0u;
  SramBank& bank_of(std::uint32_t offset) { return banks_[bank_at(offset)]; }
  /// Whether a poller would find `word` now.
  bool polls(std::uint32_t offset, std::uint32_t word, std::uint64_t now) const {
    return banks_[bank_at(offset)].usable(now) && std::memcmp(&contents_[offset], &word, sizeof word) == 0;
  }
  /// Cycles that the port, and the access in all, take for so many bytes when nobody else asks.
  std::uint32_t beats(std::uint32_t bytes) const { return (bytes + config_.beat_bytes - 1) / config_.beat_bytes; }
  std::uint32_t access_cycles(std::uint32_t bytes) const { return config_.latency_cycles + beats(bytes) - 1; }
  /// Why the bank that holds `offset` would refuse an access at `now`; kind none when it would not.
  Refusal why_refused(std::uint32_t offset, std::uint64_t now) const;
  std::string bank_name(std::uint32_t index) const { return config_.name + std::to_string(index); }

 private:
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned transport_dbg(tlm::tlm_generic_payload& payload);
  std::uint32_t bank_at(std::uint32_t offset) const {
    return bank_shift_ ? offset >> bank_shift_ : offset / config_.bank_bytes;
  }
  std::uint32_t serve_any(bool write, std::uint32_t offset, std::uint8_t* data, std::uint32_t bytes, BusAccess& access,
                          std::uint64_t now);
  void move(bool write, std::uint8_t* here, std::uint8_t* data, std::uint32_t bytes, BusAccess* access);

  SramConfig config_;
  std::uint32_t bank_shift_ = 0;  ///< bank_bytes as a power of two; 0 if it is none
  std::uint32_t line_beats_, line_cycles_;  ///< of what most accesses move: 64 bytes
  Clock clock_;
  std::vector<std::uint8_t> contents_;
  std::vector<SramBank> banks_;
};

}  // namespace dspmem
