// SPDX-License-Identifier: Apache-2.0
// What a replay says of what becomes of heap blocks.
#include <algorithm>
#include <fmt/format.h>

#include "sim/replay/replay.h"

namespace dspmem {
namespace {

/// What a free comes too early for, as far as it is the same for all of that.
Result::Finding beside_free(const FindingLog& log, const Core& core, const LiveMemory::Block& block, const Deed& other) {
  Result::Finding finding;
  finding.kind = Result::Finding::Kind::latent;
  finding.access = log.describe_now(core, "free");
  finding.object = log.describe(block);
  finding.other = log.describe(other);
  return finding;
}

}  // namespace

void Replay::on_allocated(Core& core, const LiveMemory::Block& block, const std::string& wrong) {
  if (block.shared) set_shared(block.base, block.bytes, true);
  power_->allocated(block, core.now());
  if (wrong.empty()) return;
  Result::Finding finding;
  finding.rule = "heap-misuse";
  finding.message = wrong;
  finding.access = log_.allocation_of(block);
  finding.access.agent = fmt::format("core {}", core.id());
  finding.object = log_.describe(block);
  log_.add(std::move(finding));
}

void Replay::on_freeing(Core& core, const LiveMemory::Block& block) {
  power_->freed(block, core.now());
  const auto step = current_step_.find(core.id());
  if (const auto object = objects_.find(block.name); object != objects_.end() && !object->second.freed && cached(object->second.address) == block.base && step != current_step_.end() && step->second) object->second.freed = &step->second->mark;
  if (block.zone == Zone::system_runtime && block.core != core.id()) report_foreign_free(core, block);
  if (coherency_) {
    const Deed write = coherency_->checker().left_dirty_elsewhere(static_cast<AgentId>(core.id()), physical(block.base), block.bytes).deed;
    if (write.kind != Deed::Kind::none) report_left_dirty(core, block, write);
    const Deed use = coherency_->checker().unordered_use(static_cast<AgentId>(core.id()), physical(block.base), block.bytes).deed;
    if (use.kind != Deed::Kind::none) report_used_beside_free(core, block, use);
  }
  forget(block.base, block.bytes);
  if (block.shared) set_shared(block.base, block.bytes, false);
}

void Replay::on_resizing(Core& core, const LiveMemory::Block& block) {
  power_->freed(block, core.now());
  if (block.shared) set_shared(block.base, block.bytes, false);
}

void Replay::report_foreign_free(Core& core, const LiveMemory::Block& block) {
  Result::Finding finding;
  finding.rule = "heap-misuse";
  finding.access = log_.describe_now(core, "free");
  finding.object = log_.describe(block);
  finding.message = fmt::format("'{}' of core {}'s heap is freed by core {}", finding.object->name, block.core, core.id());
  finding.fix = "free it on the core that it belongs to: send that core a message";
  log_.add(std::move(finding));
}

void Replay::report_left_dirty(Core& core, const LiveMemory::Block& block, const Deed& write) {
  Result::Finding finding = beside_free(log_, core, block, write);
  finding.rule = "lost-update";
  finding.message = fmt::format("{} frees '{}' while {} may hold dirty lines of it: evicted later, they overwrite what the next owner of the memory has written",
                                finding.access.agent, finding.object->name, finding.other->agent);
  finding.missing = fmt::format("a write-back and invalidate of '{}' by {} before it hands the object over", finding.object->name, finding.other->agent);
  finding.fix = "let the core that wrote the object write it back and invalidate it when it is done with it, or free it there";
  log_.add(std::move(finding));
}

void Replay::report_used_beside_free(Core& core, const LiveMemory::Block& block, const Deed& use) {
  Result::Finding finding = beside_free(log_, core, block, use);
  finding.rule = "data-race";
  finding.message = fmt::format("{} frees '{}' while {} may still use it: nothing orders the two", finding.access.agent, finding.object->name, finding.other->agent);
  finding.missing = fmt::format("a signal, a doorbell or a lock between what {} does with '{}' and the free", finding.other->agent, finding.object->name);
  finding.fix = "free the object when the other side has said that it is done with it, or by whoever takes the last reference back under a lock";
  log_.add(std::move(finding));
}

void Replay::on_bad_free(Core& core, std::uint32_t address, const LiveMemory::Block* block) {
  // Steps say themselves that they free twice; what firmware frees is only seen here.
  const auto step = current_step_.find(core.id());
  if (step != current_step_.end() && step->second && step->second->kind == "free") return;
  Result::Finding finding;
  finding.rule = "heap-misuse";
  finding.access = log_.describe_now(core, "free");
  if (block) {
    finding.object = log_.describe(*block);
    finding.message = address == block->base ? fmt::format("'{}' is freed again", finding.object->name)
                                             : fmt::format("an address {} bytes into '{}' is freed; an object is freed by its first byte", address - block->base, finding.object->name);
  } else {
    finding.message = fmt::format("{:#x} is freed, where no object begins", address);
  }
  log_.add(std::move(finding));
}

void Replay::on_stray_access(const Core* core, const Deed& access, std::uint32_t address, std::uint32_t bytes) {
  Result::Finding finding;
  finding.rule = "heap-misuse";
  finding.kind = Result::Finding::Kind::manifest;
  finding.access = core ? log_.describe_now(*core, access.kind == Deed::Kind::write ? "write" : "read") : log_.describe(access);
  finding.access.view = log_.describe(access).view;
  const char* verb = access.kind == Deed::Kind::write ? "written" : "read";
  const std::string what = bytes == 1 ? "a byte is" : fmt::format("{} bytes are", bytes);
  const LiveMemory::Block* freed = heap_->freed_at(address);
  const LiveMemory::Block* before = live_.before(address);
  const HeapLayout* heap = live_.heap_of(address);
  if (freed) {
    finding.object = log_.describe(*freed);
    finding.other = log_.free_of(*freed);
    finding.message = fmt::format("{} {} at offset {} of '{}', which has been freed", what, verb, address - freed->base, finding.object->name);
    finding.fix = "let the last user free the object, or clear the pointers to it when it is freed";
  } else if (heap_->bookkeeping(address)) {
    finding.message = fmt::format("{} {} at {:#x}, where the allocator keeps its books on heap {}", what, verb, address, heap ? heap->name : "");
    finding.fix = "only the allocator may touch this memory: check the pointer and the size that lead here";
  } else if (before && address - before->base < before->bytes + 4096 && live_.heap_of(before->base) == heap) {
    finding.object = log_.describe(*before);
    const std::uint32_t offset = address - before->base;
    finding.message = offset < before->bytes ? fmt::format("{} {} at offset {} of '{}' reach past its end: it has {} bytes", what, verb, offset, finding.object->name, before->bytes)
                                             : fmt::format("{} {} {} the end of '{}', which has {} bytes", what, verb,
                                                           offset == before->bytes ? "right behind" : fmt::format("{} bytes behind", offset - before->bytes), finding.object->name, before->bytes);
    finding.fix = "make the object as large as what is stored in it, or stop at its end";
  } else {
    finding.message = fmt::format("{} {} at {:#x} in heap {}, where nothing is allocated", what, verb, address, heap ? heap->name : "");
    finding.fix = "check the pointer: it leads into a heap, and to no object there";
  }
  log_.add(std::move(finding));
}

void Replay::on_uninitialised_read(const Core& core, const Deed& access, const LiveMemory::Block& block, std::uint32_t address) {
  Result::Finding finding;
  finding.rule = "heap-misuse";
  finding.kind = Result::Finding::Kind::advice;  // a bit field or a structure that is copied is read like this, and never used
  finding.access = log_.describe_now(core, "read");
  finding.access.view = log_.describe(access).view;
  finding.object = log_.describe(block);
  finding.message = fmt::format("byte {} of '{}' is read, and nobody has written it since it was allocated", address - block.base, finding.object->name);
  finding.fix = "set the object's fields after allocating it, or allocate it with rzalloc";
  log_.add(std::move(finding));
}

}  // namespace dspmem
