// SPDX-License-Identifier: Apache-2.0
#include "sim/image/survey.h"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "models/core/isa.h"

namespace dspmem {
namespace {

struct Family {
  const char* name;
  std::vector<KnownFunction> functions;
  /// Functions that must be there, by position in `functions`.
  std::size_t needed = 2;
};

/// Names and arguments are those of the public interfaces. The first functions of each family are what it is recognised
/// by.
const std::vector<Family>& families() {
  static const std::vector<Family> table{
      {"SOF, rmalloc family",
       {{"rmalloc", "allocate", "[zone, flags, capabilities, bytes]"},
        {"rfree", "free", "[pointer]"},
        {"rzalloc", "allocate_zeroed", "[zone, flags, capabilities, bytes]"},
        {"rballoc_align", "allocate", "[flags, capabilities, bytes, alignment]"},
        {"rbrealloc_align", "reallocate", "[pointer, flags, capabilities, bytes, old_bytes, alignment]"}}},
      {"Zephyr, kernel heap",
       {{"k_malloc", "allocate", "[bytes]"},
        {"k_free", "free", "[pointer]"},
        {"k_calloc", "allocate_zeroed", "[count, bytes]"},
        {"k_aligned_alloc", "allocate", "[alignment, bytes]"}}},
      {"Zephyr, sys_heap",
       {{"sys_heap_alloc", "allocate", "[{address_of: HEAP}, bytes]"},
        {"sys_heap_free", "free", "[{address_of: HEAP}, pointer]"},
        {"sys_heap_init", "initialise", "[{address_of: HEAP}, heap_base, heap_bytes]"},
        {"sys_heap_aligned_alloc", "allocate", "[{address_of: HEAP}, alignment, bytes]"},
        {"sys_heap_aligned_realloc", "reallocate", "[{address_of: HEAP}, pointer, 0, bytes]"}}},
      {"FreeRTOS, heap_1 to heap_5",
       {{"pvPortMalloc", "allocate", "[bytes]"},
        {"vPortFree", "free", "[pointer]"},
        {"pvPortCalloc", "allocate_zeroed", "[count, bytes]"}}},
      {"TLSF",
       {{"tlsf_malloc", "allocate", "[{result_of: initialise}, bytes]"},
        {"tlsf_free", "free", "[{result_of: initialise}, pointer]"},
        {"tlsf_create_with_pool", "initialise", "[heap_base, heap_bytes]"},
        {"tlsf_memalign", "allocate", "[{result_of: initialise}, alignment, bytes]"},
        {"tlsf_realloc", "reallocate", "[{result_of: initialise}, pointer, bytes]"}},
       3},
      {"ESP-IDF, multi_heap",
       {{"multi_heap_malloc", "allocate", "[{result_of: initialise}, bytes]"},
        {"multi_heap_free", "free", "[{result_of: initialise}, pointer]"},
        {"multi_heap_register", "initialise", "[heap_base, heap_bytes]"},
        {"multi_heap_realloc", "reallocate", "[{result_of: initialise}, pointer, bytes]"}},
       3},
      {"dlmalloc",
       {{"dlmalloc", "allocate", "[bytes]"},
        {"dlfree", "free", "[pointer]"},
        {"dlrealloc", "reallocate", "[pointer, bytes]"},
        {"dlcalloc", "allocate_zeroed", "[count, bytes]"},
        {"dlmemalign", "allocate", "[alignment, bytes]"}}},
      {"C library (newlib, picolibc)",
       {{"malloc", "allocate", "[bytes]"},
        {"free", "free", "[pointer]"},
        {"calloc", "allocate_zeroed", "[count, bytes]"},
        {"realloc", "reallocate", "[pointer, bytes]"},
        {"memalign", "allocate", "[alignment, bytes]"}}},
  };
  return table;
}

/// The option of the instruction set that an instruction belongs to; empty: the core architecture.
std::string_view option_of(Opcode opcode) {
  const Instruction& row = instruction_table()[static_cast<std::size_t>(opcode)];
  switch (row.kind) {
    case InstructionKind::window: return "register windows";
    case InstructionKind::divide: return "32-bit divide";
    case InstructionKind::loop_: return "zero-overhead loops";
    case InstructionKind::cache:
    case InstructionKind::fetch_control: return "cache operations";
    default: break;
  }
  if (row.format->increment) return "register windows";
  static const std::map<std::string_view, std::string_view> others{{"retw", "register windows"},
                                                                   {"retw.n", "register windows"},
                                                                   {"l32e", "register windows"},
                                                                   {"s32e", "register windows"},
                                                                   {"mull", "32-bit multiply"},
                                                                   {"muluh", "32-bit multiply"},
                                                                   {"mulsh", "32-bit multiply"},
                                                                   {"mul16u", "16-bit multiply"},
                                                                   {"mul16s", "16-bit multiply"},
                                                                   {"min", "min, max"},
                                                                   {"max", "min, max"},
                                                                   {"minu", "min, max"},
                                                                   {"maxu", "min, max"},
                                                                   {"sext", "sign extend"},
                                                                   {"clamps", "clamps"},
                                                                   {"nsa", "normalise"},
                                                                   {"nsau", "normalise"},
                                                                   {"salt", "set if less than"},
                                                                   {"saltu", "set if less than"},
                                                                   {"s32c1i", "conditional store (S32C1I)"},
                                                                   {"l32ai", "multiprocessor synchronisation"},
                                                                   {"s32ri", "multiprocessor synchronisation"},
                                                                   {"andb", "booleans"},
                                                                   {"andbc", "booleans"},
                                                                   {"orb", "booleans"},
                                                                   {"orbc", "booleans"},
                                                                   {"xorb", "booleans"},
                                                                   {"any4", "booleans"},
                                                                   {"all4", "booleans"},
                                                                   {"any8", "booleans"},
                                                                   {"all8", "booleans"},
                                                                   {"movf", "booleans"},
                                                                   {"movt", "booleans"},
                                                                   {"bf", "booleans"},
                                                                   {"bt", "booleans"},
                                                                   {"rur", "user registers"},
                                                                   {"wur", "user registers"}};
  const auto found = others.find(row.text);
  return found == others.end() ? std::string_view() : found->second;
}

/// What can be reached from the first instructions of the functions, by branches within each and by running on:
/// literals and padding between them are no instructions.
class Reachable {
 public:
  Reachable(const FirmwareImage& image, ImageSurvey& result) : image_(image), result_(result) {}

  void add(const FirmwareImage::Function& function) {
    std::vector<std::uint32_t> heads{function.address};
    while (!heads.empty()) {
      const std::uint32_t head = heads.back();
      heads.pop_back();
      for (std::uint32_t at = head; at - function.address < function.bytes && seen_.insert(at).second;) {
        const std::uint32_t length = instruction(at, heads);
        if (length == 0) break;
        at += length;
      }
    }
  }

  void finish() {
    for (const auto& [name, entry] : unknown_) result_.unknown.push_back(entry);
  }

 private:
  /// Returns its length; 0 where nothing follows it.
  std::uint32_t instruction(std::uint32_t at, std::vector<std::uint32_t>& heads) {
    const auto bytes = image_.bytes_at(at, 3);
    const auto two = bytes.empty() ? image_.bytes_at(at, 2) : bytes.first(2);
    if (two.empty()) return 0;
    const std::uint32_t word = two[0] | two[1] << 8 | (bytes.empty() ? 0 : bytes[2] << 16);
    const Opcode opcode = decode(word);
    const Instruction& row = instruction_table()[static_cast<std::size_t>(opcode)];
    ++result_.instructions;
    if (opcode == Opcode::ill && (word & row.mask) != row.match) {
      const std::string kind(unknown_instruction(word));
      ++unknown_.try_emplace(kind, ImageSurvey::Unknown{kind, 0, at}).first->second.count;
      constexpr std::uint32_t bundle_bytes = 8;  // FLIX formats of the HiFi family
      return (word & 0xf) >= 14 ? bundle_bytes : instruction_length(word);
    }
    if (const std::string_view option = option_of(opcode); !option.empty()) ++result_.options[std::string(option)];
    const bool goes_on =
        row.kind != InstructionKind::jump && row.kind != InstructionKind::return_ && row.kind != InstructionKind::trap;
    if (row.format->target && row.kind != InstructionKind::call) heads.push_back(row.format->target(word, at));
    return goes_on ? instruction_length(word) : 0;
  }

  const FirmwareImage& image_;
  ImageSurvey& result_;
  std::set<std::uint32_t> seen_;
  std::map<std::string, ImageSurvey::Unknown> unknown_;
};

bool contains_ignoring_case(const std::string& text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; }) != text.end();
}

void find_heap(const FirmwareImage& image, ImageSurvey& result) {
  constexpr std::uint32_t least_bytes = 1024;
  for (const FirmwareImage::Variable& variable : image.variables()) {
    const bool named = contains_ignoring_case(variable.name, "heap") || contains_ignoring_case(variable.name, "pool") ||
                       contains_ignoring_case(variable.name, "arena");
    if (!named || variable.bytes < least_bytes || variable.bytes <= result.heap_variable_bytes) continue;
    result.heap_variable = variable.name;
    result.heap_variable_bytes = variable.bytes;
  }
  static constexpr std::array<std::array<const char*, 2>, 6> pairs{{{"_heap_start", "_heap_end"},
                                                                    {"__heap_start", "__heap_end"},
                                                                    {"_heap_start", "_heap_limit"},
                                                                    {"__heap_start__", "__heap_end__"},
                                                                    {"_heap_sentry_start", "_heap_sentry"},
                                                                    {"_bss_end", "_heap_sentry"}}};
  for (const auto& [begin, end] : pairs)
    if (image.symbol(begin) && image.symbol(end)) {
      result.heap_begin = begin;
      result.heap_end = end;
      return;
    }
}

/// A text as YAML has it, in quotation marks where it needs them.
std::string scalar(const std::string& text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '.' || c == '/';
  });
  return plain ? text
               : nlohmann::json(text).dump(-1, ' ', true,
                                           nlohmann::json::error_handler_t::replace);  // which YAML reads as it is
}

}  // namespace

ImageSurvey survey(const FirmwareImage& image) {
  ImageSurvey result;
  for (const Family& family : families()) {
    const auto has = [&image](const KnownFunction& each) { return image.symbol(each.name).has_value(); };
    if (!std::all_of(family.functions.begin(), family.functions.begin() + static_cast<std::ptrdiff_t>(family.needed),
                     has))
      continue;
    KnownAllocator found{family.name, {}};
    std::copy_if(family.functions.begin(), family.functions.end(), std::back_inserter(found.functions), has);
    result.allocators.push_back(std::move(found));
  }
  find_heap(image, result);
  Reachable reachable(image, result);
  for (const FirmwareImage::Function& function : image.functions()) reachable.add(function);
  reachable.finish();
  constexpr std::uint32_t least_address = 0x10000;  // below are sizes and other numbers of linker scripts
  for (const auto& [address, name] : image.absolute_symbols())
    if (address >= least_address) result.rom.push_back(name);
  return result;
}

std::string binding_for(const FirmwareImage& image, const ImageSurvey& survey, const std::string& firmware,
                        const std::string& symbols) {
  const std::string stem = std::filesystem::path(image.path()).stem().string();
  std::string out =
      fmt::format("# Made by 'dspmem inspect'. Lines with TODO say what to look up.\nname: {}\ndescription: {}\n",
                  scalar(stem), scalar("allocator of " + std::filesystem::path(image.path()).filename().string()));
  out += fmt::format("firmware: {}\n", scalar(firmware));
  if (!symbols.empty()) out += fmt::format("symbols: {}\n", scalar(symbols));
  if (!survey.heap_variable.empty())
    out +=
        fmt::format("heap: {{variable: {}}}  # {} bytes\n", scalar(survey.heap_variable), survey.heap_variable_bytes);
  else if (!survey.heap_begin.empty())
    out += fmt::format("heap: {{begin: {}, end: {}}}\n", survey.heap_begin, survey.heap_end);
  else
    out +=
        "heap: one  # TODO: where the heap is: {variable: ARRAY}, {begin: SYMBOL, end: SYMBOL}; 'one' is the "
        "platform's common memory\n";
  out += "alignment: 8  # TODO: of every block that the allocator gives out\n";
  if (survey.allocators.empty()) {
    out +=
        "# TODO: no allocator was recognised by its names. These are the forms:\nfunctions:\n  - {function: my_alloc, "
        "does: allocate, arguments: [bytes]}\n  - {function: my_free, does: free, arguments: [pointer]}\n";
  } else {
    const KnownAllocator& first = survey.allocators.front();
    out += fmt::format("# {}\nfunctions:\n", first.name);
    bool heap = false;
    for (const KnownFunction& each : first.functions) {
      out += fmt::format("  - {{function: {}, does: {}, arguments: {}}}\n", each.name, each.role, each.arguments);
      heap |= std::string_view(each.arguments).find("HEAP") != std::string_view::npos;
    }
    if (heap) out += "# TODO: HEAP is the variable of the heap that is to be used, such as _system_heap\n";
  }
  out +=
      "# metadata: {header: 8, variables: [NAME]}  # TODO: bytes in front of each block, variables that only the "
      "allocator may touch\n";
  out +=
      "# lock: {acquire: FUNCTION, release: FUNCTION}  # TODO: if the allocator does not lock by itself and several "
      "cores use it\n";
  out += "# flags: {shared: 0x1}  # TODO: what the allocator's 'flags' argument has for shared data, if it has one\n";
  out += "# stubs: {log_write: nothing, clock_get: returns 0}  # TODO: functions whose hardware is not there\n";
  return out;
}

}  // namespace dspmem
