// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

/// Files that are part of every page. The build makes their texts from page.css, page.js, sweep.js and the charting
/// library uPlot.
namespace dspmem::page {

extern const std::string_view style, script;  ///< of reports
extern const std::string_view sweep_script;  ///< of sweeps, with the same style
extern const std::string_view chart_style, chart_script;  ///< empty when the build could not get the library

}  // namespace dspmem::page
