// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/heap_tracker.h"

#include <algorithm>

namespace dspmem {
namespace {

constexpr std::uint32_t flag_shared = 1;       // SOF_MEM_FLAG_SHARED
constexpr std::size_t freed_blocks_kept = 4096;

/// Functions whose work is to move bytes, whether or not anybody has written them yet: padding of a copied structure is no mistake.
constexpr const char* copier_names[] = {"memcpy", "memmove", "memcpy_s"};

}  // namespace

const std::vector<AllocatorFunction>& zones_allocator() {
  using enum AllocatorFunction::Role;
  static const std::vector<AllocatorFunction> functions{
      {"rmalloc", allocate, 3, 0, 1, {}, {}, Zone::runtime},
      {"rzalloc", allocate, 3, 0, 1, {}, {}, Zone::runtime},
      {"rzalloc_core_sys", allocate, 1, {}, {}, {}, {}, Zone::system},
      {"rballoc", allocate, 2, {}, 0, {}, {}, Zone::buffer},
      {"rballoc_align", allocate, 2, {}, 0, 3, {}, Zone::buffer},
      {"rbrealloc", reallocate, 3, {}, 1, {}, 0, Zone::buffer},
      {"rbrealloc_align", reallocate, 3, {}, 1, 5, 0, Zone::buffer},
      {"rfree", free, {}, {}, {}, {}, 0, Zone::runtime},
      {"free_heap", reset, {}, 0, {}, {}, {}, Zone::runtime},
      {"mm_init", internal, {}, {}, {}, {}, {}, Zone::runtime},
      {"heap_info", internal, {}, {}, {}, {}, {}, Zone::runtime},
  };
  return functions;
}

// ---- Bits ------------------------------------------------------------------------------------------------------------

void HeapTracker::Bitmap::set(std::uint32_t first, std::uint64_t count, bool value) {
  for (std::uint64_t at = first; at < first + count;) {
    const std::uint64_t bit = at % 64, here = std::min<std::uint64_t>(64 - bit, first + count - at);
    const std::uint64_t mask = (here == 64 ? ~0ull : (1ull << here) - 1) << bit;
    if (value) words_[at / 64] |= mask;
    else words_[at / 64] &= ~mask;
    at += here;
  }
}

bool HeapTracker::Bitmap::all(std::uint32_t first, std::uint32_t count) const {
  while (count) {
    const std::uint32_t bit = first % 64, here = std::min(64 - bit, count);
    const std::uint64_t mask = (here == 64 ? ~0ull : (1ull << here) - 1) << bit;
    if ((words_[first / 64] & mask) != mask) return false;
    first += here;
    count -= here;
  }
  return true;
}

// ---- What the allocator does -----------------------------------------------------------------------------------------

HeapTracker::HeapTracker(const Platform& platform, const FirmwareImage& image, const AddressMap& map, LiveMemory& live, HeapListener& listener)
    : platform_(platform), map_(map), live_(live), listener_(listener), image_(image) {
  for (const AllocatorFunction& function : zones_allocator())
    if (const auto address = image.symbol(function.symbol)) {
      addresses_.push_back(*address);
      by_address_[*address] = &function;
    }
  if (platform.heaps.empty()) return;
  std::uint64_t end = 0;
  first_ = ~0u;
  for (const HeapLayout& heap : platform.heaps) {
    first_ = std::min(first_, physical(heap.base));
    end = std::max<std::uint64_t>(end, std::uint64_t{physical(heap.base)} + heap.bytes);
  }
  bytes_ = static_cast<std::uint32_t>(end - first_);
  allowed_.resize(bytes_, true);
  bookkeeping_.resize(bytes_, false);
  for (const HeapLayout& heap : platform.heaps) allowed_.set(physical(heap.base) - first_, heap.bytes, false);
}

void HeapTracker::on_call(Core& core, std::uint32_t function) {
  const std::uint32_t id = core.id();
  if (depth_[id]++) return;  // the allocator calls itself
  listener_.on_allocator(core);
  Call& call = calls_[id];
  call.function = by_address_.at(function);
  for (unsigned i = 0; i < call.arguments.size(); ++i) call.arguments[i] = core.reg(2 + i);
  call.site = {core.now(), {}};
  const std::vector<StackFrame> stack = core.call_stack();
  for (std::size_t i = 0; i < std::min(stack.size(), call.site.stack.size()); ++i)
    if (stack[i].return_address != Core::trap_address) call.site.stack[i] = stack[i].return_address;
  if (call.function->role == AllocatorFunction::Role::free) freeing(core, call.arguments[*call.function->pointer], false);
  if (call.function->role == AllocatorFunction::Role::reset)
    for (const LiveMemory::Block& block : live_.remove_core(id, static_cast<Zone>(call.arguments[*call.function->zone]))) {
      listener_.on_freeing(core, block);
      freed(block);
    }
}

void HeapTracker::on_return(Core& core, std::uint32_t) {
  const std::uint32_t id = core.id();
  if (depth_[id] == 0 || --depth_[id]) return;
  listener_.on_allocator(core);
  const Call call = calls_[id];
  const std::uint32_t result = core.reg(2);
  if (call.function->role == AllocatorFunction::Role::reallocate && result) {
    const std::uint32_t old = call.arguments[*call.function->pointer];
    if (old && old != result) freeing(core, old, true);
  }
  const bool returns_block = call.function->role == AllocatorFunction::Role::allocate || call.function->role == AllocatorFunction::Role::reallocate;
  if (returns_block && result) allocated(core, call, result);
  next_[id] = {};
}

void HeapTracker::allocated(Core& core, const Call& call, std::uint32_t address) {
  const auto argument = [&call](const std::optional<std::uint32_t>& position, std::uint32_t absent) { return position ? call.arguments[*position] : absent; };
  LiveMemory::Block block;
  block.base = map_.alias(address, RegionKind::cached);
  block.bytes = argument(call.function->bytes, 0);
  block.zone = static_cast<Zone>(argument(call.function->zone, static_cast<std::uint32_t>(call.function->fixed_zone)));
  block.core = core.id();
  block.name = next_[core.id()].name;
  block.where = next_[core.id()].mark;
  block.site = call.site;
  block.shared = (argument(call.function->flags, 0) & flag_shared) || block.zone == Zone::runtime_shared || block.zone == Zone::system_shared;
  ++allocations_;
  if (call.function->role == AllocatorFunction::Role::reallocate) live_.remove(block.base);  // grown where it was
  const std::uint32_t alignment = std::max(argument(call.function->alignment, 0), platform_.allocation_alignment);
  const auto wrong = live_.add(block, alignment);
  set_live(block, true);
  // Whatever was there before is history now.
  for (auto old = freed_.lower_bound(block.base); old != freed_.end() && old->first < block.base + block.bytes;) old = freed_.erase(old);
  listener_.on_allocated(core, block, wrong.value_or(""));
}

void HeapTracker::freeing(Core& core, std::uint32_t address, bool reallocated) {
  if (!address) return;
  const std::uint32_t base = map_.alias(address, RegionKind::cached);
  const LiveMemory::Block* block = live_.find(base);
  if (!block || block->base != base) {
    listener_.on_bad_free(core, base, block ? block : freed_at(base));
    return;
  }
  LiveMemory::Block gone = *block;
  gone.freed = calls_[core.id()].site;
  gone.freed_by = core.id();
  if (!reallocated) ++frees_;
  listener_.on_freeing(core, gone);
  live_.remove(base);
  freed(gone);
}

void HeapTracker::freed(const LiveMemory::Block& block) {
  set_live(block, false);
  if (freed_.size() >= freed_blocks_kept) freed_.erase(freed_.begin());
  freed_[block.base] = block;
}

void HeapTracker::set_live(const LiveMemory::Block& block, bool live) {
  const std::uint32_t at = physical(block.base) - first_;
  if (at >= bytes_ || block.bytes > bytes_ - at) return;
  allowed_.set(at, block.bytes, live);
  if (live) bookkeeping_.set(at, block.bytes, false);
}

const LiveMemory::Block* HeapTracker::freed_at(std::uint32_t address) const {
  auto next = freed_.upper_bound(address);
  if (next == freed_.begin()) return nullptr;
  const LiveMemory::Block& block = std::prev(next)->second;
  return address - block.base < block.bytes ? &block : nullptr;
}

bool HeapTracker::bookkeeping(std::uint32_t address) const {
  const std::uint32_t at = physical(address) - first_;
  return at < bytes_ && bookkeeping_.test(at);
}

// ---- What the program does -------------------------------------------------------------------------------------------

void HeapTracker::on_access(const Core* core, const Deed& access, std::uint32_t address, std::uint32_t bytes) {
  const std::uint32_t at = address - first_;
  if (at >= bytes_ || bytes > bytes_ - at) return;
  if (core && !access.site.pc) return;  // a step's own access: it knows its object, and says more
  const bool inside = core && depth_[access.agent];
  if (!allowed_.all(at, bytes)) {
    if (!inside) listener_.on_stray_access(core, access, map_.alias(address, RegionKind::cached), bytes);
    else if (access.kind == Deed::Kind::write && !bookkeeping_.all(at, bytes)) {
      bookkeeping_.set(at, bytes, true);
      listener_.on_bookkeeping(*core, address, bytes);
    }
    return;
  }
  if (inside || !checker_ || !core || access.kind != Deed::Kind::read) return;
  const std::uint32_t cached = map_.alias(address, RegionKind::cached);
  const LiveMemory::Block* block = live_.find(cached);
  if (!block || checker_->ever_written(address, bytes)) return;
  const std::string function = image_.function_at(access.site.pc);
  if (std::any_of(std::begin(copier_names), std::end(copier_names), [&function](const char* name) { return function == name; })) return;
  listener_.on_uninitialised_read(*core, access, *block, cached);
}

}  // namespace dspmem
