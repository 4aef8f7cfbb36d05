// SPDX-License-Identifier: Apache-2.0
#include "sim/session/progress.h"

#include <fmt/format.h>
#include <chrono>
#include <cstdio>
#include <string>

namespace dspmem {
namespace {

std::uint64_t milliseconds_now() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count());
}

}  // namespace

void Progress::show(std::uint32_t core, std::uint64_t cycle, std::uint64_t done, std::uint64_t total) {
  constexpr std::uint64_t interval_ms = 250, enough_ms = 1000;
  if (!shown_) return;
  const std::uint64_t now = milliseconds_now();
  Pace& pace = paces_[core];
  if (total && (pace.total != total || done < pace.done)) pace = {total, done, now, done};
  pace.done = done;
  if (now < next_ms_) return;
  if (next_ms_) {
    std::string part;
    if (total) {
      part = fmt::format(", {} of {} operations", done, total);
      if (done > pace.first && now > pace.since_ms + enough_ms) {
        const std::uint64_t seconds = (now - pace.since_ms) * (total - done) / (done - pace.first) / 1000;
        part += seconds < 60 ? fmt::format(", about {} s left", seconds)
                             : fmt::format(", about {} min {} s left", seconds / 60, seconds % 60);
      }
    }
    fmt::print(stderr, "\r\033[Kreplaying: {} steps done, core {} at cycle {}{}", steps_done_, core, cycle, part);
    std::fflush(stderr);
  }
  next_ms_ = now + interval_ms;
}

void Progress::clear() const {
  if (shown_) std::fputs("\r\033[K", stderr);
}

}  // namespace dspmem
