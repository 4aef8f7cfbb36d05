// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "sim/config/platform.h"
#include "sim/trace/line_source.h"

namespace dspmem {

/// One line of a trace. Views are valid until the reader goes on.
struct TraceRow {
  enum class Op { alloc, zalloc, realloc, free, step };

  std::uint64_t line = 0;  ///< of the file
  std::uint64_t time = 0;  ///< when it began, in the file's unit; 0 when the file has none
  std::uint32_t core = 0;
  Op op = Op::step;
  std::string_view name;  ///< of the operation: a step's kind where it is none of the heap
  Zone zone = Zone::runtime;
  std::uint32_t flags = 0;
  bool may_fail = false;
  std::uint32_t capabilities = 0;
  std::uint32_t bytes = 0;
  std::uint32_t alignment = 0;
  std::string_view id;  ///< of the object; digits only: anonymous
  std::string_view detail;  ///< a step's settings, as one line of YAML
  std::optional<std::uint32_t> tag;  ///< alloc: what its first and last word hold while it lives

  bool anonymous() const { return id.find_first_not_of("0123456789") == std::string_view::npos; }
};

/// Whether an object's name can be the id of a row: no comma, no blanks at its ends, not only digits.
bool can_be_named_in_traces(std::string_view name);

/// Reads traces of heap operations, and of steps. The form:
///
///   # dspmem-trace 1
///   # key: value                    as often as needed: name, platform, seed, order, unit, objects, expect
///   time,core,op,zone,flags,caps,size,alignment,id,detail
///   1200,0,alloc,runtime,shared,ram,512,0,17,
///
/// The first line that is no comment names the columns: any order, `op` and `id` are required. Absent or empty fields
/// have defaults: core 0, zone runtime, no flags. `flags` and `caps` join several names with +. `detail` comes last and
/// may hold commas.
class TraceReader {
 public:
  /// Throws InputError, like all functions here, with file, line and column.
  explicit TraceReader(std::unique_ptr<LineSource> source);
  explicit TraceReader(const std::string& path) : TraceReader(std::make_unique<LineSource>(path)) {}

  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// Nanoseconds of one unit of time; 0 when times are cycles.
  std::uint64_t unit_nanoseconds() const { return unit_ns_; }
  /// Rows of different cores do not wait for each other: the trace has the steps that order them.
  bool ordered_by_steps() const { return ordered_by_steps_; }

  bool next(TraceRow& row);
  const std::string& path() const { return source_->path(); }

 private:
  enum class Column { time, core, op, zone, flags, caps, size, alignment, id, detail, count };
  static constexpr std::size_t columns = static_cast<std::size_t>(Column::count);

  [[noreturn]] void fail(std::string_view field, const Message& message) const;
  void read_metadata(std::string_view comment);
  void read_columns(std::string_view line);
  std::uint64_t number(std::string_view field, const char* name, std::uint64_t most) const;
  void read_row(std::string_view line, TraceRow& row);

  std::unique_ptr<LineSource> source_;
  std::map<std::string, std::string> metadata_;
  std::uint64_t unit_ns_ = 0;
  bool ordered_by_steps_ = false;
  std::string_view line_;
  std::array<int, columns> place_of_{};  ///< column -> position in a line; -1 when absent
  std::vector<Column> at_;  ///< position -> column
  std::array<std::string_view, columns> fields_{};
};

/// Writes the same form.
class TraceWriter {
 public:
  explicit TraceWriter(std::ostream& out) : out_(out) {}
  void metadata(const std::string& key, const std::string& value);
  void row(const TraceRow& row);
  void comment(const std::string& text);

 private:
  void begin();

  std::ostream& out_;
  bool begun_ = false, columns_written_ = false;
  std::string text_;
};

}  // namespace dspmem
