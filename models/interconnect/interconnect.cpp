// SPDX-License-Identifier: Apache-2.0
#include "models/interconnect/interconnect.h"

namespace dspmem {

Interconnect::Interconnect(sc_core::sc_module_name name, std::uint32_t masters, std::vector<AddressRange> ranges,
                           std::uint32_t latency_cycles, const Clock& clock)
    : sc_module(name), target_sockets("target_socket", masters), initiator_sockets("initiator_socket", ranges.size()),
      ranges_(std::move(ranges)), latency_(clock.to_time(latency_cycles)) {
  for (std::uint32_t master = 0; master < masters; ++master) {
    target_sockets[master].register_b_transport(this, &Interconnect::b_transport, static_cast<int>(master));
    target_sockets[master].register_transport_dbg(this, &Interconnect::transport_dbg, static_cast<int>(master));
  }
}

tlm_utils::simple_initiator_socket<Interconnect>* Interconnect::route(tlm::tlm_generic_payload& payload) {
  const auto address = static_cast<std::uint32_t>(payload.get_address());
  for (std::size_t index = 0; index < ranges_.size(); ++index)
    if (address - ranges_[index].base < ranges_[index].size) {
      payload.set_address(address - ranges_[index].base);
      return &initiator_sockets[index];
    }
  return nullptr;
}

void Interconnect::b_transport(int, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  if (auto* socket = route(payload)) {
    delay += latency_;
    (*socket)->b_transport(payload, delay);
  } else {
    refuse(payload, tlm::TLM_ADDRESS_ERROR_RESPONSE, Refusal::Kind::nothing_there, "no device answers at this address");
  }
}

unsigned Interconnect::transport_dbg(int, tlm::tlm_generic_payload& payload) {
  auto* socket = route(payload);
  return socket ? (*socket)->transport_dbg(payload) : 0;
}

}  // namespace dspmem
