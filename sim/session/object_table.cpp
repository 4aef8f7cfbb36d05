// SPDX-License-Identifier: Apache-2.0
#include "sim/session/object_table.h"

#include <algorithm>

namespace dspmem {

namespace {

/// Whether such a step calls nothing: what the core does meanwhile, an interrupt made it do.
bool waits(const std::string& step_kind) {
  return step_kind == "wait" || step_kind == "barrier" || step_kind == "delay" || step_kind == "idle";
}

}  // namespace

void Object::note_written(std::uint32_t offset, std::span<const std::uint8_t> written, const WriteMark& writer) {
  if (!unwritten.empty())
    unwritten.erase(unwritten.lower_bound(offset),
                    unwritten.lower_bound(offset + static_cast<std::uint32_t>(written.size())));
  const std::size_t known = std::max<std::size_t>(truth.size(), std::max<std::size_t>(bytes, offset + written.size()));
  truth.resize(known);
  writers.resize((known + 3) / 4);
  std::copy(written.begin(), written.end(), truth.begin() + offset);
  for (std::size_t word = offset / 4; word * 4 < offset + written.size(); ++word) writers[word] = writer;
}

Object& ObjectTable::add(Object object, const SourceMark& mark) {
  const std::string name = object.name;
  if (const auto known = objects_.find(name); known != objects_.end() && !known->second.freed)
    throw InputError(mark, "'" + name + "' is still allocated here; free it first");
  denied_.erase(name);
  if (object.block) names_[object.block] = name;
  object.allocated = &mark;
  return objects_[name] = std::move(object);
}

const Object* ObjectTable::find(const std::string& name) const {
  const auto found = objects_.find(name);
  return found == objects_.end() || found->second.freed ? nullptr : &found->second;
}

Object& ObjectTable::get(const std::string& name, const SourceMark& mark) {
  const auto found = objects_.find(name);
  if (found == objects_.end() && denied_.contains(name))
    throw InputError(mark, "'" + name + "' got no memory: its allocation failed, as it may");
  if (found == objects_.end())
    throw InputError(mark, "'" + name + "' is not allocated at this moment; order the cores with signal and wait");
  return found->second;
}

void ObjectTable::moved(Object& object, std::uint64_t block, std::uint32_t address, std::uint32_t bytes) {
  names_.erase(object.block);
  names_[block] = object.name;
  object.block = block;
  object.freed = nullptr;  // the old block was
  object.address = address;
  object.bytes = bytes;
  if (object.truth.empty()) return;
  object.truth.resize(bytes);
  object.writers.resize((bytes + 3) / 4);
}

void ObjectTable::deny(const std::string& name, const SourceMark& mark) {
  if (const auto known = objects_.find(name); known != objects_.end()) {
    if (!known->second.freed) throw InputError(mark, "'" + name + "' is still allocated here; free it first");
    names_.erase(known->second.block);
    objects_.erase(known);
  }
  denied_.insert(name);
}

void ObjectTable::core_went_down(std::uint32_t core, const SourceMark& mark) {
  for (auto& [name, object] : objects_)
    if (object.core == core && (object.zone == Zone::system || object.zone == Zone::system_runtime) && !object.freed &&
        !live_.find(map_.alias(object.address, RegionKind::cached)))
      object.freed = &mark;
}

void ObjectTable::on(const Freeing& event) {
  const auto name = names_.find(event.block.id);
  if (name == names_.end()) return;
  Object& object = objects_.at(name->second);
  const SourceMark* const step = moment_.step(event.core);
  // A core that goes down empties its heaps, whatever it was at: core_went_down() says who made it.
  const bool goes_down =
      event.emptied && step && moment_.step_kind(event.core) && waits(*moment_.step_kind(event.core));
  if (object.block == event.block.id && !object.freed && step && !goes_down) object.freed = step;
  names_.erase(name);
}

}  // namespace dspmem
