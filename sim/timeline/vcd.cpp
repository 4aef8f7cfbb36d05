// SPDX-License-Identifier: Apache-2.0
#include "sim/timeline/vcd.h"

#include <fmt/format.h>
#include <algorithm>

#include "sim/result/printable.h"

namespace dspmem {
namespace {

/// A word without blanks, as names and strings of the format are.
std::string word(const std::string& text) {
  std::string result = printable(text);
  for (char& each : result)
    if (each == ' ') each = '_';
  return result.empty() ? "-" : result;
}

/// Printable characters from '!' on.
std::string code_of(std::uint32_t number) {
  std::string code;
  do {
    code += static_cast<char>('!' + number % 94);
    number /= 94;
  } while (number);
  return code;
}

std::int64_t number_of(BankState state) {
  switch (state) {
    case BankState::off: return 0;
    case BankState::retention: return 1;
    case BankState::on: return 2;
  }
  return 2;
}

}  // namespace

ValueChanges::ValueChanges(const Platform& platform) : period_ps_(platform.system.clock_period_ps) {
  for (std::uint32_t core = 0; core < platform.core_count(); ++core) {
    signal(fmt::format("core{}_powered", core), Signal::Kind::power, core == 0);
    signal(fmt::format("core{}_step", core), Signal::Kind::step, 0);
  }
  for (const SramConfig& sram : platform.system.srams)
    for (std::uint32_t bank = 0; sram.switchable && bank < sram.banks; ++bank)
      signal(fmt::format("{}{}", sram.name, bank), Signal::Kind::bank, 2);
  texts_["-"] = 0;
}

std::uint32_t ValueChanges::signal(const std::string& name, Signal::Kind kind, std::int64_t initial) {
  const auto [found, fresh] = by_name_.try_emplace(name, static_cast<std::uint32_t>(signals_.size()));
  if (fresh) {
    signals_.push_back({kind, word(name), initial});
    initial_.push_back(initial);
  }
  return found->second;
}

void ValueChanges::change(std::uint32_t signal, std::int64_t value, std::uint64_t cycle) {
  if (signals_[signal].value == value) return;
  signals_[signal].value = value;
  if (changes_.size() >= most_changes) {
    ++left_out_;
    return;
  }
  changes_.push_back({cycle, signal, static_cast<std::int32_t>(value)});
}

void ValueChanges::on(const StepBegan& event) {
  const std::string text =
      event.kind ? word(*event.kind + (event.where ? fmt::format("@{}:{}", event.where->file, event.where->line) : ""))
                 : "-";
  const auto [known, fresh] = texts_.try_emplace(text, static_cast<std::int32_t>(texts_.size()));
  std::string agent = to_string(event.who);
  std::erase(agent, ' ');
  change(signal(agent + "_step", Signal::Kind::step, 0), known->second, event.cycle);
}
void ValueChanges::count(const HeapBlock& block, std::int64_t bytes, std::uint64_t cycle) {
  const std::uint32_t zone = signal(std::string(to_string(block.zone)) + "_bytes", Signal::Kind::bytes, 0);
  change(zone, signals_[zone].value + bytes, cycle);
}
void ValueChanges::on(const Allocated& event) { count(event.block, event.block.bytes, event.cycle); }
void ValueChanges::on(const Freeing& event) { count(event.block, -std::int64_t{event.block.bytes}, event.cycle); }
void ValueChanges::on(const Resizing& event) { count(event.block, -std::int64_t{event.block.bytes}, event.cycle); }
void ValueChanges::on(const CoreChanged& event) {
  change(signal(fmt::format("core{}_powered", event.core), Signal::Kind::power, 0), event.on, event.cycle);
}
void ValueChanges::on(const BankChanged& event) {
  change(signal(event.bank, Signal::Kind::bank, 2), number_of(event.state), event.cycle);
}

void ValueChanges::write(std::ostream& out, std::uint64_t end) {
  std::vector<std::string> texts(texts_.size());
  for (const auto& [text, number] : texts_) texts[static_cast<std::size_t>(number)] = text;
  out << "$comment dspmem; times are simulated, 1 ps";
  if (left_out_) out << "; " << left_out_ << " later changes are left out";
  out << " $end\n$timescale 1 ps $end\n$scope module dspmem $end\n";
  const auto type = [](Signal::Kind kind) {
    return kind == Signal::Kind::bank    ? "wire 2"
           : kind == Signal::Kind::power ? "wire 1"
           : kind == Signal::Kind::step  ? "string 1"
                                         : "integer 32";
  };
  for (std::uint32_t i = 0; i < signals_.size(); ++i)
    out << "$var " << type(signals_[i].kind) << ' ' << code_of(i) << ' ' << signals_[i].name << " $end\n";
  out << "$upscope $end\n$enddefinitions $end\n";
  const auto put = [&](std::uint32_t index, std::int64_t value) {
    switch (signals_[index].kind) {
      case Signal::Kind::power: out << value << code_of(index) << '\n'; break;
      case Signal::Kind::step:
        out << 's' << texts[static_cast<std::size_t>(value)] << ' ' << code_of(index) << '\n';
        break;
      default: out << fmt::format("b{:b} {}\n", static_cast<std::uint32_t>(value), code_of(index));
    }
  };
  out << "#0\n$dumpvars\n";
  for (std::uint32_t i = 0; i < signals_.size(); ++i) put(i, initial_[i]);
  out << "$end\n";
  std::stable_sort(changes_.begin(), changes_.end(),
                   [](const Change& a, const Change& b) { return a.cycle < b.cycle; });
  std::uint64_t now = 0;
  for (const Change& each : changes_) {
    if (each.cycle != now) out << '#' << each.cycle * period_ps_ << '\n';
    now = each.cycle;
    put(each.signal, each.value);
  }
  out << '#' << std::max(end, now) * period_ps_ << '\n';
}

}  // namespace dspmem
