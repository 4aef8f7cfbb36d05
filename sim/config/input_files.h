// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace dspmem {

/// The files that this process reads: whoever opens one notes it, whoever writes one asks. Files are told apart by device and inode, so that
/// links and other spellings of a path make no difference.

/// REQUIRES: called by every reader of user's files, when it opens them.
void note_input(const std::string& path);
bool is_input(const std::string& path);

}  // namespace dspmem
