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

WatchedFunction::WatchedFunction(const AllocatorFunction& function) : role(function.role), fixed_zone(function.own_zone()) {
  using Argument = AllocatorArgument::Kind;
  bytes = function.position(Argument::bytes);
  count = function.position(Argument::count);
  zone = function.position(Argument::zone);
  flags = function.position(Argument::flags);
  alignment = function.position(Argument::alignment);
  pointer = function.position(Argument::pointer);
  core = function.position(Argument::core);
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

bool HeapTracker::Bitmap::any(std::uint32_t first, std::uint32_t count) const {
  while (count) {
    const std::uint32_t bit = first % 64, here = std::min(64 - bit, count);
    if (words_[first / 64] & (here == 64 ? ~0ull : (1ull << here) - 1) << bit) return true;
    first += here;
    count -= here;
  }
  return false;
}

std::uint64_t HeapTracker::Bitmap::from(std::uint32_t first) const {
  const std::uint32_t bit = first % 64;
  const std::uint64_t low = words_[first / 64] >> bit;
  return bit && first / 64 + 1 < words_.size() ? low | words_[first / 64 + 1] << (64 - bit) : low;
}

// ---- What the allocator does -----------------------------------------------------------------------------------------

HeapTracker::HeapTracker(const Platform& platform, const Allocator& allocator, const FirmwareImage& image, const AddressMap& map, LiveMemory& live, HeapListener& listener)
    : platform_(platform), map_(map), live_(live), listener_(listener), image_(image), header_bytes_(allocator.header_bytes) {
  for (const AllocatorFunction& function : allocator.functions)
    if (const auto address = image.symbol(function.symbol); address && by_address_.emplace(*address, function).second) addresses_.push_back(*address);
  figures_.resize(platform.heaps.size());
  if (platform.heaps.empty()) return;
  std::uint64_t end = 0;
  first_ = ~0u;
  for (const HeapLayout& heap : platform.heaps) {
    first_ = std::min(first_, physical(heap.base));
    end = std::max<std::uint64_t>(end, std::uint64_t{physical(heap.base)} + heap.bytes);
  }
  heaps_first_ = first_;
  heaps_bytes_ = static_cast<std::uint32_t>(end - first_);
  for (const std::string& name : allocator.variables) {
    const auto address = image.symbol(name);
    const FirmwareImage::Variable variable = address ? image.variable_at(*address) : FirmwareImage::Variable{};
    if (variable.name.empty() || !variable.bytes) throw InputError(allocator.variables_mark, "metadata: the firmware has no variable '" + name + "'" + suggestion(name, image.variable_names()));
    const std::uint32_t base = physical(variable.address);
    first_ = std::min(first_, base);
    end = std::max<std::uint64_t>(end, std::uint64_t{base} + variable.bytes);
    variables_.push_back(variable);
  }
  first_ -= first_ % platform.line_bytes();
  bytes_ = static_cast<std::uint32_t>(end - first_);
  allowed_.resize(bytes_, true);
  bookkeeping_.resize(bytes_, false);
  touched_.resize(bytes_ / platform.line_bytes() + 1);
  for (const HeapLayout& heap : platform.heaps) allowed_.set(physical(heap.base) - first_, heap.bytes, false);
}

void HeapTracker::on_call(Core& core, std::uint32_t function, bool nested) {
  const std::uint32_t id = core.id();
  cores_[id] = &core;
  const WatchedFunction& called = by_address_.at(function);
  if (nested) {
    // The allocator calls itself: what it does with the old block of a reallocation shows at this moment, not when that returns.
    Call& outer = calls_[id].back();
    const std::uint32_t freed = called.role == WatchedFunction::Role::free ? core.reg(2 + *called.pointer) : 0;
    if (outer.function->role == WatchedFunction::Role::reallocate && freed && freed == outer.arguments[*outer.function->pointer] && !outer.old_freed) {
      outer.old_freed = true;
      freeing(core, outer, freed, true);
    }
    return;
  }
  if (!variables_.empty()) guard_variables();
  listener_.on_allocator(core);
  Call& call = calls_[id].emplace_back();
  call.function = &called;
  call.instructions = core.statistics().instructions;
  call.l1d_misses = core.data_cache().statistics().misses;
  for (unsigned i = 0; i < call.arguments.size(); ++i) call.arguments[i] = core.reg(2 + i);
  call.site = {core.now(), {}};
  std::array<StackFrame, std::tuple_size_v<decltype(call.site.stack)>> frames;
  const std::size_t depth = core.call_stack(frames);
  for (std::size_t i = 0; i < depth; ++i)
    if (frames[i].return_address != Core::trap_address) call.site.stack[i] = frames[i].return_address;
  if (called.allocates() && wants_relocation(call, id)) {
    call.relocated = place_elsewhere(call.wanted_bytes());
    if (call.relocated) core.set_reg(2 + *called.bytes, 0);  // nothing, for the allocator
  }
  if (called.role == WatchedFunction::Role::free) {
    const std::uint32_t address = call.arguments[*called.pointer];
    const LiveMemory::Block* block = address ? live_.find(map_.alias(address, RegionKind::cached)) : nullptr;
    const std::uint32_t bytes = block && block->base == map_.alias(address, RegionKind::cached) ? block->bytes : 0;
    freeing(core, call, address, false);
    if (quarantine_limit_ && bytes) core.set_reg(2 + *called.pointer, next_from_quarantine(address, bytes));
    if (address && elsewhere_.erase(map_.alias(address, RegionKind::cached))) core.set_reg(2 + *called.pointer, 0);
  }
  if (called.role == WatchedFunction::Role::reset)
    for (const LiveMemory::Block& block : live_.remove_core(id, static_cast<Zone>(call.arguments[*called.zone]))) {
      listener_.on_freeing(core, block);
      freed(block);
    }
  // What waits in quarantine was in these heaps: it is gone with them.
  if (called.role == WatchedFunction::Role::reset)
    std::erase_if(quarantined_, [&](const Quarantined& each) {
      const HeapLayout* heap = live_.heap_of(map_.alias(each.address, RegionKind::cached));
      const bool gone = heap && heap->per_core && heap->core == id && heap->zone == static_cast<Zone>(call.arguments[*called.zone]);
      if (gone) quarantined_bytes_ -= each.bytes;
      return gone;
    });
}

void HeapTracker::on_return(Core& core, std::uint32_t, bool nested) {
  const std::uint32_t id = core.id();
  if (nested || calls_[id].empty()) return;
  const Call call = calls_[id].back();
  calls_[id].pop_back();
  listener_.on_allocator(core);
  if (call.relocated) core.set_reg(2, is_shared(call) ? map_.alias(call.relocated, RegionKind::uncached) : call.relocated);
  const std::uint32_t result = core.reg(2);
  if (call.function->role == WatchedFunction::Role::reallocate && result) {
    const std::uint32_t old = call.arguments[*call.function->pointer];
    if (old && old != result && !call.old_freed) freeing(core, call, old, true);
  }
  count_costs(core, call, result);
  const bool returns_block = call.function->allocates() || call.function->role == WatchedFunction::Role::reallocate;
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
    claim_books(core, range.first, range.count);
}

void HeapTracker::allocated(Core& core, const Call& call, std::uint32_t address) {
  LiveMemory::Block block;
  block.base = map_.alias(address, RegionKind::cached);
  block.bytes = call.wanted_bytes();
  block.zone = static_cast<Zone>(call.argument(call.function->zone, static_cast<std::uint32_t>(call.function->fixed_zone)));
  block.core = call.argument(call.function->core, core.id());
  if (block.core >= platform_.core_count()) block.core = core.id();
  if (calls_[core.id()].empty()) {  // else it is a handler that allocates, not the step
    block.name = next_[core.id()].name;
    block.where = next_[core.id()].mark;
    block.group = next_[core.id()].group;
    if (!call.function->zone && next_[core.id()].zone) block.zone = *next_[core.id()].zone;
  }
  block.site = call.site;
  block.shared = is_shared(call) || (calls_[core.id()].empty() && next_[core.id()].shared);
  ++allocations_;
  if (call.function->role == WatchedFunction::Role::reallocate)  // grown where it was
    if (const LiveMemory::Block* old = live_.find(block.base); old && old->base == block.base) {
      live_bytes_ -= old->bytes;
      count_in_heap(*old, false);
      profile(*old, false);
      set_live(*old, false);
      listener_.on_resizing(core, *old);
      live_.remove(block.base);
    }
  const std::uint32_t alignment = std::max(call.argument(call.function->alignment, 0), platform_.allocation_alignment);
  const auto wrong = live_.add(block, alignment);
  const bool misplaced = wrong && !call.relocated;
  profile(block, true);
  const std::uint32_t at = physical(block.base) - first_;
  if (at < bytes_ && block.bytes <= bytes_ - at) {
    release_books(core, at, block.bytes);
    touch(at, block.bytes);
    if (header_bytes_ && header_bytes_ <= at && !call.relocated) claim_books(core, at - header_bytes_, header_bytes_);
  }
  live_bytes_ += block.bytes;
  count_in_heap(block, true);
  set_live(block, true);
  measure_peak();
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
  freed(std::move(gone));
}

void HeapTracker::freed(LiveMemory::Block block) {
  live_bytes_ -= std::min<std::uint64_t>(live_bytes_, block.bytes);
  count_in_heap(block, false);
  profile(block, false);
  set_live(block, false);
  if (freed_.size() < freed_blocks_kept) freed_.push_back(std::move(block));
  else freed_[freed_count_ % freed_blocks_kept] = std::move(block);
  ++freed_count_;
}

void HeapTracker::set_live(const LiveMemory::Block& block, bool live) {
  const std::uint32_t at = physical(block.base) - first_;
  if (at >= bytes_ || block.bytes > bytes_ - at) return;
  allowed_.set(at, block.bytes, live);
}

// ---- What it costs -----------------------------------------------------------------------------------------------------

void HeapTracker::count_costs(Core& core, const Call& call, std::uint32_t result) {
  OperationCosts* costs = call.function->allocates() ? &allocation_costs_ : call.function->role == WatchedFunction::Role::free ? &free_costs_ : call.function->role == WatchedFunction::Role::reallocate ? &reallocation_costs_ : nullptr;
  if (!costs || call.relocated) return;
  if (Use& use = uses_[core.id()]; use.open && calls_[core.id()].empty()) {
    use.costs = costs;
  } else {
    costs->cycles.add(core.now() - call.site.cycle);
    costs->instructions += core.statistics().instructions - call.instructions;
    costs->l1d_misses += core.data_cache().statistics().misses - call.l1d_misses;
  }
  if (costs == &free_costs_ || result) return;
  ++costs->failed;
  const auto zone = static_cast<Zone>(call.argument(call.function->zone, static_cast<std::uint32_t>(call.function->fixed_zone)));
  for (std::size_t heap = 0; heap < figures_.size(); ++heap)
    if (platform_.heaps[heap].serves(zone)) {
      ++figures_[heap].failed;
      break;
    }
}

void HeapTracker::count_in_heap(const LiveMemory::Block& block, bool added) {
  const HeapLayout* heap = live_.heap_of(block.base);
  if (!heap) return;
  HeapFigures& figures = figures_[static_cast<std::size_t>(heap - platform_.heaps.data())];
  figures.live = added ? figures.live + block.bytes : figures.live - std::min<std::uint64_t>(figures.live, block.bytes);
  figures.peak = std::max(figures.peak, figures.live);
}

HeapTracker::HeapFigures HeapTracker::figures(std::size_t heap) const {
  HeapFigures figures = figures_[heap];
  for_each_gap(platform_.heaps[heap], [&figures](std::uint64_t bytes) { figures.largest_gap = std::max(figures.largest_gap, bytes); });
  return figures;
}

template <class Visit>
void HeapTracker::for_each_gap(const HeapLayout& heap, Visit visit) const {
  std::uint64_t from = heap.base;
  for (auto block = live_.blocks().lower_bound(heap.base); block != live_.blocks().end() && block->first - heap.base < heap.bytes; ++block) {
    if (block->first > from) visit(block->first - from);
    from = std::max<std::uint64_t>(from, std::uint64_t{block->first} + block->second.bytes);
  }
  if (std::uint64_t{heap.base} + heap.bytes > from) visit(std::uint64_t{heap.base} + heap.bytes - from);
}

void HeapTracker::begin_use(const Core& core) { uses_[core.id()] = {true, nullptr, core.now(), core.statistics().instructions, core.data_cache().statistics().misses}; }

void HeapTracker::end_use(const Core& core) {
  const Use use = std::exchange(uses_[core.id()], {});
  if (!use.costs) return;
  use.costs->cycles.add(core.now() - use.cycles);
  use.costs->instructions += core.statistics().instructions - use.instructions;
  use.costs->l1d_misses += core.data_cache().statistics().misses - use.l1d_misses;
}

void HeapTracker::touch(std::uint32_t at, std::uint32_t count) {
  const std::uint32_t line = platform_.line_bytes();
  for (std::uint32_t each = at / line; each <= (at + count - 1) / line && count; ++each) {
    if (touched_[each]) continue;
    touched_[each] = true;
    footprint_.touched_bytes += line;
  }
}

void HeapTracker::measure_peak() {
  footprint_.peak_bytes = std::max(footprint_.peak_bytes, live_bytes_);
  // Looking at all objects takes long: only when there is a 64th more than the last time.
  if (live_bytes_ < measured_at_ + measured_at_ / 64 + 1) return;
  measured_at_ = live_bytes_;
  std::uint64_t between = 0, largest = 0;
  for (std::size_t heap = 0; heap < figures_.size(); ++heap)
    if (figures_[heap].live)
      for_each_gap(platform_.heaps[heap], [&](std::uint64_t bytes) {
        between += bytes;
        largest = std::max(largest, bytes);
      });
  footprint_.scattered_basis_points = between ? 10000 - largest * 10000 / between : 0;
}

// ---- The allocator's books ---------------------------------------------------------------------------------------------

void HeapTracker::guard_variables() {
  for (const FirmwareImage::Variable& variable : variables_) {
    const std::uint32_t at = physical(variable.address) - first_;
    allowed_.set(at, variable.bytes, false);
    bookkeeping_.set(at, variable.bytes, true);
  }
  variables_.clear();
}

void HeapTracker::claim_books(Core& core, std::uint32_t at, std::uint32_t count) {
  touch(at, count);
  for (std::uint32_t end = at + count; at < end;) {
    if (bookkeeping_.test(at) || allowed_.test(at)) {
      ++at;
      continue;
    }
    std::uint32_t run = 1;
    while (at + run < end && !bookkeeping_.test(at + run) && !allowed_.test(at + run)) ++run;
    bookkeeping_.set(at, run, true);
    listener_.on_bookkeeping(core, first_ + at, run);
    at += run;
  }
}

void HeapTracker::release_books(Core& core, std::uint32_t at, std::uint32_t count) {
  if (!bookkeeping_.any(at, count)) return;
  for (std::uint32_t end = at + count; at < end;) {
    if (!bookkeeping_.test(at)) {
      ++at;
      continue;
    }
    std::uint32_t run = 1;
    while (at + run < end && bookkeeping_.test(at + run)) ++run;
    bookkeeping_.set(at, run, false);
    listener_.on_bookkeeping_gone(core, first_ + at, run);
    at += run;
  }
}

const LiveMemory::Block* HeapTracker::freed_at(std::uint32_t address) const {
  const LiveMemory::Block* live = live_.before(address);
  for (std::size_t back = 1; back <= freed_.size(); ++back) {
    const LiveMemory::Block& block = freed_[(freed_count_ - back) % freed_blocks_kept];
    if (address - block.base >= block.bytes) continue;
    return live && live->base >= block.base ? nullptr : &block;  // part of it has a new owner
  }
  return nullptr;
}

bool HeapTracker::bookkeeping(std::uint32_t address) const {
  const std::uint32_t at = physical(address) - first_;
  return at < bytes_ && bookkeeping_.test(at);
}

template <class Bits>
std::uint64_t HeapTracker::parts_of_line(std::uint32_t address, std::uint32_t line_bytes, Bits bits) const {
  if (std::uint64_t{address} + line_bytes <= first_ || address >= std::uint64_t{first_} + bytes_) [[unlikely]] return ~0ull;
  const std::uint32_t at = address - first_;
  if (at >= bytes_ || line_bytes > bytes_ - at) return 0;
  if (line_bytes <= 64) [[likely]] return bits(at);
  const std::uint32_t part = line_bytes / 64;
  std::uint64_t parts = 0;
  for (std::uint32_t word = 0; word < part; ++word) {
    std::uint64_t here = bits(at + word * 64);
    for (std::uint32_t width = 1; width < part; width *= 2) here &= here >> width;  // each part's first bit: all of its bits
    for (std::uint32_t i = 0; i < 64 / part; ++i) parts |= (here >> i * part & 1) << (word * (64 / part) + i);
  }
  return parts;
}

AccessJudge::Allowed HeapTracker::allowed(AgentId agent, std::uint32_t line_address, std::uint32_t line_bytes, std::uint64_t written) {
  const bool own = inside(agent);
  const std::uint64_t parts = parts_of_line(line_address, line_bytes, [this, own](std::uint32_t at) { return own ? allowed_.from(at) | bookkeeping_.from(at) : allowed_.from(at); });
  if (own) return {~0ull, parts};
  const bool heap = line_address + line_bytes > heaps_first_ && line_address - heaps_first_ < heaps_bytes_;
  return {heap && checker_ ? parts & written : parts, parts};
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
