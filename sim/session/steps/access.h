// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/session/step_context.h"

namespace dspmem {

/// Part of an object, and how to reach it: what write, read, copy and add have in common.
struct Access {
  std::string object;
  std::uint32_t offset = 0;
  std::optional<Bytes> bytes;  ///< absent: to the end of the object
  std::uint32_t width = 4;  ///< bytes per load or store: 1, 2 or 4
  enum class View { as_allocated, cached, uncached } view = View::as_allocated;
  bool beyond_end = false;  ///< reaches past the end of the object on purpose
  std::optional<std::uint32_t> master;  ///< who accesses, if not the core that has the step: see config/agents.h

  // The fields that the functions below read, under the same names.
  static FieldList fields(const std::string& name_field);
  static FieldList range_fields(const std::string& name_field);
  static FieldList part_fields(const std::string& name_field);
  static FieldList width_fields();
  static Field view_field();
  static Field end_field();
  static View choose_view(const FieldReader& reader, const std::string& text);

  /// `name_field` is what the object is called in this step: to, from.
  void read(StepReader& reader, const std::string& name_field);
  /// The same for steps that load and store nothing themselves: no width, and nobody else to do it.
  void read_range(StepReader& reader, const std::string& name_field);
  // Parts of these: whether the end is passed on purpose; through which view; how wide, and by whom.
  void read_end(StepReader& reader);
  void read_view(StepReader& reader);
  void read_width(StepReader& reader);
  /// The same for what caches do by themselves, to the lines of an object: no view, and none beyond its end.
  void read_part(StepReader& reader, const std::string& name_field);

  void walk(Program& program, const SourceMark& mark) const { program.add(Program::Action::Kind::use, object, mark); }
  /// Throws InputError for what is not there before anything runs: the object, or the bytes of one whose size is known.
  void check(const ScenarioNames& names, const SourceMark& mark) const;

  /// The address of `offset` in the chosen view, and the number of bytes. Throws InputError when they are not in the
  /// object.
  struct Place {
    Object* object;
    std::uint32_t address;
    std::uint32_t bytes;
    std::optional<std::uint32_t> master;
  };
  Place resolve(StepContext& context, const SourceMark& mark) const;
  /// The same where it is cached, for what caches do by themselves. That is no use of the object: it may have been
  /// freed.
  Place lines(StepContext& context, const SourceMark& mark) const;

 private:
  Place place_in(Object& found, StepContext& context, const SourceMark& mark) const;
  /// How many bytes are wanted of an object that has `size`. Throws InputError for more, unless they are meant.
  std::uint64_t wanted_of(std::uint32_t size, const SourceMark& mark) const;

  const char* hint_ = "";  ///< what to say of an access beyond the end, in steps that may mean it
};

/// Stores as instructions of the core would; remembers who wrote what.
void store_bytes(StepContext& context, const Access::Place& place, std::uint32_t offset,
                 std::span<const std::uint8_t> bytes, std::uint32_t width, const SourceMark& mark);
std::vector<std::uint8_t> load_bytes(StepContext& context, const Access::Place& place, std::uint32_t width,
                                     const SourceMark& mark);

/// Compares what a read returned with what it should have, and records a stale read when they differ.
void compare_bytes(StepContext& context, const Access::Place& place, std::uint32_t offset,
                   std::span<const std::uint8_t> seen, std::span<const std::uint8_t> owed, const SourceMark& mark);

}  // namespace dspmem
