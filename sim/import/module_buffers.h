// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/import/topology.h"

namespace dspmem {

/// What a module of IPC4, the protocol of Intel's products since Meteor Lake, says of the data that it takes and makes:
/// bytes for each millisecond, by pin. Of several formats of a pin the first with the stream's rate counts, as a driver
/// would choose; if none has it, the first.
class ModuleBuffers {
 public:
  /// `rate` in Hz.
  explicit ModuleBuffers(const Topology::Widget& widget, std::uint32_t rate = 48000);

  /// Whether the widget is a module of IPC4 at all: it names input or output formats with sizes.
  bool known() const { return !inputs_.empty() || !outputs_.empty(); }
  /// 0 where nothing is said.
  std::uint32_t input_bytes(std::uint32_t pin = 0) const { return bytes_of(inputs_, pin); }
  std::uint32_t output_bytes(std::uint32_t pin = 0) const { return bytes_of(outputs_, pin); }
  /// The pin that a route from or to another widget is bound to by name; 0 when none is.
  std::uint32_t input_pin(const std::string& source) const { return pin_of(input_names_, source); }
  std::uint32_t output_pin(const std::string& sink) const { return pin_of(output_names_, sink); }
  /// What the gateway's DMA moves through, for the ends of a pipeline: two milliseconds, or as many as a deep buffer of
  /// a host wants (ipc4-topology.c of the Linux kernel, sof_ipc4_prepare_copier_module). 0 for other widgets.
  std::uint32_t dma_bytes() const;

 private:
  struct Format {
    std::uint32_t pin, bytes;
    bool fits;  ///< the rate
  };
  struct Tokens {
    std::uint32_t bytes, pin, rate;
  };
  static std::vector<Format> formats(const Topology::Widget& widget, const Tokens& tokens, std::uint32_t rate);
  static std::uint32_t bytes_of(const std::vector<Format>& formats, std::uint32_t pin);
  static std::uint32_t pin_of(const std::vector<std::string>& names, const std::string& name);

  std::uint32_t type_;
  std::uint32_t deep_buffer_ms_;
  std::vector<Format> inputs_, outputs_;
  std::vector<std::string> input_names_, output_names_;
};

}  // namespace dspmem
