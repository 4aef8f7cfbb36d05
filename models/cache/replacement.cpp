// SPDX-License-Identifier: Apache-2.0
#include "models/cache/replacement.h"

#include <array>
#include <stdexcept>

#include "models/cache/cache_config.h"
#include "models/random.h"

namespace dspmem {
namespace {

/// True least-recently-used.
class Lru final : public ReplacementPolicy {
 public:
  explicit Lru(const CacheConfig& config) {
    orders_.resize(config.sets());
    ways_ = config.ways;
  }

  std::uint32_t victim(std::uint32_t set, std::uint32_t locked_ways) override {
    std::uint32_t position = ways_ - 1;
    while (locked_ways >> orders_[set].at(position) & 1) --position;
    return orders_[set].at(position);
  }
};

/// Tree pseudo-LRU: one bit per inner node of a binary tree over the ways, pointing to the colder half.
/// With a way count that is not a power of two, walks that end beyond the last way take the other branch.
class TreePlru final : public ReplacementPolicy {
 public:
  explicit TreePlru(const CacheConfig& config) : leaves_(1), bits_(config.sets(), 0) {
    ways_ = config.ways;
    while (leaves_ < ways_) leaves_ *= 2;
  }

  void touched(std::uint32_t set, std::uint32_t way) override {
    for (std::uint32_t node = way + leaves_; node > 1; node /= 2) {
      const std::uint32_t parent = node / 2;
      const bool came_from_right = node & 1;
      bits_[set] = (bits_[set] & ~(1u << parent)) | (came_from_right ? 0u : 1u << parent);
    }
  }

  std::uint32_t victim(std::uint32_t set, std::uint32_t locked_ways) override {
    std::uint32_t node = 1;
    while (node < leaves_) {
      const std::uint32_t colder = node * 2 + (bits_[set] >> node & 1);
      node = usable(colder, locked_ways) ? colder : colder ^ 1;
    }
    return node - leaves_;
  }

 private:
  bool usable(std::uint32_t node, std::uint32_t locked_ways) const {
    if (node >= leaves_) return node - leaves_ < ways_ && !(locked_ways >> (node - leaves_) & 1);
    return usable(node * 2, locked_ways) || usable(node * 2 + 1, locked_ways);
  }

  std::uint32_t leaves_;
  std::vector<std::uint32_t> bits_;
};

/// A seeded choice, the same sequence on every machine.
class RandomChoice final : public ReplacementPolicy {
 public:
  explicit RandomChoice(const CacheConfig& config) : random_(config.seed) { ways_ = config.ways; }

  std::uint32_t victim(std::uint32_t, std::uint32_t locked_ways) override {
    std::uint32_t way = static_cast<std::uint32_t>(random_.below(ways_));
    while (locked_ways >> way & 1) way = (way + 1) % ways_;
    return way;
  }

 private:
  Random random_;
};

struct Builtin {
  const char* name;
  std::unique_ptr<ReplacementPolicy> (*make)(const CacheConfig&);
};

template <class Policy>
std::unique_ptr<ReplacementPolicy> make(const CacheConfig& config) {
  return std::make_unique<Policy>(config);
}

constexpr std::array<Builtin, 3> builtin_policies{{
    {"lru", make<Lru>},
    {"tree-plru", make<TreePlru>},
    {"random", make<RandomChoice>},
}};

}  // namespace

std::vector<std::string> replacement_policies() {
  std::vector<std::string> names;
  for (const Builtin& policy : builtin_policies) names.emplace_back(policy.name);
  return names;
}

std::unique_ptr<ReplacementPolicy> make_replacement_policy(const CacheConfig& config) {
  for (const Builtin& policy : builtin_policies)
    if (config.replacement == policy.name) return policy.make(config);
  throw std::invalid_argument("replacement: no policy is called '" + config.replacement + "'");
}

}  // namespace dspmem
