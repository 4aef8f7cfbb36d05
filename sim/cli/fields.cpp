// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <algorithm>

#include "sim/cli/commands.h"
#include "sim/cli/file_kinds.h"
#include "sim/cli/usage.h"
#include "sim/config/error.h"
#include "sim/config/field_schema.h"

namespace dspmem {
namespace {

constexpr const char* usage =
    "fields [WHAT]\n\nShows the fields of a kind of file, or of one kind of step: which there are, what each means, "
    "what it may be. Without WHAT: the kinds of files.\n"
    "A dot leads into a field: platform.l1d. --schema prints the JSON Schema of a kind of file, for editors; "
    "configs/schema has them all.";

/// What lies behind a list, names or a choice of types, if that has fields.
const FieldType* with_fields(const FieldType& type) {
  if (!type.fields.empty()) return &type;
  for (const FieldType& part : type.parts)
    if (const FieldType* found = with_fields(part)) return found;
  return nullptr;
}

void print_fields(const FieldList& fields, std::size_t depth) {
  constexpr std::size_t name_width = 22;
  for (const Field& each : fields) {
    const FieldType* inner = with_fields(each.type);
    fmt::print("{:{}}{:<{}} {} [{}{}]\n", "", 2 * depth, each.name, name_width - 2 * depth, each.summary,
               each.required ? "needed; " : "", each.type.describe());
    if (inner) print_fields(inner->fields, depth + 1);
  }
}

/// The type at the end of a path such as l1d.size.
FieldType within(FieldType type, std::string path, std::string so_far) {
  while (!path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    const std::string name = path.substr(0, dot);
    path.erase(0, dot + 1);
    const FieldType* inner = with_fields(type);
    std::vector<std::string> known;
    if (inner)
      for (const Field& each : inner->fields) known.push_back(each.name);
    const Field* found = inner ? find_field(inner->fields, name) : nullptr;
    if (!found) throw UsageError(fmt::format("'{}' has no field '{}'", so_far, name) + suggestion(name, known));
    const Field next = *found;
    if (path.empty() && !with_fields(next.type)) {
      print_fields({next}, 0);
      return {};
    }
    type = next.type;
    so_far += "." + name;
  }
  return type;
}

}  // namespace

int fields_command(const std::vector<std::string>& arguments) {
  namespace po = boost::program_options;
  po::options_description options("options");
  options.add_options()("schema", "print the JSON Schema of a kind of file");
  po::variables_map values;
  if (!parse_arguments(arguments, usage, options, "what", values)) return 0;
  std::vector<std::string> asked;
  if (values.count("what")) asked = values["what"].as<std::vector<std::string>>();
  if (asked.size() > 1) throw UsageError("fields shows one kind at a time");
  if (asked.empty()) {
    if (values.count("schema")) throw UsageError("--schema needs a kind of file: 'dspmem fields platform --schema'");
    for (const FileKind& each : file_kinds()) fmt::print("{:<14} {}\n", each.name, each.summary);
    fmt::print("\n'dspmem fields NAME' shows one of these, or a step of 'dspmem steps'\n");
    return 0;
  }
  const std::size_t dot = std::min(asked[0].find('.'), asked[0].size());
  const std::string name = asked[0].substr(0, dot), path = dot < asked[0].size() ? asked[0].substr(dot + 1) : "";
  std::vector<std::string> known;
  for (const FileKind& each : file_kinds()) {
    known.emplace_back(each.name);
    if (name != each.name) continue;
    const FieldType type = each.fields();
    if (values.count("schema"))
      fmt::print("{}", json_schema(std::string("dspmem ") + each.name, each.summary, type, step_kinds_type()));
    else print_fields(within(type, path, name).fields, 0);
    return 0;
  }
  if (values.count("schema")) throw UsageError("'" + name + "' is not a kind of file" + suggestion(name, known));
  const FieldType steps = step_kinds_type();
  for (const Field& each : steps.fields) {
    known.push_back(each.name);
    if (name != each.name) continue;
    fmt::print("{}: {}{}\n", each.name, each.summary,
               each.type.primary.empty()
                   ? ""
                   : fmt::format("; '{}: X' is short for '{}: {{{}: X}}'", each.name, each.name, each.type.primary));
    print_fields(within(each.type, path, name).fields, 1);
    return 0;
  }
  throw UsageError("'" + name + "' is neither a kind of file nor a step" + suggestion(name, known));
}

}  // namespace dspmem
