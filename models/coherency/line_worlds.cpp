// SPDX-License-Identifier: Apache-2.0
#include "models/coherency/line_worlds.h"

#include <algorithm>

namespace dspmem {

LineWorlds::LineWorlds(const CacheRules& rules) : write_through_(rules.write_through), rules_(&rules) {
  // The summary knows one cache without a prefetcher and with whole-line write-backs.
  if (rules_->prefetch || rules_->byte_dirty) expand();
}

// ---- Summary -> worlds -----------------------------------------------------------------------------------------------

void LineWorlds::expand() {
  if (full_) return;
  full_ = std::make_unique<Full>();
  World world;
  world.memory = whole();
  full_->worlds.assign(1, world);
  if (owner_ >= 0) {
    const auto owner = static_cast<std::size_t>(owner_);
    if (clean_copy_) {
      World clean = world;
      clean.shape[owner] = Shape::clean;
      clean.copies[owner].fresh = whole();
      insert(full_->worlds, clean);
    }
    if (dirty_) {
      World dirty = world;
      dirty.memory = whole() - unsafe_;
      dirty.shape[owner] = Shape::dirty;
      dirty.copies[owner].fresh = whole();
      insert(full_->worlds, dirty);
    }
  }
  close();
}

void LineWorlds::settle_if_possible() {
  if (!full_ || rules_->prefetch || rules_->byte_dirty || full_->worlds.size() != 1) return;
  const World& only = full_->worlds.front();
  if (only.memory != whole() || std::any_of(only.shape.begin(), only.shape.end(), [](Shape shape) { return shape != Shape::absent; })) return;
  full_.reset();
  owner_ = -1;
  dirty_ = clean_copy_ = false;
  unsafe_ = {};
}

// ---- Steps of one world ----------------------------------------------------------------------------------------------

void LineWorlds::fill(World& world, std::uint32_t core) const {
  world.shape[core] = Shape::clean;
  world.copies[core] = {world.memory, {}};
}

ByteMask LineWorlds::fresh_somewhere(const World& world) const {
  ByteMask fresh = world.memory;
  for (std::uint32_t core = 0; core < rules_->cores; ++core)
    if (world.shape[core] != Shape::absent) fresh |= world.copies[core].fresh;
  return fresh;
}

/// Writes a dirty copy back. Adds to `lost` what memory had and has no more.
void LineWorlds::clean(World& world, std::uint32_t core, ByteMask& lost) const {
  if (world.shape[core] != Shape::dirty) return;
  Copy& copy = world.copies[core];
  const ByteMask written = rules_->byte_dirty ? copy.written : whole();
  const ByteMask before = world.memory;
  world.memory = (world.memory - written) | (copy.fresh & written);
  lost |= before - world.memory;
  copy.written = {};
  world.shape[core] = Shape::clean;
}

// ---- Sets of worlds --------------------------------------------------------------------------------------------------

bool LineWorlds::insert(std::vector<World>& set, const World& world) const {
  const auto same_shape = [this](const World& a, const World& b) {
    if (a.shape != b.shape) return false;
    if (!rules_->byte_dirty) return true;
    for (std::uint32_t core = 0; core < rules_->cores; ++core)
      if (a.shape[core] == Shape::dirty && a.copies[core].written != b.copies[core].written) return false;
    return true;
  };
  const auto covers = [this](const World& more, const World& less) {
    if (!more.memory.contains(less.memory)) return false;
    for (std::uint32_t core = 0; core < rules_->cores; ++core)
      if (more.shape[core] != Shape::absent && !more.copies[core].fresh.contains(less.copies[core].fresh)) return false;
    return true;
  };
  for (const World& known : set)
    if (same_shape(known, world) && covers(world, known)) return false;
  std::erase_if(set, [&](const World& known) { return same_shape(known, world) && covers(known, world); });
  set.push_back(world);
  return true;
}

void LineWorlds::close() {
  std::vector<World> pending = full_->worlds;
  while (!pending.empty()) {
    const World world = pending.back();
    pending.pop_back();
    const auto offer = [&](const World& next) {
      if (insert(full_->worlds, next)) pending.push_back(next);
    };
    for (std::uint32_t core = 0; core < rules_->cores; ++core) {
      if (world.shape[core] != Shape::absent) {
        World next = world;
        ByteMask lost;
        clean(next, core, lost);
        if (lost.any()) note_lost(lost, static_cast<int>(core));
        next.shape[core] = Shape::absent;
        next.copies[core] = {};
        offer(next);
      } else if (rules_->prefetch && (!rules_->running || *rules_->running >> core & 1)) {
        World next = world;
        fill(next, core);
        offer(next);
      }
    }
  }
}

template <class Operation>
void LineWorlds::apply(Operation operation) {
  newly_lost_ = false;
  std::vector<World> next;
  next.reserve(full_->worlds.size());
  for (World world : full_->worlds) {
    operation(world);
    insert(next, world);
  }
  full_->worlds = std::move(next);
  close();
  settle_if_possible();
}

void LineWorlds::note_lost(const ByteMask& lost, int by) {
  (by < 0 ? full_->discarded : full_->overwritten) |= lost;
  newly_lost_ = true;
  lost_by_ = static_cast<std::int8_t>(by);
}

// ---- The program's operations ----------------------------------------------------------------------------------------

void LineWorlds::read_shared(std::uint32_t core) {
  expand();
  apply([&](World& world) {
    if (world.shape[core] == Shape::absent) fill(world, core);
  });
}

void LineWorlds::write_shared(std::uint32_t core, const ByteMask& bytes) {
  expand();
  full_->overwritten -= bytes;
  full_->discarded -= bytes;
  apply([&](World& world) {
    if (world.shape[core] == Shape::absent && !rules_->write_through) fill(world, core);
    for (std::uint32_t other = 0; other < rules_->cores; ++other) world.copies[other].fresh -= bytes;
    world.memory -= bytes;
    if (world.shape[core] != Shape::absent) world.copies[core].fresh |= bytes;
    if (rules_->write_through) {
      world.memory |= bytes;
    } else {
      world.shape[core] = Shape::dirty;
      world.copies[core].written |= bytes;
    }
  });
}

void LineWorlds::write_memory(const ByteMask& bytes) {
  if (!full_) {
    if (owner_ < 0) return;
    expand();
  }
  full_->overwritten -= bytes;
  full_->discarded -= bytes;
  apply([&](World& world) {
    for (std::uint32_t core = 0; core < rules_->cores; ++core) world.copies[core].fresh -= bytes;
    world.memory |= bytes;
  });
}

void LineWorlds::write_back(std::uint32_t core) {
  if (!full_) {
    if (owner_ == static_cast<int>(core) && dirty_) {
      dirty_ = false;
      clean_copy_ = true;
      unsafe_ = {};
    }
    return;
  }
  apply([&](World& world) {
    ByteMask lost;
    clean(world, core, lost);
    if (lost.any()) note_lost(lost, static_cast<int>(core));
  });
}

void LineWorlds::invalidate(std::uint32_t core) {
  if (!full_) {
    if (owner_ != static_cast<int>(core)) return;
    if (unsafe_.none()) {
      owner_ = -1;
      dirty_ = clean_copy_ = false;
      return;
    }
    expand();
  }
  apply([&](World& world) {
    if (world.shape[core] == Shape::absent) return;
    const ByteMask before = fresh_somewhere(world);
    const bool dirty = world.shape[core] == Shape::dirty;
    world.shape[core] = Shape::absent;
    world.copies[core] = {};
    // Dropping a clean copy is what an eviction may do too: whoever took the bytes from memory is to blame.
    if (const ByteMask lost = before - fresh_somewhere(world); dirty && lost.any()) note_lost(lost, -1);
  });
}

void LineWorlds::write_back_invalidate(std::uint32_t core) {
  if (!full_) {
    if (owner_ != static_cast<int>(core)) return;
    owner_ = -1;
    dirty_ = clean_copy_ = false;
    unsafe_ = {};
    return;
  }
  apply([&](World& world) {
    ByteMask lost;
    clean(world, core, lost);
    if (lost.any()) note_lost(lost, static_cast<int>(core));
    world.shape[core] = Shape::absent;
    world.copies[core] = {};
  });
}

void LineWorlds::forget_shared(const ByteMask& bytes) {
  full_->overwritten -= bytes;
  full_->discarded -= bytes;
  apply([&](World& world) {
    world.memory |= bytes;
    for (std::uint32_t core = 0; core < rules_->cores; ++core)
      if (world.shape[core] != Shape::absent) world.copies[core].fresh |= bytes;
  });
}

void LineWorlds::lose_memory(const ByteMask& bytes) {
  expand();
  apply([&](World& world) { world.memory -= bytes; });
}

// ---- Questions -------------------------------------------------------------------------------------------------------

LineWorlds::Stale LineWorlds::explain(const World& world, int core, const ByteMask& stale) const {
  const ByteMask fresh = fresh_somewhere(world);
  if (!fresh.contains(stale)) {
    const ByteMask lost = stale - fresh;
    return {stale, (lost & full_->overwritten).any() ? StaleReason::overwritten : StaleReason::discarded};
  }
  const bool has_copy = core >= 0 && world.shape[static_cast<std::size_t>(core)] != Shape::absent;
  if (has_copy && world.memory.contains(stale)) return {stale, StaleReason::old_copy};
  return {stale, StaleReason::not_in_memory};
}

LineWorlds::Stale LineWorlds::stale_for_core(std::uint32_t core, const ByteMask& wanted) const {
  if (!full_) {
    if (owner_ < 0 || owner_ == static_cast<int>(core) || (unsafe_ & wanted).none()) return {};
    return {unsafe_ & wanted, StaleReason::not_in_memory};
  }
  Stale worst;
  for (const World& world : full_->worlds) {
    const ByteMask& seen = world.shape[core] == Shape::absent ? world.memory : world.copies[core].fresh;
    const ByteMask stale = wanted - seen;
    if (stale.none()) continue;
    const Stale found = explain(world, static_cast<int>(core), stale);
    worst.bytes |= stale;
    worst.reason = std::max(worst.reason, found.reason);
  }
  return worst;
}

LineWorlds::Stale LineWorlds::stale_in_memory(const ByteMask& wanted) const {
  if (!full_) {
    if ((unsafe_ & wanted).none()) return {};
    return {unsafe_ & wanted, StaleReason::not_in_memory};
  }
  Stale worst;
  for (const World& world : full_->worlds) {
    const ByteMask stale = wanted - world.memory;
    if (stale.none()) continue;
    const Stale found = explain(world, -1, stale);
    worst.bytes |= stale;
    worst.reason = std::max(worst.reason, found.reason);
  }
  return worst;
}

bool LineWorlds::may_be_dirty(std::uint32_t core) const {
  if (!full_) return owner_ == static_cast<int>(core) && dirty_;
  return std::any_of(full_->worlds.begin(), full_->worlds.end(), [core](const World& world) { return world.shape[core] == Shape::dirty; });
}

bool LineWorlds::may_be_dirty_elsewhere(int core) const {
  for (std::uint32_t other = 0; other < rules_->cores; ++other)
    if (static_cast<int>(other) != core && may_be_dirty(other)) return true;
  return false;
}

bool LineWorlds::may_hold(std::uint32_t core) const {
  if (!full_) return owner_ == static_cast<int>(core);
  return std::any_of(full_->worlds.begin(), full_->worlds.end(), [core](const World& world) { return world.shape[core] != Shape::absent; });
}

ByteMask LineWorlds::only_in(std::uint32_t core) const {
  if (!full_) return owner_ == static_cast<int>(core) ? unsafe_ : ByteMask{};
  ByteMask bytes;
  for (const World& world : full_->worlds) {
    if (world.shape[core] == Shape::absent) continue;
    ByteMask elsewhere = world.memory;
    for (std::uint32_t other = 0; other < rules_->cores; ++other)
      if (other != core && world.shape[other] != Shape::absent) elsewhere |= world.copies[other].fresh;
    bytes |= world.copies[core].fresh - elsewhere;
  }
  return bytes;
}

}  // namespace dspmem
