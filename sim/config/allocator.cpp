// SPDX-License-Identifier: Apache-2.0
#include "sim/config/allocator.h"

#include <fmt/format.h>
#include <algorithm>
#include <bit>

#include "models/core/abi.h"
#include "sim/config/allocator_fields.h"
#include "sim/config/paths.h"
#include "sim/result/printable.h"

namespace dspmem {
namespace {

using Kind = AllocatorArgument::Kind;
using Role = AllocatorFunction::Role;

std::string lower_case_words(Role role) {
  for (const auto& [name, value] : role_names())
    if (value == role) return name;
  return "?";
}

constexpr const char* argument_forms =
    "an argument is a name, a number, {value_of: VARIABLE}, {address_of: SYMBOL}, {result_of: initialise}, {buffer: "
    "BYTES} or {wide: NAME OR NUMBER}";

const FieldType& of(const std::string& field) { return find_field(allocator_fields().fields, field)->type; }

/// A name or a number.
void read_simple_argument(AllocatorArgument& argument, const YAML::Node& node) {
  if (!node.IsScalar()) FieldReader::fail(argument.mark, argument_forms);
  const std::string& text = node.Scalar();
  const bool negative = text.starts_with("-");
  if (const auto number = parse_number(std::string_view(text).substr(negative))) {
    const std::uint64_t most = argument.wide ? ~0ull : 0xffffffffull;
    if (*number > (negative ? most / 2 + 1 : most))
      FieldReader::fail(argument.mark, fmt::format("an argument has {} bits", argument.wide ? 64 : 32));
    const std::uint64_t value = negative ? 0 - *number : *number;
    argument.kind = Kind::number;
    argument.number = static_cast<std::uint32_t>(value);
    argument.high = static_cast<std::uint32_t>(value >> 32);
    return;
  }
  std::vector<std::string> known;
  for (const auto& [name, kind] : argument_names()) {
    if (name == node.Scalar()) {
      argument.kind = kind;
      return;
    }
    known.push_back(name);
  }
  FieldReader::fail(argument.mark,
                    "'" + node.Scalar() + "' is not a known argument" + suggestion(node.Scalar(), known));
}

AllocatorArgument read_argument(const FieldReader& function, const YAML::Node& node) {
  AllocatorArgument argument;
  argument.mark = function.mark_of(node);
  if (!node.IsMap()) {
    read_simple_argument(argument, node);
    return argument;
  }
  FieldReader reader(node, function.file(), "an argument", allocator_argument_fields());
  static const std::vector<std::pair<std::string, Kind>> forms{
      {"value_of", Kind::value_of}, {"address_of", Kind::address_of}, {"result_of", Kind::result_of_initialise}};
  std::size_t given = 0;
  for (const auto& [name, kind] : forms)
    if (reader.optional(name, argument.symbol)) {
      argument.kind = kind;
      ++given;
    }
  if (Bytes bytes; reader.optional("buffer", bytes)) {
    argument.kind = Kind::buffer;
    argument.number = static_cast<std::uint32_t>(bytes.value);
    reader.optional("name", argument.symbol);
    ++given;
  }
  if (const YAML::Node value = reader.node("wide"); value.IsDefined()) {
    argument.wide = true;
    read_simple_argument(argument, value);
    ++given;
  }
  reader.finish();
  if (given != 1) FieldReader::fail(argument.mark, argument_forms);
  return argument;
}

/// Where each is passed. Two words do not lie partly in a register, partly on the stack: the number of registers is
/// even.
void place_arguments(const FieldReader& reader, AllocatorFunction& function) {
  std::uint32_t word = 0;
  for (AllocatorArgument& argument : function.arguments) {
    if (argument.wide) word += word % 2;
    argument.word = word;
    word += argument.wide ? 2 : 1;
  }
  if (word > abi::most_arguments)
    reader.fail("arguments", fmt::format("arguments have at most {} words, not {}", abi::most_arguments, word));
}

/// What a function that does this has to be told.
void check_arguments(const AllocatorFunction& function) {
  const auto need = [&function](Kind kind, const char* name) {
    if (!function.position(kind))
      FieldReader::fail(function.mark, "function '" + function.symbol + "' does '" + lower_case_words(function.role) +
                                           "', but none of its arguments is '" + name + "'");
  };
  if (function.role == Role::allocate || function.role == Role::allocate_zeroed || function.role == Role::reallocate)
    need(Kind::bytes, "bytes");
  const bool by_address = function.position(Kind::out_pointer).has_value();
  if ((function.role == Role::reallocate || function.role == Role::free) && !by_address) need(Kind::pointer, "pointer");
  if (function.returns != AllocatorFunction::Returns::pointer) need(Kind::out_pointer, "out_pointer");
  if (function.role == Role::reset) need(Kind::zone, "zone");
}

AllocatorFunction read_function(const YAML::Node& node, const std::string& file) {
  FieldReader reader(node, file, "a function of the allocator", of("functions").parts[0]);
  AllocatorFunction function;
  function.mark = reader.mark();
  std::string role;
  reader.required("function", function.symbol);
  reader.required("does", role);
  function.role = choose<Role>(reader, "does", role, role_names(), "role of a function");
  if (const YAML::Node arguments = reader.node("arguments"); arguments.IsDefined()) {
    if (!arguments.IsSequence()) reader.fail("arguments", "'arguments' must be a list, such as [flags, bytes]");
    for (const auto& each : arguments) function.arguments.push_back(read_argument(reader, each));
    place_arguments(reader, function);
  }
  std::string returns = function.position(Kind::out_pointer) ? "status" : "pointer";
  reader.optional("returns", returns);
  function.returns = choose(reader, "returns", returns, return_choices(), "kind of result");
  if (std::vector<std::string> zones; reader.optional("zones", zones))
    for (const std::string& each : zones)
      function.zones.push_back(choose<Zone>(reader, "zones", each, zone_names(), "zone"));
  reader.finish();
  check_arguments(function);
  return function;
}

Allocator::ImageHeap read_image_heap(const YAML::Node& node, const FieldReader& binding) {
  FieldReader heap(node, binding.file(), "'heap'", of("heap").parts[1]);
  Allocator::ImageHeap read;
  read.mark = heap.mark();
  if (!heap.optional("variable", read.variable)) {
    heap.required("begin", read.begin);
    heap.required("end", read.end);
  }
  heap.finish();
  return read;
}

/// heap: one, zones, {variable: NAME} or {begin: SYMBOL, end: SYMBOL}, or a list of those.
void read_heap(FieldReader& reader, Allocator& allocator) {
  const YAML::Node node = reader.node("heap");
  allocator.one_heap = true;
  if (!node.IsDefined()) return;
  if (node.IsMap()) {
    allocator.heaps.push_back(read_image_heap(node, reader));
    return;
  }
  if (node.IsSequence()) {
    if (node.size() == 0)
      reader.fail("heap", "'heap' has no heap: a list such as [{variable: fast}, {variable: slow}]");
    for (const auto& each : node) allocator.heaps.push_back(read_image_heap(each, reader));
    return;
  }
  std::string kind;
  reader.optional("heap", kind);
  allocator.one_heap = choose(reader, "heap", kind, heap_kinds(), "kind of heap");
}

Allocator::Bits read_bits(FieldReader& reader, const std::string& field,
                          const std::vector<std::pair<std::string, std::uint32_t>>& names) {
  Allocator::Bits bits;
  const YAML::Node node = reader.node(field);
  if (!node.IsDefined()) return bits;
  bits.mark = reader.mark_of(field);
  FieldReader values(node, reader.file(), "'" + field + "'", of(field));
  for (const auto& [name, bit] : names)
    if (std::uint32_t value = 0; values.optional(name, value)) bits.values[bit] = value;
  values.finish();
  return bits;
}

/// {function: returns N | nothing | the first argument}
std::vector<Allocator::Stub> read_stubs(const FieldReader& reader, const YAML::Node& node) {
  static const std::string forms = "'nothing', 'the first argument' or 'returns N'";
  std::vector<Allocator::Stub> stubs;
  if (!node.IsMap())
    reader.fail("stubs",
                "'stubs' must be a mapping such as {log_write: nothing, pm_get: returns 0}; a stub does " + forms);
  for (const auto& each : node) {
    Allocator::Stub stub;
    stub.mark = reader.mark_of(each.first);
    if (!each.first.IsScalar()) FieldReader::fail(stub.mark, "a stub has the plain name of a function");
    stub.function = each.first.Scalar();
    if (std::any_of(stubs.begin(), stubs.end(),
                    [&stub](const Allocator::Stub& other) { return other.function == stub.function; }))
      FieldReader::fail(stub.mark, "'" + stub.function + "' has two stubs");
    const std::string does = each.second.IsScalar() ? each.second.Scalar() : "";
    if (does.starts_with("returns ")) {
      const std::string text = does.substr(8);
      const bool negative = text.starts_with("-");
      const auto number = parse_number(negative ? text.substr(1) : text);
      constexpr std::uint64_t highest = 2047;  // MOVI's immediate
      if (!number || *number > highest + negative)
        FieldReader::fail(reader.mark_of(each.second),
                          "a stub returns a number from -2048 to 2047, not '" + text + "'");
      stub.result = Allocator::Stub::Result::number;
      stub.number = static_cast<std::int32_t>(*number) * (negative ? -1 : 1);
    } else if (does == "the first argument") {
      stub.result = Allocator::Stub::Result::first_argument;
    } else if (does != "nothing") {
      FieldReader::fail(reader.mark_of(each.second), "a stub does " + forms + ", not '" + does + "'");
    }
    stubs.push_back(stub);
  }
  return stubs;
}

/// start: none or entry, until: FUNCTION, limit: CYCLES.
void read_start(FieldReader& reader, Allocator& allocator) {
  std::string start = "none";
  reader.optional("start", start);
  const bool starts = choose(reader, "start", start, start_choices());
  if (starts) {
    allocator.start_mark = reader.mark_of("start");
    reader.required("until", allocator.until);
    reader.optional("limit", allocator.start_up_cycles);
  } else {
    for (const char* field : {"until", "limit"})
      if (reader.node(field).IsDefined()) reader.fail(field, std::string("'") + field + "' belongs to 'start: entry'");
  }
}

constexpr std::uint64_t end_of_addresses = 0xfffff000;  // the simulator returns from calls above

Allocator::Registers read_registers(const YAML::Node& node, const std::string& file) {
  FieldReader reader(node, file, "registers", of("registers").parts[0]);
  Allocator::Registers registers;
  registers.mark = reader.mark();
  Address base;
  Bytes bytes;
  std::string answers = "remember";
  reader.required("base", base);
  reader.required("bytes", bytes);
  reader.optional("answers", answers);
  reader.optional("value", registers.range.value);
  registers.range.answer = choose(reader, "answers", answers, answer_choices());
  reader.finish();
  constexpr std::uint64_t most = 16 << 20;
  if (bytes.value == 0 || bytes.value > most || bytes.value % 4 || base.value % 4)
    reader.fail("bytes", "registers are whole words, at most 16 MiB of them");
  if (base.value + bytes.value > end_of_addresses) reader.fail("bytes", "registers end at 0xffffffff at the latest");
  registers.range.base = base.value;
  registers.range.bytes = static_cast<std::uint32_t>(bytes.value);
  return registers;
}

Allocator::Memory read_memory(const YAML::Node& node, const std::string& file) {
  FieldReader reader(node, file, "a memory", of("memory").parts[0]);
  Allocator::Memory memory;
  memory.mark = reader.mark();
  Address base;
  Bytes bytes;
  reader.required("name", memory.name);
  reader.required("base", base);
  reader.required("bytes", bytes);
  reader.finish();
  constexpr std::uint64_t page = 4096, most = 256 << 20;
  if (bytes.value == 0 || bytes.value > most || bytes.value % page || base.value % page)
    reader.fail("bytes", "a memory is 1 to 65536 pages of 4 KiB, and begins at one");
  if (base.value + bytes.value > end_of_addresses) reader.fail("bytes", "a memory ends at 0xffffffff at the latest");
  memory.base = base.value;
  memory.bytes = static_cast<std::uint32_t>(bytes.value);
  return memory;
}

}  // namespace

Allocator load_allocator(const std::string& name_or_path, const SourceMark& mark) {
  const std::string path = config_file("allocators", name_or_path, mark, "allocator binding", "allocator");
  FieldReader reader(load_yaml(path), path, "the allocator", allocator_fields());
  Allocator allocator;
  allocator.file = path;
  reader.required("name", allocator.name);
  reader.optional("description", allocator.description);
  allocator.name = printable(allocator.name);
  if (reader.optional("firmware", allocator.firmware)) allocator.firmware_mark = reader.mark_of("firmware");
  if (reader.optional("symbols", allocator.symbols)) allocator.symbols_mark = reader.mark_of("symbols");
  read_heap(reader, allocator);
  allocator.flags = read_bits(reader, "flags", flag_names());
  allocator.capabilities = read_bits(reader, "capabilities", capability_names());
  read_start(reader, allocator);
  if (const YAML::Node node = reader.node("stubs"); node.IsDefined()) allocator.stubs = read_stubs(reader, node);
  if (const YAML::Node node = reader.node("memory"); node.IsDefined()) {
    if (!node.IsSequence())
      reader.fail("memory", "'memory' must be a list such as [{name: iram, base: 0x40080000, bytes: 128 KiB}]");
    for (const auto& each : node) allocator.memories.push_back(read_memory(each, path));
  }
  if (const YAML::Node node = reader.node("registers"); node.IsDefined()) {
    if (!node.IsSequence())
      reader.fail("registers", "'registers' must be a list such as [{base: 0x71d00000, bytes: 4 KiB, answers: poll}]");
    for (const auto& each : node) allocator.registers.push_back(read_registers(each, path));
  }
  if (reader.optional("alignment", allocator.alignment) &&
      (!std::has_single_bit(allocator.alignment) || allocator.alignment > most_metadata_bytes))
    reader.fail("alignment", "'alignment' must be a power of two up to " + std::to_string(most_metadata_bytes));
  if (const YAML::Node node = reader.node("metadata"); node.IsDefined()) {
    FieldReader metadata(node, path, "'metadata'", of("metadata"));
    metadata.optional("header", allocator.header_bytes);
    if (allocator.header_bytes > most_metadata_bytes)
      metadata.fail("header", "'header' must be at most " + std::to_string(most_metadata_bytes) + " bytes");
    if (metadata.optional("variables", allocator.variables)) allocator.variables_mark = metadata.mark_of("variables");
    metadata.finish();
  }
  if (const YAML::Node node = reader.node("lock"); node.IsDefined()) {
    FieldReader lock(node, path, "'lock'", of("lock"));
    lock.required("acquire", allocator.lock);
    lock.required("release", allocator.unlock);
    allocator.lock_mark = lock.mark_of("acquire");
    allocator.unlock_mark = lock.mark_of("release");
    lock.finish();
  }
  reader.optional("heap_info", allocator.heap_info);
  const YAML::Node functions = reader.node("functions");
  if (!functions.IsDefined() || !functions.IsSequence() || functions.size() == 0)
    reader.missing("functions", "a list such as [{function: malloc, does: allocate, arguments: [bytes]}]");
  for (const auto& each : functions) {
    allocator.functions.push_back(read_function(each, path));
    const AllocatorFunction& last = allocator.functions.back();
    for (const AllocatorFunction& other : allocator.functions)
      if (other.symbol == last.symbol && other.role != last.role)
        FieldReader::fail(last.mark, "function '" + last.symbol + "' does '" + lower_case_words(other.role) +
                                         "' already: calls of it are watched, and have one role; a function of the "
                                         "firmware around it can have the other");
  }
  reader.finish();
  const bool initialises = std::any_of(allocator.functions.begin(), allocator.functions.end(),
                                       [](const AllocatorFunction& each) { return each.role == Role::initialise; });
  for (const AllocatorFunction& each : allocator.functions)
    for (const AllocatorArgument& argument : each.arguments)
      if (argument.kind == Kind::result_of_initialise && !initialises)
        FieldReader::fail(argument.mark, "'result_of: initialise' needs a function that does 'initialise'");
  for (const Role role : {Role::allocate, Role::free})
    if (std::none_of(allocator.functions.begin(), allocator.functions.end(),
                     [role](const AllocatorFunction& each) { return each.role == role; }))
      FieldReader::fail(reader.mark_of("functions"), "none of the functions does '" + lower_case_words(role) + "'");
  return allocator;
}

std::vector<std::string> shipped_allocators() { return shipped_configs("allocators"); }

}  // namespace dspmem
