// SPDX-License-Identifier: Apache-2.0
#include "sim/config/error.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <utility>

namespace dspmem {
namespace {

/// Insertions, deletions, replacements and swaps of neighbours that make one name of the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (std::size_t k = 0; k <= b.size(); ++k) row[k] = k;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before = std::exchange(above, row);
    row[0] = i;
    for (std::size_t k = 1; k <= b.size(); ++k) {
      row[k] = std::min({above[k] + 1, row[k - 1] + 1, above[k - 1] + (a[i - 1] != b[k - 1])});
      if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1]) row[k] = std::min(row[k], before[k - 2] + 1);
    }
  }
  return row[b.size()];
}

/// Names that contain one of the words, of at least three letters, that '_' and digits part `name` into.
std::vector<std::string> sharing_a_word(std::string_view name, const std::vector<std::string>& known) {
  std::vector<std::string> words(1);
  for (const char each : name) {
    if (std::isalpha(static_cast<unsigned char>(each))) words.back() += each;
    else words.emplace_back();
  }
  std::erase_if(words, [](const std::string& word) { return word.size() < 3; });
  std::vector<std::string> related;
  std::copy_if(known.begin(), known.end(), std::back_inserter(related), [&](const std::string& each) {
    return std::any_of(words.begin(), words.end(),
                       [&](const std::string& word) { return each.find(word) != std::string::npos; });
  });
  return related;
}

std::string join(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& each : names) list += (list.empty() ? "" : ", ") + each;
  return list;
}

}  // namespace

InputError::InputError(const SourceMark& mark, const Message& message)
    : std::runtime_error(mark.to_string() + ": error: " + message.text + message.hint), mark_(mark), message_(message) {
}

std::string InputError::summary() const { return mark_.to_string() + ": error: " + message_.text; }

std::string nearest_name(std::string_view name, const std::vector<std::string>& known) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, name.size() / 2);
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < best_distance || (distance == best_distance && best.empty())) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

Hint suggestion(std::string_view name, const std::vector<std::string>& known) {
  if (known.empty()) return {};
  if (const std::string near = nearest_name(name, known); !near.empty()) return {"; did you mean '" + near + "'?"};
  constexpr std::size_t listed = 64;
  if (known.size() <= listed) return {"; known are: " + join(known)};
  const std::string among = "; of " + std::to_string(known.size()) + " known, ";
  std::vector<std::string> related = sharing_a_word(name, known);
  if (related.empty()) return {among + "none resembles it"};
  constexpr std::size_t related_listed = 40;
  if (related.size() > related_listed) related.resize(related_listed);
  return {among + "these have a word of it: " + join(related)};
}

}  // namespace dspmem
