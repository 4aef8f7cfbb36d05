// SPDX-License-Identifier: Apache-2.0
#include "sim/config/energy.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

#include "sim/config/fields.h"
#include "sim/config/paths.h"

namespace dspmem {
namespace {

struct Unit {
  const char* name;
  double scale;
};

/// A figure with its unit, such as 5.2 pJ, in the unit of scale 1.
std::uint64_t quantity(FieldReader& reader, const std::string& field, std::initializer_list<Unit> units,
                       const char* example) {
  std::string text;
  reader.required(field, text);
  const std::size_t digits = std::min(text.find_first_not_of("0123456789."), text.size());
  const std::string unit = text.substr(std::min(text.find_first_not_of(' ', digits), text.size()));
  if (!text.empty() && text[0] == '-') reader.fail(field, fmt::format("'{}' must not be negative", field));
  std::size_t used = 0;
  double value = 0;
  try {
    value = std::stod(text.substr(0, digits), &used);
  } catch (const std::exception&) {
    reader.fail(field, fmt::format("'{}' must be such as {}, not '{}'", field, example, text));
  }
  if (used != digits) reader.fail(field, fmt::format("'{}' must be such as {}, not '{}'", field, example, text));
  std::vector<std::string> names;
  for (const Unit& each : units) {
    if (unit == each.name) {
      if (value * each.scale > 1e15) reader.fail(field, fmt::format("'{}' is too large: {}", field, text));
      return static_cast<std::uint64_t>(std::llround(value * each.scale));
    }
    names.emplace_back(each.name);
  }
  if (unit.empty()) reader.fail(field, fmt::format("'{}' needs a unit: {}", field, example));
  reader.fail(field, fmt::format("'{}' is not a unit of '{}'", unit, field) + suggestion(unit, names));
}

std::uint64_t energy(FieldReader& reader, const std::string& field) {
  return quantity(reader, field, {{"fJ", 1e3}, {"pJ", 1e6}, {"nJ", 1e9}, {"uJ", 1e12}}, "5.2 pJ");
}
std::uint64_t power(FieldReader& reader, const std::string& field) {
  return quantity(reader, field, {{"nW", 1}, {"uW", 1e3}, {"mW", 1e6}}, "44 uW");
}
std::uint64_t permille(FieldReader& reader, const std::string& field) {
  const std::uint64_t value = quantity(reader, field, {{"%", 10}}, "30 %");
  if (value > 1000)
    reader.fail(field,
                fmt::format("'{}' must be at most 100 %: it is a share of the leakage of a bank that is on", field));
  return value;
}

FieldType joules() { return field::form("^[0-9]+(\\.[0-9]*)? *(fJ|pJ|nJ|uJ)$", "5.2 pJ"); }
FieldType watts() { return field::form("^[0-9]+(\\.[0-9]*)? *(nW|uW|mW)$", "44 uW"); }
FieldType share() { return field::form("^[0-9]+(\\.[0-9]*)? *%$", "30 %"); }

}  // namespace

const FieldType& energy_fields() {
  using namespace field;
  static const FieldType fields = mapping(joined(
      {
          needs("name", text(), "name of the set"),
          has("description", text(), "one line about it"),
          needs("retention", share(), "leakage of a retained bank, in percent of one that is on"),
          needs("off", share(), "leakage of a gated bank, in percent of one that is on"),
          needs("wake_from_retention", joules(), "energy that 64 KiB take from retention to on"),
          needs("wake_from_off", joules(), "energy that 64 KiB take from off to on"),
          has("clear_on_wake", flag(), "whether a bank is written with zeros when it comes on; default false"),
          has("regulator", watts(), "power of a memory's voltage regulator; default 0"),
          needs("banks",
                list(mapping({needs("size", size(1024, 16 * 1024 * 1024),
                                    "bytes of a bank; a platform's bank takes the figures of the nearest size"),
                              needs("leakage", watts(), "power of a bank that is on"),
                              needs("read", joules(), "energy of reading one beat of 8 bytes"),
                              needs("write", joules(), "energy of writing one beat"),
                              needs("line_read", joules(), "energy of reading a cache line of 64 bytes"),
                              needs("line_write", joules(), "energy of writing one")}),
                     1),
                "figures of bank sizes"),
      },
      figure_fields()));
  return fields;
}

BankFigures EnergyPreset::figures(std::uint32_t bank_bytes, std::uint32_t clock_period_ps) const {
  const auto distance = [bank_bytes](const Bank& bank) {
    return bank.bytes > bank_bytes ? bank.bytes / bank_bytes : bank_bytes / bank.bytes;
  };
  const Bank& nearest = *std::min_element(banks.begin(), banks.end(),
                                          [&](const Bank& a, const Bank& b) { return distance(a) < distance(b); });
  constexpr std::uint64_t wake_bytes = 64 * 1024;
  BankFigures figures;
  figures.beat_read = nearest.read;
  figures.beat_write = nearest.write;
  figures.line_read = nearest.line_read;
  figures.line_write = nearest.line_write;
  // nW x ps = 10^-21 J: a thousandth of an attojoule.
  figures.on = nearest.leakage * bank_bytes / nearest.bytes * clock_period_ps / 1000;
  figures.retention = figures.on * retention_permille / 1000;
  figures.off = figures.on * off_permille / 1000;
  figures.wake_from_retention = wake_from_retention * bank_bytes / wake_bytes;
  figures.wake_from_off = wake_from_off * bank_bytes / wake_bytes;
  if (clear_on_wake) figures.clear = std::uint64_t{bank_bytes} / SramBank::beat_bytes * figures.beat_write;
  return figures;
}

std::vector<std::string> shipped_energy_presets() { return shipped_configs("energy"); }

EnergyPreset load_energy(const std::string& name_or_path, const SourceMark& mark, const Edits& edits) {
  const std::string path = config_file("energy", name_or_path, mark, "energy file", "set of energy figures");
  const YAML::Node root = load_edited(path, edits);
  FieldReader reader(root, path, "the energy file", energy_fields());
  EnergyPreset preset;
  reader.required("name", preset.name);
  reader.optional("description", preset.description);
  preset.retention_permille = permille(reader, "retention");
  preset.off_permille = permille(reader, "off");
  if (preset.off_permille > preset.retention_permille) reader.fail("off", "'off' must not leak more than 'retention'");
  preset.wake_from_retention = energy(reader, "wake_from_retention");
  preset.wake_from_off = energy(reader, "wake_from_off");
  reader.optional("clear_on_wake", preset.clear_on_wake);
  if (reader.node("regulator").IsDefined()) preset.regulator = power(reader, "regulator");
  const YAML::Node banks = reader.node("banks");
  if (!banks.IsDefined()) reader.missing("banks", "a list of bank sizes with their figures");
  if (!banks.IsSequence() || banks.size() == 0) reader.fail("banks", "'banks' must be a list with at least one size");
  for (const auto& node : banks) {
    FieldReader each(node, path, "bank figures", find_field(energy_fields().fields, "banks")->type.parts[0]);
    EnergyPreset::Bank bank;
    Bytes size;
    each.required("size", size);
    bank.bytes = static_cast<std::uint32_t>(size.value);
    bank.leakage = power(each, "leakage");
    bank.read = energy(each, "read");
    bank.write = energy(each, "write");
    bank.line_read = energy(each, "line_read");
    bank.line_write = energy(each, "line_write");
    each.finish();
    preset.banks.push_back(bank);
  }
  preset.sources = read_figures(reader, root);
  reader.finish();
  return preset;
}

}  // namespace dspmem
