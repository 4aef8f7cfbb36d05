// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/trace_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <bit>
#include <charconv>
#include <utility>

#include "sim/config/fields.h"

namespace dspmem {
namespace {

constexpr std::string_view first_line = "dspmem-trace 1";
constexpr std::uint32_t flag_shared = 1;  // SOF_MEM_FLAG_SHARED

constexpr std::array<std::string_view, 10> column_names{"time", "core", "op",        "zone", "flags",
                                                        "caps", "size", "alignment", "id",   "detail"};
constexpr std::array<std::pair<std::string_view, TraceRow::Op>, 4> heap_ops{{{"alloc", TraceRow::Op::alloc},
                                                                             {"zalloc", TraceRow::Op::zalloc},
                                                                             {"realloc", TraceRow::Op::realloc},
                                                                             {"free", TraceRow::Op::free}}};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

template <class Visit>
void for_each_part(std::string_view text, char separator, Visit visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    visit(trimmed(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

bool can_be_named_in_traces(std::string_view name) {
  return !name.empty() && name.find_first_of(",\n\r") == std::string_view::npos && trimmed(name) == name &&
         name.find_first_not_of("0123456789") != std::string_view::npos;
}

TraceReader::TraceReader(std::unique_ptr<LineSource> source) : source_(std::move(source)) {
  place_of_.fill(-1);
  while (source_->next(line_)) {
    if (trimmed(line_).empty()) continue;
    if (line_.front() != '#') {
      read_columns(line_);
      return;
    }
    read_metadata(line_.substr(1));
  }
  throw InputError(
      {path()}, "a trace needs a line that names its columns, such as time,core,op,zone,flags,caps,size,alignment,id");
}

void TraceReader::fail(std::string_view field, const Message& message) const {
  const int column = field.data() >= line_.data() && field.data() <= line_.data() + line_.size()
                         ? static_cast<int>(field.data() - line_.data()) + 1
                         : 1;
  throw InputError({path(), static_cast<int>(std::min<std::uint64_t>(source_->number(), 0x7fffffff)), column}, message);
}

void TraceReader::read_metadata(std::string_view comment) {
  comment = trimmed(comment);
  if (comment.starts_with("dspmem-trace") && comment != first_line)
    fail(comment, "this is '" + std::string(comment) + "'; version 1 is what can be read");
  const std::size_t colon = comment.find(": ");
  if (colon == std::string_view::npos || comment.find(' ') < colon) return;  // a comment for people
  const std::string key(comment.substr(0, colon)), value(trimmed(comment.substr(colon + 2)));
  static const std::vector<std::string> keys{"name", "platform", "allocator", "firmware", "seed",
                                             "unit", "order",    "objects",   "agents",   "expect"};
  if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
    if (const std::string near = nearest_name(key, keys); !near.empty())
      fail(comment, "'" + key + "' means nothing here; did you mean '" + near + "'?");
    return;
  }
  if (!at_.empty()) fail(comment, "'" + key + "' must stand in front of the line that names the columns");
  if (key == "unit") {
    const std::array<std::pair<std::string_view, std::uint64_t>, 5> units{
        {{"cycles", 0}, {"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}}};
    const auto unit = std::find_if(units.begin(), units.end(), [&](const auto& each) { return each.first == value; });
    if (unit == units.end())
      fail(comment, "'" + value + "' is not a known unit" + suggestion(value, {"cycles", "ns", "us", "ms", "s"}));
    unit_ns_ = unit->second;
  } else if (key == "order") {
    if (value != "time" && value != "steps")
      fail(comment, "'" + value + "' is not a known order" + suggestion(value, {"time", "steps"}));
    ordered_by_steps_ = value == "steps";
  }
  metadata_[key] = value;
}

void TraceReader::read_columns(std::string_view line) {
  for_each_part(line, ',', [&](std::string_view name) {
    const auto known = std::find(column_names.begin(), column_names.end(), name);
    if (known == column_names.end())
      fail(name, "'" + std::string(name) + "' is not a known column" +
                     suggestion(name, {column_names.begin(), column_names.end()}));
    const auto column = static_cast<std::size_t>(known - column_names.begin());
    if (place_of_[column] >= 0) fail(name, "column '" + std::string(name) + "' is named twice");
    if (!at_.empty() && at_.back() == Column::detail)
      fail(name, "'detail' must be the last column: it may hold commas");
    place_of_[column] = static_cast<int>(at_.size());
    at_.push_back(static_cast<Column>(column));
  });
  for (const Column needed : {Column::op, Column::id})
    if (place_of_[static_cast<std::size_t>(needed)] < 0)
      fail(line, "a trace needs the column '" + std::string(column_names[static_cast<std::size_t>(needed)]) + "'");
}

std::uint64_t TraceReader::number(std::string_view field, const char* name, std::uint64_t most) const {
  if (field.empty()) return 0;
  std::uint64_t value = 0;
  const bool hex = field.starts_with("0x");
  const char* const end = field.data() + field.size();
  const auto [stop, error] = std::from_chars(field.data() + (hex ? 2 : 0), end, value, hex ? 16 : 10);
  if (error != std::errc{} || stop != end || value > most)
    fail(field, fmt::format("'{}' must be a whole number up to {}, not '{}'", name, most, field));
  return value;
}

void TraceReader::read_row(std::string_view line, TraceRow& row) {
  fields_.fill({});
  std::string_view rest = line;
  for (std::size_t position = 0; position < at_.size(); ++position) {
    const bool whole = position + 1 == at_.size() && at_[position] == Column::detail;
    const std::size_t end = whole ? rest.size() : std::min(rest.find(','), rest.size());
    fields_[static_cast<std::size_t>(at_[position])] = trimmed(rest.substr(0, end));
    if (end == rest.size()) {
      rest = {};
      break;
    }
    rest.remove_prefix(end + 1);
    if (position + 1 == at_.size()) fail(rest, fmt::format("there are more fields than the {} columns", at_.size()));
  }
  const auto field = [this](Column column) { return fields_[static_cast<std::size_t>(column)]; };
  row = {};
  row.line = source_->number();
  row.time = number(field(Column::time), "time", 1ull << 62);
  row.core = static_cast<std::uint32_t>(number(field(Column::core), "core", 255));
  row.name = field(Column::op);
  row.id = field(Column::id);
  row.detail = field(Column::detail);
  if (row.name.empty()) fail(line, "the row has no 'op'");
  const auto op =
      std::find_if(heap_ops.begin(), heap_ops.end(), [&](const auto& each) { return each.first == row.name; });
  if (op == heap_ops.end()) return;  // a step: whoever executes it knows its name
  row.op = op->second;
  if (row.id.empty())
    fail(row.name, "'" + std::string(row.name) + "' needs an 'id': what the object is called, or its number");
  if (row.op == TraceRow::Op::free) return;
  row.bytes = static_cast<std::uint32_t>(number(field(Column::size), "size", 0x7fffffff));
  if (!row.bytes) fail(row.name, "'" + std::string(row.name) + "' needs a 'size' above 0");
  if (row.op == TraceRow::Op::realloc) return;
  row.alignment = static_cast<std::uint32_t>(number(field(Column::alignment), "alignment", 1u << 24));
  if (row.alignment && !std::has_single_bit(row.alignment))
    fail(field(Column::alignment), fmt::format("'alignment' must be a power of two, not {}", row.alignment));
  if (const std::string_view zone = field(Column::zone); !zone.empty()) {
    const auto& names = zone_names();
    const auto known =
        std::find_if(names.begin(), names.end(), [zone](const auto& each) { return each.first == zone; });
    if (known == names.end()) {
      std::vector<std::string> all;
      for (const auto& each : names) all.push_back(each.first);
      fail(zone, "'" + std::string(zone) + "' is not a known zone" + suggestion(zone, all));
    }
    row.zone = known->second;
  }
  for_each_part(field(Column::flags), '+', [&](std::string_view flag) {
    if (flag == "shared") row.flags |= flag_shared;
    else if (flag == "may_fail") row.may_fail = true;
    else fail(flag, "'" + std::string(flag) + "' is not a known flag" + suggestion(flag, {"shared", "may_fail"}));
  });
  for_each_part(field(Column::caps), '+', [&](std::string_view capability) {
    const auto& names = capability_names();
    const auto known =
        std::find_if(names.begin(), names.end(), [capability](const auto& each) { return each.first == capability; });
    if (known == names.end()) {
      std::vector<std::string> all;
      for (const auto& each : names) all.push_back(each.first);
      fail(capability, "'" + std::string(capability) + "' is not a known capability" + suggestion(capability, all));
    }
    row.capabilities |= known->second;
  });
  if (row.detail.starts_with("tag: "))
    row.tag = static_cast<std::uint32_t>(number(row.detail.substr(5), "tag", 0xffffffff));
  else if (!row.detail.empty()) fail(row.detail, "the detail of an allocation is 'tag: NUMBER' or nothing");
}

bool TraceReader::next(TraceRow& row) {
  while (source_->next(line_)) {
    if (line_.empty() || trimmed(line_).empty()) continue;
    if (line_.front() == '#') {
      read_metadata(line_.substr(1));
      continue;
    }
    read_row(line_, row);
    return true;
  }
  return false;
}

void TraceWriter::begin() {
  if (!std::exchange(begun_, true)) out_ << "# " << first_line << "\n";
}

void TraceWriter::metadata(const std::string& key, const std::string& value) {
  begin();
  std::string line = value;
  std::replace(line.begin(), line.end(), '\n', ' ');
  out_ << "# " << key << ": " << trimmed(line) << "\n";
}

void TraceWriter::comment(const std::string& text) {
  begin();
  out_ << "# " << text << "\n";
}

void TraceWriter::row(const TraceRow& row) {
  begin();
  if (!std::exchange(columns_written_, true)) out_ << fmt::format("{}\n", fmt::join(column_names, ","));
  std::string zone, flags, caps, size, alignment, detail(row.detail);
  if (row.op == TraceRow::Op::alloc || row.op == TraceRow::Op::zalloc) {
    zone = to_string(row.zone);
    if (row.flags & flag_shared) flags = "shared";
    if (row.may_fail) flags += flags.empty() ? "may_fail" : "+may_fail";
    for (const auto& [name, bit] : capability_names())
      if (row.capabilities & bit) caps += (caps.empty() ? "" : "+") + name;
    if (row.alignment) alignment = std::to_string(row.alignment);
    if (row.tag) detail = fmt::format("tag: {:#x}", *row.tag);
  }
  if (row.bytes) size = std::to_string(row.bytes);
  text_.clear();
  fmt::format_to(std::back_inserter(text_), "{},{},{},{},{},{},{},{},{},{}\n", row.time, row.core, row.name, zone,
                 flags, caps, size, alignment, row.id, detail);
  out_.write(text_.data(), static_cast<std::streamsize>(text_.size()));
}

}  // namespace dspmem
