// SPDX-License-Identifier: Apache-2.0
#include "models/memory/sram_bank.h"

#include <utility>

namespace dspmem {

void SramBank::listen(BankListener& listener, std::uint32_t number, std::uint64_t idle_threshold) {
  listener_ = &listener;
  number_ = number;
  idle_threshold_ = idle_threshold;
}

std::uint64_t SramBank::serve_before_last(std::uint64_t now, std::uint32_t busy_cycles, std::uint32_t master) {
  const std::uint64_t begin = std::max(now, gap_begin_);
  if (begin + busy_cycles <= gap_end_) {
    gap_begin_ = begin + busy_cycles;
    return begin;
  }
  const std::uint64_t free_at = std::exchange(busy_until_, busy_until_ + busy_cycles);
  return master == last_master_ ? begin : free_at;
}

void SramBank::catch_up() {
  while (!pollers_.empty()) {
    Poller& first = **std::min_element(pollers_.begin(), pollers_.end(), [](const Poller* a, const Poller* b) {
      return a->next_ != b->next_ ? a->next_ < b->next_ : a->master_ < b->master_;
    });
    if (!turn_->after(first.next_ - first.delay_, first.master_)) return;
    const std::uint32_t waited = take_port(first.next_, poller_beats_, first.master_);
    count(true, first.bytes_);
    first.next_ += waited + first.period_;
    ++first.made_;
  }
}

void SramBank::wrote(std::uint32_t offset, std::uint32_t bytes) {
  const auto near = [&](const Poller* each) {
    return each->offset_ / line_bytes >= offset / line_bytes &&
           each->offset_ / line_bytes <= (offset + bytes - 1) / line_bytes;
  };
  for (auto each = std::find_if(pollers_.begin(), pollers_.end(), near); each != pollers_.end();
       each = std::find_if(pollers_.begin(), pollers_.end(), near)) {
    Poller& poller = **each;
    pollers_.erase(each);
    poller.woken();
  }
}

void SramBank::enter(BankState state, std::uint64_t now) {
  catch_up();
  for (Poller* const each : std::exchange(pollers_, {})) each->woken();
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
