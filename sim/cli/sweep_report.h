// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "sim/cli/output_file.h"
#include "sim/sweep/matrix.h"
#include "sim/sweep/store.h"

namespace dspmem {

/// Where images for varied platforms are kept: beside the results.
std::string image_folder(const std::string& results);

/// Says on standard error when the results are of other files than there are now, as far as the first of them shows.
void warn_of_older_results(const Sweep& sweep, SweepStore& store, const std::string& results);

/// Replays one point again and prints its whole report; with `html` also as a page in that file. Returns its exit code.
/// Throws UsageError when `number` is no point of the sweep.
int show_point(const Sweep& sweep, const std::string& number, const std::string& results,
               const std::optional<std::string>& html);

/// The page of a sweep, and beside it, in PATH.points, the reports of a few points.
void write_page(const Sweep& sweep, SweepStore& store, const std::string& path, const std::string& results,
                const OutputFile& page);

}  // namespace dspmem
