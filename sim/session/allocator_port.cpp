// SPDX-License-Identifier: Apache-2.0
#include "sim/session/allocator_port.h"

#include <fmt/format.h>
#include <algorithm>

#include "models/core/abi.h"

namespace dspmem {
namespace {

using Role = AllocatorFunction::Role;

constexpr std::uint32_t flag_shared = 1;  // SOF_MEM_FLAG_SHARED

}  // namespace

std::uint32_t AllocatorPort::value_of(DspCore& core, const AllocatorArgument& argument, const Use& use) const {
  using Kind = AllocatorArgument::Kind;
  const auto symbol = [&] {
    const FirmwareImage& image = firmware_.image();
    const auto address = image.symbol(argument.symbol);
    if (!address)
      throw InputError(argument.mark, "the firmware has no symbol '" + argument.symbol + "'" +
                                          suggestion(argument.symbol, image.symbol_names()));
    return *address;
  };
  switch (argument.kind) {
    case Kind::bytes: return use.request.bytes;
    case Kind::count: return 1;
    case Kind::old_bytes: return use.old_bytes;
    case Kind::alignment: return use.request.alignment;
    case Kind::pointer: return use.pointer;
    case Kind::zone: return static_cast<std::uint32_t>(use.request.zone);
    case Kind::flags: return allocator_.translate(allocator_.flags, use.request.flags, "flag");
    case Kind::capabilities:
      return allocator_.translate(allocator_.capabilities, use.request.capabilities, "capability");
    case Kind::core: return core.id();
    case Kind::heap_base: return platform_.heaps.front().base;
    case Kind::heap_bytes: return platform_.heaps.front().bytes;
    case Kind::number: return argument.number;
    case Kind::value_of: return core.core().load(symbol(), 4);
    case Kind::address_of: return symbol();
    case Kind::result_of_initialise: return initialised_;
    case Kind::out_pointer: return use.out;
    case Kind::buffer: return platform_.allocator_buffers + allocator_.buffer_offset(argument, platform_.line_bytes());
  }
  return 0;
}

std::uint32_t AllocatorPort::use(DspCore& core, const AllocatorFunction& function, const Use& use,
                                 const SourceMark& mark) {
  const bool by_address = function.position(AllocatorArgument::Kind::out_pointer).has_value();
  // The word that `out_pointer` points to is a variable of the caller's, which is the simulator.
  const std::uint32_t stack = core.core().reg(abi::stack_register), out = stack - abi::stack_alignment;
  if (by_address) {
    core.core().set_reg(abi::stack_register, out);
    core.core().store(out, use.pointer, 4);
  }
  Use passed = use;
  passed.out = out;
  std::vector<std::uint32_t> values;
  for (const AllocatorArgument& argument : function.arguments) {
    values.resize(argument.word);
    values.push_back(value_of(core, argument, passed));
    if (argument.wide) values.push_back(argument.high);
  }
  const SourceMark& blame = firmware_.image().symbol(function.symbol) ? mark : function.mark;
  const std::uint32_t restarts = core.restarts();
  const bool locked = !allocator_.lock.empty();
  if (locked) {
    costs_.begin_use(core.core());
    order_.set_aside(core, true);
    firmware_.call(core, allocator_.lock, {}, mark);
  }
  std::uint32_t result = firmware_.call(core, function.symbol, values, blame);
  last_[core.id()] = {function.symbol, result};
  if (core.restarts() != restarts)
    throw InputError(
        mark,
        fmt::format(
            "core {} was switched off during this step, which has no result: let it say with a signal when it is done",
            core.id()));
  if (function.returns != AllocatorFunction::Returns::pointer) {
    const bool done = (result == 0) == (function.returns == AllocatorFunction::Returns::status);
    result = done ? core.core().load(out, 4) : 0;
  }
  core.core().set_reg(abi::stack_register, stack);
  if (locked) {
    firmware_.call(core, allocator_.unlock, {}, mark);
    order_.set_aside(core, false);
    costs_.end_use(core.core());
  }
  return result;
}

std::string AllocatorPort::last_error(std::uint32_t core) const {
  const auto last = last_.find(core);
  if (last == last_.end() || !last->second.result) return "";
  const auto& [function, result] = last->second;
  const auto number = static_cast<std::int32_t>(result);
  constexpr std::int32_t least = -4096;  // of negative errors of C code
  return number < 0 && number >= least ? fmt::format(" ({} returned {})", function, number)
                                       : fmt::format(" ({} returned {:#x})", function, result);
}

Memory AllocatorPort::use(DspCore& core, const AllocatorFunction& function, const Use& use, AllocationRequest& request,
                          const SourceMark& mark) {
  watch_.open(core.id(), request);
  const std::uint32_t address = this->use(core, function, use, mark);
  watch_.close(core.id());
  if (const std::uint32_t cached = map_.alias(address, RegionKind::cached); address && cached != address)
    given_out_[cached] = address;
  else if (address) given_out_.erase(address);
  return {address, request.block};
}

std::uint32_t AllocatorPort::given_out(std::uint32_t address) const {
  const std::uint32_t cached = map_.alias(address, RegionKind::cached);
  const auto found = given_out_.find(cached);
  if (found != given_out_.end()) return found->second;
  return allocator_.one_heap ? cached : address;
}

const AllocatorFunction& AllocatorPort::function(Role role, Zone zone, bool aligned, const SourceMark& mark) const {
  if (const AllocatorFunction* function = allocator_.find(role, zone, aligned)) return *function;
  const char* what = role == Role::reallocate ? "changes an object's size"
                     : role == Role::free     ? "frees"
                     : aligned                ? "allocates with an alignment"
                                              : "allocates";
  throw InputError(
      mark, fmt::format("allocator '{}' has no function that {} in zone {}", allocator_.name, what, to_string(zone)));
}

void AllocatorPort::initialise(DspCore& core) {
  for (const AllocatorFunction& function : allocator_.functions)
    if (function.role == Role::initialise) initialised_ = use(core, function, {}, function.mark);
}

bool AllocatorPort::needs_whole_lines(const MemoryRequest& request) const {
  // Shared data of an allocator that does not know of it: whole cache lines, as its caller would have to ask for.
  const bool shared =
      request.flags & flag_shared || request.zone == Zone::runtime_shared || request.zone == Zone::system_shared;
  const AllocatorFunction* plain = allocator_.find(Role::allocate, request.zone);
  return shared && plain && !plain->position(AllocatorArgument::Kind::flags) &&
         !plain->position(AllocatorArgument::Kind::zone);
}

std::uint32_t AllocatorPort::whole_lines(std::uint32_t bytes) const {
  return (bytes + platform_.line_bytes() - 1) / platform_.line_bytes() * platform_.line_bytes();
}

std::uint32_t AllocatorPort::shared_view(DspCore& core, std::uint32_t address, std::uint32_t bytes,
                                         const SourceMark& mark) {
  if (platform_.shared != SharedData::uncached_alias) return address;
  firmware_.call(core, "dcache_writeback_invalidate_region", {address, bytes}, mark);
  return map_.alias(address, RegionKind::uncached);
}

Memory AllocatorPort::allocate(DspCore& core, const MemoryRequest& request, const std::string& name,
                               const SourceMark& mark) {
  Use use{request, 0, 0};
  const bool lines = needs_whole_lines(request);
  if (lines) {
    use.request.bytes = whole_lines(request.bytes);
    use.request.alignment = std::max(request.alignment, platform_.line_bytes());
  }
  // Asked for its own alignment, any function will do.
  const bool aligned = use.request.alignment > platform_.allocation_alignment;
  const AllocatorFunction* zeroing =
      request.zeroed && !lines ? allocator_.find(Role::allocate_zeroed, request.zone, aligned) : nullptr;
  AllocationRequest asked{name, &mark, request.zone, request.group, lines};
  Memory memory =
      this->use(core, zeroing ? *zeroing : function(Role::allocate, request.zone, aligned, mark), use, asked, mark);
  if (!memory) return memory;
  if (lines) memory.address = shared_view(core, memory.address, use.request.bytes, mark);
  if (request.zeroed && !zeroing) firmware_.call(core, "memset", {memory.address, 0, request.bytes}, mark);
  return memory;
}

Memory AllocatorPort::reallocate(DspCore& core, const MemoryRequest& request, std::uint32_t address,
                                 std::uint32_t bytes, const std::string& name, const SourceMark& mark) {
  Use use{request, given_out(address), request.bytes};
  use.request.bytes = bytes;
  use.request.alignment = 0;
  const AllocatorFunction& chosen = function(Role::reallocate, request.zone, false, mark);
  const bool lines = needs_whole_lines(use.request);
  if (lines) use.request.bytes = whole_lines(bytes);
  AllocationRequest asked{name, &mark, request.zone, nullptr, lines};
  Memory memory = this->use(core, chosen, use, asked, mark);
  if (memory && lines) memory.address = shared_view(core, memory.address, use.request.bytes, mark);
  return memory;
}

void AllocatorPort::release(DspCore& core, std::uint32_t address, const SourceMark& mark) {
  const std::uint32_t cached = map_.alias(address, RegionKind::cached);
  Use use;
  if (const HeapBlock* block = live_.find(cached)) use.request.zone = block->zone;
  use.pointer = given_out(address);
  this->use(core, function(Role::free, use.request.zone, false, mark), use, mark);
}

}  // namespace dspmem
