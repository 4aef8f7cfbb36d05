// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace dspmem {

/// From now on SIGINT, SIGTERM and SIGHUP only ask the program to end: interrupted_by() says so. A second one ends it
/// at once. Files that are being written under another name are removed either way.
void catch_signals();
/// The signal that came; 0 for none.
int interrupted_by();

/// From now on std::terminate() says what happened in one line, removes files that are being written under another
/// name, and ends the program with exit code 5. Libraries call it: where memory ends while they free some, for one.
void end_in_order_when_terminated();

/// A file to remove when the program is ended at once. At most 16 at a time; further ones are left behind.
void remove_when_killed(const std::string& path);
void keep_when_killed(const std::string& path);

}  // namespace dspmem
