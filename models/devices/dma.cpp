// SPDX-License-Identifier: Apache-2.0
#include "models/devices/dma.h"

#include <algorithm>
#include <cstring>

namespace dspmem {

Dma::Dma(sc_core::sc_module_name name, std::uint32_t first_agent, std::uint32_t base, std::size_t time_slot,
         TimeKeeper& keeper, const Clock& clock)
    : RegisterBlock(name, 2, clock), initiator_socket("initiator_socket"), first_agent_(first_agent), base_(base),
      time_slot_(time_slot), keeper_(keeper) {
  payload_.set_extension(&access_);
  payload_.set_byte_enable_ptr(nullptr);
  SC_HAS_PROCESS(Dma);
  SC_THREAD(process);
}

Dma::~Dma() {
  payload_.clear_extension(&access_);  // the payload would delete it
}

bool Dma::read_register(std::uint32_t offset, std::uint32_t& value, std::uint64_t, std::uint32_t) {
  const std::uint32_t number = offset / channel_stride, field = offset % channel_stride;
  if (number >= channels || field > list) return false;
  if (field == status) value = channels_[number].status;
  else if (field == control) value = channels_[number].status & busy;
  else if (field == list) value = channels_[number].list;
  else value = channels_[number].settings[field / 4];
  return true;
}

bool Dma::write_register(std::uint32_t offset, std::uint32_t value, std::uint64_t now, std::uint32_t) {
  const std::uint32_t number = offset / channel_stride, field = offset % channel_stride;
  if (number >= channels || field > list || field == status) return false;
  Channel& channel = channels_[number];
  if (field == list) {
    channel.list = value;
    return true;
  }
  if (field != control) {
    channel.settings[field / 4] = value;
    return true;
  }
  if (!(value & 3) || channel.status & busy) return true;
  channel.next = value & 2 ? channel.list : 0;
  channel.descriptors = 0;
  if (value & 2) channel.settings[bytes / 4] = 0;
  channel.status = busy;
  channel.done = 0;
  channel.announced = false;
  cycle_ = std::max(cycle_, now);
  keeper_.set_running(time_slot_, cycle_);
  start_.notify(sc_core::SC_ZERO_TIME);
  return true;
}

void Dma::process() {
  for (;;) {
    const auto working =
        std::find_if(channels_.begin(), channels_.end(), [](const Channel& channel) { return channel.status & busy; });
    if (working == channels_.end()) {
      keeper_.set_idle(time_slot_);
      keeper_.pass_on();
      wait(start_);
      continue;
    }
    step(static_cast<std::uint32_t>(working - channels_.begin()));
  }
}

void Dma::step(std::uint32_t number) {
  Channel& channel = channels_[number];
  const auto agent = static_cast<std::uint8_t>(first_agent_ + number);
  if (observer_ && !channel.announced) observer_->on_master_start(agent, object_of(number));
  channel.announced = true;
  access_.master = agent;
  if (channel.done == channel.settings[bytes / 4] && channel.next && !fetch_descriptor(channel, agent))
    return finish(number, false);
  std::array<std::uint8_t, 4096> buffer;
  const std::uint32_t burst =
      channel.settings[chunk / 4] ? std::min<std::uint32_t>(channel.settings[chunk / 4], 4096) : 64;
  const std::uint32_t count = std::min(burst, channel.settings[bytes / 4] - channel.done);
  const std::span<std::uint8_t> data(buffer.data(), count);
  const std::uint32_t from = channel.settings[source / 4] + channel.done,
                      to = channel.settings[destination / 4] + channel.done;
  bool moved = count != 0 && transact(tlm::TLM_READ_COMMAND, from, data);
  if (moved && observer_) observer_->on_master_read({agent, cycle_}, from, data);
  if (moved && observer_) observer_->on_master_write({agent, cycle_}, to, data);
  moved = moved && transact(tlm::TLM_WRITE_COMMAND, to, data);
  channel.done += count;
  keeper_.set_running(time_slot_, cycle_);
  const bool succeeded = moved || count == 0;
  if (succeeded && (channel.done < channel.settings[bytes / 4] || channel.next)) return;
  finish(number, succeeded);
}

void Dma::finish(std::uint32_t number, bool succeeded) {
  channels_[number].status = succeeded ? 0 : error;
  if (observer_) observer_->on_master_finish(static_cast<std::uint8_t>(first_agent_ + number), object_of(number));
}

bool Dma::fetch_descriptor(Channel& channel, std::uint8_t agent) {
  std::array<std::uint8_t, descriptor_bytes> raw;
  if (++channel.descriptors > most_descriptors || !transact(tlm::TLM_READ_COMMAND, channel.next, raw)) return false;
  if (observer_) observer_->on_master_read({agent, cycle_}, channel.next, raw);
  std::array<std::uint32_t, 4> words;
  std::memcpy(words.data(), raw.data(), sizeof words);
  std::copy_n(words.begin(), 3, channel.settings.begin());
  channel.next = words[3];
  channel.done = 0;
  return true;
}

bool Dma::transact(tlm::tlm_command command, std::uint32_t address, std::span<std::uint8_t> data) {
  payload_.set_command(command);
  payload_.set_address(address);
  payload_.set_data_ptr(data.data());
  payload_.set_data_length(static_cast<unsigned>(data.size()));
  payload_.set_streaming_width(static_cast<unsigned>(data.size()));
  payload_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  await_turn();
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  initiator_socket->b_transport(payload_, delay);
  cycle_ += clock_.to_cycles(delay);
  if (!payload_.is_response_ok() && observer_)
    observer_->on_master_refused(
        {static_cast<AgentId>(access_.master), cycle_, false, command == tlm::TLM_WRITE_COMMAND}, address,
        access_.refusal);
  await_turn();  // what comes next, such as that a transfer is over, is seen by those whose turn is later
  return payload_.is_response_ok();
}

void Dma::await_turn() { keeper_.reach(time_slot_, cycle_, clock_); }

}  // namespace dspmem
