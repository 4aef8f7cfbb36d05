// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/replay/replay.h"

namespace dspmem {

// What steps do with objects that have a name; rows of a trace do the same.

/// Ends the run after a failed expectation when there is no memory, unless it may fail.
void allocate_object(Replay& replay, DspCore& core, const Replay::Request& request, const std::string& name, bool may_fail, const SourceMark& mark);
void reallocate_object(Replay& replay, DspCore& core, const std::string& name, std::uint32_t bytes, const SourceMark& mark);
void free_object(Replay& replay, DspCore& core, const std::string& name, const SourceMark& mark);

void write_tag(Replay& replay, DspCore& core, const AnonymousBlock& block, const SourceMark& mark);
/// Checks the tag, if it has one, and frees.
void retire(Replay& replay, DspCore& core, const AnonymousBlock& block, const SourceMark& mark);

}  // namespace dspmem
