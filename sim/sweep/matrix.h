// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/config/edits.h"
#include "sim/config/error.h"
#include "sim/config/field_table.h"

namespace dspmem {

/// Something that a sweep varies, and what it is in turn.
struct SweepKey {
  enum class Of { scenario, platform, allocator, seed, quantum, firmware, scenario_field, platform_field };
  std::string name;  ///< as in the sweep file: "seed", "platform.l1d.size"
  Of of = Of::seed;
  std::vector<std::string> path;  ///< of a field: the names that lead to it
  std::vector<YAML::Node> values;
  std::vector<std::string> texts;  ///< of `values`, on one line
  SourceMark mark;
};

/// A figure of the report that is kept: a path such as cycles, heaps.runtime.peak or findings, whose elements are
/// counted.
struct SweepMetric {
  std::string name;
  SourceMark mark;
};

/// What a point has to keep: "findings = 0", "heaps.runtime.peak <= 96 KiB".
struct SweepConstraint {
  enum class Relation { less, at_most, equal, at_least, more };
  std::string text, metric;
  Relation relation = Relation::equal;
  double limit = 0;
  SourceMark mark;
  bool holds(double value) const;
};

/// One combination: for each key of the sweep, which of its values.
using SweepPoint = std::vector<std::size_t>;

/// A sweep file.
struct Sweep {
  std::string file, scenario, platform, allocator;
  bool ignore_expectations = false;  ///< of the scenario: they may be about one allocator or platform
  std::vector<SweepKey> keys;
  std::vector<std::vector<std::size_t>> zipped;  ///< keys whose values move together; every key is in one group
  struct Exclusion {
    std::vector<std::pair<std::size_t, std::string>> equal;  ///< key and text of its value: all of them
  };
  std::vector<Exclusion> excluded;
  std::vector<SweepMetric> metrics;
  std::vector<SweepConstraint> constraints;
  std::vector<std::size_t> minimised;  ///< metrics

  /// How many combinations there are, those that are excluded too.
  std::uint64_t combinations() const;
  /// A combination by its number; nothing for one that is excluded. REQUIRES: number < combinations().
  std::optional<SweepPoint> point(std::uint64_t number) const;
  /// "seed=3 platform.l1d.size=16 KiB"
  std::string describe(const SweepPoint& point) const;
  /// The same without the seed, which is nobody's choice.
  std::string describe_choice(const SweepPoint& point) const;
  /// The key that is a seed; nothing where there is none of its own, but one that moves together with others.
  std::optional<std::size_t> seed_key() const;
};

/// Other questions than those of the file: what to minimise, and what has to hold. Empty: as the file has it. Throws
/// InputError for a metric that the sweep does not keep.
void ask(Sweep& sweep, const std::vector<std::string>& minimise, const std::vector<std::string>& constraints);

/// The fields of a sweep file.
const FieldType& sweep_fields();
/// Throws InputError. `platforms`, `scenarios`: paths in it are relative to its folder.
Sweep load_sweep(const std::string& path);

}  // namespace dspmem
