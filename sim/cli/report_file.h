// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "sim/result/judge.h"

namespace dspmem {

using Json = nlohmann::json;

/// The reports of a file that 'dspmem run --json' wrote, by scenario file and platform. Throws InputError for other
/// files, and for reports of another version of the format.
std::map<std::string, Json> load_reports(const std::string& path);

/// The findings of all of them.
Baseline load_baseline(const std::string& path);

}  // namespace dspmem
