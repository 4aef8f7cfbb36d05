// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "sim/trace/trace_file.h"

namespace dspmem {

/// What became of a log's lines.
struct HeapLogSummary {
  std::uint64_t lines = 0, allocations = 0, frees = 0;
  std::uint64_t unknown_frees = 0;  ///< of memory that was allocated before the log begins
  std::uint64_t failures = 0;  ///< allocations that failed there: comments in the trace
  std::uint64_t other = 0;  ///< lines about something else
  std::uint64_t untimed = 0;  ///< operations whose line has no time
  std::uint64_t backwards = 0;  ///< times earlier than the one before
  std::uint64_t still_allocated = 0;  ///< at the end
  std::set<std::uint32_t> cores;
};

/// Turns a text log into a trace. Lines that it knows, each with or without a log prefix in front:
///
///   Heap 0x60012000, alloc 0x60012040, size 128      Zephyr, tests/lib/heap: heap listeners; free likewise
///   Memory allocated at 0x60012040, size 128         Zephyr, sys/heap_listener.h: the example of its documentation
///   Memory freed at 0x60012040, size 128
///   vpage_alloc ptr 0xa0020000 pages 3 free 5/8      SOF on Zephyr, zephyr/lib/vpage.c: pages of 4 KiB
///   vptr 0xa0020000 free/total pages 8/8
///   @ ./player:[0x401156] + 0x4052a0 0x40         glibc, mtrace(3): also -, < and > of realloc()
///   32 bytes (@ 0x3ffaf214) allocated CPU 0 ccount 0x2e9b7384 caller 0x400d276d    ESP-IDF, heap_trace_dump(); "freed
///   by" below it
///   traceMALLOC(0x20001000, 64), traceFREE(0x20001000, 64)    FreeRTOS, trace macros that print their arguments
///   failed to alloc 0x200 bytes zone 0x2 caps 0x1 flags 0x0    SOF, src/lib/alloc.c
///
/// Prefixes that tell the time or the core: `[00:00:01.123,456] <inf> heap: ` (Zephyr), `[  1234.567] (  0.123) c1
/// memory ` (sof-logger, microseconds) and `[   12.345678] ` (seconds), each also behind a terminal's colour. SOF on
/// XTOS prints no line for an allocation that succeeds.
HeapLogSummary import_heap_log(LineSource& log, const std::string& platform, Zone zone, TraceWriter& trace);

/// Whether a line is one of them: to tell logs from traces.
bool is_heap_log_line(std::string_view line);

}  // namespace dspmem
