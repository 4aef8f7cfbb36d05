// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "sim/session/actor.h"
#include "sim/trace/trace_file.h"

namespace dspmem {

/// Writes what the cores do as the rows of a trace. Without a file it writes nothing.
class Recorder {
 public:
  explicit Recorder(TraceWriter* file) : file_(file) {}

  bool active() const { return file_ != nullptr; }
  /// `row` is about to happen. What masters do is not in the rows: the recording has their steps as they are.
  /// REQUIRES: active().
  void record(const Actor& actor, TraceRow row) {
    if (!actor.is_core()) return;
    row.core = actor.id();
    row.time = actor.now();
    file_->row(row);
  }
  /// A step with one setting, if there is a recording.
  void record(const Actor& actor, const char* step, const std::string& detail) {
    if (!active()) return;
    TraceRow row;
    row.name = step;
    row.detail = detail;
    record(actor, row);
  }
  std::string new_id() { return std::to_string(next_id_++); }

 private:
  TraceWriter* file_;
  std::uint64_t next_id_ = 1;
};

}  // namespace dspmem
