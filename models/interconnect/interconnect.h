// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>
#include <cstdint>
#include <vector>

#include "models/bus_access.h"

namespace dspmem {

/// Where a slave answers.
struct AddressRange {
  std::uint32_t base = 0;
  std::uint32_t size = 0;
};

/// Routes transactions of the masters by physical address, and adds the latency of the way. Arbitration happens where
/// masters meet: at the port of each SRAM bank.
class Interconnect : public sc_core::sc_module {
 public:
  sc_core::sc_vector<tlm_utils::simple_target_socket_tagged<Interconnect>> target_sockets;  ///< one a master
  sc_core::sc_vector<tlm_utils::simple_initiator_socket<Interconnect>>
      initiator_sockets;  ///< one a range, in their order

  Interconnect(sc_core::sc_module_name name, std::uint32_t masters, std::vector<AddressRange> ranges,
               std::uint32_t latency_cycles, const Clock& clock);

 private:
  /// The socket that serves the payload's address, which becomes an offset; null when none does.
  tlm_utils::simple_initiator_socket<Interconnect>* route(tlm::tlm_generic_payload& payload);
  void b_transport(int master, tlm::tlm_generic_payload& payload, sc_core::sc_time& delay);
  unsigned transport_dbg(int master, tlm::tlm_generic_payload& payload);

  std::vector<AddressRange> ranges_;
  sc_core::sc_time latency_;
};

}  // namespace dspmem
