// SPDX-License-Identifier: Apache-2.0
#include "sim/session/steps/steps.h"

namespace dspmem {

StepKinds step_kinds() {
#define STEP_ENTRY(name) &name,
  static const StepKind* const kinds[] = {STEP_KINDS(STEP_ENTRY)};
  return kinds;
}

}  // namespace dspmem
