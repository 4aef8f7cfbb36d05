// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/patterns.h"

#include "models/random.h"

namespace dspmem {

Pattern Pattern::read(StepReader& reader, const std::string& field) {
  Pattern pattern;
  std::string text;
  reader.required(field, text);
  if (text == "counter") {
    pattern.kind_ = Kind::counter;
  } else if (text == "random") {
    pattern.kind_ = Kind::random;
  } else if (text != "zeros") {
    if (text.find_first_not_of("0123456789abcdefABCDEFxX") != std::string::npos ||
        text.find_first_of("0123456789") != 0)
      reader.fail(field, "'" + text + "' is not a known pattern" +
                             suggestion(text, {"counter", "random", "zeros", "or a number"}));
    reader.required(field, pattern.value_);
  }
  return pattern;
}

FieldType Pattern::type() { return field::either({field::choice({"counter", "random", "zeros"}), field::number()}); }

std::uint8_t Pattern::at(std::uint64_t offset, std::uint64_t seed) const {
  const std::uint64_t word = offset / 4;
  std::uint64_t value = value_;
  if (kind_ == Kind::counter) value = word;
  if (kind_ == Kind::random) value = Random(seed ^ word * 0x9e3779b97f4a7c15ull).next();
  return static_cast<std::uint8_t>(value >> offset % 4 * 8);
}

bool Pattern::is_lost_in(std::uint64_t offset, std::uint64_t bytes) const {
  if (kind_ != Kind::value || value_ == 0) return false;
  for (std::uint64_t i = 0; i < bytes && i < 4; ++i)
    if (at(offset + i, 0) != 0) return false;
  return true;
}

std::string Pattern::describe() const {
  switch (kind_) {
    case Kind::counter: return "counter";
    case Kind::random: return "random";
    default: return std::to_string(value_);
  }
}

}  // namespace dspmem
