// SPDX-License-Identifier: Apache-2.0
#include "models/memory/sram_bank.h"

#include <algorithm>

namespace dspmem {

void SramBank::listen(BankListener& listener, std::uint32_t number, std::uint64_t idle_threshold) {
  listener_ = &listener;
  number_ = number;
  idle_threshold_ = idle_threshold;
}

void SramBank::enter(BankState state, std::uint64_t now) {
  state_ = state;
  if (listener_) listener_->on_bank_state(number_, state, now);
  for (const StateListener& each : state_listeners_) each.listener->on_bank_state(each.number, state, now);
}

void SramBank::power_on(std::uint64_t now, const BankWake& wake) {
  if (on()) return;
  const bool rising = state_ == BankState::retention;
  enter(BankState::on, now);
  ready_at_ = std::max(now + wake.ready_cycles, rising ? ready_at_ : 0);
  usable_at_ = std::max(now + wake.usable_cycles, rising ? usable_at_ : 0);
}

void SramBank::starve(std::uint64_t now) {
  if (state_ != BankState::off && now < ready_at_) ready_at_ = usable_at_ = never;
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
