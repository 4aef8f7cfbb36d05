// SPDX-License-Identifier: Apache-2.0
#include "sim/timeline/timeline.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sim/timeline/bank_state.h"

namespace dspmem {
namespace {

// Processes of the timeline: groups of tracks.
constexpr int cores = 1, heaps = 2, banks = 3;

std::string json_text(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

}  // namespace

Timeline::Timeline(std::ostream& out, std::uint32_t clock_mhz) : out_(out), clock_mhz_(clock_mhz) {
  out_ << "{\"displayTimeUnit\": \"ns\", \"traceEvents\": [\n";
  const std::pair<int, const char*> groups[] = {{cores, "cores"}, {heaps, "heaps"}, {banks, "banks"}};
  for (const auto& [process, name] : groups)
    write(fmt::format(R"({{"ph": "M", "pid": {}, "name": "process_name", "args": {{"name": "{}"}}}})", process, name));
}

void Timeline::write(const std::string& event) {
  out_ << (first_ ? "" : ",\n") << event;
  first_ = false;
}

bool Timeline::has_room() {
  if (events_ < most_events) return ++events_;
  ++dropped_;
  return false;
}

void Timeline::name_track(AgentId agent, const std::string& name) {
  write(fmt::format(R"({{"ph": "M", "pid": {}, "tid": {}, "name": "thread_name", "args": {{"name": {}}}}})", cores,
                    agent, json_text(name)));
}

// ---- Steps --------------------------------------------------------------------------------------

void Timeline::end_step(AgentId agent, std::uint64_t cycle) {
  OpenStep& step = steps_[agent];
  if (!step.open) return;
  step.open = false;
  if (!has_room()) return;
  const std::uint64_t length = cycle > step.since ? cycle - step.since : 0;
  write(fmt::format(R"({{"ph": "X", "pid": {}, "tid": {}, "ts": {:.4f}, "dur": {:.4f}, "name": {}, "cat": "step", )"
                    R"("args": {{"where": {}, "cycles": {}}}}})",
                    cores, agent, microseconds(step.since), microseconds(length), json_text(step.kind),
                    json_text(step.where), length));
}

void Timeline::on(const StepBegan& event) {
  OpenStep& step = steps_[event.core];
  if (step.open) end_step(event.core, event.cycle);
  else if (step.kind.empty()) name_track(event.core, to_string(event.who));
  if (!event.kind) return;  // the core has done its steps
  step = {*event.kind, event.where ? event.where->to_string() : "", event.cycle, true};
}

void Timeline::on(const CoreChanged& event) {
  write(
      fmt::format(R"({{"ph": "i", "s": "t", "pid": {}, "tid": {}, "ts": {:.4f}, "name": "power {}", "cat": "power"}})",
                  cores, event.core, microseconds(event.cycle), event.on ? "on" : "off"));
}

// ---- Heaps and banks ----------------------------------------------------------------------------

void Timeline::count_heap(const HeapBlock& block, std::int64_t change, std::uint64_t cycle) {
  const std::string zone = to_string(block.zone);
  std::int64_t& bytes = zone_bytes_[zone];
  bytes += change;
  if (has_room())
    write(fmt::format(R"({{"ph": "C", "pid": {}, "ts": {:.4f}, "name": {}, "args": {{"bytes": {}}}}})", heaps,
                      microseconds(cycle), json_text(zone + ", bytes asked for"), bytes));
}

void Timeline::on(const Allocated& event) { count_heap(event.block, event.block.bytes, event.cycle); }
void Timeline::on(const Freeing& event) {
  count_heap(event.block, -static_cast<std::int64_t>(event.block.bytes), event.cycle);
}
void Timeline::on(const Resizing& event) {
  count_heap(event.block, -static_cast<std::int64_t>(event.block.bytes), event.cycle);
}

void Timeline::on(const BankChanged& event) {
  banks_[event.bank] = event.state;
  write(fmt::format(R"({{"ph": "C", "pid": {}, "ts": {:.4f}, "name": {}, "args": {{"powered": {}}}}})", banks,
                    microseconds(event.cycle), json_text(event.bank),
                    event.state == BankState::on          ? 2
                    : event.state == BankState::retention ? 1
                                                          : 0));
  write(fmt::format(R"({{"ph": "i", "s": "p", "pid": {}, "tid": 0, "ts": {:.4f}, "name": {}, "cat": "power"}})", banks,
                    microseconds(event.cycle), json_text(event.bank + " " + name_of(event.state))));
}

// ---- Findings -----------------------------------------------------------------------------------

void Timeline::write_finding(const Result::Finding& finding, std::size_t number) {
  // When a read was made is not always known.
  const auto mark = [this](const Result::Operation& operation, const std::string& name) {
    write(
        fmt::format(R"({{"ph": "X", "pid": {}, "tid": {}, "ts": {:.4f}, "dur": {:.4f}, "name": {}, "cat": "finding"}})",
                    cores, operation.agent.is_core() ? operation.agent.number : host_agent,
                    microseconds(operation.cycle), microseconds(1), json_text(name)));
  };
  const std::string object = finding.object ? "'" + finding.object->name + "'" : "memory";
  if (!finding.access.cycle) return;
  mark(finding.access, fmt::format("{} ({}): {} of {}", finding.rule.name, to_string(finding.severity),
                                   to_string(finding.access.kind), object));
  if (!finding.other || !finding.other->cycle || finding.other->cycle > finding.access.cycle) return;
  mark(*finding.other, fmt::format("{} of {}", to_string(finding.other->kind), object));
  const auto arrow = [&](const char* phase, const Result::Operation& operation) {
    write(fmt::format(
        R"({{"ph": "{}", "bp": "e", "pid": {}, "tid": {}, "ts": {:.4f}, "id": {}, "name": {}, "cat": "finding"}})",
        phase, cores, operation.agent.is_core() ? operation.agent.number : host_agent, microseconds(operation.cycle),
        number, json_text(to_string(finding.rule))));
  };
  arrow("s", *finding.other);
  arrow("f", finding.access);
}

void Timeline::finish(const Result& result) {
  for (std::size_t agent = 0; agent < steps_.size(); ++agent) end_step(static_cast<AgentId>(agent), result.cycles);
  for (std::size_t i = 0; i < result.findings.size(); ++i)
    if (!result.findings[i].is_advice()) write_finding(result.findings[i], i + 1);
  out_ << fmt::format(
      "\n], \"otherData\": {{\"scenario\": {}, \"platform\": {}, \"cycles\": \"{}\", \"events left out\": \"{}\"}}}}\n",
      json_text(result.file), json_text(result.platform), result.cycles, dropped_);
}

}  // namespace dspmem
