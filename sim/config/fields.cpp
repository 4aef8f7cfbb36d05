// SPDX-License-Identifier: Apache-2.0
#include "sim/config/fields.h"

#include "sim/config/input_files.h"

#include <yaml-cpp/eventhandler.h>

#include <algorithm>
#include <charconv>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace dspmem {
namespace {

SourceMark to_mark(const std::string& file, const YAML::Mark& mark) { return {file, mark.line + 1, mark.column + 1}; }

/// A decimal or 0x number with nothing behind it but what `rest` receives.
bool parse_number(std::string_view text, std::uint64_t& value, std::string_view& rest) {
  int base = 10;
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
    base = 16;
    text.remove_prefix(2);
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  rest = text.substr(static_cast<std::size_t>(end - text.data()));
  return error == std::errc{};
}

/// 4 KiB, 100.
std::string bound_text(std::uint64_t bytes) {
  if (bytes && bytes % (1 << 20) == 0) return std::to_string(bytes >> 20) + " MiB";
  return bytes && bytes % 1024 == 0 ? std::to_string(bytes / 1024) + " KiB" : std::to_string(bytes);
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  std::string_view rest;
  if (!parse_number(text, value, rest) || !rest.empty()) return std::nullopt;
  return value;
}

namespace {

constexpr std::size_t max_depth = 100;

/// Where a document begins, and whether it is one that anybody means: a node that contains itself, through an alias to
/// an anchor around it, would never end, and aliases to aliases may stand for more than any memory holds. Looks at the
/// events of the parser, before there is a tree.
class DocumentScan final : public YAML::EventHandler {
 public:
  explicit DocumentScan(const std::string& file) : file_(file) {}
  YAML::Mark mark;
  void OnDocumentStart(const YAML::Mark& at) override { mark = at; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& at, YAML::anchor_t anchor) override { scalar(at, anchor); }
  void OnScalar(const YAML::Mark& at, const std::string&, YAML::anchor_t anchor, const std::string&) override {
    scalar(at, anchor);
  }
  void OnAlias(const YAML::Mark& at, YAML::anchor_t anchor) override {
    begin(at);
    const auto found = whole_.find(anchor);
    if (found == whole_.end())
      throw InputError(to_mark(file_, at), "an alias to what contains it, which would never end");
    if (open_.size() + found->second.depth > max_depth) too_deep(at);
    deepest_ = std::max(deepest_, open_.size() + found->second.depth);
    add(at, found->second.nodes);
  }
  void OnSequenceStart(const YAML::Mark& at, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(at, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& at, const std::string&, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    open(at, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YAML::anchor_t anchor;
    std::uint64_t before;  ///< nodes before it
    std::size_t deepest;  ///< of those around it, so far
  };
  struct Whole {
    std::uint64_t nodes;
    std::size_t depth;
  };

  void begin(const YAML::Mark& at) {
    if (!std::exchange(begun_, true)) mark = at;
  }
  [[noreturn]] void too_deep(const YAML::Mark& at) const {
    throw InputError(to_mark(file_, at), "nested more than " + std::to_string(max_depth) + " deep");
  }
  void add(const YAML::Mark& at, std::uint64_t nodes) {
    nodes_ += nodes;
    const std::uint64_t most = input_limits().nodes;
    if (nodes_ > most)
      throw InputError(to_mark(file_, at), "with its aliases written out the file has more than " +
                                               std::to_string(most) + " nodes; --max-nodes raises that");
  }
  void scalar(const YAML::Mark& at, YAML::anchor_t anchor) {
    begin(at);
    add(at, 1);
    if (anchor) whole_[anchor] = {1, 0};
  }
  void open(const YAML::Mark& at, YAML::anchor_t anchor) {
    begin(at);
    open_.push_back({anchor, nodes_, deepest_});
    if (open_.size() > max_depth) too_deep(at);
    deepest_ = open_.size();
    add(at, 1);
  }
  void close() {
    const Open closed = open_.back();
    open_.pop_back();
    if (closed.anchor) whole_[closed.anchor] = {nodes_ - closed.before, deepest_ - open_.size()};
    deepest_ = std::max(deepest_, closed.deepest);
  }

  const std::string& file_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Whole> whole_;
  std::uint64_t nodes_ = 0;
  std::size_t deepest_ = 0;  ///< since the innermost open one began
  bool begun_ = false;
};

}  // namespace

YAML::Node parse_yaml(const std::string& text, const std::string& file) {
  YAML::Node document;
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    DocumentScan first(file), second(file);
    if (!parser.HandleNextDocument(first)) throw InputError({file, 0, 0}, "the file is empty");
    document = YAML::Load(text);
    // Not YAML::LoadAll(): it never comes back from some files, such as "a: 1\n}".
    if (parser.HandleNextDocument(second))
      throw InputError(to_mark(file, second.mark), "a second YAML document begins here; a file holds one");
  } catch (const YAML::Exception& error) { throw InputError(to_mark(file, error.mark), "YAML syntax: " + error.msg); }
  return document;
}

std::string one_line(const YAML::Node& node) {
  YAML::Emitter text;
  text.SetSeqFormat(YAML::Flow);
  text.SetMapFormat(YAML::Flow);
  text << node;
  std::string line = text.c_str();
  std::replace(line.begin(), line.end(), '\n', ' ');
  return line == "~" ? "" : line;
}

YAML::Node load_yaml(const std::string& path) { return parse_yaml(read_input(path), path); }

FieldReader::FieldReader(const YAML::Node& node, std::string file, std::string what, const FieldType& type)
    : type_(&type), file_(std::move(file)), what_(std::move(what)), mark_(to_mark(file_, node.Mark())) {
  const std::string& primary = type.primary;
  if (node.IsScalar() && !primary.empty()) {
    fields_[primary] = {mark_, node};
    return;
  }
  if (node.IsNull() && !primary.empty()) return;
  if (!node.IsMap()) {
    std::string wanted = "a mapping, such as {key: value}";
    if (!primary.empty()) wanted = "a single value for '" + primary + "' or " + wanted;
    fail(mark_, what_ + " must be " + wanted);
  }
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) fail(to_mark(file_, entry.first.Mark()), what_ + ": a key must be a plain name");
    const std::string key = entry.first.Scalar();
    const SourceMark mark = to_mark(file_, entry.first.Mark());
    if (!fields_.emplace(key, std::pair{mark, entry.second}).second)
      fail(mark, "'" + key + "' is given twice in " + what_);
  }
}

SourceMark FieldReader::mark_of(const YAML::Node& node) const { return to_mark(file_, node.Mark()); }

SourceMark FieldReader::mark_of(const std::string& field) const {
  const auto found = fields_.find(field);
  return found == fields_.end() ? mark_ : to_mark(file_, found->second.second.Mark());
}

const FieldType& FieldReader::declared(const std::string& name) const {
  if (type_->kind == FieldType::Kind::names) return type_->parts[0];
  const Field* found = find_field(type_->fields, name);
  if (!found) throw std::logic_error("the table of " + what_ + " has no field '" + name + "'");
  return found->type;
}

YAML::Node FieldReader::node(const std::string& name) {
  declared(name);
  if (std::find(asked_.begin(), asked_.end(), name) == asked_.end()) asked_.push_back(name);
  const auto found = fields_.find(name);
  return found == fields_.end() ? YAML::Node(YAML::NodeType::Undefined) : found->second.second;
}

void FieldReader::finish() const {
  for (const auto& [key, entry] : fields_)
    if (std::find(asked_.begin(), asked_.end(), key) == asked_.end())
      fail(entry.first, what_ + " has no field '" + key + "'" + suggestion(key, asked_));
}

void FieldReader::missing(const std::string& name, const std::string& what_it_is) const {
  std::vector<std::string> given;
  for (const auto& [key, entry] : fields_)
    if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) given.push_back(key);
  const std::string what = what_ + " needs '" + name + "'" + (what_it_is.empty() ? "" : ", " + what_it_is);
  const std::string near = nearest_name(name, given);
  if (near.empty()) fail(mark_, what);
  fail(fields_.at(near).first, what + "; is '" + near + "' meant to be it?");
}

void FieldReader::wrong_type(const YAML::Node& node, const std::string& name, const std::string& expected) const {
  const std::string found = node.IsScalar()     ? "'" + node.Scalar() + "'"
                            : node.IsMap()      ? "a mapping"
                            : node.IsSequence() ? "a list"
                                                : "nothing";
  fail(mark_of(node), "'" + name + "' of " + what_ + " must be " + expected + ", not " + found);
}

void FieldReader::check(const YAML::Node& node, const std::string& name, const FieldType& type) const {
  using Kind = FieldType::Kind;
  if (type.kind == Kind::list && node.IsSequence()) {
    for (const auto& element : node) check(element, name, type.parts[0]);
    if (node.size() < type.low) fail(to_mark(file_, node.Mark()), "'" + name + "' must not be empty");
    if (node.size() > type.high)
      fail(to_mark(file_, node.Mark()), "'" + name + "' has at most " + std::to_string(type.high) + " elements");
  }
  if (type.kind == Kind::choice && node.IsScalar() && !node.Scalar().empty() &&
      std::find(type.choices.begin(), type.choices.end(), node.Scalar()) == type.choices.end())
    fail(to_mark(file_, node.Mark()), "'" + node.Scalar() + "' is not a known " +
                                          (type.called.empty() ? name : type.called) +
                                          suggestion(node.Scalar(), type.choices));
  if (type.kind != Kind::number && type.kind != Kind::size) return;
  std::uint64_t value = 0;
  if (type.kind == Kind::number) {
    convert(node, name, value);
  } else {
    Bytes bytes;
    convert(node, name, bytes);
    value = bytes.value;
  }
  if (value >= type.low && value <= type.high) return;
  const auto show = [&type](std::uint64_t number) {
    return type.kind == Kind::size ? bound_text(number) : std::to_string(number);
  };
  const bool open = type.high >= 0xffffffff;
  if (open && value > type.high) wrong_type(node, name, "a number below 2^32");
  const std::string wanted = !open && type.low ? "be between " + show(type.low) + " and " + show(type.high)
                             : !open           ? "be at most " + show(type.high)
                             : type.low == 1   ? "not be 0"
                                               : "be at least " + show(type.low);
  fail(to_mark(file_, node.Mark()), "'" + name + "' must " + wanted);
}

void FieldReader::convert(const YAML::Node& node, const std::string& name, Bytes& value) const {
  static constexpr const char* expected = "a size in bytes, such as 512, 0x200 or 64 KiB";
  if (!node.IsScalar()) wrong_type(node, name, expected);
  std::string_view rest;
  if (!parse_number(node.Scalar(), value.value, rest)) wrong_type(node, name, expected);
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  unsigned shift = 0;
  if (rest == "KiB") shift = 10;
  else if (rest == "MiB") shift = 20;
  else if (!rest.empty() && rest != "B") wrong_type(node, name, expected);
  if (value.value > 0xffffffffull >> shift) wrong_type(node, name, "a size below 4 GiB");
  value.value <<= shift;
}

void FieldReader::convert(const YAML::Node& node, const std::string& name, std::uint64_t& value) const {
  const auto number = node.IsScalar() ? parse_number(node.Scalar()) : std::nullopt;
  if (!number) wrong_type(node, name, "a whole number from 0 to 2^64 - 1");
  value = *number;
}

void FieldReader::convert(const YAML::Node& node, const std::string& name, std::uint32_t& value) const {
  std::uint64_t wide = 0;
  convert(node, name, wide);
  if (wide > 0xffffffffull) wrong_type(node, name, "a number below 2^32");
  value = static_cast<std::uint32_t>(wide);
}

void FieldReader::convert(const YAML::Node& node, const std::string& name, Address& value) const {
  convert(node, name, value.value);
}

void FieldReader::convert(const YAML::Node& node, const std::string& name, bool& value) const {
  if (node.IsScalar() && (node.Scalar() == "true" || node.Scalar() == "yes")) value = true;
  else if (node.IsScalar() && (node.Scalar() == "false" || node.Scalar() == "no")) value = false;
  else wrong_type(node, name, "true or false");
}

void FieldReader::convert(const YAML::Node& node, const std::string& name, std::string& value) const {
  if (!node.IsScalar() || node.Scalar().empty()) wrong_type(node, name, "a name");
  value = node.Scalar();
}

}  // namespace dspmem
