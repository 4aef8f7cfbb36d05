// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/diagnose/finding_log.h"
#include "sim/events/bus.h"
#include "sim/heap/live_memory.h"

namespace dspmem {

/// Who wrote the bytes of one word last.
struct WriteMark {
  std::uint64_t cycle = 0;
  Agent agent = {};  ///< none: nobody yet
  const SourceMark* where = nullptr;
};

/// Memory that a scenario knows by name.
struct Object {
  std::string name;
  std::uint64_t block = 0;  ///< id of the allocation; 0 for a static
  std::uint32_t address = 0;  ///< as the allocator returned it
  std::uint32_t bytes = 0;
  Zone zone = Zone::runtime;
  std::uint32_t flags = 0;
  std::uint32_t capabilities = 0;
  std::uint32_t core = 0;
  const SourceMark* allocated = nullptr;  ///< where it was allocated, or declared
  const SourceMark* freed = nullptr;  ///< where it was freed; the name stays, for accesses that come too late
  /// What the program has written, byte by byte, and who did; sized at the first write.
  std::vector<std::uint8_t> truth;
  std::vector<WriteMark> writers;
  /// A list of DMA transfers that a step has written into it.
  struct List {
    std::string to;  ///< object; empty: none
    std::uint32_t address = 0, offset = 0, bytes = 0;
  } listed;

  /// A byte that was copied here from where nobody had written it.
  struct Unwritten {
    std::uint8_t value;
    std::string from;  ///< object
    std::uint32_t offset;
    const SourceMark* copied;
  };
  static constexpr std::size_t most_unwritten = 4096;
  std::map<std::uint32_t, Unwritten> unwritten = {};  ///< by offset; of very many, the first

  /// Nobody allocated it, and it starts as zeros.
  bool is_static() const { return block == 0; }
  /// These bytes are what the program has written last.
  void note_written(std::uint32_t offset, std::span<const std::uint8_t> bytes, const WriteMark& writer);
};

/// The objects of a scenario, by name. Follows what becomes of their blocks.
class ObjectTable final : public Subscriber {
 public:
  ObjectTable(const LiveMemory& live, const AddressMap& map, const Moment& moment)
      : live_(live), map_(map), moment_(moment) {}

  /// An object that exists at this moment; null for none.
  const Object* find(const std::string& name) const;
  /// Throws InputError while another object has the name.
  Object& add(Object object, const SourceMark& mark);
  /// Throws InputError when the object is not allocated at this moment.
  Object& get(const std::string& name, const SourceMark& mark);
  /// The object lives in another block now.
  void moved(Object& object, std::uint64_t block, std::uint32_t address, std::uint32_t bytes);
  /// The allocation of `name` failed, as it may: freeing it is freeing nothing.
  /// Throws InputError while an object has the name.
  void deny(const std::string& name, const SourceMark& mark);
  bool denied(const std::string& name) const { return denied_.contains(name); }
  /// The heaps of a core were emptied. The names of what was in them stay, for accesses that come too late, until they
  /// are used again.
  void core_went_down(std::uint32_t core, const SourceMark& mark);

  void on(const Freeing& event) override;

 private:
  const LiveMemory& live_;
  const AddressMap& map_;
  const Moment& moment_;
  std::map<std::string, Object> objects_;
  std::map<std::uint64_t, std::string> names_;  ///< of live blocks
  std::set<std::string> denied_;
};

}  // namespace dspmem
