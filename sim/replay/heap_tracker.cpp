// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/heap_tracker.h"

#include <algorithm>
#include <utility>

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
      {"rmalloc", allocate, 3, 0, 1, {}, {}, {}, Zone::runtime},
      {"rzalloc", allocate, 3, 0, 1, {}, {}, {}, Zone::runtime},
      {"rzalloc_core_sys", allocate, 1, {}, {}, {}, {}, 0, Zone::system},
      {"rballoc", allocate, 2, {}, 0, {}, {}, {}, Zone::buffer},
      {"rballoc_align", allocate, 2, {}, 0, 3, {}, {}, Zone::buffer},
      {"rbrealloc", reallocate, 3, {}, 1, {}, 0, {}, Zone::buffer},
      {"rbrealloc_align", reallocate, 3, {}, 1, 5, 0, {}, Zone::buffer},
      {"rfree", free, {}, {}, {}, {}, 0, {}, Zone::runtime},
      {"free_heap", reset, {}, 0, {}, {}, {}, {}, Zone::runtime},
      {"mm_init", internal, {}, {}, {}, {}, {}, {}, Zone::runtime},
      {"heap_info", internal, {}, {}, {}, {}, {}, {}, Zone::runtime},
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

std::uint64_t HeapTracker::Bitmap::from(std::uint32_t first) const {
  const std::uint32_t bit = first % 64;
  const std::uint64_t low = words_[first / 64] >> bit;
  return bit && first / 64 + 1 < words_.size() ? low | words_[first / 64 + 1] << (64 - bit) : low;
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

void HeapTracker::on_call(Core& core, std::uint32_t function, bool nested) {
  const std::uint32_t id = core.id();
  cores_[id] = &core;
  const AllocatorFunction& called = *by_address_.at(function);
  if (nested) {
    // The allocator calls itself: what it does with the old block of a reallocation shows at this moment, not when that returns.
    Call& outer = calls_[id].back();
    const std::uint32_t freed = called.role == AllocatorFunction::Role::free ? core.reg(2 + *called.pointer) : 0;
    if (outer.function->role == AllocatorFunction::Role::reallocate && freed && freed == outer.arguments[*outer.function->pointer] && !outer.old_freed) {
      outer.old_freed = true;
      freeing(core, outer, freed, true);
    }
    return;
  }
  listener_.on_allocator(core);
  Call& call = calls_[id].emplace_back();
  call.function = &called;
  for (unsigned i = 0; i < call.arguments.size(); ++i) call.arguments[i] = core.reg(2 + i);
  call.site = {core.now(), {}};
  std::array<StackFrame, std::tuple_size_v<decltype(call.site.stack)>> frames;
  const std::size_t depth = core.call_stack(frames);
  for (std::size_t i = 0; i < depth; ++i)
    if (frames[i].return_address != Core::trap_address) call.site.stack[i] = frames[i].return_address;
  if (called.role == AllocatorFunction::Role::allocate && wants_relocation(call, id)) {
    call.relocated = place_elsewhere(call.arguments[*called.bytes]);
    if (call.relocated) core.set_reg(2 + *called.bytes, 0);  // nothing, for the allocator
  }
  if (called.role == AllocatorFunction::Role::free) {
    const std::uint32_t address = call.arguments[*called.pointer];
    const LiveMemory::Block* block = address ? live_.find(map_.alias(address, RegionKind::cached)) : nullptr;
    const std::uint32_t bytes = block && block->base == map_.alias(address, RegionKind::cached) ? block->bytes : 0;
    freeing(core, call, address, false);
    if (quarantine_limit_ && bytes) core.set_reg(2 + *called.pointer, next_from_quarantine(address, bytes));
    if (address && elsewhere_.erase(map_.alias(address, RegionKind::cached))) core.set_reg(2 + *called.pointer, 0);
  }
  if (called.role == AllocatorFunction::Role::reset)
    for (const LiveMemory::Block& block : live_.remove_core(id, static_cast<Zone>(call.arguments[*called.zone]))) {
      listener_.on_freeing(core, block);
      freed(block);
    }
}

void HeapTracker::on_return(Core& core, std::uint32_t, bool nested) {
  const std::uint32_t id = core.id();
  if (nested || calls_[id].empty()) return;
  const Call call = calls_[id].back();
  calls_[id].pop_back();
  listener_.on_allocator(core);
  if (call.relocated) core.set_reg(2, is_shared(call) ? map_.alias(call.relocated, RegionKind::uncached) : call.relocated);
  const std::uint32_t result = core.reg(2);
  if (call.function->role == AllocatorFunction::Role::reallocate && result) {
    const std::uint32_t old = call.arguments[*call.function->pointer];
    if (old && old != result && !call.old_freed) freeing(core, call, old, true);
  }
  const bool returns_block = call.function->role == AllocatorFunction::Role::allocate || call.function->role == AllocatorFunction::Role::reallocate;
  if (returns_block && result) allocated(core, call, result);
  if (calls_[id].empty()) {
    settle_own_writes(core);
    next_[id] = {};
  }
}

bool HeapTracker::is_shared(const Call& call) {
  const auto zone = static_cast<Zone>(call.function->zone ? call.arguments[*call.function->zone] : static_cast<std::uint32_t>(call.function->fixed_zone));
  return (call.function->flags && call.arguments[*call.function->flags] & flag_shared) || zone == Zone::runtime_shared || zone == Zone::system_shared;
}

bool HeapTracker::wants_relocation(const Call& call, std::uint32_t core) const {
  if (!relocation_) return false;
  const std::string& name = next_[core].name;
  if (!name.empty()) return std::find(relocation_->names.begin(), relocation_->names.end(), name) != relocation_->names.end();
  return std::find(relocation_->callers.begin(), relocation_->callers.end(), call.site.stack[0]) != relocation_->callers.end();
}

std::uint32_t HeapTracker::place_elsewhere(std::uint32_t bytes) {
  const std::uint32_t line = platform_.line_bytes();
  std::uint64_t at = (std::uint64_t{relocation_->base} + line - 1) / line * line;
  for (const auto& [base, size] : elsewhere_) {
    if (at + bytes <= base) break;
    at = (std::uint64_t{base} + size + line - 1) / line * line;
  }
  if (at + bytes > std::uint64_t{relocation_->base} + relocation_->bytes) {
    relocation_fits_ = false;
    return 0;
  }
  elsewhere_[static_cast<std::uint32_t>(at)] = bytes;
  return static_cast<std::uint32_t>(at);
}

void HeapTracker::profile(const LiveMemory::Block& block, bool allocated) {
  const std::uint32_t unit = std::max(block.shared ? platform_.line_bytes() : 0, platform_.allocation_alignment);
  SizeProfile::Class& sizes = sizes_.zones[block.zone][(block.bytes + unit - 1) / unit * unit];
  if (!allocated) {
    --sizes.live;
    return;
  }
  ++sizes.total;
  sizes.peak = std::max(sizes.peak, ++sizes.live);
}

void HeapTracker::on_abandoned(Core& core) {
  calls_[core.id()].clear();
  own_writes_[core.id()].clear();
  next_[core.id()] = {};
  listener_.on_allocator(core);
}

void HeapTracker::note_own_write(AgentId agent, std::uint32_t at, std::uint32_t bytes) {
  std::vector<Range>& ranges = own_writes_[agent];
  if (!ranges.empty() && at >= ranges.back().first && at <= ranges.back().first + ranges.back().count) {
    ranges.back().count = std::max(ranges.back().count, at + bytes - ranges.back().first);
    return;
  }
  if (!bookkeeping_.all(at, bytes)) ranges.push_back({at, bytes});
}

void HeapTracker::settle_own_writes(Core& core) {
  for (const Range& range : std::exchange(own_writes_[core.id()], {}))
    for (std::uint32_t at = range.first; at < range.first + range.count;) {
      const auto books = [&](std::uint32_t byte) { return !allowed_.test(byte) && !bookkeeping_.test(byte); };
      if (!books(at)) {
        ++at;
        continue;
      }
      std::uint32_t count = 0;
      while (at + count < range.first + range.count && books(at + count)) ++count;
      bookkeeping_.set(at, count, true);
      listener_.on_bookkeeping(core, first_ + at, count);
      at += count;
    }
}

void HeapTracker::allocated(Core& core, const Call& call, std::uint32_t address) {
  const auto argument = [&call](const std::optional<std::uint32_t>& position, std::uint32_t absent) { return position ? call.arguments[*position] : absent; };
  LiveMemory::Block block;
  block.base = map_.alias(address, RegionKind::cached);
  block.bytes = argument(call.function->bytes, 0);
  block.zone = static_cast<Zone>(argument(call.function->zone, static_cast<std::uint32_t>(call.function->fixed_zone)));
  block.core = argument(call.function->core, core.id());
  if (calls_[core.id()].empty()) {  // else it is a handler that allocates, not the step
    block.name = next_[core.id()].name;
    block.where = next_[core.id()].mark;
  }
  block.site = call.site;
  block.shared = is_shared(call);
  ++allocations_;
  if (call.function->role == AllocatorFunction::Role::reallocate) live_.remove(block.base);  // grown where it was
  const std::uint32_t alignment = std::max(argument(call.function->alignment, 0), platform_.allocation_alignment);
  const auto wrong = live_.add(block, alignment);
  const bool misplaced = wrong && !call.relocated;
  profile(block, true);
  set_live(block, true);
  // Whatever was there before is history now.
  for (auto old = freed_.lower_bound(block.base); old != freed_.end() && old->first < block.base + block.bytes;) old = freed_.erase(old);
  listener_.on_allocated(core, block, misplaced ? *wrong : "");
}

std::uint32_t HeapTracker::next_from_quarantine(std::uint32_t address, std::uint32_t bytes) {
  quarantined_.push_back({address, bytes});
  quarantined_bytes_ += bytes;
  if (quarantined_bytes_ <= quarantine_limit_) return 0;
  const Quarantined oldest = quarantined_.front();
  quarantined_.pop_front();
  quarantined_bytes_ -= oldest.bytes;
  return oldest.address;
}

void HeapTracker::freeing(Core& core, const Call& call, std::uint32_t address, bool reallocated) {
  if (!address) return;
  const std::uint32_t base = map_.alias(address, RegionKind::cached);
  const LiveMemory::Block* block = live_.find(base);
  if (!block || block->base != base) {
    listener_.on_bad_free(core, base, block ? block : freed_at(base));
    return;
  }
  LiveMemory::Block gone = *block;
  gone.freed = call.site;
  gone.freed_by = core.id();
  if (!reallocated) ++frees_;
  listener_.on_freeing(core, gone);
  live_.remove(base);
  freed(gone);
}

void HeapTracker::freed(const LiveMemory::Block& block) {
  profile(block, false);
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

template <class Bits>
std::uint64_t HeapTracker::parts_of_line(std::uint32_t address, std::uint32_t line_bytes, Bits bits) const {
  if (std::uint64_t{address} + line_bytes <= first_ || address >= std::uint64_t{first_} + bytes_) return ~0ull;
  const std::uint32_t at = address - first_;
  if (at >= bytes_ || line_bytes > bytes_ - at) return 0;
  if (line_bytes <= 64) return bits(at);
  const std::uint32_t part = line_bytes / 64;
  std::uint64_t parts = 0;
  for (std::uint32_t word = 0; word < part; ++word) {
    std::uint64_t here = bits(at + word * 64);
    for (std::uint32_t width = 1; width < part; width *= 2) here &= here >> width;  // each part's first bit: all of its bits
    for (std::uint32_t i = 0; i < 64 / part; ++i) parts |= (here >> i * part & 1) << (word * (64 / part) + i);
  }
  return parts;
}

std::uint64_t HeapTracker::writable(AgentId agent, std::uint32_t address, std::uint32_t line_bytes) {
  const bool own = inside(agent);
  return parts_of_line(address, line_bytes, [&](std::uint32_t at) { return allowed_.from(at) | (own ? bookkeeping_.from(at) : 0); });
}

std::uint64_t HeapTracker::readable(AgentId agent, std::uint32_t address, std::uint32_t line_bytes) {
  if (inside(agent)) return ~0ull;
  const std::uint64_t parts = parts_of_line(address, line_bytes, [&](std::uint32_t at) { return allowed_.from(at); });
  const bool heap = address + line_bytes > first_ && address - first_ < bytes_;
  return heap && checker_ ? parts & checker_->known_parts(address) : parts;
}

// ---- What the program does -------------------------------------------------------------------------------------------

void HeapTracker::on_access(const Core* core, const Deed& access, std::uint32_t address, std::uint32_t bytes) {
  const std::uint32_t at = address - first_;
  if (at >= bytes_ || bytes > bytes_ - at) return;
  if (core && !access.site.pc) return;  // a step's own access: it knows its object, and says more
  const bool own = core && inside(access.agent);
  if (!allowed_.all(at, bytes)) {
    if (!own) listener_.on_stray_access(core, access, map_.alias(address, RegionKind::cached), bytes);
    else if (access.kind == Deed::Kind::write) note_own_write(access.agent, at, bytes);
    return;
  }
  if (own || !checker_ || !core || access.kind != Deed::Kind::read) return;
  const std::uint32_t cached = map_.alias(address, RegionKind::cached);
  const LiveMemory::Block* block = live_.find(cached);
  if (!block || checker_->ever_written(address, bytes)) return;
  const std::string function = image_.function_at(access.site.pc);
  if (std::any_of(std::begin(copier_names), std::end(copier_names), [&function](const char* name) { return function == name; })) return;
  listener_.on_uninitialised_read(*core, access, *block, cached);
}

}  // namespace dspmem
