// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/config/allocator.h"
#include "sim/config/fields.h"

namespace dspmem {

constexpr std::uint32_t most_metadata_bytes = 65536;  ///< of alignments, headers and buffers

// Names of what a binding can say.
const Choices<AllocatorArgument::Kind>& argument_names();
const Choices<AllocatorFunction::Role>& role_names();
const Choices<AllocatorFunction::Returns>& return_choices();
const Choices<bool>& heap_kinds();
const Choices<bool>& start_choices();
const Choices<RegisterRange::Answer>& answer_choices();

/// The fields of an argument that is a mapping.
const FieldType& allocator_argument_fields();

}  // namespace dspmem
