// SPDX-License-Identifier: Apache-2.0
#include "sim/report/bug_text.h"

#include <fmt/format.h>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

namespace dspmem {
namespace {

using Finding = Result::Finding;
using Operation = Result::Operation;
using Kind = Result::Operation::Kind;
using View = Result::Operation::View;

// ---- The picture: who did what, in order of time ------------------------------------------------

/// A line of the scenario that the source below shows, or a place in the firmware.
std::string place_of(const Operation& operation, const std::string& scenario) {
  const auto name = [](const std::string& file) { return std::filesystem::path(file).filename().string(); };
  std::string step;
  if (operation.step.line)
    step = operation.step.file == scenario ? fmt::format("line {}", operation.step.line)
                                           : fmt::format("{}:{}", name(operation.step.file), operation.step.line);
  if (operation.stack.empty()) return step;
  Result::Frame frame = operation.stack[0];
  if (!step.empty() && !frame.function.empty()) return step + ", " + frame.function;
  frame.file = name(frame.file);
  return to_string(frame);
}

std::string words_for(const Operation& operation) {
  const bool access = operation.kind == Kind::read || operation.kind == Kind::write;
  std::string text = to_string(operation.kind);
  if (access && operation.view != View::none && operation.view != View::direct)
    text += std::string(", ") + to_string(operation.view);
  if (operation.count > 1) text += fmt::format(" x {}", operation.count);
  if (operation.cycle)
    text += fmt::format("{} cycle {}",
                        operation.count <= 1         ? ","
                        : operation.cycle_is_first() ? ", the first at"
                                                     : ", the last at",
                        operation.cycle);
  return text;
}

/// What is wrong, between two lines of the picture: in whose column, and before what.
struct Break {
  std::string text;
  Agent agent;
  bool before_access = true;
};

Break break_of(const Finding& finding) {
  const std::string rule = to_string(finding.rule);
  const Agent other = finding.other ? finding.other->agent : finding.access.agent;
  if (rule == "missing-writeback" || rule == "stale-boot")
    return {finding.cause ? "this write-back may come too late" : "no write-back", other};
  if (rule == "stale-code")
    return finding.access.view == View::direct ? Break{"no write-back", other}
                                               : Break{"no invalidate of the instruction cache", finding.access.agent};
  if (rule == "missing-invalidate") return {"no invalidate", finding.access.agent};
  // Where nobody reads it the access is the store that does the damage.
  if (rule == "lost-update")
    return {"an eviction may write the old line back", finding.cause ? finding.cause->agent : other,
            finding.access.kind == Kind::read};
  if (rule == "discarded-write" && finding.cause) return {"throws the write away", finding.cause->agent};
  if (rule == "data-race" || rule == "use-of-powered-off-bank")
    return {finding.other ? "nothing orders these" : "", other};
  if (rule == "uncommitted-access") return {"no commit", finding.access.agent, false};
  return {"", other};
}

bool writes_back(Kind kind) { return kind == Kind::write_back || kind == Kind::write_back_invalidate; }

struct Row {
  const Operation* operation;
  bool is_access = false;
};

/// The finding's operations and those of the line's history between them, oldest first. When reads were made is not
/// always known: the access comes last then.
std::vector<Row> rows_of(const Finding& finding) {
  std::vector<Row> rows;
  const auto known = [&rows](const Operation& each) {
    return std::any_of(rows.begin(), rows.end(), [&each](const Row& row) {
      const Operation& other = *row.operation;
      const auto function = [](const Operation& of) { return of.stack.empty() ? std::string() : of.stack[0].function; };
      // One of several in a row, from one place, is as good as all of them.
      return other.agent == each.agent && other.kind == each.kind &&
             (other.cycle == each.cycle ||
              (each.count > 1 && other.step == each.step && function(other) == function(each)));
    });
  };
  if (finding.other) rows.push_back({finding.other ? &*finding.other : nullptr});
  const auto is_access = [&finding](const Operation& each) {
    return each.agent == finding.access.agent && each.kind == finding.access.kind && each.cycle == finding.access.cycle;
  };
  if (finding.cause && !known(*finding.cause) && !is_access(*finding.cause)) rows.push_back({&*finding.cause});
  std::uint64_t from = ~0ull;
  for (const Row& row : rows)
    if (row.operation->cycle) from = std::min(from, row.operation->cycle);
  constexpr std::size_t most = 6;
  std::vector<const Operation*> between;
  for (const Operation& each : finding.history)
    if (each.cycle >= from && (!finding.access.cycle || each.cycle <= finding.access.cycle) && !known(each))
      between.push_back(&each);
  for (std::size_t i = between.size() > most ? between.size() - most : 0; i < between.size(); ++i)
    if (!is_access(*between[i])) rows.push_back({between[i]});
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.operation->cycle < b.operation->cycle; });
  const Row access{&finding.access, true};
  const auto later = std::find_if(rows.begin(), rows.end(), [&](const Row& row) {
    return finding.access.cycle && row.operation->cycle > finding.access.cycle;
  });
  rows.insert(later, access);
  return rows;
}

std::string cut(const std::string& text, std::size_t width) {
  return text.size() <= width ? text : "..." + text.substr(text.size() - (width - 3));
}

std::string picture_of(const Finding& finding, const Paint& paint, unsigned width) {
  if (!finding.other && !finding.cause) return "";
  std::vector<Agent> agents;
  const auto column_of = [&agents](const Agent& agent) {
    return static_cast<std::size_t>(std::find(agents.begin(), agents.end(), agent) - agents.begin());
  };
  const auto add = [&](const Agent& agent) {
    if (agent.kind != Agent::Kind::none && column_of(agent) == agents.size()) agents.push_back(agent);
  };
  if (finding.other) add(finding.other->agent);
  add(finding.access.agent);
  if (finding.cause) add(finding.cause->agent);
  const std::vector<Row> rows = rows_of(finding);
  for (const Row& row : rows)
    if (agents.size() < 4) add(row.operation->agent);
  if (agents.empty()) return "";
  const std::size_t column = std::max<std::size_t>(20, (width - 3) / agents.size());
  std::string out;
  const auto line = [&](std::size_t at, const std::string& text, const std::string& shown) {
    if (text.empty()) return std::string();
    return "   " + std::string(at * column, ' ') + shown + "\n";
  };
  std::string heading = "   ";
  for (const Agent& agent : agents) heading += fmt::format("{:<{}}", to_string(agent), column);
  heading.erase(heading.find_last_not_of(' ') + 1);
  out = paint.strong(heading) + "\n";
  const Break broken = break_of(finding);
  const auto say_break = [&] {
    if (broken.text.empty()) return;
    const std::size_t at = column_of(broken.agent);
    const std::string text = "** " + broken.text + " **";
    out += line(at < agents.size() ? at : 0, text, paint.bad(text));
    // The hand-over, broken.
    if (!finding.other || finding.relation != Finding::Relation::missed || finding.other->agent == finding.access.agent)
      return;
    const std::size_t from = column_of(finding.other->agent), to = column_of(finding.access.agent);
    const std::size_t length = (from < to ? to - from : from - to) * column - 4;
    const std::string dashes(length / 2 - 1, '-');
    const std::string arrow = from < to ? dashes + "x" + dashes + ">" : "<" + dashes + "x" + dashes;
    out += line(std::min(from, to), arrow, paint.bad(arrow));
  };
  const std::string scenario =
      finding.access.step.empty() && finding.other ? finding.other->step.file : finding.access.step.file;
  // The write-back that may do the damage, if this run had one; else an eviction may at any time.
  const Operation* damage = nullptr;
  if (finding.rule.name == "lost-update" && finding.cause && finding.other)
    for (const Row& row : rows)
      if (row.operation->agent == finding.cause->agent && writes_back(row.operation->kind) &&
          row.operation->cycle > finding.other->cycle && row.operation->cycle > finding.cause->cycle)
        damage = row.operation;
  for (const Row& row : rows) {
    if (row.is_access && broken.before_access && !damage) say_break();
    const std::size_t at = column_of(row.operation->agent);
    if (at == agents.size()) continue;
    const std::string what = cut(words_for(*row.operation), column - 1),
                      place = cut(place_of(*row.operation, scenario), column - 3);
    out += line(at, what,
                row.is_access || row.operation == (finding.other ? &*finding.other : nullptr) ||
                        row.operation == (finding.cause ? &*finding.cause : nullptr)
                    ? paint.mark(what)
                    : what);
    if (!place.empty()) out += line(at, "  " + place, paint.faint("  " + place));
    if (row.operation == damage) {
      const std::string text = finding.severity == Severity::manifest ? "** overwrites it with the old copy **"
                                                                      : "** may overwrite it with the old copy **";
      out += line(at, text, paint.bad(text));
    }
    if (row.is_access && !broken.before_access) say_break();
  }
  return out;
}

// ---- The source ---------------------------------------------------------------------------------

/// Lines of a text file, from 1. Nothing when it cannot be read, or is no text file of a sensible size.
class SourceLines {
 public:
  explicit SourceLines(const std::string& file) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error) || std::filesystem::file_size(file, error) > (4u << 20)) return;
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) lines_.push_back(line);
  }
  bool has(int line) const { return line >= 1 && static_cast<std::size_t>(line) <= lines_.size(); }
  const std::string& operator[](int line) const { return lines_[static_cast<std::size_t>(line - 1)]; }

 private:
  std::vector<std::string> lines_;
};

/// What to say of some lines of a file.
struct Note {
  int line = 0, column = 0;
  std::string text;
};

/// Control characters of a source file must not reach a terminal.
std::string plain(const std::string& text) {
  std::string result;
  for (const char each : text)
    result += static_cast<unsigned char>(each) < 0x20 || each == 0x7f ? (each == '\t' ? ' ' : '?') : each;
  return result;
}

std::string excerpt(const std::string& file, const std::vector<Note>& notes, const std::vector<Result::Patch>& patches,
                    const Paint& paint, unsigned width) {
  const SourceLines lines(file);
  if (!lines.has(notes.front().line)) return fmt::format("   {} (source not there)\n", file);
  std::string out = "   " + paint.strong(file) + "\n";
  using How = Result::Patch::How;
  const auto add_patches = [&](int line, bool after) {
    for (const Result::Patch& patch : patches) {
      if (patch.at.file != file || patch.at.line != line || (patch.how == How::before) == after) continue;
      const std::string& beside = lines[line];
      const std::size_t dash = beside.find_first_not_of(' ');
      const bool a_list_item = dash != std::string::npos && beside[dash] == '-';
      std::string text = a_list_item ? std::string(dash, ' ') + "- " + patch.text
                                     : fmt::format("    add {} this step: {}", after ? "after" : "before", patch.text);
      if (patch.how == How::setting) text = "    set in this step: " + patch.text;
      out += paint.good("      + | " + text) + "\n";
    }
  };
  int last = 0;
  for (const Note& note : notes) {
    if (!lines.has(note.line)) continue;
    const int first = note.line > 1 ? note.line - 1 : 1;
    if (last && first > last + 1) out += "    ...\n";
    for (int line = std::max(first, last + 1); line < note.line; ++line)
      out += fmt::format("  {:>5} | {}\n", line, plain(lines[line]).substr(0, width - 10));
    if (note.line > last) {
      add_patches(note.line, false);
      out += fmt::format("  {:>5} | {}\n", note.line, plain(lines[note.line]).substr(0, width - 10));
    }
    const std::string& text = lines[note.line];
    const std::size_t column = note.column ? static_cast<std::size_t>(note.column - 1) : text.find_first_not_of(" \t");
    out += fmt::format("        | {}{}\n",
                       std::string(column == std::string::npos ? 0 : std::min<std::size_t>(column, width - 12), ' '),
                       paint.mark("^ " + note.text));
    if (note.line > last) add_patches(note.line, true);
    last = std::max(last, note.line);
  }
  return out;
}

std::string sources_of(const Finding& finding, const Paint& paint, unsigned width) {
  std::vector<std::pair<std::string, std::vector<Note>>> files;
  const auto add = [&files](const std::string& file, const Note& note) {
    if (file.empty() || !note.line) return;
    auto found = std::find_if(files.begin(), files.end(), [&file](const auto& each) { return each.first == file; });
    if (found == files.end()) found = files.insert(files.end(), {file, {}});
    for (Note& each : found->second)
      if (each.line == note.line && each.column == note.column) {
        if (each.text != note.text) each.text += "; " + note.text;
        return;
      }
    found->second.push_back(note);
  };
  const auto add_operation = [&](const Operation& operation) {
    const std::string text = to_string(operation.agent) + (operation.agent.kind == Agent::Kind::none ? "" : ": ") +
                             to_string(operation.kind);
    add(operation.step.file, {operation.step.line, operation.step.column, text});
    // An inline function of a header, and what a step does by itself, the step tells better.
    const bool by_step = operation.kind == Kind::power_off || operation.kind == Kind::power_on;
    for (const Result::Frame& frame : operation.stack)
      if (frame.line > 0 && !frame.file.ends_with(".h") && !(by_step && operation.step.line)) {
        add(frame.file, {frame.line, 0, text});
        break;
      }
  };
  if (finding.other) add_operation(*finding.other);
  if (finding.cause) add_operation(*finding.cause);
  if (finding.rule.name == "lost-update" && finding.cause && finding.other)
    for (const Operation& each : finding.history)
      if (each.agent == finding.cause->agent && writes_back(each.kind) && each.cycle > finding.other->cycle)
        add_operation(each);
  add_operation(finding.access);
  for (const Result::Patch& patch : finding.patches)  // its line is shown, whoever did something there
    if (const auto known =
            std::find_if(files.begin(), files.end(), [&](const auto& each) { return each.first == patch.at.file; });
        known == files.end() || std::none_of(known->second.begin(), known->second.end(),
                                             [&](const Note& each) { return each.line == patch.at.line; }))
      add(patch.at.file, {patch.at.line, patch.at.column, "here"});
  std::string out;
  for (auto& [file, notes] : files) {
    std::stable_sort(notes.begin(), notes.end(), [](const Note& a, const Note& b) { return a.line < b.line; });
    out += excerpt(file, notes, finding.patches, paint, width);
  }
  return out;
}

const char* words_of(Severity severity) {
  switch (severity) {
    case Severity::manifest: return "manifest: it happened in this run";
    case Severity::latent: return "latent: it may happen in another run";
    case Severity::warning: return "warning: nobody in this scenario would notice";
    case Severity::advice: return "advice";
  }
  return "";
}

}  // namespace

std::string wrapped(const std::string& text, const std::string& indent, unsigned width) {
  std::string out, line;
  std::size_t used = indent.size();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (used + word.size() + (line.empty() ? 0 : 1) > width && !line.empty()) {
      out += line + "\n" + indent;
      line.clear();
      used = indent.size();
    }
    line += (line.empty() ? "" : " ") + word;
    used += word.size() + (line.size() > word.size() ? 1 : 0);
    at = end + 1;
  }
  return out + line;
}

std::string bug_text(const Group& group, std::size_t number, const WriterOptions& options) {
  const Paint paint(options.colour);
  const Finding& root = group.root();
  const std::string many = root.count > 1 ? fmt::format(", {} accesses", root.count) : "";
  const std::string title = fmt::format("{}{} ({}{})", number ? fmt::format("{}. ", number) : "", root.rule.name,
                                        words_of(root.severity), many);
  std::string out = "\n" + (fails_with(group.severity(), options.strict) ? paint.bad(title) : paint.mark(title)) +
                    "\n   " + wrapped(root.message, "   ", options.width) + "\n\n";
  if (const std::string picture = picture_of(root, paint, options.width); !picture.empty()) out += picture + "\n";
  if (const std::string sources = sources_of(root, paint, options.width); !sources.empty()) out += sources + "\n";
  if (root.object) {
    const Result::Object& object = *root.object;
    out += "   object  " +
           wrapped(fmt::format("'{}', {} bytes at {:#x}, {}{}", object.name, object.bytes, object.address, object.zone,
                               object.where.empty() ? "" : ", from " + to_string(object.where)),
                   "           ", options.width) +
           "\n";
  }
  for (const Result::Object& each : root.neighbours)
    out += root.object ? fmt::format("           in the same line: '{}', {} bytes\n", each.name, each.bytes)
                       : fmt::format("   {}  '{}', {} bytes at {:#x}\n",
                                     &each == &root.neighbours.front() ? "object" : "      ", each.name, each.bytes,
                                     each.address);
  if (!root.seen.empty() && root.seen != root.owed)
    out +=
        fmt::format("   bytes   {} to {}: read {}, the latest are {}\n", root.first, root.last, root.seen, root.owed);
  if (!root.fix.empty())
    out += "   " + paint.good("fix") + "     " + wrapped(root.fix, "           ", options.width) + "\n";
  if (group.findings.size() > 1) {
    std::map<std::string, std::size_t> others;
    for (std::size_t i = 1; i < group.findings.size(); ++i)
      ++others[fmt::format("{} ({})", group.findings[i]->rule.name, to_string(group.findings[i]->severity))];
    std::string text;
    for (const auto& [what, count] : others)
      text += (text.empty() ? "" : ", ") + (count > 1 ? fmt::format("{} x ", count) : "") + what;
    out += "   also    " +
           wrapped(fmt::format("of the same object or place: {}; -v shows them", text), "           ", options.width) +
           "\n";
  }
  return number ? out + "   more    dspmem explain " + to_string(root.rule) + "\n" : out;
}

}  // namespace dspmem
