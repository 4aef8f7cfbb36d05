// SPDX-License-Identifier: Apache-2.0
#include "sim/config/allocator_fields.h"

#include "models/core/abi.h"

namespace dspmem {
namespace {

using Kind = AllocatorArgument::Kind;
using Role = AllocatorFunction::Role;

}  // namespace

const std::vector<std::pair<std::string, Kind>>& argument_names() {
  static const std::vector<std::pair<std::string, Kind>> names{{"bytes", Kind::bytes},
                                                               {"count", Kind::count},
                                                               {"old_bytes", Kind::old_bytes},
                                                               {"alignment", Kind::alignment},
                                                               {"pointer", Kind::pointer},
                                                               {"zone", Kind::zone},
                                                               {"flags", Kind::flags},
                                                               {"capabilities", Kind::capabilities},
                                                               {"core", Kind::core},
                                                               {"heap_base", Kind::heap_base},
                                                               {"heap_bytes", Kind::heap_bytes},
                                                               {"out_pointer", Kind::out_pointer}};
  return names;
}

const std::vector<std::pair<std::string, Role>>& role_names() {
  static const std::vector<std::pair<std::string, Role>> names{
      {"initialise", Role::initialise}, {"allocate", Role::allocate}, {"allocate_zeroed", Role::allocate_zeroed},
      {"reallocate", Role::reallocate}, {"free", Role::free},         {"reset", Role::reset},
      {"internal", Role::internal}};
  return names;
}

const Choices<AllocatorFunction::Returns>& return_choices() {
  using Returns = AllocatorFunction::Returns;
  static const Choices<Returns> names{
      {"pointer", Returns::pointer}, {"status", Returns::status}, {"success", Returns::success}};
  return names;
}

const Choices<bool>& heap_kinds() {
  static const Choices<bool> names{{"one", true}, {"zones", false}};
  return names;
}

const Choices<bool>& start_choices() {
  static const Choices<bool> names{{"none", false}, {"entry", true}};
  return names;
}

const Choices<RegisterRange::Answer>& answer_choices() {
  using Answer = RegisterRange::Answer;
  static const Choices<Answer> names{
      {"constant", Answer::constant}, {"remember", Answer::remember}, {"poll", Answer::poll}};
  return names;
}

namespace {

FieldType argument_fields_type() {
  using namespace field;
  return mapping(
      {has("value_of", text(), "what this variable of the firmware holds, one word"),
       has("address_of", text(), "where this symbol of the firmware is"),
       has("result_of", choice({"initialise"}),
           "what the function returned that does 'initialise', such as a heap's handle"),
       has("buffer", size(1, most_metadata_bytes), "address of so many bytes outside of heaps, the same in every call"),
       has("name", text(), "of a buffer: tells it from others of its size"),
       has("wide", either({choice(argument_names()), number(0, ~0ull), form("^-(0x[0-9a-fA-F]+|[0-9]+)$", "-1")}),
           "a name or number, passed in 64 bits")});
}

FieldType bits_of(const Choices<std::uint32_t>& bits) {
  FieldList fields;
  for (const auto& [name, bit] : bits)
    fields.push_back(field::has(name, field::number(), "value of the allocator's for '" + name + "'"));
  return field::mapping(std::move(fields));
}

FieldType argument_type() {
  using namespace field;
  return either({choice(argument_names()), number(), form("^-(0x[0-9a-fA-F]+|[0-9]+)$", "-1"), argument_fields_type()});
}

}  // namespace

const FieldType& allocator_argument_fields() {
  static const FieldType fields = argument_fields_type();
  return fields;
}

const FieldType& allocator_fields() {
  using namespace field;
  static const FieldType heap =
      mapping({has("variable", text(), "array of the firmware that is a heap"),
               has("begin", text(), "symbol at its first byte"), has("end", text(), "symbol behind its last byte")});
  static const FieldType fields = mapping({
      needs("name", text(), "name of the allocator"),
      has("description", text(), "one line about it"),
      has("firmware", text(), "ELF that has the allocator: a path from this file's folder"),
      has("symbols", text(),
          "map file of GNU ld with the names that a stripped ELF lacks: a path from this file's folder"),
      has("heap", either({choice(heap_kinds(), "kind of heap"), heap, list(heap, 1)}),
          "where blocks come from: one heap for all zones (default), the platform's zones, or memory of the firmware, "
          "in one or several pieces"),
      has("flags", bits_of(flag_names()), "values for flags of requests; default those of SOF_MEM_FLAG_*"),
      has("capabilities", bits_of(capability_names()),
          "values for capabilities of requests; default those of SOF_MEM_CAPS_*"),
      has("stubs", names(form("^(nothing|the first argument|returns -?(0x[0-9a-fA-F]+|[0-9]+))$", "returns 0")),
          "functions of the firmware that only return: FUNCTION: nothing, the first argument, or returns N"),
      has("start", choice(start_choices(), "way to start"),
          "how core 0 starts an image that is not dspmem's: none (default), its functions are called on a stack of the "
          "platform's; entry, it executes the image's start-up code"),
      has("until", text(), "of 'start: entry': the function whose call ends the start-up, such as main"),
      has("limit", number(1), "of 'start: entry': cycles that this may take; default those of --watchdog"),
      has("memory",
          list(mapping({needs("name", text(), "name of the memory"),
                        needs("base", address(), "first address, a multiple of 4 KiB"),
                        needs("bytes", size(1, 256 << 20), "bytes, a multiple of 4 KiB")})),
          "RAM that the platform file does not have"),
      has("registers",
          list(mapping({needs("base", address(), "first address, a multiple of 4"),
                        needs("bytes", size(), "bytes, a multiple of 4, at most 16 MiB"),
                        has("answers", choice(answer_choices(), "way to answer"),
                            "what a read returns: constant, remember (default) what was written, or poll: another "
                            "value each time"),
                        has("value", number(), "the constant; default 0")})),
          "registers whose hardware is not modelled, and what they answer"),
      has("alignment", number(1, most_metadata_bytes), "alignment of every block, bytes: a power of two"),
      has("metadata",
          mapping({has("header", number(0, most_metadata_bytes), "bytes of the allocator's before each block"),
                   has("variables", list(text()), "variables that only the allocator may touch")}),
          "memory that belongs to the allocator"),
      has("lock",
          mapping({needs("acquire", text(), "function that takes it"),
                   needs("release", text(), "function that releases it")}),
          "lock around each of its functions"),
      has("heap_info", text(),
          "function that fills scenario_heap_info with the figures of the heap whose number it gets"),
      needs("functions",
            list(mapping({needs("function", text(), "its symbol"),
                          needs("does", choice(role_names(), "role of a function"), "what it does"),
                          has("arguments", list(argument_type(), 0, abi::most_arguments),
                              "what it is called with, in this order"),
                          has("returns", choice(return_choices(), "kind of result"),
                              "what its result is: pointer, the block or 0; status, 0 if the block is where "
                              "'out_pointer' points (default where there is one); success, not 0 if it is there"),
                          has("zones", list(choice(zone_names(), "zone")), "zones that it serves; default all")}),
                 1),
            "functions of the allocator"),
  });
  return fields;
}

}  // namespace dspmem
