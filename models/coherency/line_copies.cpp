// SPDX-License-Identifier: Apache-2.0
#include "models/coherency/line_copies.h"

namespace dspmem {

void LineCopies::renew_shared(const ByteMask& bytes) {
  shared->lost -= bytes;
  if ((shared->threatened & bytes).none()) return;
  shared->threatened -= bytes;
  shared->reported -= bytes;
  std::erase_if(shared->threats, [&bytes](Threat& threat) { return (threat.bytes -= bytes).none(); });
}

void LineCopies::forget_shared(const ByteMask& bytes) {
  for (Copy& copy : shared->copies) copy.open -= bytes;
  renew_shared(bytes);
}

void LineCopies::threaten(const Threat& threat) {
  Threat fresh = threat;
  fresh.bytes -= shared->threatened;  // of several windows the first one is reported
  if (fresh.bytes.none()) return;
  shared->threatened |= fresh.bytes;
  shared->threats.push_back(fresh);
}

}  // namespace dspmem
