// SPDX-License-Identifier: Apache-2.0
#include "sim/session/steps/access.h"

#include <fmt/format.h>

#include <cstring>

#include "sim/config/agents.h"

namespace dspmem {
namespace {

constexpr std::uint32_t largest = 16 * 1024 * 1024;  ///< bytes: more than any object has

const Choices<Access::View>& views() {
  static const Choices<Access::View> all{
      {"default", Access::View::as_allocated}, {"cached", Access::View::cached}, {"uncached", Access::View::uncached}};
  return all;
}

}  // namespace

FieldList Access::part_fields(const std::string& name_field) {
  using namespace field;
  return {needs(name_field, text(), "object"), has("offset", number(), "first byte of the object; default 0"),
          has("bytes", size(1), "how many bytes; default to the end of the object")};
}

Field Access::view_field() {
  return field::has("view", field::choice(views()),
                    "through which view of memory; default the one that the allocator returned");
}

Access::View Access::choose_view(const FieldReader& reader, const std::string& text) {
  return choose(reader, "view", text, views());
}

Field Access::end_field() {
  return field::has("beyond_end", field::flag(),
                    "whether the end of the object may be passed, on purpose; default false");
}

FieldList Access::width_fields() {
  using namespace field;
  return {has("width", number(), "bytes of each load and store: 1, 2 or 4; default 4"),
          has("by", choice(master_names(), "master"), "who accesses in place of the core: a DMA channel, or the host")};
}

FieldList Access::range_fields(const std::string& name_field) {
  return joined(part_fields(name_field), {end_field(), view_field()});
}

FieldList Access::fields(const std::string& name_field) { return joined(range_fields(name_field), width_fields()); }

void Access::read(StepReader& reader, const std::string& name_field) {
  read_range(reader, name_field);
  read_width(reader);
}

void Access::read_width(StepReader& reader) {
  reader.optional("width", width);
  if (width != 1 && width != 2 && width != 4) reader.fail("width", "'width' must be 1, 2 or 4 bytes");
  if (offset % width) reader.fail("offset", fmt::format("'offset' must be a multiple of the width, {}", width));
  if (reader.for_master()) reader.refuse("by", "the steps of an agent: it accesses itself");
  if (std::string by; reader.optional("by", by)) master = choose(reader, "by", by, master_names(), "master");
}

void Access::read_range(StepReader& reader, const std::string& name_field) {
  read_part(reader, name_field);
  read_end(reader);
  read_view(reader);
}

void Access::read_end(StepReader& reader) {
  reader.optional("beyond_end", beyond_end);
  hint_ = "; say 'beyond_end: true' if it is meant";
}

void Access::read_view(StepReader& reader) {
  if (reader.for_master()) reader.refuse("view", "the steps of an agent: it has no cache");
  std::string text = "default";
  if (reader.optional("view", text)) view = choose_view(reader, text);
}

void Access::read_part(StepReader& reader, const std::string& name_field) {
  reader.required(name_field, object);
  reader.optional("offset", offset);
  reader.optional("bytes", bytes);
  if (offset > largest || (bytes && bytes->value > largest))
    reader.fail(offset > largest ? "offset" : "bytes", "an access must stay within 16 MiB of its object's start");
}

Access::Place Access::resolve(StepContext& context, const SourceMark& mark) const {
  Object& found = context.object(object, mark);
  if (found.freed)
    context.misuse(fmt::format("'{}' is used after it was freed at {}", object, found.freed->to_string()), found, mark);
  return place_in(found, context, mark);
}

Access::Place Access::lines(StepContext& context, const SourceMark& mark) const {
  Place place = place_in(context.object(object, mark), context, mark);
  place.address = context.cached(place.address);
  return place;
}

void Access::check(const ScenarioNames& names, const SourceMark& mark) const {
  check_object(names, object, mark);
  if (master) names.refuse_busy_master(*master, mark);
  if (const auto known = names.statics.find(object); known != names.statics.end()) wanted_of(known->second, mark);
}

std::uint64_t Access::wanted_of(std::uint32_t size, const SourceMark& mark) const {
  const std::uint64_t wanted = bytes ? bytes->value : size - std::min(offset, size);
  if (beyond_end && !bytes && offset >= size)
    throw InputError(
        mark, fmt::format("offset {} lies behind the end of '{}', which has {} bytes: say how many 'bytes' are meant",
                          offset, object, size));
  if (beyond_end) return wanted;
  if (offset >= size)
    throw InputError(
        mark, fmt::format("offset {} lies behind the end of '{}', which has {} bytes{}", offset, object, size, hint_));
  if (offset + wanted > size)
    throw InputError(mark, fmt::format("bytes {} to {} are not all in '{}', which has {} bytes{}", offset,
                                       offset + wanted - 1, object, size, hint_));
  return wanted;
}

Access::Place Access::place_in(Object& found, StepContext& context, const SourceMark& mark) const {
  const std::uint64_t wanted = wanted_of(found.bytes, mark);
  if (offset + wanted > found.bytes)
    context.misuse(fmt::format("bytes {} to {} of '{}' are accessed, which has {} bytes", offset, offset + wanted - 1,
                               object, found.bytes),
                   found, mark);
  std::uint32_t address = found.address;
  if (view == View::cached) address = context.cached(address);
  if (view == View::uncached) address = context.uncached(address);
  return {&found, address + offset, static_cast<std::uint32_t>(wanted), master ? master : context.as_master()};
}

void store_bytes(StepContext& context, const Access::Place& place, std::uint32_t offset,
                 std::span<const std::uint8_t> bytes, std::uint32_t width, const SourceMark& mark) {
  Object& object = *place.object;
  const Agent writer = context.agent_of(place.master);
  if (place.master) {
    context.master_write(*place.master, place.address, bytes, mark);
    object.note_written(offset, bytes, {context.now(), writer, &mark});
    return;
  }
  for (std::uint32_t at = 0; at < bytes.size();) {
    const std::uint32_t size = at + width <= bytes.size() ? width : 1;
    std::uint32_t value = 0;
    std::memcpy(&value, &bytes[at], size);
    context.store(place.address + at, value, size);
    object.note_written(offset + at, bytes.subspan(at, size), {context.now(), writer, &mark});
    at += size;
  }
}

std::vector<std::uint8_t> load_bytes(StepContext& context, const Access::Place& place, std::uint32_t width,
                                     const SourceMark& mark) {
  std::vector<std::uint8_t> bytes(place.bytes);
  if (place.master) {
    context.master_read(*place.master, place.address, bytes, mark);
    return bytes;
  }
  for (std::uint32_t at = 0; at < place.bytes;) {
    const std::uint32_t size = at + width <= place.bytes ? width : 1;
    const std::uint32_t value = context.load(place.address + at, size);
    std::memcpy(&bytes[at], &value, size);
    at += size;
  }
  return bytes;
}

namespace {

std::string hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(bytes.size(), 16); ++i)
    text += fmt::format("{}{:02x}", i && i % 4 == 0 ? " " : "", bytes[i]);
  return text;
}

}  // namespace

void compare_bytes(StepContext& context, const Access::Place& place, std::uint32_t offset,
                   std::span<const std::uint8_t> seen, std::span<const std::uint8_t> owed, const SourceMark& mark) {
  if (std::equal(seen.begin(), seen.end(), owed.begin())) return;
  Result::StaleRead read;
  read.agent = context.agent_of(place.master);
  read.cycle = context.now();
  read.object = place.object->name;
  read.where = mark;
  std::size_t first = seen.size(), last = 0;
  for (std::size_t i = 0; i < seen.size(); ++i)
    if (seen[i] != owed[i]) {
      first = std::min(first, i);
      last = i;
      ++read.wrong;
    }
  read.first = offset + first;
  read.last = offset + last;
  read.seen = hex(seen.subspan(first, last - first + 1));
  read.owed = hex(owed.subspan(first, last - first + 1));
  const Object& object = *place.object;
  // Who wrote the byte, if the scenario ever wrote what was expected there.
  if (object.truth.size() > read.first && object.truth[read.first] == owed[first]) {
    const WriteMark& writer = object.writers[read.first / 4];
    if (writer.where) {
      read.written = true;
      read.writer = writer.agent;
      read.writer_cycle = writer.cycle;
      read.writer_where = *writer.where;
    }
  }
  context.stale_read(std::move(read));
}

}  // namespace dspmem
