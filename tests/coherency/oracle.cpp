// SPDX-License-Identifier: Apache-2.0
#include "tests/coherency/oracle.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
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
  std::uint8_t dirty = 0;  ///< of the line as a whole
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

bool is_access(const TinyOperation& operation) { return operation.kind == Kind::read || operation.kind == Kind::write; }

bool acquires(const TinyOperation& operation) {
  return operation.kind == Kind::acquire || operation.kind == Kind::boot;
}

/// Whether the core's cache loses everything.
bool empties(const TinyOperation& operation) { return operation.kind == Kind::go_down || operation.kind == Kind::boot; }

bool is_synchronization(const TinyOperation& operation) {
  return operation.kind == Kind::release || acquires(operation);
}

// What the hardware does to one line.

void fill(State& state, unsigned core) {
  state.copies[core] = {.present = 1, .dirty = 0, .dirty_bytes = 0, .values = state.memory};
}

void drop(State& state, unsigned core) { state.copies[core] = {}; }

void write_back_if_dirty(const TinyMachine& machine, State& state, unsigned core) {
  Copy& copy = state.copies[core];
  if (!copy.present || !copy.dirty) return;
  for (unsigned i = 0; i < machine.line_bytes; ++i)
    if (!machine.byte_dirty || (copy.dirty_bytes >> i & 1)) state.memory[i] = copy.values[i];
  copy.dirty = 0;
  copy.dirty_bytes = 0;
}

/// Performs the operation on its line. `value` is what a write stores in each of its bytes. Returns what the
/// operation's agent sees of the line; only for a read does it matter.
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
      if (!has_cache || !operation.cached || machine.write_through) {
        for (unsigned i = first; i < first + operation.bytes; ++i) state.memory[i] = value;
        if (has_cache && operation.cached && state.copies[core].present)
          for (unsigned i = first; i < first + operation.bytes; ++i) state.copies[core].values[i] = value;
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
    case Kind::go_down:
    case Kind::boot:
    case Kind::forget: break;
  }
  return {};
}

using Order = std::vector<std::vector<bool>>;

/// ordered[i][j]: operation i happens before operation j.
Order happens_before(const std::vector<TinyOperation>& program) {
  const std::size_t count = program.size();
  Order ordered(count, std::vector<bool>(count, false));
  for (std::size_t j = 0; j < count; ++j)
    for (std::size_t i = 0; i < j; ++i) {
      const TinyOperation &a = program[i], &b = program[j];
      if (a.agent == b.agent) ordered[i][j] = true;
      if (a.kind == Kind::release && acquires(b) && a.object == b.object) ordered[i][j] = true;
    }
  for (std::size_t via = 0; via < count; ++via)
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t j = 0; j < count; ++j)
        if (ordered[i][via] && ordered[via][j]) ordered[i][j] = true;
  return ordered;
}

bool covers(const TinyOperation& operation, unsigned byte) {
  return byte >= operation.address && byte < operation.address + operation.bytes;
}

/// The value that a byte must have at a read: of the last write before it, or 0. Nothing when it is nobody's.
std::optional<std::uint8_t> owed_to(const std::vector<TinyOperation>& program, const Order& ordered, std::size_t read,
                                    unsigned byte) {
  std::optional<std::size_t> last;
  for (std::size_t i = 0; i < program.size(); ++i) {
    const bool changes = program[i].kind == Kind::write || program[i].kind == Kind::forget;
    if (changes && covers(program[i], byte) && ordered[i][read] && (!last || ordered[*last][i])) last = i;
  }
  if (!last) return 0;
  if (program[*last].kind == Kind::forget) return std::nullopt;
  return static_cast<std::uint8_t>(*last + 1);
}

/// How far each agent has come, and what has become of the line.
struct Moment {
  std::array<std::uint8_t, 8> done{};
  State state;
  bool operator==(const Moment&) const = default;
};
static_assert(std::has_unique_object_representations_v<Moment>, "moments are hashed as plain bytes");

struct MomentHash {
  std::size_t operator()(const Moment& moment) const {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(&moment), sizeof(moment)});
  }
};

/// Follows one line through every order of the program; marks the reads of it that may return anything but the latest
/// write.
void find_stale_reads(const TinyMachine& machine, const std::vector<TinyOperation>& program, const Order& ordered,
                      unsigned line, std::vector<TinyVerdict>& verdicts) {
  std::vector<std::vector<std::size_t>> steps(machine.agents);
  std::vector<std::size_t> position(program.size());
  for (std::size_t i = 0; i < program.size(); ++i) {
    position[i] = steps[program[i].agent].size();
    steps[program[i].agent].push_back(i);
  }
  // What has to come before an operation: of each other agent, so many.
  std::vector<std::array<std::uint8_t, 8>> before(program.size());
  for (std::size_t i = 0; i < program.size(); ++i)
    for (std::size_t j = 0; j < program.size(); ++j)
      if (ordered[j][i])
        before[i][program[j].agent] = std::max(before[i][program[j].agent], static_cast<std::uint8_t>(position[j] + 1));

  std::unordered_set<Moment, MomentHash> known;
  std::vector<Moment> to_do;
  const auto offer = [&](const Moment& moment) {
    if (known.insert(moment).second) to_do.push_back(moment);
  };
  offer({});
  while (!to_do.empty()) {
    const Moment now = to_do.back();
    to_do.pop_back();
    for (unsigned core = 0; core < machine.cores; ++core) {
      Moment next = now;
      if (now.state.copies[core].present) {
        write_back_if_dirty(machine, next.state, core);
        drop(next.state, core);
      } else if (machine.prefetch) {
        fill(next.state, core);
      } else {
        continue;
      }
      offer(next);
    }
    for (unsigned agent = 0; agent < machine.agents; ++agent) {
      if (now.done[agent] == steps[agent].size()) continue;
      const std::size_t index = steps[agent][now.done[agent]];
      bool may = true;
      for (unsigned other = 0; other < machine.agents; ++other)
        may &= other == agent || now.done[other] >= before[index][other];
      if (!may) continue;
      Moment next = now;
      ++next.done[agent];
      const TinyOperation& operation = program[index];
      if (empties(operation)) drop(next.state, agent);
      else if (!is_synchronization(operation) && operation.address / machine.line_bytes == line) {
        const Bytes seen = perform(machine, operation, static_cast<std::uint8_t>(index + 1), next.state);
        if (operation.kind == Kind::read)
          for (unsigned byte = operation.address; covers(operation, byte); ++byte)
            if (const auto owed = owed_to(program, ordered, index, byte);
                owed && *owed != seen[byte % machine.line_bytes])
              verdicts[index] = TinyVerdict::stale;
      }
      offer(next);
    }
  }
}

/// Marks the accesses that conflict with an earlier one that is not ordered before them. Who frees memory conflicts
/// with all who use it.
bool find_races(const std::vector<TinyOperation>& program, const Order& ordered, std::vector<TinyVerdict>& verdicts) {
  bool any = false;
  for (std::size_t j = 0; j < program.size(); ++j)
    for (std::size_t i = 0; i < j; ++i) {
      const TinyOperation &a = program[i], &b = program[j];
      const auto is_use = [](const TinyOperation& each) { return is_access(each) || each.kind == Kind::forget; };
      if (!is_use(a) || !is_use(b) || a.agent == b.agent || ordered[i][j] ||
          (a.kind == Kind::read && b.kind == Kind::read))
        continue;
      bool same = false;
      for (unsigned byte = a.address; covers(a, byte); ++byte) same |= covers(b, byte);
      if (!same) continue;
      verdicts[j] = TinyVerdict::race;
      any = true;
    }
  return any;
}

void require(bool condition, const char* what) {
  if (!condition) throw std::invalid_argument(what);
}

void check(const TinyMachine& machine, const std::vector<TinyOperation>& program) {
  require(machine.cores <= max_cores && machine.cores <= machine.agents && machine.agents <= 8, "number of agents");
  require(machine.line_bytes != 0 && machine.line_bytes <= max_line_bytes, "length of a line");
  require(program.size() <= 255, "length of the program");
  for (const TinyOperation& operation : program) {
    require(operation.agent < machine.agents, "agent");
    if (empties(operation)) require(operation.agent < machine.cores, "core");
    if (is_synchronization(operation) || empties(operation)) continue;
    require(operation.address / machine.line_bytes < machine.lines, "address");
    if (is_access(operation) || operation.kind == Kind::forget)
      require(operation.bytes != 0 && operation.bytes <= machine.line_bytes - operation.address % machine.line_bytes,
              "access in one line");
  }
}

}  // namespace

std::vector<TinyVerdict> enumerate_orders(const TinyMachine& machine, const std::vector<TinyOperation>& program) {
  check(machine, program);
  std::vector<TinyVerdict> verdicts(program.size(), TinyVerdict::fine);
  const Order ordered = happens_before(program);
  if (find_races(program, ordered, verdicts)) return verdicts;
  for (unsigned line = 0; line < machine.lines; ++line) find_stale_reads(machine, program, ordered, line, verdicts);
  return verdicts;
}

}  // namespace dspmem::test
