// SPDX-License-Identifier: Apache-2.0
#include "sim/import/module_buffers.h"

#include <algorithm>

namespace dspmem {

ModuleBuffers::ModuleBuffers(const Topology::Widget& widget, std::uint32_t rate)
    : type_(widget.type), deep_buffer_ms_(widget.value(sof_token::deep_buffer_ms).value_or(0)),
      inputs_(formats(widget, {sof_token::input_buffer_size, sof_token::input_pin, sof_token::input_rate}, rate)),
      outputs_(formats(widget, {sof_token::output_buffer_size, sof_token::output_pin, sof_token::output_rate}, rate)),
      input_names_(widget.all_texts(sof_token::input_binding)),
      output_names_(widget.all_texts(sof_token::output_binding)) {}

/// Every format has one size, one pin and one rate, in the same order; pins and rates may be left out where there is
/// one.
std::vector<ModuleBuffers::Format> ModuleBuffers::formats(const Topology::Widget& widget, const Tokens& tokens,
                                                          std::uint32_t rate) {
  const std::vector<std::uint32_t> sizes = widget.all_values(tokens.bytes), pins = widget.all_values(tokens.pin),
                                   rates = widget.all_values(tokens.rate);
  std::vector<Format> formats;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    formats.push_back({i < pins.size() ? pins[i] : 0, sizes[i], i < rates.size() && rates[i] == rate});
  return formats;
}

std::uint32_t ModuleBuffers::bytes_of(const std::vector<Format>& formats, std::uint32_t pin) {
  const auto fitting =
      std::find_if(formats.begin(), formats.end(), [pin](const Format& each) { return each.pin == pin && each.fits; });
  if (fitting != formats.end()) return fitting->bytes;
  const auto own = std::find_if(formats.begin(), formats.end(), [pin](const Format& each) { return each.pin == pin; });
  return own != formats.end() ? own->bytes : formats.empty() ? 0 : formats.front().bytes;
}

std::uint32_t ModuleBuffers::pin_of(const std::vector<std::string>& names, const std::string& name) {
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? 0 : static_cast<std::uint32_t>(found - names.begin());
}

std::uint32_t ModuleBuffers::dma_bytes() const {
  constexpr std::uint32_t least_ms = 2, most_ms = 10'000;
  switch (type_) {
    case Topology::aif_in: return std::min(std::max(least_ms, deep_buffer_ms_), most_ms) * input_bytes();
    case Topology::dai_in: return least_ms * input_bytes();
    case Topology::aif_out:
    case Topology::dai_out: return least_ms * output_bytes();
    default: return 0;
  }
}

}  // namespace dspmem
