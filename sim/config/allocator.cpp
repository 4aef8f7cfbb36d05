// SPDX-License-Identifier: Apache-2.0
#include "sim/config/allocator.h"

#include <fmt/format.h>
#include <algorithm>
#include <bit>

#include "models/core/abi.h"
#include "sim/config/fields.h"
#include "sim/config/paths.h"
#include "sim/result/printable.h"

namespace dspmem {
namespace {

using Kind = AllocatorArgument::Kind;
using Role = AllocatorFunction::Role;

constexpr std::uint32_t max_words = abi::most_arguments;
constexpr std::uint32_t most_bytes = 65536;  // of alignments and headers

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

std::string lower_case_words(Role role) {
  for (const auto& [name, value] : role_names())
    if (value == role) return name;
  return "?";
}

constexpr const char* argument_forms =
    "an argument is a name, a number, {value_of: VARIABLE}, {address_of: SYMBOL}, {result_of: initialise}, {buffer: "
    "BYTES} or {wide: NAME OR NUMBER}";

FieldType argument_fields_type() {
  using namespace field;
  return mapping(
      {has("value_of", text(), "what this variable of the firmware holds, one word"),
       has("address_of", text(), "where this symbol of the firmware is"),
       has("result_of", choice({"initialise"}),
           "what the function returned that does 'initialise', such as a heap's handle"),
       has("buffer", size(1, most_bytes), "address of so many bytes outside of heaps, the same in every call"),
       has("name", text(), "of a buffer: tells it from others of its size"),
       has("wide", either({choice(argument_names()), number(0, ~0ull), form("^-(0x[0-9a-fA-F]+|[0-9]+)$", "-1")}),
           "a name or number, passed in 64 bits")});
}

const FieldType& argument_fields() {
  static const FieldType fields = argument_fields_type();
  return fields;
}

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
  FieldReader reader(node, function.file(), "an argument", argument_fields());
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
  if (word > max_words)
    reader.fail("arguments", fmt::format("arguments have at most {} words, not {}", max_words, word));
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

const FieldType& allocator_fields() {
  using namespace field;
  static const FieldType fields = mapping({
      needs("name", text(), "name of the allocator"),
      has("description", text(), "one line about it"),
      has("firmware", text(), "ELF that has the allocator: a path from this file's folder"),
      has("symbols", text(),
          "map file of GNU ld with the names that a stripped ELF lacks: a path from this file's folder"),
      has("heap",
          either({choice(heap_kinds(), "kind of heap"),
                  mapping({has("variable", text(), "array of the firmware that is the heap"),
                           has("begin", text(), "symbol at its first byte"),
                           has("end", text(), "symbol behind its last byte")}),
                  list(mapping({has("variable", text(), "array of the firmware that is a heap"),
                                has("begin", text(), "symbol at its first byte"),
                                has("end", text(), "symbol behind its last byte")}),
                       1)}),
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
      has("alignment", number(1, most_bytes), "alignment of every block, bytes: a power of two"),
      has("metadata",
          mapping({has("header", number(0, most_bytes), "bytes of the allocator's before each block"),
                   has("variables", list(text()), "variables that only the allocator may touch")}),
          "memory that belongs to the allocator"),
      has("lock",
          mapping({needs("acquire", text(), "function that takes it"),
                   needs("release", text(), "function that releases it")}),
          "lock around each of its functions"),
      has("heap_info", text(),
          "function that fills scenario_heap_info with the figures of the heap whose number it gets"),
      needs(
          "functions",
          list(mapping({needs("function", text(), "its symbol"),
                        needs("does", choice(role_names(), "role of a function"), "what it does"),
                        has("arguments", list(argument_type(), 0, max_words), "what it is called with, in this order"),
                        has("returns", choice(return_choices(), "kind of result"),
                            "what its result is: pointer, the block or 0; status, 0 if the block is where "
                            "'out_pointer' points (default where there is one); success, not 0 if it is there"),
                        has("zones", list(choice(zone_names(), "zone")), "zones that it serves; default all")}),
               1),
          "functions of the allocator"),
  });
  return fields;
}

std::uint32_t Allocator::translate(const Bits& bits, std::uint32_t value, const char* kind) const {
  if (bits.values.empty()) return value;
  std::uint32_t result = 0;
  for (std::uint32_t bit = 1; bit; bit <<= 1) {
    if (!(value & bit)) continue;
    const auto found = bits.values.find(bit);
    if (found == bits.values.end())
      throw InputError(
          bits.mark,
          fmt::format("the scenario asks for {} {:#x}, and this binding does not say which value that is", kind, bit));
    result |= found->second;
  }
  return result;
}

std::optional<std::uint32_t> AllocatorFunction::position(Kind kind) const {
  for (const AllocatorArgument& argument : arguments)
    if (argument.kind == kind) return argument.word;
  return std::nullopt;
}

namespace {

using BufferKey = std::pair<std::string, std::uint32_t>;

/// Offsets of all buffers, by name and size, and behind the last one.
std::map<BufferKey, std::uint32_t> place_buffers(const Allocator& allocator, std::uint32_t line, std::uint32_t& end) {
  std::map<BufferKey, std::uint32_t> offsets;
  end = 0;
  for (const AllocatorFunction& function : allocator.functions)
    for (const AllocatorArgument& argument : function.arguments)
      if (argument.kind == Kind::buffer && offsets.try_emplace({argument.symbol, argument.number}, end).second)
        end += (argument.number + line - 1) / line * line;
  return offsets;
}

}  // namespace

std::uint32_t Allocator::buffer_offset(const AllocatorArgument& buffer, std::uint32_t line_bytes) const {
  std::uint32_t end = 0;
  return place_buffers(*this, line_bytes, end).at({buffer.symbol, buffer.number});
}

std::uint32_t Allocator::buffer_bytes(std::uint32_t line_bytes) const {
  std::uint32_t end = 0;
  place_buffers(*this, line_bytes, end);
  return end;
}

bool AllocatorFunction::serves(Zone zone) const {
  return zones.empty() || std::find(zones.begin(), zones.end(), zone) != zones.end();
}

const AllocatorFunction* Allocator::find(Role role, Zone zone, bool aligned) const {
  for (const AllocatorFunction& function : functions)
    if (function.role == role && function.serves(zone) && (!aligned || function.position(Kind::alignment)))
      return &function;
  return nullptr;
}

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
      (!std::has_single_bit(allocator.alignment) || allocator.alignment > most_bytes))
    reader.fail("alignment", "'alignment' must be a power of two up to " + std::to_string(most_bytes));
  if (const YAML::Node node = reader.node("metadata"); node.IsDefined()) {
    FieldReader metadata(node, path, "'metadata'", of("metadata"));
    metadata.optional("header", allocator.header_bytes);
    if (allocator.header_bytes > most_bytes)
      metadata.fail("header", "'header' must be at most " + std::to_string(most_bytes) + " bytes");
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

void add_memory(Platform& platform, const std::string& name, std::uint32_t base, std::uint32_t bytes) {
  SramConfig sram;
  sram.name = name;
  sram.physical_base = base;
  sram.banks = 1;
  sram.bank_bytes = bytes;
  sram.switchable = false;
  platform.system.srams.push_back(sram);
  platform.system.regions.push_back({name, base, bytes, RegionKind::cached, base});
  platform.memory_uncached.push_back(0);
}

Platform with_allocator(Platform platform, const Allocator& allocator) {
  if (allocator.alignment) platform.allocation_alignment = allocator.alignment;
  const auto need_room = [&platform](const std::string& what, std::uint32_t base, std::uint32_t bytes,
                                     const SourceMark& mark) {
    for (const Region& region : platform.system.regions)
      if (base < std::uint64_t{region.base} + region.size && region.base < std::uint64_t{base} + bytes)
        throw InputError(mark,
                         fmt::format("{} overlap '{}' of platform '{}', which is at {:#x} to {:#x}", what, region.name,
                                     platform.name, region.base, std::uint64_t{region.base} + region.size));
  };
  for (const Allocator::Registers& each : allocator.registers) {
    need_room("these registers", each.range.base, each.range.bytes, each.mark);
    platform.system.registers.push_back(each.range);
    platform.system.regions.push_back({fmt::format("registers {:#x}", each.range.base), each.range.base,
                                       each.range.bytes, RegionKind::device, each.range.base});
  }
  for (const Allocator::Memory& memory : allocator.memories) {
    for (const SramConfig& sram : platform.system.srams)
      if (sram.name == memory.name)
        throw InputError(memory.mark, "platform '" + platform.name + "' has a memory '" + memory.name +
                                          "' already: name this one otherwise");
    need_room("the bytes of memory '" + memory.name + "'", memory.base, memory.bytes, memory.mark);
    add_memory(platform, memory.name, memory.base, memory.bytes);
  }
  if (!allocator.one_heap) return platform;
  // A heap of the image stands here, too, until the image says where it is: scenarios are checked against its name.
  // The common heaps of the first memory lie side by side, behind all that belongs to one core.
  const SramConfig& sram = platform.system.srams[0];
  HeapLayout heap;
  heap.name = "heap";
  heap.zone = Zone::runtime;
  heap.all_zones = true;
  std::uint64_t low = ~0ull, high = 0;
  for (const HeapLayout& each : platform.heaps) {
    if (each.per_core || each.base - sram.physical_base >= sram.size()) continue;
    low = std::min<std::uint64_t>(low, each.base);
    high = std::max<std::uint64_t>(high, std::uint64_t{each.base} + each.bytes);
    heap.capabilities |= each.capabilities;
  }
  if (high <= low)
    throw InputError({platform.file}, "platform '" + platform.name + "' has no heap that all cores use: allocator '" +
                                          allocator.name + "' needs one");
  const std::uint32_t buffers = allocator.buffer_bytes(platform.line_bytes());
  if (buffers >= high - low)
    throw InputError({allocator.file},
                     fmt::format("the buffers of this binding have {} bytes, and the memory for heaps of platform '{}' "
                                 "has {}",
                                 buffers, platform.name, high - low));
  heap.base = static_cast<std::uint32_t>(low);
  heap.bytes = static_cast<std::uint32_t>(high - low) - buffers;
  platform.allocator_buffers = heap.base + heap.bytes;
  platform.heaps = {heap};
  // The bank manager is part of the zones allocator.
  platform.bank_manager = false;
  for (SwitchableMemory& memory : platform.switchable_memories) memory.managed_count = 0;
  return platform;
}

std::vector<std::string> shipped_allocators() { return shipped_configs("allocators"); }

}  // namespace dspmem
