// SPDX-License-Identifier: Apache-2.0
#include "sim/timeline/profile.h"

#include <fmt/format.h>
#include <algorithm>

#include "models/core/core.h"
#include "sim/result/printable.h"

namespace dspmem {
namespace {

constexpr const char* cost_names[] = {"Cycles",   "Instructions", "L1dMisses", "L1iMisses",
                                      "Uncached", "WriteBacks",   "CacheOps"};

Profile::Costs costs_of(const Core& core) {
  const CoreStatistics statistics = core.statistics();
  Profile::Costs costs;
  costs[Profile::cycles] = statistics.cycles;
  costs[Profile::instructions] = statistics.instructions;
  costs[Profile::l1d_misses] = core.data_cache().statistics().misses;
  costs[Profile::l1i_misses] = const_cast<Core&>(core).instruction_cache().statistics().misses;
  costs[Profile::uncached_accesses] = statistics.uncached_reads + statistics.uncached_writes;
  costs[Profile::write_backs] = core.data_cache().statistics().write_backs;
  costs[Profile::cache_operations] = statistics.cache_operations;
  return costs;
}

void add(Profile::Costs& to, const Profile::Costs& more) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] += more[i];
}

}  // namespace

Profile::Profile(const Platform& platform, const FirmwareImage& image)
    : platform_(platform), image_(image), map_(platform.system.regions), functions_(image.functions()) {
  nodes_.emplace_back();  // nobody's
}

// ---- Time ---------------------------------------------------------------------------------------

Profile::CoreState& Profile::state_of(const Core& core) {
  CoreState& state = cores_[core.id()];
  if (state.known) return state;
  state.known = true;
  state.top = nodes_.size();
  state.node = state.top;
  nodes_.emplace_back();
  nodes_.back().function = core.id();
  nodes_[0].callees.emplace(core.id(), state.top);
  return state;
}

void Profile::charge(const Core& core, CoreState& state) {
  const Costs now = costs_of(core);
  Costs spent;
  for (std::size_t i = 0; i < now.size(); ++i) spent[i] = now[i] - state.before[i];
  state.before = now;
  Node& node = nodes_[state.inside ? state.node : state.top];
  add(node.self, spent);
  if (state.inside) add(node.blocks[state.block], spent);
}

std::uint32_t Profile::function_of(std::uint32_t pc) {
  const auto known = function_at_.find(pc);
  if (known != function_at_.end()) return known->second;
  const auto behind = std::upper_bound(
      functions_.begin(), functions_.end(), pc,
      [](std::uint32_t address, const FirmwareImage::Function& each) { return address < each.address; });
  const std::uint32_t function = behind == functions_.begin() ? 0 : std::prev(behind)->address;
  return function_at_[pc] = function;
}

std::size_t Profile::callee(std::size_t parent, std::uint32_t function, bool call) {
  const auto [found, fresh] = nodes_[parent].callees.try_emplace(function, nodes_.size());
  const std::size_t index = found->second;
  if (fresh) {
    nodes_.emplace_back();
    nodes_.back().parent = parent;
    nodes_.back().function = function;
  }
  nodes_[index].calls += call;
  return index;
}

void Profile::on_block(Core& core, std::uint32_t pc) {
  CoreState& state = state_of(core);
  charge(core, state);
  const std::uint32_t depth = core.call_depth(), return_address = core.return_address(), function = function_of(pc);
  if (!state.inside || depth != state.depth || return_address != state.return_address || function != state.function) {
    const bool call = !state.inside || depth > state.depth;
    state.depth = depth;
    state.return_address = return_address;
    state.function = function;
    // The functions that wait for this one: each frame's return address lies in its caller.
    const std::vector<StackFrame> frames = core.call_stack();
    std::size_t node = state.top;
    for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame)
      if (frame->return_address != Core::trap_address) node = callee(node, function_of(frame->return_address), false);
    state.node = callee(node, function, call);
  }
  state.inside = true;
  state.block = pc;
}

void Profile::on_leave(Core& core) {
  CoreState& state = state_of(core);
  charge(core, state);
  state.inside = false;
}

// ---- Objects ------------------------------------------------------------------------------------

std::uint32_t Profile::physical(std::uint32_t address) const {
  const Region* const region = map_.find(address);
  return region ? region->to_physical(address) : address;
}

void Profile::on(const Allocated& event) {
  std::string name = event.block.name;
  if (name.empty()) {
    const std::uint32_t caller = event.block.site.stack[0];
    name = caller ? "allocated in " + image_.function_at(caller) : "allocated by the firmware";
  }
  live_[physical(event.block.base)] = {event.block.bytes, name};
}
void Profile::on(const Freeing& event) { live_.erase(physical(event.block.base)); }
void Profile::on(const Resizing& event) { live_.erase(physical(event.block.base)); }

Profile::ObjectCosts& Profile::object_at(std::uint32_t address) {
  auto behind = live_.upper_bound(address);
  std::string name;
  if (behind != live_.begin()) {
    const auto& [base, block] = *std::prev(behind);
    if (address - base < block.bytes) name = block.name;
  }
  if (name.empty()) {
    // Images are linked at cached addresses; memory that is not cached has one address.
    std::uint32_t linked = address;
    for (const Region& region : map_.regions())
      if (region.kind == RegionKind::cached && region.to_physical(region.base) <= address &&
          address - region.to_physical(region.base) < region.size)
        linked = address - region.to_physical(region.base) + region.base;
    name = image_.variable_at(linked).name;
    if (name.empty())
      name = image_.function_at(linked).empty() ? "free memory, stacks and the allocator's metadata"
                                                : "constants of the image";
  }
  return objects_[printable(name)];
}

std::uint64_t Profile::on_read(const CoreAccess& access) {
  if (access.view == View::uncached) ++object_at(access.address).uncached_accesses;
  return ~0ull;
}
std::uint64_t Profile::on_write(const CoreAccess& access) {
  if (access.view == View::uncached) ++object_at(access.address).uncached_accesses;
  return ~0ull;
}
HardwareObserver::Permission Profile::on_line_filled(Core&, std::uint32_t address, StoreLog&) {
  ++object_at(address).l1d_misses;
  return {};
}
void Profile::on_cache_operation(Core&, CacheOperation, std::uint32_t address, bool implied) {
  if (!implied) ++object_at(address).cache_operations;
}

// ---- What comes of it ---------------------------------------------------------------------------

std::string Profile::name_of(const Node& node) const {
  if (node.parent == 0) return fmt::format("core {}", node.function);
  const std::string name = image_.function_at(node.function);
  return name.empty() ? fmt::format("{:#x}", node.function) : printable(name);
}

void Profile::summarise(Result& result, std::size_t most) const {
  std::map<std::string, Result::FunctionCost> functions;
  for (std::size_t i = 1; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    Result::FunctionCost& cost = functions[node.parent == 0 ? "(outside of the firmware)" : name_of(node)];
    cost.calls += node.calls;
    cost.cycles += node.self[cycles];
    cost.instructions += node.self[instructions];
    cost.l1d_misses += node.self[l1d_misses];
    cost.l1i_misses += node.self[l1i_misses];
    cost.uncached_accesses += node.self[uncached_accesses];
    cost.cache_operations += node.self[cache_operations];
    if (node.parent == 0 || !cost.place.empty()) continue;
    const SourceLine line = image_.line_at(node.function);
    if (!line.file.empty()) cost.place = printable(fmt::format("{}:{}", line.file, line.line));
  }
  result.functions.clear();
  for (auto& [name, cost] : functions) {
    cost.name = name;
    result.functions.push_back(cost);
  }
  std::stable_sort(result.functions.begin(), result.functions.end(),
                   [](const auto& a, const auto& b) { return a.cycles > b.cycles; });
  if (result.functions.size() > most) result.functions.resize(most);

  result.object_costs.clear();
  for (const auto& [name, cost] : objects_)
    result.object_costs.push_back({name, cost.l1d_misses, cost.uncached_accesses, cost.cache_operations});
  std::stable_sort(result.object_costs.begin(), result.object_costs.end(), [](const auto& a, const auto& b) {
    return a.l1d_misses + a.uncached_accesses > b.l1d_misses + b.uncached_accesses;
  });
  if (result.object_costs.size() > most) result.object_costs.resize(most);
}

std::string Profile::folded() const {
  std::string out;
  for (std::size_t i = 1; i < nodes_.size(); ++i) {
    if (!nodes_[i].self[cycles]) continue;
    std::string stack = name_of(nodes_[i]);
    for (std::size_t at = nodes_[i].parent; at != 0; at = nodes_[at].parent) stack = name_of(nodes_[at]) + ";" + stack;
    out += fmt::format("{} {}\n", stack, nodes_[i].self[cycles]);
  }
  return out;
}

std::string Profile::callgrind(const Result& result) const {
  // Inclusive costs, from the leaves up: a node's callees come after it.
  std::vector<Costs> inclusive(nodes_.size());
  for (std::size_t i = nodes_.size(); i-- > 1;) {
    add(inclusive[i], nodes_[i].self);
    if (nodes_[i].parent) add(inclusive[nodes_[i].parent], inclusive[i]);
  }
  struct Call {
    std::uint64_t calls = 0;
    Costs costs{};
  };
  struct Function {
    std::string file;
    int line = 0;
    std::map<int, Costs> lines;
    std::map<std::string, Call> calls;
  };
  std::map<std::string, Function> functions;
  Costs total{};
  for (std::size_t i = 1; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    add(total, node.self);
    Function& function = functions[name_of(node)];
    if (node.parent == 0) {
      add(function.lines[0], node.self);
      continue;
    }
    const SourceLine begins = image_.line_at(node.function);
    function.file = printable(begins.file);
    function.line = begins.line;
    for (const auto& [pc, costs] : node.blocks) {
      const SourceLine line = image_.line_at(pc);
      add(function.lines[line.file == begins.file ? line.line : begins.line],
          costs);  // of code from elsewhere: where the function begins
    }
    // Within a recursion the costs are in those of the outermost call already.
    bool recursive = false;
    for (std::size_t at = node.parent; nodes_[at].parent != 0 && !recursive; at = nodes_[at].parent)
      recursive = nodes_[at].function == node.function;
    Call& call = functions[name_of(nodes_[node.parent])].calls[name_of(node)];
    call.calls += node.calls;
    if (!recursive) add(call.costs, inclusive[i]);
  }
  const auto row = [](const Costs& costs) { return fmt::format("{}", fmt::join(costs, " ")); };
  std::string out = fmt::format(
      "# callgrind format\nversion: 1\ncreator: dspmem\ncmd: {}\npositions: line\nevents: {}\nsummary: {}\n",
      printable(result.file), fmt::join(cost_names, " "), row(total));
  for (const auto& [name, function] : functions) {
    out += fmt::format("\nfl={}\nfn={}\n", function.file.empty() ? "???" : function.file, name);
    for (const auto& [line, costs] : function.lines) out += fmt::format("{} {}\n", line, row(costs));
    for (const auto& [callee, call] : function.calls) {
      const Function& other = functions.at(callee);
      out += fmt::format("cfi={}\ncfn={}\ncalls={} {}\n{} {}\n", other.file.empty() ? "???" : other.file, callee,
                         std::max<std::uint64_t>(call.calls, 1), other.line, function.line, row(call.costs));
    }
  }
  return out;
}

}  // namespace dspmem
