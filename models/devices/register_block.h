// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_target_socket.h>
#include <cstdint>
#include <cstring>
#include <string>

#include "models/bus_access.h"

namespace dspmem {

/// A device with 32-bit registers. Derive, and say what reading and writing each offset does.
class RegisterBlock : public sc_core::sc_module {
 public:
  tlm_utils::simple_target_socket<RegisterBlock> target_socket;

  RegisterBlock(sc_core::sc_module_name name, std::uint32_t access_cycles, const Clock& clock)
      : sc_module(name), target_socket("target_socket"), clock_(clock), access_(clock.to_time(access_cycles)) {
    target_socket.register_b_transport(this, &RegisterBlock::b_transport);
  }

 protected:
  /// `now` is the cycle of the access, `master` the core that makes it. Returning false answers with a bus error.
  virtual bool read_register(std::uint32_t offset, std::uint32_t& value, std::uint64_t now, std::uint32_t master) = 0;
  virtual bool write_register(std::uint32_t offset, std::uint32_t value, std::uint64_t now, std::uint32_t master) = 0;

  /// Whether its registers can be accessed by bytes and half words too: a part of the word that is read, or written
  /// with the rest as it is.
  virtual bool has_parts() const { return false; }

  Clock clock_;

 private:
  void access_part(tlm::tlm_generic_payload& payload, std::uint32_t offset, sc_core::sc_time& delay) {
    const std::uint32_t word = offset & ~3u, master = bus_access(payload).master;
    delay += access_;
    const std::uint64_t now = clock_.to_cycles(sc_core::sc_time_stamp() + delay);
    std::uint32_t value = 0;
    read_register(word, value, now, master);
    auto* const part = reinterpret_cast<unsigned char*>(&value) + (offset & 3);
    if (payload.is_read()) {
      std::memcpy(payload.get_data_ptr(), part, payload.get_data_length());
    } else {
      std::memcpy(part, payload.get_data_ptr(), payload.get_data_length());
      write_register(word, value, now, master);
    }
    payload.set_response_status(tlm::TLM_OK_RESPONSE);
  }

  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    const auto offset = static_cast<std::uint32_t>(payload.get_address());
    if (has_parts() && payload.get_data_length() < 4 && offset % payload.get_data_length() == 0) {
      access_part(payload, offset, delay);
      return;
    }
    if (payload.get_data_length() != 4 || offset % 4) {
      refuse(payload, tlm::TLM_BURST_ERROR_RESPONSE, Refusal::Kind::bad_register_access,
             std::string(name()) + " registers take aligned 32-bit accesses only");
      return;
    }
    delay += access_;
    const std::uint64_t now = clock_.to_cycles(sc_core::sc_time_stamp() + delay);
    const std::uint32_t master = bus_access(payload).master;
    std::uint32_t value = 0;
    bool known;
    if (payload.is_read()) {
      known = read_register(offset, value, now, master);
      std::memcpy(payload.get_data_ptr(), &value, 4);
    } else {
      std::memcpy(&value, payload.get_data_ptr(), 4);
      known = write_register(offset, value, now, master);
    }
    if (known) payload.set_response_status(tlm::TLM_OK_RESPONSE);
    else
      refuse(payload, tlm::TLM_ADDRESS_ERROR_RESPONSE, Refusal::Kind::bad_register_access,
             std::string(name()) + " has no register at offset " + std::to_string(offset));
  }

  sc_core::sc_time access_;
};

}  // namespace dspmem
