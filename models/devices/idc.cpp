// SPDX-License-Identifier: Apache-2.0
#include "models/devices/idc.h"

#include "models/core/dsp_core.h"

namespace dspmem {

Idc::Idc(sc_core::sc_module_name name, std::vector<DspCore*> cores, const Clock& clock)
    : RegisterBlock(name, 2, clock), cores_(std::move(cores)), mailboxes_(cores_.size() * cores_.size()) {}

Idc::Mailbox* Idc::locate(std::uint32_t offset, std::uint32_t& sender, std::uint32_t& receiver) {
  receiver = offset / receiver_stride;
  sender = offset % receiver_stride / sender_stride;
  if (receiver >= cores_.size() || sender >= cores_.size() || offset % sender_stride > extension) return nullptr;
  return &mailboxes_[receiver * cores_.size() + sender];
}

void Idc::update_interrupt(std::uint32_t receiver, std::uint64_t now) {
  bool pending = false;
  for (std::size_t sender = 0; sender < cores_.size(); ++sender)
    pending |= (mailboxes_[receiver * cores_.size() + sender].message & busy) != 0;
  if (pending) cores_[receiver]->raise_interrupt(interrupt_line, now);
  else cores_[receiver]->lower_interrupt(interrupt_line);
}

bool Idc::read_register(std::uint32_t offset, std::uint32_t& value, std::uint64_t, std::uint32_t) {
  std::uint32_t sender, receiver;
  const Mailbox* mailbox = locate(offset, sender, receiver);
  if (!mailbox) return false;
  value = offset % sender_stride == message ? mailbox->message : mailbox->extension;
  return true;
}

bool Idc::write_register(std::uint32_t offset, std::uint32_t value, std::uint64_t now, std::uint32_t master) {
  std::uint32_t sender, receiver;
  Mailbox* mailbox = locate(offset, sender, receiver);
  if (!mailbox) return false;
  if (offset % sender_stride == extension) {
    mailbox->extension = value;
  } else if (master == sender) {
    mailbox->message = value;
  } else if (value & busy) {
    mailbox->message &= ~busy;
  }
  update_interrupt(receiver, now);
  return true;
}

}  // namespace dspmem
