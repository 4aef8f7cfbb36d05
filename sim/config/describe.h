// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/config/platform.h"

namespace dspmem {

/// Memory map, zones and banks, for people.
std::string describe_as_text(const Platform& platform);
/// The zones as a Graphviz graph.
std::string describe_as_dot(const Platform& platform);
/// GNU ld script that places a firmware image.
std::string describe_as_linker_script(const Platform& platform);
/// platform_config.h: the numbers that the firmware is compiled with.
std::string describe_as_header(const Platform& platform);

/// What firmware is compiled and linked for: names and values. An image has them as "NAME=value;" in its section
/// .dspmem.platform.
std::vector<std::pair<std::string, std::uint32_t>> platform_facts(const Platform& platform);

}  // namespace dspmem
