// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/regression.h"

#include <fmt/format.h>
#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

#include "sim/result/printable.h"

namespace dspmem {

SweepRegression compare_sweeps(SweepStore& before, SweepStore& after) {
  std::string out;
  std::map<std::string, SweepResult> known;
  before.each([&](const SweepResult& result) { known[result.keys] = result; });
  std::uint64_t same = 0, worse = 0, unknown = 0;
  std::set<std::string> missing;
  for (const auto& [keys, result] : known) missing.insert(keys);
  after.each([&](const SweepResult& result) {
    const auto found = known.find(result.keys);
    if (found == known.end()) {
      ++unknown;
      return;
    }
    missing.erase(result.keys);
    std::string why;
    if (result.exit_code > found->second.exit_code)
      why += fmt::format(" exit code {} -> {}", found->second.exit_code, result.exit_code);
    for (const SweepResult::Finding& finding : result.findings) {
      const auto& old = found->second.findings;
      if (std::none_of(old.begin(), old.end(), [&](const SweepResult::Finding& each) {
            return each.fingerprint == finding.fingerprint && each.rule == finding.rule;
          }))
        why += fmt::format(" new {} of '{}'", finding.rule, finding.object);
    }
    for (const auto& [name, value] : result.metrics)
      if (const auto old = found->second.metrics.find(name); old != found->second.metrics.end() && value > old->second)
        why += fmt::format(" {} {} -> {}", name, old->second, value);
    if (why.empty()) {
      ++same;
      return;
    }
    ++worse;
    out += fmt::format("{}:{}\n", printable(result.keys), printable(why));
  });
  if (same + worse == 0) throw std::runtime_error("they have no point in common: nothing can be compared");
  out += fmt::format("{} points worse, {} as good or better, {} not in the baseline\n", worse, same, unknown);
  if (!missing.empty())
    out +=
        fmt::format("{} points of the baseline are missing, first {}\n", missing.size(), printable(*missing.begin()));
  return {out, worse || !missing.empty()};
}

}  // namespace dspmem
