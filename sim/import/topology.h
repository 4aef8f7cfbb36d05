// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/config/error.h"

namespace dspmem {

/// What a binary ALSA topology says about the DSP: the format of include/uapi/sound/asoc.h, ABI 4 and 5, in either byte
/// order.
struct Topology {
  /// SND_SOC_TPLG_DAPM_*, by number.
  static const char* widget_type_name(std::uint32_t type);
  static constexpr std::uint32_t input = 0, output = 1, out_drv = 5, aif_in = 11, aif_out = 12, dai_in = 13,
                                 dai_out = 14, dai_link = 15, buffer = 16, scheduler = 17;
  static constexpr std::uint32_t widget_types = 24;

  struct Widget {
    std::string name, stream;
    std::uint32_t type = 0;
    std::uint32_t pipeline = 0;  ///< `index` of its block
    std::uint32_t controls = 0;
    std::map<std::uint32_t, std::uint32_t> values;  ///< vendor tokens that hold one number: the first of each
    std::map<std::uint32_t, std::string> texts;  ///< those that hold text or a UUID
    std::vector<std::pair<std::uint32_t, std::uint32_t>>
        all_words;  ///< every token and number, in the order of the file
    std::vector<std::pair<std::uint32_t, std::string>> all_strings;  ///< every token and text
    std::uint32_t unreadable_bytes = 0;  ///< private data that is no list of tokens
    bool idle = false;  ///< it exists, though no open stream leads through it: see with_streams()

    std::optional<std::uint32_t> value(std::uint32_t token) const;
    /// All that a token says, for those that a widget has several times, such as one for each format.
    std::vector<std::uint32_t> all_values(std::uint32_t token) const;
    std::vector<std::string> all_texts(std::uint32_t token) const;
  };
  struct Route {
    std::string source, control, sink;
    std::uint32_t pipeline = 0;
  };
  struct StreamCapabilities {
    std::string name;
    std::uint32_t rate_min = 0, rate_max = 0, channels_max = 0, periods_max = 0, period_bytes_max = 0,
                  buffer_bytes_max = 0;
  };
  struct Pcm {
    std::string name, dai_name;
    std::uint32_t id = 0;
    bool playback = false, capture = false, compressed = false;
    StreamCapabilities playback_capabilities, capture_capabilities;
  };
  /// Blocks that say nothing about memory, or that are a vendor's: kept as numbers, and reported.
  struct OtherBlock {
    std::uint32_t type = 0, count = 0;
    std::uint64_t bytes = 0;
  };

  bool big_endian = false;
  std::uint32_t abi = 0;
  std::vector<Widget> widgets;
  std::vector<Route> routes;
  std::vector<Pcm> pcms;
  std::vector<OtherBlock> others;
};

/// Throws InputError, with the offset in the file, for anything that is not such a file: any bytes may be passed.
Topology parse_topology(std::span<const std::uint8_t> bytes, const std::string& file);
Topology load_topology(const std::string& path);

/// Of the PCMs, in the order of the file.
std::vector<std::string> stream_names(const Topology& topology);
/// What there is of a topology while only these streams are open: the widgets on their ways, the pipelines of those,
/// and, idle, the pipelines that the driver creates once for all: IPC3's, unless they are dynamic. Names in any case.
Topology with_streams(const Topology& topology, const std::vector<std::string>& wanted);

/// Vendor tokens of Sound Open Firmware: include/uapi/sound/sof/tokens.h.
namespace sof_token {
inline constexpr std::uint32_t buffer_size = 100, buffer_capabilities = 101, scheduling_period = 200,
                               scheduling_core = 203, scheduling_frames = 204, sink_periods = 400, source_periods = 401,
                               component_core = 404, uuid = 405;
inline constexpr std::uint32_t scheduling_priority = 201, dynamic_pipeline = 206, low_power_mode = 207, chain_dma = 209,
                               input_formats = 415, output_formats = 416, input_binding = 413, output_binding = 414,
                               heap_bytes = 420, stack_bytes = 421;
// Formats of IPC4, one set for each: pins, and bytes for each millisecond.
inline constexpr std::uint32_t input_rate = 1900, output_rate = 1930, input_pin = 1909, output_pin = 1939,
                               input_buffer_size = 1970, output_buffer_size = 1971, deep_buffer_ms = 1981;
}  // namespace sof_token

/// What it says that does not fit together, or that nothing here uses, in words for the user.
std::vector<std::string> remarks_on(const Topology& topology);
/// "SOF_TKN_BUF_SIZE (100)"; the number alone of a token that is not known.
std::string token_text(std::uint32_t token);

}  // namespace dspmem
