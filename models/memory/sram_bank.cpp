// SPDX-License-Identifier: Apache-2.0
#include "models/memory/sram_bank.h"

#include <algorithm>

namespace dspmem {

std::uint32_t SramBank::occupy(std::uint64_t now, std::uint32_t busy_cycles, std::uint32_t master) {
  ++statistics_.accesses;
  std::uint32_t waited = 0;
  if (master != last_master_ && now >= busy_from_ && now < busy_until_) {
    waited = static_cast<std::uint32_t>(busy_until_ - now);
    ++statistics_.conflicts;
    statistics_.conflict_cycles += waited;
  }
  last_master_ = master;
  busy_from_ = now + waited;
  busy_until_ = busy_from_ + busy_cycles;
  return waited;
}

void SramBank::power_on(std::uint64_t now, std::uint32_t wake_cycles) {
  if (on_) return;
  on_ = true;
  usable_at_ = now + wake_cycles;
}

void SramBank::power_off() {
  on_ = false;
  std::fill(contents_.begin(), contents_.end(), lost_contents_byte);
}

}  // namespace dspmem
