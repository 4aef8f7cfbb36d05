// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <tlm>

#include "models/byte_mask.h"
#include "models/memory/refusal.h"

namespace dspmem {

/// Travels with every transaction: who makes it, and what the standard payload cannot say.
struct BusAccess : tlm::tlm_extension<BusAccess> {
  std::uint32_t master = 0;  ///< core number
  bool compare_and_swap = false;
  std::uint32_t expected = 0;  ///< compare-and-swap: value to find; afterwards the value found
  const ByteMask* bytes = nullptr;  ///< write: which bytes count; null for all
  Refusal refusal;  ///< why a target answered with an error

  tlm::tlm_extension_base* clone() const override { return new BusAccess(*this); }
  void copy_from(const tlm::tlm_extension_base& other) override { *this = static_cast<const BusAccess&>(other); }
};

inline BusAccess& bus_access(tlm::tlm_generic_payload& payload) { return *payload.get_extension<BusAccess>(); }

/// Answers a transaction with an error that the user will read.
inline void refuse(tlm::tlm_generic_payload& payload, tlm::tlm_response_status status, Refusal::Kind kind,
                   std::string why) {
  payload.set_response_status(status);
  if (auto* access = payload.get_extension<BusAccess>()) access->refusal = {kind, 0, "", std::move(why), 0};
}

/// Cycle counts inside, sc_time at the sockets.
struct Clock {
  sc_core::sc_time period{2500, sc_core::SC_PS};

  sc_core::sc_time to_time(std::uint64_t cycles) const { return sc_core::sc_time::from_value(cycles * period.value()); }
  std::uint64_t to_cycles(const sc_core::sc_time& time) const { return time.value() / period.value(); }
};

}  // namespace dspmem
