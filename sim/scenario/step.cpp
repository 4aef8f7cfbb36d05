// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/step.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "sim/config/input_files.h"
#include "sim/trace/trace_file.h"

namespace dspmem {
namespace {

/// What others call our steps.
constexpr std::pair<const char*, const char*> words_of_the_trade[] = {{"malloc", "alloc"},
                                                                      {"rmalloc", "alloc"},
                                                                      {"rballoc", "alloc"},
                                                                      {"k_malloc", "alloc"},
                                                                      {"kmalloc", "alloc"},
                                                                      {"rzalloc", "zalloc"},
                                                                      {"calloc", "zalloc"},
                                                                      {"k_calloc", "zalloc"},
                                                                      {"rbrealloc", "realloc"},
                                                                      {"rfree", "free"},
                                                                      {"k_free", "free"},
                                                                      {"flush", "writeback"},
                                                                      {"clean", "writeback"},
                                                                      {"inv", "invalidate"},
                                                                      {"wbinv", "writeback_invalidate"},
                                                                      {"flush_invalidate", "writeback_invalidate"},
                                                                      {"store", "write"},
                                                                      {"load", "read"},
                                                                      {"memcpy", "copy"}};

}  // namespace

void Step::describe(TraceRow& row) const {
  row.op = TraceRow::Op::step;
  row.detail = settings;
}

StepReader::StepReader(const YAML::Node& node, const StepSource& source, const StepKind& kind)
    : FieldReader(node, source.file, std::string("step '") + kind.name + "'", kind.type()), source_(source) {}

StepList StepReader::steps(const std::string& field) {
  const YAML::Node list = node(field);
  if (!list.IsDefined()) missing(field, "a list of steps");
  return read_steps(list, source_, "'" + field + "'");
}

StepList StepReader::included(const std::string& path, const std::map<std::string, std::string>& parameters) {
  const auto full = (std::filesystem::path(file()).parent_path() / path).lexically_normal().string();
  const auto where = mark_of("file");
  if (std::find(source_.including.begin(), source_.including.end(), full) != source_.including.end() ||
      full == std::filesystem::path(file()).lexically_normal().string())
    fail(where, "'" + path + "' includes itself");
  if (!std::filesystem::is_regular_file(full)) fail(where, "'" + full + "' cannot be opened");
  std::string text = read_input(full);
  std::set<std::string> unused;
  for (const auto& [key, ignored] : parameters) unused.insert(key);
  for (std::size_t start = 0; (start = text.find("${", start)) != std::string::npos;) {
    const std::size_t end = text.find_first_of("}\n", start);
    if (end == std::string::npos || text[end] != '}') {
      const auto line =
          static_cast<int>(1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(start), '\n'));
      const std::size_t line_start = start == 0 ? 0 : text.rfind('\n', start) + 1;
      throw InputError({full, line, static_cast<int>(1 + start - line_start)},
                       "'${' without '}': a parameter is written ${name}");
    }
    const std::string name = text.substr(start + 2, end - start - 2);
    unused.erase(name);
    const auto value = parameters.find(name);
    if (value == parameters.end()) {
      std::vector<std::string> known;
      for (const auto& [key, ignored] : parameters) known.push_back(key);
      fail(where, "'" + path + "' needs the parameter '" + name + "'" +
                      (known.empty() ? Hint{"; give it under 'with'"} : suggestion(name, known)));
    }
    text.replace(start, end - start + 1, value->second);
    start += value->second.size();
  }
  if (!unused.empty()) fail(mark_of("with"), "'" + path + "' has no parameter '" + *unused.begin() + "'");
  static const FieldType type = field::mapping({field::needs("steps", field::steps(), "what a step 'use' executes")});
  FieldReader reader(parse_yaml(text, full), full, "the included file", type);
  const YAML::Node list = reader.node("steps");
  if (!list.IsDefined()) reader.missing("steps", "a list of steps");
  reader.finish();
  StepSource inner{source_.kinds, full, source_.including, source_.count, source_.for_master};
  inner.including.push_back(std::filesystem::path(file()).lexically_normal().string());
  inner.including.push_back(full);
  return read_steps(list, inner, "'steps'");
}

std::unique_ptr<Step> read_one_step(const std::string& name, const SourceMark& mark, const YAML::Node& settings,
                                    const StepSource& source) {
  const auto kind = std::find_if(source.kinds.begin(), source.kinds.end(),
                                 [&name](const StepKind* each) { return name == each->name; });
  if (kind == source.kinds.end()) {
    std::vector<std::string> known;
    for (const StepKind* each : source.kinds) known.emplace_back(each->name);
    for (const auto& [word, step] : words_of_the_trade)
      if (name == word)
        throw InputError(mark,
                         "there is no step '" + name + "'" + Hint{std::string("; here it is called '") + step + "'"});
    throw InputError(mark, "there is no step '" + name + "'" + suggestion(name, known));
  }
  if (source.for_master && !(*kind)->for_masters) {
    std::string able;
    for (const StepKind* each : source.kinds)
      if (each->for_masters) able += (able.empty() ? "" : ", ") + std::string(each->name);
    throw InputError(mark, "step '" + name + "' needs a core: agents have no instructions; they can " + able);
  }
  StepReader reader(settings, source, **kind);
  std::unique_ptr<Step> step = (*kind)->read(reader);
  reader.finish();
  step->mark = mark;
  step->kind = name;
  step->settings = one_line(settings);
  return step;
}

StepList read_steps(const YAML::Node& list, const StepSource& source, const std::string& what) {
  const auto mark_of = [&source](const YAML::Node& node) {
    return SourceMark{source.file, node.Mark().line + 1, node.Mark().column + 1};
  };
  if (!list.IsSequence()) throw InputError(mark_of(list), what + " must be a list of steps");
  StepList steps;
  for (const auto& node : list) {
    if (!node.IsMap() || node.size() != 1)
      throw InputError(mark_of(node), "a step is one name with its settings, such as '- signal: ready'");
    if (source.count && ++*source.count > input_limits().steps)
      throw InputError(mark_of(node), "the scenario has more than " + std::to_string(input_limits().steps) +
                                          " steps, with what 'use' stands for; --max-steps raises that");
    const auto entry = *node.begin();
    const std::string name = entry.first.Scalar();
    steps.push_back(read_one_step(name, mark_of(entry.first), entry.second, source));
  }
  return steps;
}

void check_object(const ScenarioNames& names, const std::string& object, const SourceMark& mark) {
  if (names.objects.contains(object)) return;
  std::vector<std::string> known;
  for (const auto& [name, ignored] : names.objects) known.push_back(name);
  throw InputError(mark, "no step allocates '" + object + "'" + suggestion(object, known));
}

}  // namespace dspmem
