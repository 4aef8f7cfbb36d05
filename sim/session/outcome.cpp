// SPDX-License-Identifier: Apache-2.0
#include "sim/session/outcome.h"

namespace dspmem {

void Outcome::expect(bool passed, const std::string& text, const std::string& actual, const Place& where) {
  for (Result::Expectation& known : result_.expectations)
    if (known.where == where && known.text == text) {  // the same place in a loop: the first failure stays
      if (known.passed && !passed) known = {text, actual, where, false};
      return;
    }
  result_.expectations.push_back({text, actual, where, passed});
}

void Outcome::stale_read(Result::StaleRead read) {
  for (Result::StaleRead& known : result_.stale_reads)
    if (known.where == read.where && known.agent == read.agent && known.object == read.object) {
      ++known.count;
      return;
    }
  if (result_.stale_reads.size() < FindingLog::most_findings) result_.stale_reads.push_back(std::move(read));
}

}  // namespace dspmem
