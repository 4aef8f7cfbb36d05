// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/program_options/variables_map.hpp>
#include <string>

namespace dspmem {

/// 'dspmem import platform': writes a platform file to `output` from the files that --dtb, --elf, --map and --core-isa
/// name.
int import_platform(const std::string& output, const boost::program_options::variables_map& values);

}  // namespace dspmem
