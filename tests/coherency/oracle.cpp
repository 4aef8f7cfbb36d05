// SPDX-License-Identifier: Apache-2.0
#include "tests/coherency/oracle.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <utility>

namespace dspmem::test {
namespace {

using Kind = TinyOperation::Kind;

constexpr unsigned max_cores = 4, max_line_bytes = 8;

/// One value per byte of a line: 0 at first, then the number of the write (from 1) that wrote the byte.
/// Bytes beyond the machine's line length stay 0.
using Bytes = std::array<std::uint8_t, max_line_bytes>;

/// A core's copy of the line. An absent copy has all members 0, so that equal states compare equal.
struct Copy {
  std::uint8_t present = 0;
  std::uint8_t dirty = 0;        ///< of the line as a whole
  std::uint8_t dirty_bytes = 0;  ///< bit i: byte i was written
  Bytes values{};
  bool operator==(const Copy&) const = default;
};

/// All there is to know about one line at one moment.
struct State {
  Bytes memory{};
  std::array<Copy, max_cores> copies{};
  bool operator==(const State&) const = default;
};

static_assert(std::has_unique_object_representations_v<State>, "states are hashed as plain bytes");

struct StateHash {
  std::size_t operator()(const State& state) const {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(&state), sizeof(state)});
  }
};

using States = std::unordered_set<State, StateHash>;

bool is_access(const TinyOperation& operation) { return operation.kind == Kind::read || operation.kind == Kind::write; }

bool is_synchronization(const TinyOperation& operation) { return operation.kind == Kind::release || operation.kind == Kind::acquire; }

// What the hardware does to one line.

void fill(State& state, unsigned core) { state.copies[core] = {.present = 1, .dirty = 0, .dirty_bytes = 0, .values = state.memory}; }

void drop(State& state, unsigned core) { state.copies[core] = {}; }

void write_back_if_dirty(const TinyMachine& machine, State& state, unsigned core) {
  Copy& copy = state.copies[core];
  if (!copy.present || !copy.dirty) return;
  for (unsigned i = 0; i < machine.line_bytes; ++i)
    if (!machine.byte_dirty || (copy.dirty_bytes >> i & 1)) state.memory[i] = copy.values[i];
  copy.dirty = 0;
  copy.dirty_bytes = 0;
}

/// Adds every state that the hardware can reach on its own from those in `states`.
void add_reachable(const TinyMachine& machine, States& states) {
  std::vector<State> to_do(states.begin(), states.end());
  while (!to_do.empty()) {
    const State state = to_do.back();
    to_do.pop_back();
    for (unsigned core = 0; core < machine.cores; ++core) {
      State next = state;
      if (state.copies[core].present) {
        write_back_if_dirty(machine, next, core);
        drop(next, core);
      } else if (machine.prefetch) {
        fill(next, core);
      } else {
        continue;
      }
      if (states.insert(next).second) to_do.push_back(next);
    }
  }
}

/// Performs the operation on its line. `value` is what a write stores in each of its bytes. Returns what the operation's agent sees
/// of the line; only for a read does it matter.
Bytes perform(const TinyMachine& machine, const TinyOperation& operation, std::uint8_t value, State& state) {
  const bool has_cache = operation.agent < machine.cores;
  const unsigned core = operation.agent;
  const unsigned first = operation.address % machine.line_bytes;
  switch (operation.kind) {
    case Kind::read:
      if (!has_cache || !operation.cached) return state.memory;
      if (!state.copies[core].present) fill(state, core);
      return state.copies[core].values;
    case Kind::write:
      if (!has_cache || !operation.cached) {
        for (unsigned i = first; i < first + operation.bytes; ++i) state.memory[i] = value;
        break;
      }
      if (!state.copies[core].present) fill(state, core);
      state.copies[core].dirty = 1;
      for (unsigned i = first; i < first + operation.bytes; ++i) {
        state.copies[core].values[i] = value;
        state.copies[core].dirty_bytes |= static_cast<std::uint8_t>(1u << i);
      }
      break;
    case Kind::write_back:
      if (has_cache) write_back_if_dirty(machine, state, core);
      break;
    case Kind::invalidate:
      if (has_cache) drop(state, core);
      break;
    case Kind::write_back_invalidate:
      if (!has_cache) break;
      write_back_if_dirty(machine, state, core);
      drop(state, core);
      break;
    case Kind::release:
    case Kind::acquire:
    case Kind::forget: break;
  }
  return {};
}

/// Follows one line through the program; marks the reads of it that may return anything but the latest write.
void find_stale_reads(const TinyMachine& machine, const std::vector<TinyOperation>& program, unsigned line,
                      std::vector<TinyVerdict>& verdicts) {
  Bytes latest{};
  std::array<bool, max_line_bytes> forgotten{};
  States states{State{}};
  for (std::size_t index = 0; index < program.size(); ++index) {
    const TinyOperation& operation = program[index];
    if (is_synchronization(operation) || operation.address / machine.line_bytes != line) continue;
    const auto value = static_cast<std::uint8_t>(index + 1);
    const unsigned first = operation.address % machine.line_bytes;
    add_reachable(machine, states);  // what happens on its own after the last operation, nobody sees
    States after;
    for (State state : states) {
      const Bytes seen = perform(machine, operation, value, state);
      if (operation.kind == Kind::read)
        for (unsigned i = first; i < first + operation.bytes; ++i)
          if (!forgotten[i] && seen[i] != latest[i]) verdicts[index] = TinyVerdict::stale;
      after.insert(state);
    }
    for (unsigned i = first; i < first + operation.bytes; ++i) {
      if (operation.kind == Kind::forget) forgotten[i] = true;
      if (operation.kind != Kind::write) continue;
      forgotten[i] = false;
      latest[i] = value;
    }
    states = std::move(after);
  }
}

/// ordered[i][j]: operation i happens before operation j.
std::vector<std::vector<bool>> happens_before(const std::vector<TinyOperation>& program) {
  const std::size_t count = program.size();
  std::vector<std::vector<bool>> ordered(count, std::vector<bool>(count, false));
  for (std::size_t j = 0; j < count; ++j)
    for (std::size_t i = 0; i < j; ++i) {
      const TinyOperation &a = program[i], &b = program[j];
      if (a.agent == b.agent) ordered[i][j] = true;
      if (a.kind == Kind::release && b.kind == Kind::acquire && a.object == b.object) ordered[i][j] = true;
    }
  for (std::size_t via = 0; via < count; ++via)
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t j = 0; j < count; ++j)
        if (ordered[i][via] && ordered[via][j]) ordered[i][j] = true;
  return ordered;
}

bool covers(const TinyOperation& operation, unsigned byte) { return byte >= operation.address && byte < operation.address + operation.bytes; }

/// Whether two accesses are of the same byte, which was not forgotten in between.
bool share_a_byte(const std::vector<TinyOperation>& program, std::size_t i, std::size_t j) {
  for (unsigned byte = program[i].address; covers(program[i], byte); ++byte) {
    bool same = covers(program[j], byte);
    for (std::size_t between = i + 1; between < j; ++between) same &= program[between].kind != Kind::forget || !covers(program[between], byte);
    if (same) return true;
  }
  return false;
}

/// Marks the accesses that conflict with an earlier one that is not ordered before them.
void find_races(const std::vector<TinyOperation>& program, std::vector<TinyVerdict>& verdicts) {
  const auto ordered = happens_before(program);
  for (std::size_t j = 0; j < program.size(); ++j)
    for (std::size_t i = 0; i < j; ++i) {
      const TinyOperation &a = program[i], &b = program[j];
      if (!is_access(a) || !is_access(b) || a.agent == b.agent) continue;
      const bool writes = a.kind == Kind::write || b.kind == Kind::write;
      if (writes && !ordered[i][j] && share_a_byte(program, i, j)) verdicts[j] = TinyVerdict::race;
    }
}

void require(bool condition, const char* what) {
  if (!condition) throw std::invalid_argument(what);
}

void check(const TinyMachine& machine, const std::vector<TinyOperation>& program) {
  require(machine.cores <= max_cores && machine.cores <= machine.agents, "number of cores");
  require(machine.line_bytes != 0 && machine.line_bytes <= max_line_bytes, "length of a line");
  require(program.size() <= 255, "length of the program");
  for (const TinyOperation& operation : program) {
    require(operation.agent < machine.agents, "agent");
    if (is_synchronization(operation)) continue;
    require(operation.address / machine.line_bytes < machine.lines, "address");
    if (is_access(operation) || operation.kind == Kind::forget)
      require(operation.bytes != 0 && operation.bytes <= machine.line_bytes - operation.address % machine.line_bytes, "access in one line");
  }
}

}  // namespace

std::vector<TinyVerdict> enumerate_schedules(const TinyMachine& machine, const std::vector<TinyOperation>& program) {
  check(machine, program);
  std::vector<TinyVerdict> verdicts(program.size(), TinyVerdict::fine);
  for (unsigned line = 0; line < machine.lines; ++line) find_stale_reads(machine, program, line, verdicts);
  find_races(program, verdicts);  // last: a read that races is a race, stale or not
  return verdicts;
}

}  // namespace dspmem::test
