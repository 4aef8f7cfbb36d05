// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "models/core/dsp_core.h"
#include "sim/trace/trace_file.h"

namespace dspmem {

/// Writes what the cores do as the rows of a trace. Without a file it writes nothing.
class Recorder {
 public:
  explicit Recorder(TraceWriter* file) : file_(file) {}

  bool active() const { return file_ != nullptr; }
  /// `row` is about to happen on the core. REQUIRES: active().
  void record(const DspCore& core, TraceRow row) {
    row.core = core.id();
    row.time = core.core().now();
    file_->row(row);
  }
  /// A step with one setting, if there is a recording.
  void record(const DspCore& core, const char* step, const std::string& detail) {
    if (!active()) return;
    TraceRow row;
    row.name = step;
    row.detail = detail;
    record(core, row);
  }
  std::string new_id() { return std::to_string(next_id_++); }

 private:
  TraceWriter* file_;
  std::uint64_t next_id_ = 1;
};

}  // namespace dspmem
