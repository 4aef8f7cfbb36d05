// SPDX-License-Identifier: Apache-2.0
#include "sim/image/firmware_image.h"

#include <cxxabi.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "models/core/isa.h"
#include "sim/config/input_files.h"

namespace dspmem {
namespace {

/// A name of C++ as it is written, others as they are.
std::string written(const std::string& name) {
  constexpr std::size_t longest = 1024;
  if (!name.starts_with("_Z") || name.size() > longest) return name;
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status),
                                                         std::free);
  return status == 0 && text ? text.get() : name;
}

/// Without the parameters: "Pool::get" of "Pool::get(unsigned int) const".
std::string without_parameters(const std::string& name) {
  const std::size_t end = name.rfind(')');
  if (end == std::string::npos) return name;
  std::size_t open = 0;
  for (std::size_t at = end + 1; at-- > 0;) {
    open += name[at] == ')';
    open -= name[at] == '(';
    if (open == 0) return at ? name.substr(0, at) : name;
  }
  return name;
}

/// Without the type of the result, which names of templates have: "get<int>" of "int* get<int>".
std::string without_type(const std::string& name) {
  if (name.find("operator") != std::string::npos || !name.ends_with('>')) return name;
  int depth = 0;
  for (std::size_t at = name.size(); at-- > 0;) {
    depth += name[at] == '>' || name[at] == ')';
    depth -= name[at] == '<' || name[at] == '(';
    if (depth == 0 && name[at] == ' ') return name.substr(at + 1);
  }
  return name;
}

}  // namespace

struct FirmwareImage::Debug {
  int file = -1;
  Elf* elf = nullptr;
  Dwarf* dwarf = nullptr;

  ~Debug() {
    if (dwarf) dwarf_end(dwarf);
    if (elf) elf_end(elf);
    if (file >= 0) close(file);
  }
};

FirmwareImage::FirmwareImage(const std::string& path) : path_(path), debug_(std::make_unique<Debug>()) {
  const auto fail = [&](const std::string& why) { throw InputError({path, 0, 0}, "this firmware " + why); };
  elf_version(EV_CURRENT);
  debug_->file = open(path.c_str(), O_RDONLY | O_NONBLOCK);
  note_input(path);
  struct stat status {};
  if (debug_->file < 0 || fstat(debug_->file, &status) || !S_ISREG(status.st_mode)) fail("cannot be opened");
  debug_->elf = elf_begin(debug_->file, ELF_C_READ, nullptr);
  if (!debug_->elf || elf_kind(debug_->elf) != ELF_K_ELF) fail("is not an ELF file");
  GElf_Ehdr header;
  if (!gelf_getehdr(debug_->elf, &header)) fail("has a truncated ELF header");
  if (header.e_machine != EM_XTENSA)
    fail("is for another machine (ELF machine " + std::to_string(header.e_machine) + "); Xtensa is 94");
  if (header.e_ident[EI_CLASS] != ELFCLASS32 || header.e_ident[EI_DATA] != ELFDATA2LSB)
    fail("is not little-endian 32-bit");
  if (header.e_type != ET_EXEC) fail("is not a linked executable");
  entry_ = static_cast<std::uint32_t>(header.e_entry);

  constexpr std::uint64_t most_bytes = 512 << 20;  // of all segments together
  std::uint64_t total_bytes = 0;
  std::size_t segment_count = 0;
  if (elf_getphdrnum(debug_->elf, &segment_count)) fail("has a truncated program header table");
  for (std::size_t index = 0; index < segment_count; ++index) {
    GElf_Phdr program;
    if (!gelf_getphdr(debug_->elf, static_cast<int>(index), &program)) fail("has a truncated program header table");
    if (program.p_type != PT_LOAD || program.p_memsz == 0) continue;
    if (program.p_filesz > program.p_memsz || program.p_memsz > 0x10000000) fail("has a segment with impossible sizes");
    if ((total_bytes += program.p_memsz) > most_bytes) fail("would load more than 512 MiB");
    if (program.p_offset + program.p_filesz > static_cast<std::uint64_t>(status.st_size))
      fail("is truncated: a segment ends behind the end of the file");
    Segment segment{static_cast<std::uint32_t>(program.p_paddr), std::vector<std::uint8_t>(program.p_memsz)};
    if (pread(debug_->file, segment.bytes.data(), program.p_filesz, static_cast<off_t>(program.p_offset)) !=
        static_cast<ssize_t>(program.p_filesz))
      fail("cannot be read");
    segments_.push_back(std::move(segment));
  }
  if (segments_.empty()) fail("has nothing to load");

  for (Elf_Scn* section = nullptr; (section = elf_nextscn(debug_->elf, section));) {
    GElf_Shdr info;
    if (!gelf_getshdr(section, &info) || info.sh_type != SHT_SYMTAB || info.sh_entsize == 0) continue;
    Elf_Data* data = elf_getdata(section, nullptr);
    if (!data) fail("has a truncated symbol table");
    for (std::size_t index = 0; index < info.sh_size / info.sh_entsize; ++index) {
      GElf_Sym symbol;
      if (!gelf_getsym(data, static_cast<int>(index), &symbol)) break;
      const char* name = elf_strptr(debug_->elf, info.sh_link, symbol.st_name);
      if (!name || !*name || symbol.st_shndx == SHN_UNDEF) continue;
      const auto address = static_cast<std::uint32_t>(symbol.st_value);
      const int type = GELF_ST_TYPE(symbol.st_info);
      if (type == STT_FILE || type == STT_SECTION) continue;
      add_name(name, address);
      const std::string shown = without_parameters(written(name));
      if (symbol.st_shndx == SHN_ABS && type != STT_OBJECT) absolute_[address] = name;
      if (type == STT_OBJECT) variables_[address] = {shown, static_cast<std::uint32_t>(symbol.st_size)};
      if (type == STT_FUNC) functions_[address] = {shown, static_cast<std::uint32_t>(symbol.st_size)};
    }
  }
  count_windowed();
  debug_->dwarf = dwarf_begin_elf(debug_->elf, DWARF_C_READ, nullptr);
  // Its own handler ends the process.
  if (debug_->dwarf) dwarf_new_oom_handler(debug_->dwarf, [] { throw std::bad_alloc(); });

  // libdw hands out pointers into these sections without looking for the end of a text. It has unpacked compressed ones
  // by now.
  std::size_t names = 0;
  if (elf_getshdrstrndx(debug_->elf, &names)) return;
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(debug_->elf, section));) {
    GElf_Shdr info;
    const char* name = gelf_getshdr(section, &info) ? elf_strptr(debug_->elf, names, info.sh_name) : nullptr;
    const std::string_view text(name ? name : "");
    if (name && info.sh_flags & SHF_ALLOC && info.sh_size)
      sections_.push_back({name, static_cast<std::uint32_t>(info.sh_addr), static_cast<std::uint32_t>(info.sh_size),
                           (info.sh_flags & SHF_WRITE) != 0, (info.sh_flags & SHF_EXECINSTR) != 0});
    if (text == ".dspmem.platform")
      if (const Elf_Data* facts = elf_getdata(section, nullptr); facts && facts->d_buf)
        platform_facts_.assign(static_cast<const char*>(facts->d_buf),
                               strnlen(static_cast<const char*>(facts->d_buf), facts->d_size));
    if (!text.ends_with("debug_str") && !text.ends_with("debug_line_str")) continue;
    const Elf_Data* data = elf_getdata(section, nullptr);
    if (data && data->d_buf && data->d_size && static_cast<const char*>(data->d_buf)[data->d_size - 1])
      fail("has damaged debug information: the last text of its section " + std::string(text) + " has no end");
  }
}

FirmwareImage::~FirmwareImage() = default;

void FirmwareImage::count_windowed() {
  windowed_functions_ = 0;
  for (const auto& [address, function] : functions_)
    if (const auto first = bytes_at(address, 3); !first.empty())
      windowed_functions_ += decode(first[0] | first[1] << 8 | first[2] << 16) == Opcode::entry;
}

void FirmwareImage::add_name(const std::string& name, std::uint32_t address) {
  const std::string full = written(name), brief = without_parameters(full);
  symbols_[name] = symbols_[full] = address;
  for (const std::string& shorter : {brief, without_type(brief)})
    if (shorter != full) shorter_[shorter][full] = address;
}

Message FirmwareImage::why_unknown(const std::string& name, const std::string& subject) const {
  if (const auto overloads = shorter_.find(name); overloads != shorter_.end()) {
    std::string all;
    for (const auto& [full, address] : overloads->second) all += (all.empty() ? "'" : ", '") + full + "'";
    return subject + " has several functions '" + name + "': name one with its parameters: " + all;
  }
  const std::string why = subject + " has no function '" + name + "'";
  if (functions_.empty())
    return why + "; it is stripped: 'symbols' of the binding takes names from a map file of GNU ld (-Wl,-Map=FILE)";
  return why + suggestion(name, function_names());
}

void FirmwareImage::add_symbols(const MapFile& map) {
  for (const MapSection& linked : map.sections)
    for (const Section& section : sections_)
      if (section.name == linked.name && linked.bytes &&
          (section.address != linked.address || section.bytes != linked.bytes)) {
        char text[200];
        std::snprintf(text, sizeof text, "%u bytes at %#x there, and %u bytes at %#x in the ELF", linked.bytes,
                      linked.address, section.bytes, section.address);
        throw InputError({map.path},
                         "this map is of another build than '" + path_ + "': section " + section.name + " has " + text);
      }
  for (const MapSymbol& each : map.symbols) {
    if (symbols_.contains(each.name)) continue;
    add_name(each.name, each.address);
    const Named named{without_parameters(written(each.name)), each.bytes};
    if (each.kind == MapSymbol::Kind::function) functions_.try_emplace(each.address, named);
    if (each.kind == MapSymbol::Kind::variable) variables_.try_emplace(each.address, named);
    if (each.kind == MapSymbol::Kind::other) absolute_.try_emplace(each.address, each.name);
  }
  count_windowed();
}

std::span<const std::uint8_t> FirmwareImage::bytes_at(std::uint32_t address, std::size_t count) const {
  for (const Segment& segment : segments_)
    if (address >= segment.address && address - segment.address + count <= segment.bytes.size())
      return {&segment.bytes[address - segment.address], count};
  return {};
}

std::vector<FirmwareImage::Function> FirmwareImage::functions() const {
  std::vector<Function> all;
  for (const auto& [address, function] : functions_) all.push_back({function.name, address, function.size});
  return all;
}

std::vector<FirmwareImage::Variable> FirmwareImage::variables() const {
  std::vector<Variable> all;
  for (const auto& [address, variable] : variables_) all.push_back({variable.name, address, variable.size});
  return all;
}

std::map<std::uint32_t, std::string> FirmwareImage::absolute_symbols() const {
  std::map<std::uint32_t, std::string> outside;
  for (const auto& [address, name] : absolute_)
    if (bytes_at(address, 1).empty()) outside[address] = name;
  return outside;
}

bool FirmwareImage::has_debug_information() const { return debug_->dwarf != nullptr; }

std::vector<std::pair<std::uint32_t, std::uint32_t>> FirmwareImage::shared_data() const {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges;
  const auto start = symbol("_shared_data_start"), end = symbol("_shared_data_end");
  if (start && end && *end > *start) ranges.emplace_back(*start, *end - *start);
  for (const Section& section : sections_)
    if (section.name == ".shared_data" && section.bytes) ranges.emplace_back(section.address, section.bytes);
  return ranges;
}

std::uint32_t FirmwareImage::function_bytes(std::uint32_t address) const {
  const auto found = functions_.find(address);
  return found == functions_.end() ? 0 : found->second.size;
}

std::optional<FirmwareImage::Variable> FirmwareImage::variable(const std::string& name) const {
  for (const auto& [address, variable] : variables_)
    if (variable.name == name) return Variable{name, address, variable.size};
  if (const auto address = symbol(name))
    if (const auto at = variables_.find(*address); at != variables_.end())
      return Variable{name, at->first, at->second.size};
  return std::nullopt;
}

std::optional<std::uint32_t> FirmwareImage::symbol(const std::string& name) const {
  if (const auto found = symbols_.find(name); found != symbols_.end()) return found->second;
  const auto found = shorter_.find(name);
  if (found == shorter_.end()) return std::nullopt;
  const auto& all = found->second;
  const std::uint32_t first = all.begin()->second;
  const bool same = std::all_of(all.begin(), all.end(), [first](const auto& each) { return each.second == first; });
  return same ? std::optional(first) : std::nullopt;
}

std::vector<std::string> FirmwareImage::function_names() const {
  std::vector<std::string> names = symbol_names();  // an address may have several
  std::erase_if(names, [this](const std::string& name) {
    const auto address = symbol(name);
    return address && !functions_.contains(*address);
  });
  return names;
}

std::string FirmwareImage::function_at(std::uint32_t address) const {
  auto next = functions_.upper_bound(address);
  if (next == functions_.begin()) return "";
  const auto& [start, function] = *--next;
  return address - start < std::max<std::uint32_t>(function.size, 1) ? function.name : "";
}

std::string FirmwareImage::unit_at(std::uint32_t address) const {
  Dwarf_Die unit;
  if (!debug_->dwarf || !dwarf_addrdie(debug_->dwarf, address, &unit)) return "";
  const char* name = dwarf_diename(&unit);
  return name ? name : "";
}

FirmwareImage::Variable FirmwareImage::variable_at(std::uint32_t address) const {
  auto next = variables_.upper_bound(address);
  if (next == variables_.begin()) return {};
  const auto& [start, variable] = *--next;
  if (address - start >= variable.size) return {};
  return {variable.name, start, variable.size};
}

std::vector<std::string> FirmwareImage::symbol_names() const {
  std::vector<std::string> names;
  for (const auto& [name, address] : symbols_) names.push_back(name);
  for (const auto& [name, all] : shorter_)
    if (!symbols_.contains(name)) names.push_back(name);
  return names;
}

std::vector<std::string> FirmwareImage::variable_names() const {
  std::vector<std::string> names;
  for (const auto& [address, variable] : variables_) names.push_back(variable.name);
  return names;
}

namespace {

/// What libdw did not find may be there, and have found no memory.
SourceLine nothing_found() {
  if (const int error = dwarf_errno();
      error && std::string_view(dwarf_errmsg(error)).find("memory") != std::string::npos)
    throw std::bad_alloc();
  return {};
}

}  // namespace

SourceLine FirmwareImage::line_at(std::uint32_t address) const {
  Dwarf_Die unit;
  if (!debug_->dwarf) return {};
  if (!dwarf_addrdie(debug_->dwarf, address, &unit)) return nothing_found();
  Dwarf_Line* line = dwarf_getsrc_die(&unit, address);
  if (!line) return nothing_found();
  SourceLine result;
  const char* file = dwarf_linesrc(line, nullptr, nullptr);
  dwarf_lineno(line, &result.line);
  if (file) result.file = std::string_view(file).starts_with("./") ? file + 2 : file;
  return result;
}

}  // namespace dspmem
