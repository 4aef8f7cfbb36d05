// SPDX-License-Identifier: Apache-2.0
// Steps that allocate and free: alloc, zalloc, realloc, free.
#include <fmt/format.h>
#include <bit>

#include "sim/session/steps/allocation.h"
#include "sim/session/steps/steps.h"
#include "sim/trace/trace_file.h"

namespace dspmem {
namespace {

/// The largest heap of a zone that `core` may use; null when the platform has none.
const HeapLayout* largest_heap(const Platform& platform, Zone zone, std::uint32_t core) {
  const HeapLayout* largest = nullptr;
  for (const HeapLayout& heap : platform.heaps)
    if (heap.serves(zone) && (!heap.per_core || heap.core == core) && (!largest || heap.bytes > largest->bytes))
      largest = &heap;
  return largest;
}

void check_size(const Platform& platform, Zone zone, std::uint32_t core, std::uint64_t bytes, const SourceMark& mark) {
  const HeapLayout* heap = largest_heap(platform, zone, core);
  if (!heap) throw InputError(mark, "platform '" + platform.name + "' has no zone " + to_string(zone));
  // What the runtime zones cannot hold, the allocator takes from the buffer zone.
  if (zone == Zone::runtime || zone == Zone::runtime_shared)
    if (const HeapLayout* buffer = largest_heap(platform, Zone::buffer, core); buffer && buffer->bytes > heap->bytes)
      heap = buffer;
  if (bytes > heap->bytes)
    throw InputError(
        mark, fmt::format("{} bytes can never fit: the largest heap for zone {} on '{}' is {}, with {} bytes", bytes,
                          to_string(zone), platform.name, heap->name, heap->bytes));
}

template <bool Zeroed>
class Alloc final : public Step {
 public:
  static FieldList fields() {
    using namespace field;
    return {
        needs("as", text(), "name of the object"),
        has("zone", choice(zone_names()), "zone to allocate from; default runtime"),
        needs("bytes", size(1), "bytes of the object"),
        has("flags", list(choice(flag_names(), "flag")), "flags of the request; default none"),
        has("capabilities", list(choice(capability_names(), "capability")),
            "what the memory must be capable of; default any"),
        has("align", number(), "in zone buffer: alignment, bytes, a power of two"),
        has("may_fail", flag(), "whether the scenario goes on if the allocator has none left; default false"),
    };
  }
  void read(StepReader& reader) {
    reader.required("as", name_);
    std::string zone = "runtime";
    if (reader.optional("zone", zone)) request_.zone = choose<Zone>(reader, "zone", zone, zone_names());
    Bytes bytes;
    reader.required("bytes", bytes);
    size_mark_ = reader.mark_of("bytes");
    request_.bytes = static_cast<std::uint32_t>(bytes.value);
    std::vector<std::string> flags, capabilities;
    if (reader.optional("flags", flags))
      for (const std::string& flag : flags) request_.flags |= choose(reader, "flags", flag, flag_names(), "flag");
    if (reader.optional("capabilities", capabilities))
      for (const std::string& each : capabilities)
        request_.capabilities |= choose<std::uint32_t>(reader, "capabilities", each, capability_names(), "capability");
    if (reader.optional("align", request_.alignment)) {
      if (!std::has_single_bit(request_.alignment))
        reader.fail("align", fmt::format("'align' must be a power of two, not {}", request_.alignment));
      if (request_.zone != Zone::buffer || Zeroed)
        reader.fail("align",
                    "'align' is for 'alloc' in zone buffer: the other zones align to the platform's alignment");
    }
    reader.optional("may_fail", may_fail_);
    request_.zeroed = Zeroed;
  }
  void declare(ScenarioNames& names, std::uint32_t core) const override {
    if (names.statics.contains(name_))
      throw InputError(mark, fmt::format("the name '{}' is given twice: 'objects' declares it at line {}", name_,
                                         names.objects[name_].line));
    names.objects[name_] = mark;
    names.allocations.try_emplace(name_, core, mark);
  }
  void check(const ScenarioNames& names, std::uint32_t core) const override {
    // Whether it is free again when this happens, the run will tell.
    const ScenarioNames::Allocation& first = names.allocations.at(name_);
    const bool ends =
        names.freed.contains(name_) ||
        (names.switches_cores && (request_.zone == Zone::system || request_.zone == Zone::system_runtime));
    if (first.mark.to_string() != mark.to_string() && !ends)
      throw InputError(
          mark, fmt::format("the name '{}' is given twice: core {} allocates it at line {} too, and no step frees it",
                            name_, first.core, first.mark.line));
    check_size(*names.platform, request_.zone, core, request_.bytes, size_mark_);
  }
  void walk(Program& program) const override { program.add(Program::Action::Kind::allocate, name_, mark); }
  void run(StepContext& context) const override { allocate_object(context, request_, name_, may_fail_, mark); }
  void describe(TraceRow& row) const override {
    row.op = Zeroed ? TraceRow::Op::zalloc : TraceRow::Op::alloc;
    row.zone = request_.zone;
    row.flags = request_.flags;
    row.may_fail = may_fail_;
    row.capabilities = request_.capabilities;
    row.bytes = request_.bytes;
    row.alignment = request_.alignment;
    row.id = name_;
    row.detail = {};
  }

 private:
  std::string name_;
  MemoryRequest request_;
  SourceMark size_mark_;
  bool may_fail_ = false;
};

class Realloc final : public Step {
 public:
  static FieldList fields() {
    return {field::needs("object", field::text(), "object"),
            field::needs("bytes", field::size(1), "its new size, bytes")};
  }
  void read(StepReader& reader) {
    reader.required("object", name_);
    Bytes bytes;
    reader.required("bytes", bytes);
    bytes_ = static_cast<std::uint32_t>(bytes.value);
  }
  void check(const ScenarioNames& names, std::uint32_t core) const override {
    check_object(names, name_, mark);
    if (names.statics.contains(name_)) throw InputError(mark, "'" + name_ + "' is a static object: its size is fixed");
    check_size(*names.platform, Zone::buffer, core, bytes_, mark);
  }
  void walk(Program& program) const override { program.add(Program::Action::Kind::use, name_, mark); }
  void run(StepContext& context) const override { reallocate_object(context, name_, bytes_, mark); }
  void describe(TraceRow& row) const override {
    row.op = TraceRow::Op::realloc;
    row.bytes = bytes_;
    row.id = name_;
    row.detail = {};
  }

 private:
  std::string name_;
  std::uint32_t bytes_ = 0;
};

class Free final : public Step {
 public:
  static FieldList fields() { return {field::needs("object", field::text(), "object")}; }
  void read(StepReader& reader) { reader.required("object", name_); }
  void declare(ScenarioNames& names, std::uint32_t) const override { names.freed.insert(name_); }
  void check(const ScenarioNames& names, std::uint32_t) const override {
    check_object(names, name_, mark);
    if (names.statics.contains(name_)) throw InputError(mark, "'" + name_ + "' is a static object: it is never freed");
  }
  void walk(Program& program) const override { program.add(Program::Action::Kind::release, name_, mark); }
  void run(StepContext& context) const override { free_object(context, name_, mark); }
  void describe(TraceRow& row) const override {
    row.op = TraceRow::Op::free;
    row.id = name_;
    row.detail = {};
  }

 private:
  std::string name_;
};

}  // namespace

void allocate_object(StepContext& context, const MemoryRequest& request, const std::string& name, bool may_fail,
                     const SourceMark& mark) {
  const Memory memory = context.allocate(request, name, mark);
  if (!memory) {
    if (may_fail) return context.objects().deny(name, mark);
    context.expect(false, fmt::format("'{}' gets {} bytes of zone {}", name, request.bytes, to_string(request.zone)),
                   context.shortage(request, request.bytes), mark);
    context.stop();
  }
  context.objects().add({name,
                         memory.block,
                         memory.address,
                         request.bytes,
                         request.zone,
                         request.flags,
                         request.capabilities,
                         context.core(),
                         nullptr,
                         nullptr,
                         {},
                         {},
                         {},
                         {}},
                        mark);
}

void reallocate_object(StepContext& context, const std::string& name, std::uint32_t bytes, const SourceMark& mark) {
  Object& object = context.object(name, mark);
  const MemoryRequest held{object.zone, object.flags, object.capabilities, object.bytes, 0, false, nullptr};
  const Memory memory = context.reallocate(held, object.address, bytes, name, mark);
  if (!memory) {
    context.expect(false, fmt::format("'{}' is reallocated to {} bytes", name, bytes), context.shortage(held, bytes),
                   mark);
    context.stop();
  }
  context.objects().moved(object, memory.block, memory.address, bytes);
}

void free_object(StepContext& context, const std::string& name, const SourceMark& mark) {
  if (context.objects().denied(name)) return;
  Object& object = context.object(name, mark);
  if (object.freed)
    context.misuse(fmt::format("'{}' is freed again; it was freed at {}", name, object.freed->to_string()), object,
                   mark);
  object.freed =
      &mark;  // before it happens: once the allocator has the memory, another core may give the name to something new
  context.release(object.address, mark);
}

namespace {

/// The first and the last whole word of the block.
template <class Visit>
void for_tagged_words(const AnonymousBlock& block, Visit visit) {
  if (block.bytes < 4) return;
  visit(block.address);
  visit(block.address + (block.bytes - 4) / 4 * 4);
}

void commit_tag(StepContext& context, const AnonymousBlock& block, const SourceMark& mark) {
  if (block.shared() && block.bytes >= 4) context.call("platform_shared_commit", {block.address, block.bytes}, mark);
}

}  // namespace

void write_tag(StepContext& context, const AnonymousBlock& block, const SourceMark& mark) {
  for_tagged_words(block, [&](std::uint32_t address) { context.store(address, *block.tag, 4); });
  commit_tag(context, block, mark);
}

void retire(StepContext& context, const AnonymousBlock& block, const SourceMark& mark) {
  if (block.tag) {
    for_tagged_words(block, [&](std::uint32_t address) {
      if (const std::uint32_t seen = context.load(address, 4); seen != *block.tag)
        context.contents_lost(
            fmt::format("an object of {} bytes at {:#x} was overwritten while it lived: {:#x} became {:#x}",
                        block.bytes, block.address, *block.tag, seen),
            mark);
    });
    commit_tag(context, block, mark);
  }
  context.release(block.address, mark);
}

const StepKind alloc_step = step_kind<Alloc<false>>("alloc", nullptr, "allocate an object from a zone");
const StepKind zalloc_step = step_kind<Alloc<true>>("zalloc", nullptr, "allocate an object and zero it");
const StepKind realloc_step =
    step_kind<Realloc>("realloc", nullptr, "change the size of an object, where the allocator can");
const StepKind free_step = step_kind<Free>("free", "object", "free an object");

}  // namespace dspmem
