// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/statics.h"

#include <fmt/format.h>
#include <bit>

namespace dspmem {

const FieldType& static_fields() {
  using namespace field;
  static const FieldType fields = mapping(
      {
          needs("bytes", size(1, 16 * 1024 * 1024), "bytes of the object"),
          has("align", number(), "alignment, bytes: a power of two; default 4"),
          has("shared", flag(),
              "whether it is shared data: lines of its own, reached as the platform shares; default false"),
          has("at", number(), "its address, in either view"),
          has("bank", text(), "the bank that it is in, such as HP3"),
          has("behind", text(), "the object that it is right behind"),
      },
      "bytes");
  return fields;
}

std::vector<StaticObject> read_statics(const YAML::Node& node, const std::string& file) {
  const auto mark_of = [&file](const YAML::Node& at) {
    return SourceMark{file, at.Mark().line + 1, at.Mark().column + 1};
  };
  if (!node.IsMap())
    throw InputError(mark_of(node), "'objects' must be a mapping from name to settings, such as {table: {bytes: 64}}");
  std::vector<StaticObject> statics;
  for (const auto& entry : node) {
    StaticObject object;
    object.name = entry.first.Scalar();
    object.mark = mark_of(entry.first);
    for (const StaticObject& other : statics)
      if (other.name == object.name)
        throw InputError(object.mark, fmt::format("the name '{}' is given twice: it is declared at line {} too",
                                                  object.name, other.mark.line));
    FieldReader reader(entry.second, file, "object '" + object.name + "'", static_fields());
    Bytes bytes;
    reader.required("bytes", bytes);
    object.bytes = static_cast<std::uint32_t>(bytes.value);
    reader.optional("align", object.alignment);
    if (!std::has_single_bit(object.alignment))
      reader.fail("align", fmt::format("'align' must be a power of two, not {}", object.alignment));
    reader.optional("shared", object.shared);
    std::uint32_t at = 0;
    if (reader.optional("at", at)) object.at = at;
    reader.optional("bank", object.bank);
    reader.optional("behind", object.behind);
    if (object.at.has_value() + !object.bank.empty() + !object.behind.empty() > 1)
      throw InputError(object.mark, "an object has one place: 'at', 'bank' or 'behind'");
    reader.finish();
    statics.push_back(std::move(object));
  }
  return statics;
}

}  // namespace dspmem
