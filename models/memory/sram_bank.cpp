// SPDX-License-Identifier: Apache-2.0
#include "models/memory/sram_bank.h"

#include <algorithm>

namespace dspmem {

void SramBank::listen(BankListener& listener, std::uint32_t number, std::uint64_t idle_threshold) {
  listener_ = &listener;
  number_ = number;
  idle_threshold_ = idle_threshold;
}

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
  if (now > last_access_) {
    if (now - last_access_ > idle_threshold_ && listener_) listener_->on_bank_idle(number_, last_access_, now);
    last_access_ = now;
  }
  return waited;
}

void SramBank::enter(BankState state, std::uint64_t now) {
  state_ = state;
  if (listener_) listener_->on_bank_state(number_, state, now);
}

void SramBank::power_on(std::uint64_t now, const BankWake& wake) {
  if (on()) return;
  enter(BankState::on, now);
  ready_at_ = now + wake.ready_cycles;
  usable_at_ = now + wake.usable_cycles;
}

void SramBank::power_off(std::uint64_t now) {
  if (state_ == BankState::off) return;
  enter(BankState::off, now);
  std::fill(contents_.begin(), contents_.end(), lost_contents_byte);
}

void SramBank::retain(std::uint64_t now) {
  if (on()) enter(BankState::retention, now);
}

}  // namespace dspmem
