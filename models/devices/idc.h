// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "models/devices/register_block.h"

namespace dspmem {

class DspCore;

/// Messages between cores: a mailbox for each ordered pair, and an interrupt at the receiver.
///
///   mailbox from core s to core t at offset 0x100 t + 0x10 s:
///     +0  message    the sender writes it with bit 31 (busy) set, which interrupts the receiver; the receiver writes
///     any value
///                    with bit 31 set to release the mailbox, which clears the bit
///     +4  extension  a second word, to be written first
///
/// Who writes decides which of the two a write of the message register is.
class Idc : public RegisterBlock {
 public:
  static constexpr std::uint32_t receiver_stride = 0x100, sender_stride = 0x10, message = 0, extension = 4;
  static constexpr std::uint32_t busy = 1u << 31;
  static constexpr unsigned interrupt_line = 8;

  Idc(sc_core::sc_module_name name, std::vector<DspCore*> cores, const Clock& clock);

 protected:
  bool read_register(std::uint32_t offset, std::uint32_t& value, std::uint64_t now, std::uint32_t master) override;
  bool write_register(std::uint32_t offset, std::uint32_t value, std::uint64_t now, std::uint32_t master) override;

 private:
  struct Mailbox {
    std::uint32_t message = 0;
    std::uint32_t extension = 0;
  };
  Mailbox* locate(std::uint32_t offset, std::uint32_t& sender, std::uint32_t& receiver);
  void update_interrupt(std::uint32_t receiver, std::uint64_t now);

  std::vector<DspCore*> cores_;
  std::vector<Mailbox> mailboxes_;
};

}  // namespace dspmem
