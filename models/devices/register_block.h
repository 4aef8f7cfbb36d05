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
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
    const auto offset = static_cast<std::uint32_t>(payload.get_address()), bytes = payload.get_data_length();
    const bool is_part = bytes == 1 || bytes == 2;
    if (!(bytes == 4 || (is_part && has_parts())) || offset % bytes) {
      refuse(payload, tlm::TLM_BURST_ERROR_RESPONSE, Refusal::Kind::bad_register_access,
             std::string(name()) + " registers take aligned 32-bit accesses only");
      return;
    }
    delay += access_;
    const std::uint64_t now = clock_.to_cycles(sc_core::sc_time_stamp() + delay);
    const std::uint32_t master = bus_access(payload).master, word = offset & ~3u;
    std::uint32_t value = 0;
    auto* const part = reinterpret_cast<unsigned char*>(&value) + offset % 4;
    bool known = true;
    if (payload.is_read() || is_part) known = read_register(word, value, now, master);
    if (payload.is_read()) {
      std::memcpy(payload.get_data_ptr(), part, bytes);
    } else {
      std::memcpy(part, payload.get_data_ptr(), bytes);
      known = known && write_register(word, value, now, master);
    }
    if (known) payload.set_response_status(tlm::TLM_OK_RESPONSE);
    else
      refuse(payload, tlm::TLM_ADDRESS_ERROR_RESPONSE, Refusal::Kind::bad_register_access,
             std::string(name()) + " has no register at offset " + std::to_string(offset));
  }

  sc_core::sc_time access_;
};

}  // namespace dspmem
