// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "sim/result/result.h"

namespace dspmem {

/// A table of results as comma-separated values (RFC 4180), for spreadsheets and data frames. Every row begins with the
/// scenario's file, the platform and the seed, so that tables of many runs can be put together.
struct CsvTable {
  const char* file;  ///< its name, such as "cores.csv"
  std::string (*write)(std::span<const Result> results);
};
std::span<const CsvTable> csv_tables();

}  // namespace dspmem
