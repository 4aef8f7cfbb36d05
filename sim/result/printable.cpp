// SPDX-License-Identifier: Apache-2.0
#include "sim/result/printable.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace dspmem {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t bytes = 0;  ///< 0: the first byte begins no character
};

/// The first character, by the rules of RFC 3629: shortest form, no surrogates, at most U+10FFFF.
Character first_of(std::string_view text) {
  const auto byte = [&text](std::size_t at) { return static_cast<std::uint8_t>(text[at]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
  std::uint32_t code = lead & (0x7fu >> bytes);
  for (std::size_t at = 1; at < bytes; ++at) {
    if ((byte(at) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(at) & 0x3f);
  }
  constexpr std::array<std::uint32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  if (code < least[bytes] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return {};
  return {code, bytes};
}

/// Characters that are not seen, or that change how others are shown: controls, line and paragraph ends, and those of
/// Unicode's bidirectional algorithm (UAX #9).
bool is_hidden(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x061c || (code >= 0x200b && code <= 0x200f) ||
         code == 0x2060 || (code >= 0xe0000 && code < 0xe0080) || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

std::string escape(std::uint32_t code, bool is_byte) {
  if (code == '\n') return "\\n";
  if (code == '\t') return "\\t";
  std::array<char, 16> text;
  std::snprintf(text.data(), text.size(), is_byte || code < 0x80 ? "\\x%02x" : "\\u%04x", code);
  return text.data();
}

void escape_in_place(std::string& text) {
  if (std::ranges::any_of(text, [](char c) { return c < ' ' || c > '~'; })) text = printable(text);
}
void escape_in_place(Place& place) { escape_in_place(place.file); }
void escape_in_place(Result::Frame& frame) {
  escape_in_place(frame.function);
  escape_in_place(frame.file);
}
void escape_in_place(Result::Operation& operation);
void escape_in_place(Result::Object& object);
void escape_in_place(Result::Finding& finding);
void escape_in_place(Result::Step& step);
void escape_in_place(Result::Crash& crash);
void escape_in_place(Result::Pin& pin);
template <class T>
void escape_in_place(std::vector<T>& list) {
  for (T& each : list) escape_in_place(each);
}
template <class T>
void escape_in_place(std::optional<T>& value) {
  if (value) escape_in_place(*value);
}
void escape_in_place(Result::Operation& operation) {
  escape_in_place(operation.stack);
  escape_in_place(operation.step);
}
void escape_in_place(Result::Object& object) {
  escape_in_place(object.name);
  escape_in_place(object.zone);
  escape_in_place(object.where.step);
  escape_in_place(object.where.frame);
}
void escape_in_place(Result::Finding& finding) {
  escape_in_place(finding.message);
  escape_in_place(finding.access);
  escape_in_place(finding.other);
  escape_in_place(finding.cause);
  escape_in_place(finding.missing);
  escape_in_place(finding.object);
  escape_in_place(finding.neighbours);
  escape_in_place(finding.history);
  escape_in_place(finding.fix);
}
void escape_in_place(Result::Step& step) {
  escape_in_place(step.kind);
  escape_in_place(step.where);
}
void escape_in_place(Result::Crash& crash) {
  escape_in_place(crash.message);
  escape_in_place(crash.step);
  escape_in_place(crash.other_steps);
  escape_in_place(crash.stack);
}
void escape_in_place(Result::Pin& pin) { escape_in_place(pin.object); }

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character character = first_of(text);
    const std::size_t bytes = character.bytes ? character.bytes : 1;
    if (!character.bytes) out += escape(static_cast<std::uint8_t>(text[0]), true);
    else if (is_hidden(character.code)) out += escape(character.code, false);
    else out += text.substr(0, bytes);
    text.remove_prefix(bytes);
  }
  return out;
}

std::string printable_lines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    out += printable(text.substr(0, end));
    if (end < text.size()) out += '\n';
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

void make_printable(Result::History& history) {
  for (auto* tracks : {&history.banks, &history.cores})
    for (Result::History::Track& track : *tracks) {
      escape_in_place(track.name);
      for (Result::History::Span& span : track.spans)
        for (std::string* text : {&span.what, &span.where}) escape_in_place(*text);
    }
  for (Result::History::Series& series : history.zones) escape_in_place(series.name);
  for (Result::History::Region& region : history.regions) escape_in_place(region.name);
  for (Result::History::Block& block : history.blocks)
    for (std::string* text : {&block.name, &block.zone, &block.where}) escape_in_place(*text);
}

void make_printable(Result& result) {
  for (std::string* text : {&result.scenario, &result.file, &result.platform, &result.platform_description,
                            &result.allocator, &result.power.preset, &result.power.description})
    escape_in_place(*text);
  for (Result::Heap& heap : result.heaps) escape_in_place(heap.name);
  for (Result::Bank& bank : result.banks) escape_in_place(bank.name);
  for (Result::Dump& dump : result.dumps) {
    escape_in_place(dump.what);
    for (Result::Dump::Line& line : dump.lines)
      for (Result::Dump::Write& each : line.writes) escape_in_place(each.write);
  }
  for (Result::Expectation& each : result.expectations) {
    escape_in_place(each.text);
    escape_in_place(each.actual);
    escape_in_place(each.where);
  }
  for (Result::StaleRead& each : result.stale_reads) {
    escape_in_place(each.object);
    escape_in_place(each.where);
    escape_in_place(each.writer_where);
  }
  for (Result::Suppressed& each : result.suppressions) {
    escape_in_place(each.where);
    escape_in_place(each.reason);
  }
  escape_in_place(result.findings);
  escape_in_place(result.crash);
  for (Result::Regulator& each : result.power.regulators) escape_in_place(each.memory);
  for (Result::PoweredBank& bank : result.power.banks) {
    escape_in_place(bank.name);
    escape_in_place(bank.pins);
  }
}

}  // namespace dspmem
