// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>
#include <vector>

#include "models/bus_access.h"

namespace dspmem {

/// Routes transactions of the masters by physical address, and adds the latency of the way. Arbitration happens where
/// masters meet: at the port of each SRAM bank.
class Interconnect : public sc_core::sc_module {
 public:
  sc_core::sc_vector<tlm_utils::simple_target_socket_tagged<Interconnect>> target_sockets;

  Interconnect(sc_core::sc_module_name name, std::uint32_t masters, std::uint32_t latency_cycles, const Clock& clock);

  /// Adds a slave at [base, base + size). The returned socket is to be bound to it. REQUIRES: before elaboration ends.
  tlm_utils::simple_initiator_socket<Interconnect>& add_target(const std::string& name, std::uint32_t base, std::uint32_t size);

 private:
  struct Target {
    std::uint32_t base;
    std::uint32_t size;
    std::unique_ptr<tlm_utils::simple_initiator_socket<Interconnect>> socket;
  };

  const Target* route(tlm::tlm_generic_payload& payload) const;
  void b_transport(int master, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned transport_dbg(int master, tlm::tlm_generic_payload& payload);

  sc_core::sc_time latency_;
  std::vector<Target> targets_;
};

}  // namespace dspmem
