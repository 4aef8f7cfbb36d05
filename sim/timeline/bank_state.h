// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "models/memory/sram_bank.h"

namespace dspmem {

/// As timelines and pages name it.
inline const char* name_of(BankState state) {
  switch (state) {
    case BankState::on: return "on";
    case BankState::retention: return "retention";
    case BankState::off: return "off";
  }
  return "";
}

}  // namespace dspmem
