// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/session/step_context.h"

namespace dspmem {

/// An allocation without a name, as workloads and traces have many.
struct AnonymousBlock {
  std::uint32_t address = 0, bytes = 0;  ///< address 0: the allocation failed, as it may
  Zone zone = Zone::runtime;
  std::uint32_t flags = 0, capabilities = 0;
  bool shared() const { return flags & 1; }
  std::optional<std::uint32_t> tag;  ///< what its first and last word hold while it lives
};

// What steps do with objects that have a name; rows of a trace do the same.

/// Ends the run after a failed expectation when there is no memory, unless it may fail.
void allocate_object(StepContext& context, const MemoryRequest& request, const std::string& name, bool may_fail,
                     const SourceMark& mark);
void reallocate_object(StepContext& context, const std::string& name, std::uint32_t bytes, const SourceMark& mark);
void free_object(StepContext& context, const std::string& name, const SourceMark& mark);

void write_tag(StepContext& context, const AnonymousBlock& block, const SourceMark& mark);
/// Checks the tag, if it has one, and frees.
void retire(StepContext& context, const AnonymousBlock& block, const SourceMark& mark);

}  // namespace dspmem
