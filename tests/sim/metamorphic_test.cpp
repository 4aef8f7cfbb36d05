// SPDX-License-Identifier: Apache-2.0
// Changes to a scenario that change no verdict: time that passes, evictions, the quantum, the caches' geometry, and
// which core is which. What is found stays the same. The scenarios are those of bugs/, with their mended twins;
// DSPMEM_VARIANTS in the environment says how many variants are tried.
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "models/random.h"
#include "sim/experiment/orders.h"
#include "tests/support/program.h"

namespace dspmem::test {
namespace {

/// What somebody can do to a scenario.
struct Variant {
  std::uint32_t quantum = 1000;
  std::uint32_t cache_bytes = 0, cache_ways = 0;  ///< 0: the platform's own
  YAML::Node scenario = {};
  std::string what = {};  ///< in words
};

struct Source {
  std::string name;
  std::string text;
  bool prefetcher = false;
  bool switches = false;  ///< cores or banks by number
};

std::vector<Source> sources() {
  std::vector<Source> all;
  for (const auto& entry : std::filesystem::directory_iterator(source_directory() / "tests/sim/bugs")) {
    if (entry.path().extension() != ".yaml") continue;
    Source source{entry.path().stem(), read_file(entry.path())};
    const std::string& text = source.text;
    source.prefetcher = text.find("# with a prefetcher") != std::string::npos;
    source.switches = text.find("core_o") != std::string::npos || text.find("bank_o") != std::string::npos;
    // Which of two signals of one name comes first is the run's choice, and with it whose data races.
    if (!source.name.starts_with("two_producers_one_name")) all.push_back(std::move(source));
  }
  std::sort(all.begin(), all.end(), [](const Source& a, const Source& b) { return a.name < b.name; });
  return all;
}

class Drawer {
 public:
  Drawer(const Source& source, Random& random) : source_(source), random_(random) {}

  Variant draw() {
    Variant variant{.scenario = YAML::Load(source_.text)};
    constexpr std::uint32_t quanta[] = {1, 7, 100, 1000, 4000, 100'000};
    if (random_.below(2)) {
      variant.quantum = quanta[random_.below(std::size(quanta))];
      variant.what += fmt::format(" quantum {}", variant.quantum);
    }
    if (random_.below(2)) change_cache(variant);
    if (!source_.switches && random_.below(3) == 0) swap_cores(variant);
    for (std::uint64_t insertions = random_.below(5); insertions--;) insert(variant);
    return variant;
  }

 private:
  void change_cache(Variant& variant) {
    // Start-up code sweeps a cache of the size that it was built for: what is larger is another platform.
    variant.cache_ways = 1u << random_.below(3);
    variant.cache_bytes = std::max(2048u << random_.below(4), 1024 * variant.cache_ways);
    variant.what += fmt::format(" cache {}/{}", variant.cache_bytes, variant.cache_ways);
  }
  /// Core 0 starts up, whatever its steps are.
  void swap_cores(Variant& variant) {
    YAML::Node cores = variant.scenario["cores"];
    if (cores.size() < 2) return;
    YAML::Node swapped;
    for (const auto& each : cores) {
      const int core = each.first.as<int>();
      swapped[core < 2 ? 1 - core : core] = each.second;
    }
    variant.scenario["cores"] = swapped;
    variant.what += " swapped";
  }
  /// A step that changes nothing, somewhere between a core's steps.
  void insert(Variant& variant) {
    YAML::Node cores = variant.scenario["cores"];
    auto which = cores.begin();
    std::advance(which, random_.below(cores.size()));
    const YAML::Node objects = variant.scenario["objects"];
    YAML::Node step;
    if (random_.below(2) && objects.IsDefined() && objects.size()) {
      auto object = objects.begin();
      std::advance(object, random_.below(objects.size()));
      step["evict"] = object->first.as<std::string>();
    } else {
      step["delay"] = fmt::format("{} cycles", random_.below(3) ? random_.below(300) : random_.below(200'000));
    }
    YAML::Node steps;
    const std::size_t at = random_.below(which->second.size() + 1);
    for (std::size_t i = 0; i <= which->second.size(); ++i) {
      if (i == at) steps.push_back(step);
      if (i < which->second.size()) steps.push_back(which->second[i]);
    }
    variant.what += fmt::format(" core {} step {} {}", which->first.as<int>(), at, YAML::Dump(step));
    cores[which->first] = steps;
  }

  const Source& source_;
  Random& random_;
};

struct Found {
  std::set<std::string> what;  ///< rules and objects
  bool crashed = false;  ///< what comes after is not found

  bool agrees_with(const Found& other) const {
    if (crashed == other.crashed) return what == other.what;
    const auto& [fewer, more] = crashed ? std::pair(&what, &other.what) : std::pair(&other.what, &what);
    return !fewer->empty() && std::includes(more->begin(), more->end(), fewer->begin(), fewer->end());
  }
};

Found found(const Source& source, const Variant& variant, const std::filesystem::path& file) {
  std::ofstream(file) << variant.scenario;
  JobRequest request{file, std::nullopt, std::nullopt, std::nullopt};
  if (source.prefetcher) request.platform = std::string(DSPMEM_TEST_PLATFORMS) + "/tgl_prefetch.yaml";
  request.allow_mismatch = true;
  if (variant.cache_bytes) {
    request.platform_edits.set({"l1d", "size"}, YAML::Node(variant.cache_bytes));
    request.platform_edits.set({"l1d", "ways"}, YAML::Node(variant.cache_ways));
  }
  ReplayOptions options;
  options.quantum_cycles = variant.quantum;
  Found all;
  try {
    const Job job = load_job(request);
    options.also_found = find_in_other_lock_orders(job, options);
    const Result result = run(job, options);
    for (const Result::Finding& each : result.findings)
      if (each.severity != Severity::advice)
        all.what.insert(to_string(each.rule) + " " + (each.object ? each.object->name : "-"));
    all.crashed = result.crash.has_value();
  } catch (const InputError& error) { all.what.insert(error.what()); }
  return all;
}

std::string joined(const std::set<std::string>& all) {
  std::string text;
  for (const std::string& each : all) text += (text.empty() ? "" : ", ") + each;
  return text;
}

TEST(Metamorphic, VerdictsStayWhateverTimeAndCachesDo) {
  const char* const wanted = std::getenv("DSPMEM_VARIANTS");
  const std::uint64_t variants = wanted ? std::strtoull(wanted, nullptr, 10) : 720;
  const std::vector<Source> all = sources();
  ASSERT_GT(all.size(), 300u);
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory.path() / "s.yaml";
  Random random(7);
  std::uint64_t done = 0, different = 0;
  for (; done < variants; ++done) {
    const Source& source = all[done % all.size()];
    const Variant plain{.scenario = YAML::Load(source.text)};
    const Variant variant = Drawer(source, random).draw();
    const Found usual = found(source, plain, file), changed = found(source, variant, file);
    if (usual.agrees_with(changed)) continue;
    ++different;
    ADD_FAILURE() << source.name << ":" << variant.what << "\n  usual:   " << joined(usual.what)
                  << "\n  changed: " << joined(changed.what);
  }
  std::printf("%llu variants of %zu scenarios, %llu with another verdict\n", static_cast<unsigned long long>(done),
              all.size(), static_cast<unsigned long long>(different));
}

}  // namespace
}  // namespace dspmem::test
