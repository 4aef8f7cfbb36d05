// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_initiator_socket.h>
#include <array>

#include "models/core/time_keeper.h"
#include "models/devices/register_block.h"
#include "models/observe/observer.h"

namespace dspmem {

/// A DMA engine: a bus master that no cache serves. Channels work one after the other, a chunk at a time.
///
///   channel k at offset 0x20 k:
///     +0x00  source       physical address
///     +0x04  destination  physical address
///     +0x08  bytes
///     +0x0c  chunk        bytes a burst, 0 for 64; at most 4096
///     +0x10  control      1 = start, 2 = start what the list says; ignored while busy
///     +0x14  status       bit 0 busy; bit 1 the last transfer met a bus error, or a list without end, and stopped
///     +0x18  list         physical address of the first descriptor: source, destination, bytes, and the next one or 0,
///     a word each
class Dma : public RegisterBlock {
 public:
  tlm_utils::simple_initiator_socket<Dma> initiator_socket;

  static constexpr std::uint32_t channels = 4, channel_stride = 0x20;
  static constexpr std::uint32_t source = 0, destination = 4, bytes = 8, chunk = 0xc, control = 0x10, status = 0x14,
                                 list = 0x18;
  static constexpr std::uint32_t busy = 1, error = 2;
  static constexpr std::uint32_t descriptor_bytes = 16, most_descriptors = 4096;

  /// `first_agent`: number of channel 0 among the masters; `base`: physical address of the registers; both for
  /// observers. `time_slot`: the engine's place in the time keeper.
  Dma(sc_core::sc_module_name name, std::uint32_t first_agent, std::uint32_t base, std::size_t time_slot,
      TimeKeeper& keeper, const Clock& clock);
  ~Dma() override;

  void observe(HardwareObserver* observer) { observer_ = observer; }

 protected:
  bool read_register(std::uint32_t offset, std::uint32_t& value, std::uint64_t now, std::uint32_t master) override;
  bool write_register(std::uint32_t offset, std::uint32_t value, std::uint64_t now, std::uint32_t master) override;

 private:
  struct Channel {
    std::array<std::uint32_t, 4> settings{};  ///< source, destination, bytes, chunk
    std::uint32_t status = 0;
    std::uint32_t list = 0;
    std::uint32_t next = 0;  ///< the descriptor to fetch when this transfer is done; 0 behind the last
    std::uint32_t descriptors = 0;  ///< fetched so far
    std::uint32_t done = 0;
    bool announced = false;  ///< observers know that it runs
  };

  void process();
  void step(std::uint32_t number);
  /// Takes the next transfer from the list. False when memory refuses, or the list has no end.
  bool fetch_descriptor(Channel& channel, std::uint8_t agent);
  void finish(std::uint32_t number, bool succeeded);
  /// Until it is the engine's turn and the kernel's time is the engine's.
  void await_turn();
  bool transact(tlm::tlm_command command, std::uint32_t address, std::span<std::uint8_t> data);
  std::uint32_t object_of(std::uint32_t number) const { return base_ + number * channel_stride; }

  std::array<Channel, channels> channels_;
  std::uint32_t first_agent_, base_;
  std::size_t time_slot_;
  TimeKeeper& keeper_;
  HardwareObserver* observer_ = nullptr;
  tlm::tlm_generic_payload payload_;
  BusAccess access_;
  sc_core::sc_event start_;
  std::uint64_t cycle_ = 0;  ///< the engine's own time
};

}  // namespace dspmem
