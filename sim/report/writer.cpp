// SPDX-License-Identifier: Apache-2.0
#include "sim/report/writer.h"

namespace dspmem {

std::span<const Writer* const> writers() {
#define WRITER_ENTRY(name) &name,
  static const Writer* const all[] = {REPORT_WRITERS(WRITER_ENTRY)};
  return all;
}

}  // namespace dspmem
