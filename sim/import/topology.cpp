// SPDX-License-Identifier: Apache-2.0
#include "sim/import/topology.h"

#include "sim/config/input_files.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

namespace dspmem {
namespace {

// Sizes of include/uapi/sound/asoc.h, bytes.
constexpr std::uint32_t header_bytes = 36, name_bytes = 44, widget_bytes = 132, route_bytes = 3 * name_bytes,
                        tlv_bytes = 4 + 4 + 32 * 4;
constexpr std::uint32_t channel_bytes = 16, channels = 8, enum_texts = 16;
constexpr std::uint32_t control_header_bytes = 4 + 4 + name_bytes + 4 + 3 * 4 + tlv_bytes;
constexpr std::uint32_t stream_bytes = 4 + name_bytes + 8 + 4 * 4, streams = 8;
constexpr std::uint32_t capabilities_bytes_4 = 4 + name_bytes + 8 + 11 * 4,
                        capabilities_bytes_5 = capabilities_bytes_4 + 4;
constexpr std::uint32_t pcm_bytes_4 =
    4 + 2 * name_bytes + 5 * 4 + streams * stream_bytes + 4 + 2 * capabilities_bytes_4;
constexpr std::uint32_t pcm_bytes_5 =
    4 + 2 * name_bytes + 5 * 4 + streams * stream_bytes + 4 + 2 * capabilities_bytes_5 + 3 * 4;

constexpr std::uint32_t magic = 0x41536f43;  // "ASoC"
constexpr std::uint32_t abi_oldest = 4, abi_newest = 5;
enum BlockType : std::uint32_t { graph = 4, widget = 5, pcm = 7 };
enum ControlKind { mixer, enumeration, bytes_control };

constexpr std::size_t most_elements = 100'000;  ///< of a kind: more than any product has

/// Takes numbers and names off a range of the file, never beyond its end.
class Reader {
 public:
  Reader(std::span<const std::uint8_t> file, std::size_t begin, std::size_t end, bool big_endian,
         const std::string& name)
      : file_(file), at_(begin), end_(end), big_endian_(big_endian), name_(name) {}

  [[noreturn]] void fail(const std::string& message) const { fail_at(at_, message); }
  [[noreturn]] void fail_at(std::size_t offset, const std::string& message) const {
    throw InputError({name_}, fmt::format("at offset {:#x}: {}", offset, message));
  }

  std::size_t at() const { return at_; }
  std::size_t left() const { return end_ - at_; }
  void need(std::size_t bytes, const char* what) const {
    if (bytes > left()) fail(fmt::format("{} needs {} bytes, but only {} are left here", what, bytes, left()));
  }
  std::uint32_t word(const char* what) {
    need(4, what);
    const std::uint8_t* b = &file_[at_];
    at_ += 4;
    return big_endian_ ? std::uint32_t{b[0]} << 24 | b[1] << 16 | b[2] << 8 | b[3]
                       : std::uint32_t{b[3]} << 24 | b[2] << 16 | b[1] << 8 | b[0];
  }
  std::string text(std::size_t bytes, const char* what) {
    need(bytes, what);
    std::string text;
    for (std::size_t i = 0; i < bytes && file_[at_ + i]; ++i) {
      const char c = static_cast<char>(file_[at_ + i]);
      text += c >= ' ' && c < 0x7f ? c : '?';
    }
    at_ += bytes;
    return text;
  }
  void skip(std::size_t bytes, const char* what) {
    need(bytes, what);
    at_ += bytes;
  }
  /// The next `bytes`, to be read by themselves.
  Reader part(std::size_t bytes, const char* what) {
    need(bytes, what);
    Reader inner(file_, at_, at_ + bytes, big_endian_, name_);
    at_ += bytes;
    return inner;
  }

 private:
  std::span<const std::uint8_t> file_;
  std::size_t at_, end_;
  bool big_endian_;
  const std::string& name_;
};

/// Vendor tuples. What is no list of them, a driver's own structure say, is counted.
void read_private_data(Reader data, Topology::Widget& widget) {
  constexpr std::uint32_t uuid = 0, string = 1, last_type = 5, array_header = 12;
  while (data.left() >= array_header) {
    Reader ahead = data;
    const std::uint32_t size = ahead.word("a tuple array"), type = ahead.word("a tuple array"),
                        count = ahead.word("a tuple array");
    const std::uint32_t element = type == uuid ? 4 + 16 : type == string ? 4 + name_bytes : 8;
    if (type > last_type || size < array_header || size > data.left() || (size - array_header) / element < count) break;
    Reader array = data.part(size, "a tuple array");
    array.skip(array_header, "a tuple array");
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::uint32_t token = array.word("a token");
      if (type == uuid) {
        std::string hex;
        for (int part = 0; part < 4; ++part) hex += fmt::format("{:08x}", array.word("a UUID"));
        widget.texts.try_emplace(token, hex);
      } else if (type == string) {
        const std::string value = array.text(name_bytes, "a string token");
        widget.texts.try_emplace(token, value);
        widget.all_strings.emplace_back(token, value);
      } else {
        const std::uint32_t value = array.word("a token's value");
        widget.values.try_emplace(token, value);
        widget.all_words.emplace_back(token, value);
      }
    }
  }
  widget.unreadable_bytes += static_cast<std::uint32_t>(data.left());
}

ControlKind control_kind(std::uint32_t operation, const Reader& reader, std::size_t offset) {
  // SND_SOC_TPLG_CTL_*, _DAPM_CTL_*; as the kernel tells them apart.
  switch (operation) {
    case 1:
    case 2:
    case 3:
    case 7:
    case 8:
    case 64:
    case 68: return mixer;
    case 4:
    case 6:
    case 65:
    case 66:
    case 67: return enumeration;
    case 5: return bytes_control;
    default: break;
  }
  if (operation >= 256) return mixer;  // a driver's own
  reader.fail_at(offset, fmt::format("a control of kind {}, which the format does not have", operation));
}

void skip_control(Reader& reader) {
  const std::size_t start = reader.at();
  reader.need(control_header_bytes, "a control");
  reader.skip(4, "a control");
  const std::uint32_t type = reader.word("a control's type");
  reader.skip(name_bytes + 4, "a control");
  reader.skip(2 * 4, "a control");
  const std::uint32_t info = reader.word("a control's operations");
  reader.skip(tlv_bytes, "a control");
  // `type` is that of a block (mixer 1, bytes 2, enum 3) in files of alsatplg; older ones have the operation there.
  const ControlKind kind = type == 1 && info != 4 && info != 5 ? mixer
                           : type == 2 && info == 5            ? bytes_control
                           : type == 3                         ? enumeration
                                                               : control_kind(info, reader, start);
  switch (kind) {
    case mixer: reader.skip(6 * 4 + channels * channel_bytes, "a mixer control"); break;
    case enumeration:
      reader.skip(2 * 4 + channels * channel_bytes + 3 * 4 + 2 * enum_texts * name_bytes, "an enum control");
      break;
    case bytes_control: reader.skip(5 * 4 + 3 * 4, "a bytes control"); break;
  }
  reader.skip(reader.word("a control's private size"), "a control's private data");
}

void read_widgets(Reader block, std::uint32_t count, std::uint32_t pipeline, Topology& topology) {
  for (std::uint32_t i = 0; i < count; ++i) {
    Topology::Widget widget;
    const std::size_t start = block.at();
    const std::uint32_t size = block.word("a widget");
    if (size != widget_bytes)
      block.fail_at(start, fmt::format("a widget must have a size of {}, not {}", widget_bytes, size));
    block.need(widget_bytes - 4, "a widget");
    widget.type = block.word("a widget");
    widget.name = block.text(name_bytes, "a widget's name");
    widget.stream = block.text(name_bytes, "a widget's stream");
    block.skip(6 * 4 + 4, "a widget");
    widget.controls = block.word("a widget's controls");
    const std::uint32_t private_bytes = block.word("a widget's private size");
    widget.pipeline = pipeline;
    if (widget.type >= Topology::widget_types)
      block.fail_at(start, fmt::format("widget '{}' has type {}; the format has 0 to {}", widget.name, widget.type,
                                       Topology::widget_types - 1));
    read_private_data(block.part(private_bytes, "a widget's private data"), widget);
    for (std::uint32_t control = 0; control < widget.controls; ++control) skip_control(block);
    topology.widgets.push_back(std::move(widget));
    if (topology.widgets.size() > most_elements) block.fail("there are more than 100000 widgets");
  }
  if (block.left()) block.fail(fmt::format("{} bytes are left behind the last of {} widgets", block.left(), count));
}

void read_routes(Reader block, std::uint32_t count, std::uint32_t pipeline, Topology& topology) {
  if (block.left() != std::uint64_t{count} * route_bytes)
    block.fail(fmt::format("{} routes take {} bytes, but the block has {}", count, std::uint64_t{count} * route_bytes,
                           block.left()));
  for (std::uint32_t i = 0; i < count; ++i) {
    Topology::Route route;
    route.sink = block.text(name_bytes, "a route");
    route.control = block.text(name_bytes, "a route");
    route.source = block.text(name_bytes, "a route");
    route.pipeline = pipeline;
    topology.routes.push_back(std::move(route));
    if (topology.routes.size() > most_elements) block.fail("there are more than 100000 routes");
  }
}

Topology::StreamCapabilities read_capabilities(Reader part) {
  Topology::StreamCapabilities capabilities;
  part.skip(4, "stream capabilities");
  capabilities.name = part.text(name_bytes, "stream capabilities");
  part.skip(8 + 4, "stream capabilities");
  capabilities.rate_min = part.word("stream capabilities");
  capabilities.rate_max = part.word("stream capabilities");
  part.skip(4, "stream capabilities");
  capabilities.channels_max = part.word("stream capabilities");
  part.skip(4, "stream capabilities");
  capabilities.periods_max = part.word("stream capabilities");
  part.skip(4, "stream capabilities");
  capabilities.period_bytes_max = part.word("stream capabilities");
  part.skip(4, "stream capabilities");
  capabilities.buffer_bytes_max = part.word("stream capabilities");
  return capabilities;
}

void read_pcms(Reader block, std::uint32_t count, Topology& topology) {
  const bool old = topology.abi == abi_oldest;
  const std::uint32_t wanted = old ? pcm_bytes_4 : pcm_bytes_5,
                      capabilities = old ? capabilities_bytes_4 : capabilities_bytes_5;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t start = block.at();
    const std::uint32_t size = block.word("a PCM");
    if (size != wanted)
      block.fail_at(start, fmt::format("a PCM of ABI {} must have a size of {}, not {}", topology.abi, wanted, size));
    block.need(wanted - 4, "a PCM");
    Topology::Pcm pcm;
    pcm.name = block.text(name_bytes, "a PCM's name");
    pcm.dai_name = block.text(name_bytes, "a PCM's DAI");
    pcm.id = block.word("a PCM");
    block.skip(4, "a PCM");
    pcm.playback = block.word("a PCM") != 0;
    pcm.capture = block.word("a PCM") != 0;
    pcm.compressed = block.word("a PCM") != 0;
    block.skip(streams * stream_bytes + 4, "a PCM");
    pcm.playback_capabilities = read_capabilities(block.part(capabilities, "a PCM's capabilities"));
    pcm.capture_capabilities = read_capabilities(block.part(capabilities, "a PCM's capabilities"));
    if (!old) {
      block.skip(8, "a PCM");
      block.skip(block.word("a PCM's private size"), "a PCM's private data");
    }
    topology.pcms.push_back(std::move(pcm));
    if (topology.pcms.size() > most_elements) block.fail("there are more than 100000 PCMs");
  }
  if (block.left()) block.fail(fmt::format("{} bytes are left behind the last of {} PCMs", block.left(), count));
}

}  // namespace

const char* Topology::widget_type_name(std::uint32_t type) {
  static constexpr std::array<const char*, widget_types> names{
      "input",  "output",    "mux",    "mixer",  "pga",     "out_drv", "adc",     "dac",
      "switch", "pre",       "post",   "aif_in", "aif_out", "dai_in",  "dai_out", "dai_link",
      "buffer", "scheduler", "effect", "siggen", "src",     "asrc",    "encoder", "decoder"};
  return type < names.size() ? names[type] : "?";
}

std::optional<std::uint32_t> Topology::Widget::value(std::uint32_t token) const {
  const auto known = values.find(token);
  return known == values.end() ? std::nullopt : std::optional(known->second);
}

std::vector<std::uint32_t> Topology::Widget::all_values(std::uint32_t token) const {
  std::vector<std::uint32_t> values;
  for (const auto& [each, value] : all_words)
    if (each == token) values.push_back(value);
  return values;
}

std::vector<std::string> Topology::Widget::all_texts(std::uint32_t token) const {
  std::vector<std::string> texts;
  for (const auto& [each, text] : all_strings)
    if (each == token) texts.push_back(text);
  return texts;
}

Topology parse_topology(std::span<const std::uint8_t> bytes, const std::string& file) {
  Topology topology;
  if (bytes.size() < header_bytes)
    throw InputError({file}, fmt::format("the file has {} bytes: a topology begins with a header of {}", bytes.size(),
                                         header_bytes));
  constexpr std::array<std::uint8_t, 4> big{'A', 'S', 'o', 'C'};
  topology.big_endian = std::equal(big.begin(), big.end(), bytes.begin());
  Reader reader(bytes, 0, bytes.size(), topology.big_endian, file);
  while (reader.left()) {
    const std::size_t start = reader.at();
    reader.need(header_bytes, "a block header");
    if (const std::uint32_t found = reader.word("magic"); found != magic)
      reader.fail_at(
          start, start ? "a block must begin with the magic number of ALSA topologies (ASoC)"
                       : "this is no binary ALSA topology: it does not begin with ASoC; compile text with alsatplg");
    const std::uint32_t abi = reader.word("ABI");
    if (abi < abi_oldest || abi > abi_newest)
      reader.fail_at(start + 4,
                     fmt::format("the topology's ABI is {}; {} and {} can be read", abi, abi_oldest, abi_newest));
    topology.abi = abi;
    reader.skip(4, "version");
    const std::uint32_t type = reader.word("block type"), size = reader.word("header size");
    if (size != header_bytes)
      reader.fail_at(start + 16, fmt::format("a block header must have a size of {}, not {}", header_bytes, size));
    reader.skip(4, "vendor type");
    const std::uint32_t payload = reader.word("payload size"), index = reader.word("block index"),
                        count = reader.word("element count");
    if (payload > reader.left())
      reader.fail_at(start + 24,
                     fmt::format("the block says that it has {} bytes, but only {} follow", payload, reader.left()));
    Reader block = reader.part(payload, "a block");
    switch (type) {
      case widget: read_widgets(block, count, index, topology); break;
      case graph: read_routes(block, count, index, topology); break;
      case pcm: read_pcms(block, count, topology); break;
      default: topology.others.push_back({type, count, payload});
    }
    if (topology.others.size() > most_elements) reader.fail("there are more than 100000 blocks");
  }
  return topology;
}

Topology load_topology(const std::string& path) {
  constexpr std::uintmax_t largest = 64u << 20;
  std::ifstream file(path, std::ios::binary);
  std::error_code failure;
  const std::uintmax_t size = std::filesystem::file_size(path, failure);
  if (!file || failure) throw InputError({path}, "the file cannot be opened");
  note_input(path);
  if (size > largest) throw InputError({path}, "the file is larger than 64 MiB: this is no topology");
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size));
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (static_cast<std::size_t>(file.gcount()) != bytes.size()) throw InputError({path}, "the file cannot be read");
  return parse_topology(bytes, path);
}

}  // namespace dspmem
