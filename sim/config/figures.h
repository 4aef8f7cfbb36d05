// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/config/edits.h"
#include "sim/config/fields.h"

namespace dspmem {

/// A number of a configuration file, or a list of numbers, and where it comes from. Files say so in two fields:
///
///   sources: {l1d: "SOF v2.2, core-isa.h", memories.HP.banks: "tigerlake_defconfig"}
///   assumed: {bus.latency: {low: 0, high: 6, why: no public figure}}
///
/// A path speaks for all that is below it, unless a longer one does. Elements of lists go by their name, or by number
/// from 0.
struct Figure {
  enum class Origin { unknown, source, assumed };
  std::string path;  ///< memories.HP.latency
  std::string value;  ///< as the file has it
  Origin origin = Origin::unknown;
  std::string stated;  ///< the path that says so: this one, or one above it
  std::string reason;  ///< the source, or why it is assumed
  std::vector<std::string> names;  ///< of the path
  std::string low, high;  ///< of what is assumed, as the file has them: the ends of what is plausible; empty: not given

  bool has_range() const { return !low.empty(); }
  /// The file, with another value of this figure.
  void edit(Edits& edits, const std::string& value) const;
};

/// What every file with figures has beside them: sources and assumed.
const FieldList& figure_fields();

/// The figures of a file, in its order, with what `sources` and `assumed` say of them. Throws InputError where these
/// speak of what is not there.
std::vector<Figure> read_figures(FieldReader& top, const YAML::Node& root);

/// A table of them for people: those that one path speaks for are one line.
std::string figures_text(const std::vector<Figure>& figures);

}  // namespace dspmem
