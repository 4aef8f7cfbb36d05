// SPDX-License-Identifier: Apache-2.0
// Steps that allocate and free: alloc, zalloc, realloc, free.
#include <bit>
#include <fmt/format.h>

#include "sim/replay/replay.h"
#include "sim/replay/steps/steps.h"

namespace dspmem {
namespace {

constexpr std::uint32_t flag_shared = 1;  // SOF_MEM_FLAG_SHARED

/// The largest heap of a zone that `core` may use; null when the platform has none.
const HeapLayout* largest_heap(const Platform& platform, Zone zone, std::uint32_t core) {
  const HeapLayout* largest = nullptr;
  for (const HeapLayout& heap : platform.heaps)
    if (heap.serves(zone) && (!heap.per_core || heap.core == core) && (!largest || heap.bytes > largest->bytes)) largest = &heap;
  return largest;
}

void check_size(const Platform& platform, Zone zone, std::uint32_t core, std::uint64_t bytes, const SourceMark& mark) {
  const HeapLayout* heap = largest_heap(platform, zone, core);
  if (!heap) throw InputError(mark, "platform '" + platform.name + "' has no zone " + to_string(zone));
  // What the runtime zones cannot hold, the allocator takes from the buffer zone.
  if (zone == Zone::runtime || zone == Zone::runtime_shared)
    if (const HeapLayout* buffer = largest_heap(platform, Zone::buffer, core); buffer && buffer->bytes > heap->bytes) heap = buffer;
  if (bytes > heap->bytes)
    throw InputError(mark, fmt::format("{} bytes can never fit: the largest heap for zone {} on '{}' is {}, with {} bytes", bytes, to_string(zone), platform.name, heap->name, heap->bytes));
}

template <bool Zeroed>
class Alloc final : public Step {
 public:
  void read(StepReader& reader) {
    reader.required("as", name_);
    std::string zone = "runtime";
    if (reader.optional("zone", zone)) request_.zone = choose<Zone>(reader, "zone", zone, zone_names());
    Bytes bytes;
    reader.required("bytes", bytes);
    if (bytes.value == 0) reader.fail("bytes", "'bytes' must not be 0");
    size_mark_ = reader.mark_of("bytes");
    request_.bytes = static_cast<std::uint32_t>(bytes.value);
    std::vector<std::string> flags, capabilities;
    if (reader.optional("flags", flags))
      for (const std::string& flag : flags) request_.flags |= choose<std::uint32_t>(reader, "flags", flag, {{"shared", flag_shared}}, "flag");
    if (reader.optional("capabilities", capabilities))
      for (const std::string& each : capabilities) request_.capabilities |= choose<std::uint32_t>(reader, "capabilities", each, capability_names(), "capability");
    if (reader.optional("align", request_.alignment)) {
      if (!std::has_single_bit(request_.alignment)) reader.fail("align", fmt::format("'align' must be a power of two, not {}", request_.alignment));
      if (request_.zone != Zone::buffer || Zeroed) reader.fail("align", "'align' is for 'alloc' in zone buffer: the other zones align to the platform's alignment");
    }
    reader.optional("may_fail", may_fail_);
    request_.zeroed = Zeroed;
  }
  void declare(ScenarioNames& names, std::uint32_t core) const override {
    if (names.statics.contains(name_)) throw InputError(mark, fmt::format("the name '{}' is given twice: 'objects' declares it at line {}", name_, names.objects[name_].line));
    if (const auto known = names.objects.find(name_); known != names.objects.end() && names.object_cores[name_] != core)
      throw InputError(mark, fmt::format("the name '{}' is given twice: core {} allocates it at line {} too", name_, names.object_cores[name_], known->second.line));
    else if (known != names.objects.end() && !names.freed.contains(name_))
      throw InputError(mark, fmt::format("the name '{}' is given twice: it is allocated at line {} and not freed before", name_, known->second.line));
    names.objects[name_] = mark;
    names.object_cores[name_] = core;
  }
  void check(const ScenarioNames& names, std::uint32_t core) const override { check_size(*names.platform, request_.zone, core, request_.bytes, size_mark_); }
  void run(Replay& replay, DspCore& core) const override {
    const std::uint32_t address = replay.allocate(core, request_, name_, mark);
    if (!address) {
      if (may_fail_) return;
      replay.expect(false, fmt::format("'{}' gets {} bytes of zone {}", name_, request_.bytes, to_string(request_.zone)), "the allocator has none left", mark);
      replay.stop();
    }
    replay.add_object({name_, address, request_.bytes, request_.zone, request_.flags, request_.capabilities, core.id(), false, nullptr, {}, {}}, mark);
  }

 private:
  std::string name_;
  Replay::Request request_;
  SourceMark size_mark_;
  bool may_fail_ = false;
};

class Realloc final : public Step {
 public:
  void read(StepReader& reader) {
    reader.required("object", name_);
    Bytes bytes;
    reader.required("bytes", bytes);
    if (bytes.value == 0) reader.fail("bytes", "'bytes' must not be 0");
    bytes_ = static_cast<std::uint32_t>(bytes.value);
  }
  void check(const ScenarioNames& names, std::uint32_t core) const override {
    check_object(names, name_, mark);
    if (names.statics.contains(name_)) throw InputError(mark, "'" + name_ + "' is a static object: its size is fixed");
    check_size(*names.platform, Zone::buffer, core, bytes_, mark);
  }
  void run(Replay& replay, DspCore& core) const override {
    Object& object = replay.object(name_, mark);
    const std::uint32_t address = replay.reallocate(core, object, bytes_, mark);
    if (!address) {
      replay.expect(false, fmt::format("'{}' is reallocated to {} bytes", name_, bytes_), "the allocator has none left", mark);
      replay.stop();
    }
    object.freed = nullptr;  // the old block was
    object.address = address;
    object.bytes = bytes_;
    if (!object.truth.empty()) {
      object.truth.resize(bytes_);
      object.writers.resize((bytes_ + 3) / 4);
    }
  }

 private:
  std::string name_;
  std::uint32_t bytes_ = 0;
};

class Free final : public Step {
 public:
  void read(StepReader& reader) { reader.required("object", name_); }
  void declare(ScenarioNames& names, std::uint32_t) const override { names.freed.insert(name_); }
  void check(const ScenarioNames& names, std::uint32_t) const override {
    check_object(names, name_, mark);
    if (names.statics.contains(name_)) throw InputError(mark, "'" + name_ + "' is a static object: it is never freed");
  }
  void run(Replay& replay, DspCore& core) const override {
    Object& object = replay.object(name_, mark);
    if (object.freed) replay.misuse(core, fmt::format("'{}' is freed again; it was freed at {}", name_, object.freed->to_string()), object, mark);
    replay.release(core, object.address, mark);
    replay.object(name_, mark).freed = &mark;
  }

 private:
  std::string name_;
};

}  // namespace

const StepKind alloc_step{"alloc", nullptr, "allocate an object from a zone", read_step<Alloc<false>>};
const StepKind zalloc_step{"zalloc", nullptr, "allocate an object and zero it", read_step<Alloc<true>>};
const StepKind realloc_step{"realloc", nullptr, "change the size of a buffer", read_step<Realloc>};
const StepKind free_step{"free", "object", "free an object", read_step<Free>};

}  // namespace dspmem
