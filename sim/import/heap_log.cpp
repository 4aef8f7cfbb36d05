// SPDX-License-Identifier: Apache-2.0
#include "sim/import/heap_log.h"

#include <fmt/format.h>
#include <charconv>
#include <optional>
#include <unordered_map>
#include <utility>

namespace dspmem {
namespace {

constexpr std::uint64_t page_bytes = 4096;  // CONFIG_MM_DRV_PAGE_SIZE
constexpr std::uint64_t most_bytes = 0x7fffffff;

/// Takes words and numbers off the front of a text.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  /// Goes on behind the first `word`; false when there is none.
  bool skip_to(std::string_view word) {
    const std::size_t at = text_.find(word);
    if (at == std::string_view::npos) return false;
    text_.remove_prefix(at + word.size());
    return true;
  }
  bool skip(std::string_view word) {
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  void skip_blanks() {
    while (!text_.empty() && text_.front() == ' ') text_.remove_prefix(1);
  }
  std::optional<std::uint64_t> number() {
    const bool hex = text_.starts_with("0x");
    return digits(hex ? 2 : 0, hex ? 16 : 10);
  }
  std::optional<std::uint64_t> pointer() { return digits(text_.starts_with("0x") ? 2 : 0, 16); }
  std::size_t left() const { return text_.size(); }

 private:
  std::optional<std::uint64_t> digits(std::size_t skip, int base) {
    std::uint64_t value = 0;
    const char* const begin = text_.data() + std::min(skip, text_.size());
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value, base);
    if (error != std::errc{}) return std::nullopt;
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    return value;
  }
  std::string_view text_;
};

struct Event {
  /// free_last: what the line before has allocated.
  enum class Kind { none, alloc, free, free_last, failure } kind = Kind::none;
  std::uint64_t address = 0, bytes = 0;
  bool knows_size = true;
  std::optional<std::uint32_t> core;
};

std::optional<Event> listener_event(std::string_view line) {
  Scanner text(line);
  if (!text.skip_to("Heap 0x") || !text.pointer() || !text.skip(", ")) return std::nullopt;
  const bool alloc = text.skip("alloc ");
  if (!alloc && !text.skip("free ")) return std::nullopt;
  const auto address = text.pointer();
  if (!address || !text.skip(", size ")) return std::nullopt;
  const auto bytes = text.number();
  if (!bytes) return std::nullopt;
  return Event{alloc ? Event::Kind::alloc : Event::Kind::free, *address, *bytes, true, {}};
}

std::optional<Event> documented_event(std::string_view line) {
  for (const auto& [words, kind] :
       {std::pair{"Memory allocated at ", Event::Kind::alloc}, {"Memory freed at ", Event::Kind::free}}) {
    Scanner text(line);
    if (!text.skip_to(words)) continue;
    const auto address = text.pointer();
    if (!address || !text.skip(", size ")) return std::nullopt;
    const auto bytes = text.number();
    if (!bytes) return std::nullopt;
    return Event{kind, *address, *bytes, true, {}};
  }
  return std::nullopt;
}

std::optional<Event> page_event(std::string_view line) {
  for (const char* words : {"vpage_alloc ptr ", "vpage_reserve ptr "}) {
    Scanner text(line);
    if (!text.skip_to(words)) continue;
    const auto address = text.pointer();
    if (!address || !text.skip(" pages ")) return std::nullopt;
    const auto pages = text.number();
    if (!pages || *pages > most_bytes / page_bytes) return std::nullopt;
    return Event{Event::Kind::alloc, *address, *pages * page_bytes, true, {}};
  }
  Scanner text(line);
  if (!text.skip_to("vptr ")) return std::nullopt;
  const auto address = text.pointer();
  text.skip(" release");
  if (!address || !text.skip(" free/total pages ")) return std::nullopt;
  return Event{Event::Kind::free, *address, 0, false, {}};
}

std::optional<Event> failure_event(std::string_view line) {
  Scanner text(line);
  if (!text.skip_to("failed to alloc ")) return std::nullopt;
  const auto bytes = text.number();
  if (!bytes || !text.skip(" bytes")) return std::nullopt;
  return Event{Event::Kind::failure, 0, *bytes, true, {}};
}

/// glibc's mtrace(): "@ program:[caller] + 0x804a378 0x8"; - frees, < and > are both halves of a realloc().
std::optional<Event> mtrace_event(std::string_view line) {
  if (!line.starts_with("@ ")) return std::nullopt;
  for (const auto& [sign, kind] : {std::pair{" + 0x", Event::Kind::alloc},
                                   {" > 0x", Event::Kind::alloc},
                                   {" - 0x", Event::Kind::free},
                                   {" < 0x", Event::Kind::free}}) {
    Scanner text(line);
    if (!text.skip_to(sign)) continue;
    const auto address = text.pointer();
    if (!address) return std::nullopt;
    if (kind == Event::Kind::free) return Event{kind, *address, 0, false, {}};
    text.skip_blanks();
    const auto bytes = text.pointer();
    if (!bytes) return std::nullopt;
    return Event{kind, *address, *bytes, true, {}};
  }
  return std::nullopt;
}

/// ESP-IDF's heap_trace_dump(): "32 bytes (@ 0x3ffaf214) allocated CPU 0 ccount 0x2e9b7384 caller ...", and below it
/// "freed by ..." for what was freed again.
std::optional<Event> esp_event(std::string_view line) {
  Scanner text(line);
  text.skip_blanks();
  if (text.skip("freed by 0x")) return Event{Event::Kind::free_last, 0, 0, false, {}};
  const auto bytes = text.number();
  if (!bytes || !text.skip(" bytes (@ ")) return std::nullopt;
  const auto address = text.pointer();
  if (!address || !text.skip(") allocated CPU ")) return std::nullopt;
  const auto core = text.number();
  if (!core || *core > 63) return std::nullopt;
  return Event{Event::Kind::alloc, *address, *bytes, true, static_cast<std::uint32_t>(*core)};
}

/// FreeRTOS: what its trace macros are usually defined to print, "traceMALLOC(0x20001000, 64)" or with commas alone.
std::optional<Event> freertos_event(std::string_view line) {
  for (const auto& [word, kind] : {std::pair{"traceMALLOC", Event::Kind::alloc}, {"traceFREE", Event::Kind::free}}) {
    Scanner text(line);
    if (!text.skip_to(word) || (!text.skip("(") && !text.skip(",") && !text.skip(" "))) continue;
    text.skip_blanks();
    const auto address = text.pointer();
    if (!address || !text.skip(",")) return std::nullopt;
    text.skip_blanks();
    const auto bytes = text.number();
    if (!bytes) return std::nullopt;
    if (kind == Event::Kind::alloc && *address == 0) return Event{Event::Kind::failure, 0, *bytes, true, {}};
    return Event{kind, *address, *bytes, false, {}};
  }
  return std::nullopt;
}

std::optional<Event> event_of(std::string_view line) {
  for (const auto recognise :
       {listener_event, documented_event, page_event, failure_event, mtrace_event, esp_event, freertos_event})
    if (const auto event = recognise(line)) return event;
  return std::nullopt;
}

struct Prefix {
  std::optional<std::uint64_t> microseconds;
  std::optional<std::uint32_t> core;
};

Prefix prefix_of(std::string_view line) {
  Prefix prefix;
  Scanner text(line);
  while (text.skip("\x1b["))  // colours
    if (!text.skip_to("m")) return prefix;
  text.skip_blanks();
  if (!text.skip("[")) return prefix;
  text.skip_blanks();
  const auto first = text.number();
  if (!first || *first > 1ull << 50) return prefix;
  if (text.skip(":")) {  // hours:minutes:seconds.milliseconds,microseconds
    const auto minutes = text.number();
    if (!minutes || !text.skip(":")) return prefix;
    const auto seconds = text.number();
    if (!seconds || !text.skip(".")) return prefix;
    const auto milliseconds = text.number();
    if (!milliseconds || !text.skip(",")) return prefix;
    const auto microseconds = text.number();
    if (!microseconds || *first > 1000000 || *minutes > 60 || *seconds > 60 || *milliseconds > 999 ||
        *microseconds > 999)
      return prefix;
    prefix.microseconds = ((*first * 60 + *minutes) * 60 + *seconds) * 1000000 + *milliseconds * 1000 + *microseconds;
    return prefix;
  }
  if (!text.skip(".")) return prefix;
  const std::size_t before = text.left();
  const auto fraction = text.number();
  const std::size_t digits = before - text.left();
  if (!fraction || !text.skip("]")) return prefix;
  text.skip_blanks();
  if (!text.skip("(")) {  // seconds
    if (digits == 6 && *first < 1ull << 40) prefix.microseconds = *first * 1000000 + *fraction;
    return prefix;
  }
  prefix.microseconds = *first;  // sof-logger: [time] (delta) cN
  if (!text.skip_to(")")) return prefix;
  text.skip_blanks();
  if (!text.skip("c")) return prefix;
  if (const auto core = text.number(); core && *core < 64) prefix.core = static_cast<std::uint32_t>(*core);
  return prefix;
}

}  // namespace

bool is_heap_log_line(std::string_view line) { return event_of(line).has_value(); }

HeapLogSummary import_heap_log(LineSource& log, const std::string& platform, Zone zone, TraceWriter& trace) {
  struct Live {
    std::string id;
    std::uint64_t bytes;
    std::uint64_t replaced = 0;  ///< size before a reallocation in place, whose free is still to come
  };
  HeapLogSummary summary;
  std::unordered_map<std::uint64_t, Live> live;
  std::uint64_t next_id = 1, now = 0, last_allocated = 0;
  trace.metadata("platform", platform);
  trace.metadata("unit", "us");
  const auto write_free = [&](const TraceRow& pattern, const Live& block) {
    TraceRow row = pattern;
    row.op = TraceRow::Op::free;
    row.name = "free";
    row.id = block.id;
    trace.row(row);
    ++summary.frees;
  };
  std::string_view line;
  while (log.next(line)) {
    ++summary.lines;
    auto event = event_of(line);
    if (!event) {
      ++summary.other;
      continue;
    }
    if (event->kind == Event::Kind::free_last)
      event = Event{Event::Kind::free, std::exchange(last_allocated, 0), 0, false, {}};
    const Prefix prefix = prefix_of(line);
    summary.untimed += !prefix.microseconds;
    summary.backwards += prefix.microseconds && *prefix.microseconds < now;
    now = std::max(now, prefix.microseconds.value_or(now));
    TraceRow row;
    row.time = now;
    row.core = prefix.core.value_or(event->core.value_or(0));
    const auto known = live.find(event->address);
    if (event->kind == Event::Kind::failure) {
      ++summary.failures;
      trace.comment(fmt::format("line {}: {} bytes were not to be had", log.number(), event->bytes));
    } else if (event->kind == Event::Kind::free) {
      // A listener hears of a reallocation in place as an allocation at the same address, then a free of the old size.
      if (known != live.end() && known->second.replaced && event->knows_size &&
          event->bytes == known->second.replaced) {
        known->second.replaced = 0;
      } else if (known == live.end()) {
        ++summary.unknown_frees;
      } else {
        summary.cores.insert(row.core);
        write_free(row, known->second);
        live.erase(known);
      }
    } else if (!event->bytes || event->bytes > most_bytes) {
      ++summary.other;
    } else {
      std::uint64_t replaced = 0;
      if (known != live.end()) {
        replaced = known->second.bytes;
        write_free(row, known->second);
      }
      summary.cores.insert(row.core);
      row.op = TraceRow::Op::alloc;
      row.name = "alloc";
      row.zone = zone;
      row.bytes = static_cast<std::uint32_t>(event->bytes);
      const std::string id = std::to_string(next_id++);
      row.id = id;
      trace.row(row);
      ++summary.allocations;
      live[event->address] = {id, event->bytes, replaced};
      last_allocated = event->address;
    }
  }
  summary.still_allocated = live.size();
  return summary;
}

}  // namespace dspmem
