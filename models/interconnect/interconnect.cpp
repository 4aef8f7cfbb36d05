// SPDX-License-Identifier: Apache-2.0
#include "models/interconnect/interconnect.h"

#include <memory>

namespace dspmem {

Interconnect::Interconnect(sc_core::sc_module_name name, std::uint32_t masters, std::uint32_t latency_cycles, const Clock& clock)
    : sc_module(name), target_sockets("target_socket", masters), latency_(clock.to_time(latency_cycles)) {
  for (std::uint32_t master = 0; master < masters; ++master) {
    target_sockets[master].register_b_transport(this, &Interconnect::b_transport, static_cast<int>(master));
    target_sockets[master].register_transport_dbg(this, &Interconnect::transport_dbg, static_cast<int>(master));
  }
}

tlm_utils::simple_initiator_socket<Interconnect>& Interconnect::add_target(const std::string& name, std::uint32_t base,
                                                                           std::uint32_t size) {
  targets_.push_back({base, size, std::make_unique<tlm_utils::simple_initiator_socket<Interconnect>>(("to_" + name).c_str())});
  return *targets_.back().socket;
}

const Interconnect::Target* Interconnect::route(tlm::tlm_generic_payload& payload) const {
  const auto address = static_cast<std::uint32_t>(payload.get_address());
  for (const Target& target : targets_)
    if (address - target.base < target.size) {
      payload.set_address(address - target.base);
      return &target;
    }
  return nullptr;
}

void Interconnect::b_transport(int, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  if (const Target* target = route(payload)) {
    delay += latency_;
    (*target->socket)->b_transport(payload, delay);
  } else {
    refuse(payload, tlm::TLM_ADDRESS_ERROR_RESPONSE, "no device answers at this address");
  }
}

unsigned Interconnect::transport_dbg(int, tlm::tlm_generic_payload& payload) {
  const Target* target = route(payload);
  return target ? (*target->socket)->transport_dbg(payload) : 0;
}

}  // namespace dspmem
