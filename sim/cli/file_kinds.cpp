// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/file_kinds.h"

#include "sim/config/allocator.h"
#include "sim/config/energy.h"
#include "sim/config/platform.h"
#include "sim/config/suppressions.h"
#include "sim/diagnose/rules.h"
#include "sim/import/component_table.h"
#include "sim/scenario/scenario.h"
#include "sim/session/steps/steps.h"
#include "sim/sweep/matrix.h"

namespace dspmem {

std::span<const FileKind> file_kinds() {
  static const FileKind all[] = {
      {"scenario", "what each core does, and what has to come out of it (scenarios/*.yaml)",
       [] {
         return scenario_fields({step_kinds(), rule_names()});
       }},
      {"platform", "cores, caches, memories, banks and heaps of a chip (configs/platforms/*.yaml)",
       [] { return platform_fields(); }},
      {"allocator",
       "which functions of a firmware image allocate and free, with which arguments (configs/allocators/*.yaml)",
       [] { return allocator_fields(); }},
      {"energy", "what banks consume (configs/energy/*.yaml)", [] { return energy_fields(); }},
      {"suppressions", "findings that do not fail a run (--suppressions FILE)",
       [] { return suppression_fields(rule_names()); }},
      {"sweep", "a matrix of replays (dspmem sweep FILE)", [] { return sweep_fields(); }},
      {"components", "what a firmware allocates for each kind of widget of an ALSA topology (configs/topology/*.yaml)",
       [] { return component_fields(); }},
  };
  return all;
}

FieldType step_kinds_type() { return step_kind_fields({step_kinds(), rule_names()}); }

}  // namespace dspmem
