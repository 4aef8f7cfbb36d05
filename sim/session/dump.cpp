// SPDX-License-Identifier: Apache-2.0
// What memory and each cache hold of something at the moment in which the run ended, and who wrote it last.
#include <fmt/format.h>
#include <algorithm>

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

std::optional<Session::Range> Session::range_of(const std::string& what) {
  const std::size_t plus = what.find('+');
  const auto address = parse_number(what.substr(0, plus));
  if (!address) return std::nullopt;
  const auto bytes = plus == std::string::npos ? std::optional<std::uint64_t>(4) : parse_number(what.substr(plus + 1));
  if (!bytes || !*bytes || *address > 0xffffffff || *bytes > 0x100000000 - *address)
    throw InputError({input_.scenario.file},
                     "--dump: '" + what + "' is no address below 2^32 and number of bytes, such as 0x9e021000+64");
  const auto is_memory = [this](std::uint64_t at) {
    const Region* const region = system_->map().find(static_cast<std::uint32_t>(at));
    return region && region->kind != RegionKind::device;
  };
  if (!is_memory(*address) || !is_memory(*address + *bytes - 1))
    throw InputError({input_.scenario.file},
                     "--dump: at '" + what + "' platform '" + input_.platform.name + "' has no memory");
  return Range{static_cast<std::uint32_t>(*address), static_cast<std::uint32_t>(*bytes)};
}

void Session::check_dumps() {
  for (const std::string& what : options_.dump) {
    if (names_.objects.contains(what) || input_.image.variable(what).has_value() || range_of(what)) continue;
    std::vector<std::string> known = input_.image.variable_names();
    for (const auto& [object, mark] : names_.objects) known.push_back(object);
    throw InputError({input_.scenario.file}, "--dump: neither the scenario nor the firmware has an object '" + what +
                                                 "', and it is no address" + suggestion(what, known));
  }
}

std::string Session::bank_that_is_off(std::uint32_t physical) const {
  for (const auto& sram : system_->srams()) {
    const std::uint32_t base = sram->config().physical_base;
    if (physical - base >= sram->config().size()) continue;
    const std::size_t index = (physical - base) / sram->config().bank_bytes;
    if (sram->bank(index).state() == BankState::off) return sram->bank_name(index);
  }
  return "";
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
    const Range range = *range_of(what);
    dump.address = range.address;
    dump.bytes = range.bytes;
  }
  const std::uint32_t line_bytes = 1u << system_->core(0).core().data_cache().line_shift();
  constexpr std::uint32_t most_lines = 64;
  const std::uint64_t end = std::min<std::uint64_t>(std::uint64_t{dump.address} + dump.bytes,
                                                    std::uint64_t{dump.address} + most_lines * line_bytes);
  for (std::uint64_t at = dump.address; at < end;) {
    const auto address = static_cast<std::uint32_t>(at);
    const std::uint32_t count =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(end, (at | (line_bytes - 1)) + 1) - at);
    Result::Dump::Line line;
    line.first = address - dump.address;
    std::vector<std::uint8_t> bytes(count);
    const std::string off = bank_that_is_off(physical(address));
    if (!off.empty()) line.holders.push_back({"memory: bank " + off + " is off", false, ""});
    else try {
        system_->inspect(address, bytes);
        line.holders.push_back({"memory", false, hexadecimal(bytes)});
      } catch (const std::out_of_range&) { line.holders.push_back({"memory", false, ""}); }
    const std::uint32_t cached = system_->map().alias(address, RegionKind::cached);
    for (std::size_t core = 0; core < system_->core_count(); ++core) {
      const L1Cache& cache = system_->core(core).core().data_cache();
      if (const std::uint8_t* const held = cache.peek(cached))
        line.holders.push_back({fmt::format("core {} L1D", core), cache.dirty(cached), hexadecimal({held, count})});
    }
    for (std::uint32_t i = 0; coherency_ && i < count; ++i) {
      const Operation write = coherency_->checker().last_write(physical(address + i));
      if (write.kind == Operation::Kind::none) continue;
      const Result::Operation written = describer_.operation(write);
      auto& writes = line.writes;
      // A loop that writes word after word is one write, with the time of its last.
      const auto place = [](const Result::Operation& operation) {
        return operation.stack.empty() ? operation.step.to_string() : to_string(operation.stack[0]);
      };
      const bool same = !writes.empty() && writes.back().last + 1 == line.first + i &&
                        writes.back().write.agent == written.agent && writes.back().write.view == written.view &&
                        place(writes.back().write) == place(written);
      if (same) {
        ++writes.back().last;
        writes.back().write.cycle = std::max(writes.back().write.cycle, written.cycle);
      } else writes.push_back({line.first + i, line.first + i, written});
    }
    dump.lines.push_back(std::move(line));
    at += count;
  }
  result_.dumps.push_back(std::move(dump));
}

}  // namespace dspmem
