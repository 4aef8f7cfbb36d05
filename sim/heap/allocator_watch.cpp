// SPDX-License-Identifier: Apache-2.0
#include "sim/heap/allocator_watch.h"

#include <algorithm>

namespace dspmem {
namespace {

constexpr std::uint32_t flag_shared = 1;  // SOF_MEM_FLAG_SHARED

}  // namespace

WatchedFunction::WatchedFunction(const AllocatorFunction& function)
    : role(function.role), returns(function.returns), fixed_zone(function.own_zone()) {
  using Argument = AllocatorArgument::Kind;
  bytes = function.position(Argument::bytes);
  count = function.position(Argument::count);
  zone = function.position(Argument::zone);
  flags = function.position(Argument::flags);
  capabilities = function.position(Argument::capabilities);
  alignment = function.position(Argument::alignment);
  pointer = function.position(Argument::pointer);
  core = function.position(Argument::core);
  out_pointer = function.position(Argument::out_pointer);
  for (const AllocatorArgument& argument : function.arguments) words = std::max(words, argument.word + 1);
}

std::uint32_t WatchedFunction::old_block(const Core& core) const {
  if (pointer) return abi::argument(core, *pointer);
  return abi::word_at(core, abi::argument(core, *out_pointer));
}

void WatchedFunction::set_old_block(Core& core, std::uint32_t block) const {
  if (pointer) abi::set_argument(core, *pointer, block);
  else core.store(abi::argument(core, *out_pointer), block, 4);
}

std::uint32_t WatchedFunction::new_block(const Core& core, std::uint32_t out) const {
  using Returns = AllocatorFunction::Returns;
  const std::uint32_t result = abi::result(core);
  if (returns == Returns::pointer) return result;
  return (result == 0) == (returns == Returns::status) ? abi::word_at(core, out) : 0;
}

void WatchedFunction::set_new_block(Core& core, std::uint32_t out, std::uint32_t block) const {
  using Returns = AllocatorFunction::Returns;
  if (returns == Returns::pointer) return abi::set_result(core, block);
  core.store(out, block, 4);
  abi::set_result(core, returns == Returns::success);
}

WatchedFunctions::WatchedFunctions(const Allocator& allocator, const FirmwareImage& image) {
  const auto& values = allocator.flags.values;
  const auto named = values.find(flag_shared);
  const std::uint32_t shared = values.empty() ? flag_shared : named == values.end() ? 0 : named->second;
  for (const AllocatorFunction& function : allocator.functions)
    if (const auto address = image.symbol(function.symbol); address) {
      const auto [entry, fresh] = by_address_.emplace(*address, function);
      entry->second.shared_flag = shared;
      if (!allocator.capabilities.values.empty())
        entry->second.capabilities.reset();  // its own bits, not the platform's
      if (fresh) addresses_.push_back(*address);
    }
}

bool AllocatorWatch::Call::is_shared() const {
  return argument(function->flags, 0) & function->shared_flag || zone() == Zone::runtime_shared ||
         zone() == Zone::system_shared;
}

// ---- Calls --------------------------------------------------------------------------------------

AllocatorWatch::Call AllocatorWatch::begin(Core& core, const WatchedFunction& function) {
  Call call;
  call.function = &function;
  call.start = HeapCosts::start_of(core);
  for (unsigned i = 0; i < function.words; ++i) call.arguments[i] = abi::argument(core, i);
  if (function.role == WatchedFunction::Role::free || function.role == WatchedFunction::Role::reallocate)
    call.old_block = function.old_block(core);
  call.site.cycle = core.now();
  std::array<StackFrame, std::tuple_size_v<decltype(call.site.stack)>> frames;
  const std::size_t depth = core.call_stack(frames);
  for (std::size_t i = 0; i < depth; ++i)
    if (frames[i].return_address != Core::trap_address) call.site.stack[i] = frames[i].return_address;
  return call;
}

void AllocatorWatch::on_call(Core& core, std::uint32_t address, bool nested) {
  using Role = WatchedFunction::Role;
  std::vector<Call>& calls = calls_[core.id()];
  const WatchedFunction& called = functions_.at(address);
  if (nested) {
    // The allocator calls itself: what it does with the old block of a reallocation shows at this moment, not when that
    // returns.
    Call& outer = calls.back();
    const std::uint32_t freed = called.role == Role::free ? called.old_block(core) : 0;
    if (outer.function->role != Role::reallocate || !freed || freed != outer.old_block || outer.old_freed) return;
    outer.old_freed = true;
    freeing(core, outer, freed, outer.wanted_bytes() != 0);  // realloc(p, 0) is a free
    return;
  }
  calls.push_back(begin(core, called));
  emit_entered(core, state_of(core));
  if (called.role == Role::free) freeing(core, calls.back(), calls.back().old_block, false);
  if (called.role == Role::reset) reset(core, calls.back());
  // One that is no object, or no more, is told of now; what the allocator makes of it does not matter.
  if (called.role == Role::reallocate && calls.back().old_block)
    if (const HeapBlock* block = live_.find(cached(calls.back().old_block));
        !block || block->base != cached(calls.back().old_block)) {
      freeing(core, calls.back(), calls.back().old_block, true);
      calls.back().old_freed = true;
    }
}

void AllocatorWatch::on_return(Core& core, std::uint32_t, bool nested) {
  using Role = WatchedFunction::Role;
  std::vector<Call>& calls = calls_[core.id()];
  if (nested || calls.empty()) return;
  const Call call = calls.back();
  calls.pop_back();
  const std::uint32_t result = call.function->new_block(core, call.argument(call.function->out_pointer, 0));
  if (call.function->role == Role::reallocate && result && call.old_block && call.old_block != result &&
      !call.old_freed)
    freeing(core, call, call.old_block, true);
  // Nothing was wanted: realloc(p, 0) frees.
  const bool wants_nothing = call.function->returns_block() && !call.wanted_bytes();
  if (call.function->role == Role::reallocate && !result && wants_nothing && call.old_block && !call.old_freed)
    freeing(core, call, call.old_block, false);
  costs_.count(core, call.function->role, call.zone(), call.start, result || wants_nothing, calls.empty());
  if (call.function->returns_block() && result) allocated(core, call, result);
  if (call.function->returns_block() && !result && call.wanted_bytes())
    bus_.emit(AllocationFailed{static_cast<AgentId>(core.id()), wanted(core, call),
                               call.argument(call.function->alignment, 0),
                               call.argument(call.function->capabilities, 0), core.now()});
  emit_entered(core, state_of(core));
}

void AllocatorWatch::on_abandoned(Core& core) {
  calls_[core.id()].clear();
  requests_[core.id()] = nullptr;
  emit_entered(core, AllocatorEntered::State::abandoned);
}

void AllocatorWatch::emit_entered(const Core& core, AllocatorEntered::State state) const {
  const HeapBlock* resized = nullptr;
  if (const std::vector<Call>& calls = calls_[core.id()];
      state == AllocatorEntered::State::inside && calls.back().function->role == WatchedFunction::Role::reallocate)
    resized = live_.find(cached(calls.back().old_block));
  bus_.emit(AllocatorEntered{static_cast<AgentId>(core.id()), state, core.now(), resized});
}

AllocatorEntered::State AllocatorWatch::state_of(const Core& core) const {
  if (core.in_watched_call()) return AllocatorEntered::State::inside;
  return calls_[core.id()].empty() ? AllocatorEntered::State::done : AllocatorEntered::State::interrupted;
}

// ---- Blocks -------------------------------------------------------------------------------------

HeapBlock AllocatorWatch::wanted(const Core& core, const Call& call) const {
  HeapBlock block;
  block.bytes = call.wanted_bytes();
  block.zone = call.zone();
  block.core = call.argument(call.function->core, core.id());
  if (block.core >= platform_.core_count()) block.core = core.id();
  block.site = call.site;
  block.shared = call.is_shared();
  // With another call under way it is an interrupt handler that allocates, not the scenario.
  if (const AllocationRequest* const request = calls_[core.id()].empty() ? requests_[core.id()] : nullptr) {
    block.name = request->name;
    block.where = request->where;
    block.group = request->group;
    block.shared |= request->shared;
    if (!call.function->zone && request->zone) block.zone = *request->zone;
  }
  return block;
}

void AllocatorWatch::allocated(Core& core, const Call& call, std::uint32_t address) {
  const auto agent = static_cast<AgentId>(core.id());
  HeapBlock block = wanted(core, call);
  block.base = cached(address);
  AllocationRequest* const request = calls_[core.id()].empty() ? requests_[core.id()] : nullptr;
  ++allocations_;
  if (call.function->role == WatchedFunction::Role::reallocate)  // grown where it was
    if (const HeapBlock* old = live_.find(block.base); old && old->base == block.base) {
      costs_.removed(*old);
      bus_.emit(Resizing{agent, *old, core.now()});
      live_.remove(block.base);
    }
  const std::uint32_t alignment = std::max(call.argument(call.function->alignment, 0), platform_.allocation_alignment);
  const std::string wrong = live_.add(block, alignment);
  if (request) {
    request->block = block.id;
    requests_[core.id()] = nullptr;  // what comes now is not what was asked for
  }
  costs_.added(block);
  bus_.emit(Allocated{agent, block, wrong, core.now()});
}

void AllocatorWatch::freeing(Core& core, const Call& call, std::uint32_t address, bool reallocated) {
  if (!address) return;
  const auto agent = static_cast<AgentId>(core.id());
  const std::uint32_t base = cached(address);
  const HeapBlock* block = live_.find(base);
  if (!block || block->base != base) {
    bus_.emit(BadFree{agent, base, block ? block : freed_at(base), core.now()});
    return;
  }
  HeapBlock gone = *block;
  gone.freed = call.site;
  gone.freed_by = core.id();
  gone.freed_in = static_cast<const SourceMark*>(origins_.of(agent));
  if (!reallocated) ++frees_;
  bus_.emit(Freeing{agent, gone, core.now()});
  live_.remove(base);
  freed(std::move(gone));
}

void AllocatorWatch::reset(Core& core, const Call& call) {
  for (HeapBlock& block : live_.remove_core(core.id(), call.zone())) {
    bus_.emit(Freeing{static_cast<AgentId>(core.id()), block, core.now(), true});
    freed(std::move(block));
  }
}

void AllocatorWatch::freed(HeapBlock block) {
  costs_.removed(block);
  if (freed_.size() < freed_blocks_kept) freed_.push_back(std::move(block));
  else freed_[freed_count_ % freed_blocks_kept] = std::move(block);
  ++freed_count_;
}

const HeapBlock* AllocatorWatch::freed_at(std::uint32_t address) const {
  const HeapBlock* live = live_.before(address);
  for (std::size_t back = 1; back <= freed_.size(); ++back) {
    const HeapBlock& block = freed_[(freed_count_ - back) % freed_blocks_kept];
    if (address - block.base >= block.bytes) continue;
    return live && live->base >= block.base ? nullptr : &block;  // part of it has a new owner
  }
  return nullptr;
}

}  // namespace dspmem
