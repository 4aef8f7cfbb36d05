// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "models/power/energy.h"
#include "sim/config/error.h"
#include "sim/config/figures.h"

namespace dspmem {

struct FieldType;

/// Energy figures of SRAM banks, as a file of configs/energy gives them. Energies in attojoules, powers in nanowatts.
struct EnergyPreset {
  struct Bank {
    std::uint32_t bytes = 0;
    std::uint64_t leakage = 0, read = 0, write = 0, line_read = 0, line_write = 0;
  };
  std::string name, description;
  std::vector<Bank> banks;  ///< by growing size
  std::uint64_t retention_permille = 0, off_permille = 0;  ///< of the leakage
  std::uint64_t wake_from_retention = 0, wake_from_off = 0;  ///< of a 64 KiB bank
  bool clear_on_wake = true;
  std::uint64_t regulator = 0;  ///< what a memory's regulator takes while it is on
  std::vector<Figure> sources;  ///< of the file's figures

  /// Figures of a bank of any size: those of the nearest size that the preset knows, leakage and wake-up in proportion.
  BankFigures figures(std::uint32_t bank_bytes, std::uint32_t clock_period_ps) const;
};

/// Reads configs/energy/<name>.yaml, or any file when `name_or_path` has a slash or ends in .yaml. Throws InputError;
/// `mark` is where the user named it.
EnergyPreset load_energy(const std::string& name_or_path, const SourceMark& mark = {}, const Edits& edits = {});

/// Names of the presets that come with dspmem.
std::vector<std::string> shipped_energy_presets();

/// The fields of an energy file.
const FieldType& energy_fields();

}  // namespace dspmem
