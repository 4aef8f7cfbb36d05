// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/report_file.h"

#include <fmt/format.h>

#include "sim/config/error.h"
#include "sim/config/input_files.h"

namespace dspmem {

std::map<std::string, Json> load_reports(const std::string& path) {
  Json json = Json::parse(read_input(path), nullptr, false);
  if (json.is_discarded()) throw InputError({path}, "is not JSON; write one with 'dspmem run SCENARIO --json FILE'");
  if (!json.is_array()) json = Json::array({json});
  std::map<std::string, Json> reports;
  for (const Json& each : json) {
    if (!each.is_object() || !each.contains("schema") || !each.contains("findings"))
      throw InputError({path}, "is not a report of 'dspmem run --json'");
    if (each["schema"] != Result::schema_version)
      throw InputError({path},
                       fmt::format("is a report of schema {}; this dspmem reads schema {}: run the scenario again",
                                   each["schema"].dump(), Result::schema_version));
    reports[each.value("file", "") + " on " + each.value("platform", "")] = each;
  }
  return reports;
}

Baseline load_baseline(const std::string& path) {
  Baseline baseline{{path, 0, 0}, {}};
  for (const auto& [name, report] : load_reports(path))
    for (const Json& finding : report["findings"]) baseline.fingerprints.insert(finding.value("fingerprint", ""));
  return baseline;
}

}  // namespace dspmem
