// SPDX-License-Identifier: Apache-2.0
// What memory and each cache hold of something at the moment in which the run ended, and who wrote it last.
#include <algorithm>
#include <fmt/format.h>

#include "sim/config/fields.h"
#include "sim/session/session.h"

namespace dspmem {
namespace {

std::string hexadecimal(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (const std::uint8_t each : bytes) text += fmt::format("{:02x}", each);
  return text;
}

}  // namespace

void Session::check_dumps() const {
  for (const std::string& what : options_.dump) {
    const std::string name = what.substr(0, what.find('+'));
    if (names_.objects.contains(what) || input_.image.variable(what).has_value() || parse_number(name)) continue;
    std::vector<std::string> known = input_.image.variable_names();
    for (const auto& [object, mark] : names_.objects) known.push_back(object);
    throw InputError({input_.scenario.file}, "--dump: neither the scenario nor the firmware has an object '" + what + "', and it is no address" + suggestion(what, known));
  }
}

void Session::dump(const std::string& what) {
  Result::Dump dump;
  dump.what = what;
  dump.cycle = result_.cycles;
  if (const Object* const object = objects_.find(what)) {
    dump.address = object->address;
    dump.bytes = object->bytes;
  } else if (names_.objects.contains(what)) {
    result_.dumps.push_back(dump);  // it does not exist at this moment
    return;
  } else if (const auto variable = input_.image.variable(what)) {
    dump.address = variable->address;
    dump.bytes = std::max(variable->bytes, 1u);
  } else {
    const std::size_t plus = what.find('+');
    dump.address = static_cast<std::uint32_t>(*parse_number(what.substr(0, plus)));
    dump.bytes = plus == std::string::npos ? 4 : static_cast<std::uint32_t>(parse_number(what.substr(plus + 1)).value_or(4));
  }
  const std::uint32_t line_bytes = 1u << system_->core(0).core().data_cache().line_shift();
  constexpr std::uint32_t most_lines = 64;
  const std::uint64_t end = std::min<std::uint64_t>(std::uint64_t{dump.address} + dump.bytes, std::uint64_t{dump.address} + most_lines * line_bytes);
  for (std::uint64_t at = dump.address; at < end;) {
    const auto address = static_cast<std::uint32_t>(at);
    const std::uint32_t count = static_cast<std::uint32_t>(std::min<std::uint64_t>(end, (at | (line_bytes - 1)) + 1) - at);
    Result::Dump::Line line;
    line.first = address - dump.address;
    std::vector<std::uint8_t> bytes(count);
    try {
      system_->inspect(address, bytes);
      line.holders.push_back({"memory", false, hexadecimal(bytes)});
    } catch (const std::out_of_range&) {
      line.holders.push_back({"memory", false, ""});
    }
    const std::uint32_t cached = system_->map().alias(address, RegionKind::cached);
    for (std::size_t core = 0; core < system_->core_count(); ++core) {
      const L1Cache& cache = system_->core(core).core().data_cache();
      if (const std::uint8_t* const held = cache.peek(cached)) line.holders.push_back({fmt::format("core {} L1D", core), cache.dirty(cached), hexadecimal({held, count})});
    }
    for (std::uint32_t i = 0; coherency_ && i < count; ++i) {
      const Operation write = coherency_->checker().last_write(physical(address + i));
      if (write.kind == Operation::Kind::none) continue;
      const Result::Operation written = describer_.operation(write);
      auto& writes = line.writes;
      // A loop that writes word after word is one write, with the time of its last.
      const auto place = [](const Result::Operation& operation) { return operation.stack.empty() ? operation.step.to_string() : to_string(operation.stack[0]); };
      const bool same = !writes.empty() && writes.back().last + 1 == line.first + i && writes.back().write.agent == written.agent && writes.back().write.view == written.view && place(writes.back().write) == place(written);
      if (same) {
        ++writes.back().last;
        writes.back().write.cycle = std::max(writes.back().write.cycle, written.cycle);
      }
      else writes.push_back({line.first + i, line.first + i, written});
    }
    dump.lines.push_back(std::move(line));
    at += count;
  }
  result_.dumps.push_back(std::move(dump));
}

bool Session::interrupted() const {
  if (options_.interrupted && options_.interrupted()) return true;
  if (options_.stop_at_first && result_.findings.size() != findings_seen_) {
    findings_seen_ = result_.findings.size();
    if (std::any_of(result_.findings.begin(), result_.findings.end(), [this](const Result::Finding& each) { return each.fails(options_.strict); })) {
      stopped_ = "at the first finding";
      return true;
    }
  }
  if (options_.until) {
    for (std::size_t core = 0; core < system_->core_count(); ++core)
      if (system_->core(core).powered() && system_->core(core).core().now() >= *options_.until) {
        stopped_ = fmt::format("by --until {}", *options_.until);
        return true;
      }
  }
  return false;
}

}  // namespace dspmem
