// SPDX-License-Identifier: Apache-2.0
#include "sim/image/map_file.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

#include "sim/config/error.h"
#include "sim/config/input_files.h"

namespace dspmem {
namespace {

// ld's manual describes the form: below this line, input sections as " .name  address  bytes  file", the name on a line
// of its own where it is long, and below each its symbols as "address  name".
constexpr const char* first_line = "Linker script and memory map";

[[noreturn]] void refuse(const std::string& path) {
  throw InputError({path},
                   std::string("this is no map file of GNU ld (-Wl,-Map=FILE): it has no line '") + first_line + "'");
}

std::optional<std::uint32_t> number(const std::string& word) {
  if (!word.starts_with("0x")) return std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data() + 2, word.data() + word.size(), value, 16);
  if (error != std::errc() || end != word.data() + word.size() || value > 0xffffffff) return std::nullopt;
  return static_cast<std::uint32_t>(value);
}

bool is_name(const std::string& word) {
  const auto may_begin = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '$';
  };
  return !word.empty() && may_begin(word[0]) && std::all_of(word.begin(), word.end(), [&](char c) {
    return may_begin(c) || c == '.' || (c >= '0' && c <= '9');
  });
}

bool is_qualified(const std::string& word) {
  const std::size_t colons = word.find("::");
  return colons != std::string::npos && is_name(word.substr(0, colons));
}

MapSymbol::Kind kind_of(const std::string& section) {
  const auto contains = [&section](const char* part) { return section.find(part) != std::string::npos; };
  if (contains("text") || contains("literal") || contains("iram")) return MapSymbol::Kind::function;
  if (contains("bss") || contains("data") || contains("noinit") || section == "COMMON")
    return MapSymbol::Kind::variable;
  return MapSymbol::Kind::other;
}

/// "ready" of ".bss.ready": the only variable of a section of its own.
std::string own_name(const std::string& section) {
  for (const char* prefix : {".bss.", ".data.", ".rodata.", ".noinit."})
    if (section.starts_with(prefix)) {
      const std::string name = section.substr(std::char_traits<char>::length(prefix));
      // GCC numbers static variables of functions: "count.0".
      return is_name(name) ? name : "";
    }
  return "";
}

class Reader {
 public:
  void line(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    if (words.empty()) return;
    const bool input = text.size() > 1 && text[0] == ' ' && text[1] != ' ';
    if (!number(words[0])) {
      end_section();
      if (!input) return output_section(words);  // or a line of the linker script
      name_ = words[0];
      words.erase(words.begin());
    }
    if (words.size() >= 2 && number(words[0]) && number(words[1]) && !name_.empty()) {
      begin_section(*number(words[0]), *number(words[1]));
    } else if (words.size() >= 2 && number(words[0])) {
      symbol(*number(words[0]), words);
    }
  }

  MapFile finish(const std::string& path) {
    end_section();
    return {path, std::move(symbols_), std::move(sections_)};
  }

 private:
  void output_section(const std::vector<std::string>& words) {
    if (words.size() < 3 || !number(words[1]) || !number(words[2])) return;
    sections_.push_back({words[0], *number(words[1]), *number(words[2])});
  }

  void begin_section(std::uint32_t address, std::uint32_t bytes) {
    section_ = name_;
    end_ = address + bytes;
    if (bytes == 0 || end_ < address) return;
    if (const std::string own = own_name(section_); !own.empty())
      in_section_.push_back({own, address, 0, kind_of(section_)});
  }

  void symbol(std::uint32_t address, const std::vector<std::string>& words) {
    std::string name = words[1];
    if (name == "PROVIDE" && words.size() > 2) name = words[2].substr(words[2].starts_with("("));
    const bool of_script = words.size() > 2 && (words[2] == "=" || words[1] == "PROVIDE");  // "name = ."
    // Names of C++ are written out: "Pool::get(unsigned int)".
    const bool written_out = !of_script && (words.size() > 2 || name.find('(') != std::string::npos);
    for (std::size_t i = 2; written_out && i < words.size(); ++i) name += " " + words[i];
    if (written_out ? !name.ends_with(')') && !name.ends_with(" const") : !is_name(name) && !is_qualified(name)) return;
    if (of_script || section_.empty()) {
      symbols_.push_back({name, address, 0, MapSymbol::Kind::other});
      return;
    }
    std::erase_if(in_section_, [&](const MapSymbol& own) { return own.address == address; });
    in_section_.push_back({name, address, 0, kind_of(section_)});
  }

  void end_section() {
    const auto earlier = [](const MapSymbol& a, const MapSymbol& b) { return a.address < b.address; };
    std::stable_sort(in_section_.begin(), in_section_.end(), earlier);
    for (std::size_t i = 0; i < in_section_.size(); ++i) {
      const std::uint32_t next = i + 1 < in_section_.size() ? in_section_[i + 1].address : end_;
      if (next > in_section_[i].address) in_section_[i].bytes = next - in_section_[i].address;
      symbols_.push_back(in_section_[i]);
    }
    in_section_.clear();
    section_.clear();
    name_.clear();
  }

  std::vector<MapSymbol> symbols_, in_section_;
  std::vector<MapSection> sections_;
  std::string name_;  ///< of a section whose addresses may be on the next line
  std::string section_;  ///< that the symbols belong to; empty: to none
  std::uint32_t end_ = 0;
};

}  // namespace

std::vector<MapMemory> read_map_memories(const std::string& path) {
  std::istringstream text(read_input(path));
  std::vector<MapMemory> memories;
  bool in_table = false;
  std::string line;
  while (std::getline(text, line) && !line.starts_with(first_line)) {
    in_table |= line.starts_with("Memory Configuration");
    std::istringstream words(line);
    std::string name, origin, length;
    if (!in_table || !(words >> name >> origin >> length)) continue;
    const auto base = number(origin), bytes = number(length);
    if (base && bytes && *bytes && name != "*default*") memories.push_back({name, *base, *bytes});
  }
  if (!text) refuse(path);
  return memories;
}

MapFile read_map_file(const std::string& path) {
  std::istringstream text(read_input(path));
  std::string line;
  while (std::getline(text, line) && !line.starts_with(first_line)) {}
  if (!text) refuse(path);
  Reader reader;
  while (std::getline(text, line)) reader.line(line);
  return reader.finish(path);
}

}  // namespace dspmem
