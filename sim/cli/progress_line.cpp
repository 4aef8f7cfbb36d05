// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/progress_line.h"

#include <unistd.h>

#include <cstdio>

namespace dspmem {

ExperimentProgress progress_line(const std::string& doing, const std::string& what) {
  if (!isatty(STDERR_FILENO)) return [](std::size_t, std::size_t) {};
  return [doing, what](std::size_t done, std::size_t total) {
    if (done < total) std::fprintf(stderr, "\r\033[K%s: %zu of %zu %s done", doing.c_str(), done, total, what.c_str());
    else std::fputs("\r\033[K", stderr);
    std::fflush(stderr);
  };
}

}  // namespace dspmem
