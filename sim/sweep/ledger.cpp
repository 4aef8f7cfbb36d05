// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/ledger.h"

#include <fmt/format.h>
#include <algorithm>

namespace dspmem {

std::optional<std::uint64_t> Ledger::next(const std::function<std::optional<std::uint64_t>()>& numbers) {
  while (const auto number = numbers()) {
    if (watch_.interrupted()) return std::nullopt;
    const SweepPoint point = *sweep_.point(*number);
    SweepResult known;
    try {
      const std::string hash = runner_.hash(point);
      auto found = store_.find(hash);
      if (!found && cache_) found = cache_->find(hash);
      if (!found || found->verdict == "died") {  // what killed its process may have had nothing to do with it
        hashes_[*number] = hash;
        return number;
      }
      known = std::move(*found);
      ++reused_;
    } catch (const InputError& error) {  // this point cannot be run
      known.exit_code = 2;
      known.verdict = "bad-input";
      known.error = error.what();
      known.hash = fmt::format("bad-input {} {}", sweep_.file, *number);
    }
    known.number = *number;
    known.keys = sweep_.describe(point);
    worst_ = std::max(worst_, known.exit_code);
    store_.put(known, host_);
    watch_.counted(false);
  }
  return std::nullopt;
}

SweepResult Ledger::run(std::uint64_t number) {
  SweepResult result = runner_.run(*sweep_.point(number));
  result.number = number;
  return result;
}

void Ledger::take(SweepResult result) {
  result.hash = hashes_.at(result.number);
  result.keys = sweep_.describe(*sweep_.point(result.number));
  hashes_.erase(result.number);
  worst_ = std::max(worst_, result.exit_code);
  store_.put(result, host_);
  if (cache_) cache_->put(result, host_);
  watch_.counted(true);
}

}  // namespace dspmem
