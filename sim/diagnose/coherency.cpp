// SPDX-License-Identifier: Apache-2.0
// Findings of the coherency checker in words: objects and their neighbours, functions, source lines.
#include <fmt/format.h>

#include <algorithm>

#include "sim/diagnose/diagnosis.h"

namespace dspmem {

extern const RuleInfo use_of_powered_off_bank_rule;

namespace {

constexpr RuleInfo missing_writeback_rule{
    {"missing-writeback", 2},
    Severity::manifest,
    "the latest write may still be in the writer's cache",
    "A core wrote through its cache, and the line was not written back before another core, a DMA channel or the host "
    "read it. The reader gets what memory held before. The cache may evict the line by itself at any time, so the bug "
    "shows in some runs only.",
    "Write the object back on the core that wrote it, after the last store and before the signal, doorbell or unlock "
    "that hands it over."};
constexpr RuleInfo missing_invalidate_rule{
    {"missing-invalidate", 3},
    Severity::manifest,
    "the reader's cache may hold an older copy",
    "Memory has the latest write, but the core that reads may still have a copy of the line in its cache that it "
    "fetched before, because nothing invalidated it after the hand-over. Lines are fetched as a whole: a read of a "
    "neighbouring object, or a prefetcher, fetches it too.",
    "Invalidate the object on the core that reads, after it took the object over and before its first load."};
constexpr RuleInfo lost_update_rule{
    rule::lost_update, Severity::manifest, "a write-back of an older copy may overwrite the latest write",
    "A dirty line is written back as a whole. Where another agent has written bytes of that line meanwhile, the "
    "write-back puts the older bytes over them. Two objects of different cores in one line, or a dirty line left "
    "behind when an object changes hands, are the usual reasons.",
    "Give what different cores write cache lines of its own, and write back and invalidate a line before somebody else "
    "writes to it."};
constexpr RuleInfo discarded_write_rule{
    {"discarded-write", 2},
    Severity::manifest,
    "an invalidate may throw away a write",
    "A core invalidated a line that was dirty in its cache: the bytes that it, or a neighbour in the same line, had "
    "written are gone before they reached memory.",
    "Write the line back before invalidating it, or use the operation that does both; keep other objects out of the "
    "line."};
constexpr RuleInfo mixed_alias_rule{{"mixed-alias", 3},
                                    Severity::manifest,
                                    "the same bytes are accessed through the cache and past it",
                                    "The same memory has two addresses, cached and uncached. An uncached access does "
                                    "not see what is dirty in a cache, a cached one does not see what was written past "
                                    "the cache, and a cache operation on an uncached address does nothing.",
                                    "Use one address for the object everywhere. Where both are needed, write back and "
                                    "invalidate before changing over."};
constexpr RuleInfo stale_boot_rule{{"stale-boot", 2},
                                   Severity::manifest,
                                   "a core was started before what it reads was written back",
                                   "A core that starts reads its code and data from memory. What another core wrote "
                                   "before and did not write back is still in that core's cache.",
                                   "Write back everything that the new core will read, on the core that wrote it, "
                                   "before the new core is switched on."};
constexpr RuleInfo lost_on_power_off_rule{rule::lost_on_power_off, Severity::manifest,
                                          "what was written was lost with its bank's or core's power",
                                          "A bank that is switched off loses its contents, and a core that is switched "
                                          "off loses the dirty lines of its cache. The bytes were needed afterwards.",
                                          "Keep the object in a bank that stays on, save it before the power-off, or "
                                          "write the core's cache back before it goes down."};
constexpr RuleInfo wrong_range_rule{{"wrong-range", 2},
                                    Severity::manifest,
                                    "a cache operation covered other bytes than those that changed hands",
                                    "The right cache operation was done on the object, but on another range: it covers "
                                    "less than what was written or is read next, or the wrong address.",
                                    "Give the cache operation the address and size of all that changes hands."};
constexpr RuleInfo lock_in_cache_rule{
    {"lock-in-cache", 1},
    Severity::latent,
    "a lock is reached through a cache, where no other core sees it",
    "A synchronising instruction (S32C1I, L32AI, S32RI) was executed on a cached address and handled inside the core's "
    "cache. Caches are not kept coherent: two cores can both take such a lock.",
    "Reach the lock through the uncached alias, or set ATOMCTL so that the instruction works at memory."};
constexpr RuleInfo uncommitted_access_rule{
    {"uncommitted-access", 5},
    Severity::latent,
    "shared data was used and not committed",
    "On a platform without an uncached alias, shared data is kept current by commits: every access, reads included, "
    "must be followed by a write-back and invalidate (platform_shared_commit) before the core hands the data over.",
    "Call platform_shared_commit on the data after the access and before the lock is released or the other core is "
    "signalled."};
constexpr RuleInfo data_race_rule{
    rule::data_race, Severity::latent, "two agents access the same bytes, and nothing orders them",
    "At least one of the two accesses writes. Without a lock, signal or doorbell between them either may come first: "
    "what the reader gets, or which write survives, depends on timing.",
    "Order the accesses: a lock around both, or a signal after the first and a wait before the second. Cached data "
    "needs its cache operations too."};
constexpr RuleInfo stale_code_rule{
    {"stale-code", 3},
    Severity::manifest,
    "a core executes instructions as they were before they were written",
    "Instructions were written while the firmware runs: a module was loaded, or code was patched. They reach a core's "
    "instruction cache through memory only, and that cache keeps what it has once fetched.",
    "Write the instructions back from the data cache after the last store, then invalidate them in the instruction "
    "cache of every core that executes them (IHI for each line), then execute them."};
constexpr RuleInfo accidental_order_rule{
    {"accidental-order", 12},
    Severity::warning,
    "two agents hand over data, and only something that both use by chance orders them",
    "One agent uses what another wrote. The only order between the two accesses comes from a place where they meet by "
    "chance: the allocator's own lock, a DMA channel that both use, or accesses that both let the host make. It goes "
    "away when the allocator changes, or when one of them no longer calls it there: then it is a data-race.",
    "Hand the data over: a lock around both accesses, or a signal after the first and a wait before the second."};

/// The edit of a scenario that does as a fix: a cache operation beside a step, or the view of one.
enum class Edit : std::uint8_t {
  none,
  write_back_after_write,  ///< the object that was written
  invalidate_before_read,  ///< the object that is read
  invalidate_code_before_read,  ///< the same, in the instruction cache
  commit_after_access,
  write_back_before_cause,  ///< the object that an invalidate throws away
  cached_side_past_cache,  ///< whichever of the two accesses is cached
  cause_past_cache,
  clean_after_cause,  ///< write back and invalidate what the cause stored to
  invalidate_before_cause,  ///< the same, before it
};

struct Text {
  Rule rule;
  const RuleInfo* info;
  // {reader} {writer} {object} {write place} {read place}; {its write}: what the writer wrote; {hand-over} {take-over}:
  // how the object changes hands; of what destroyed the bytes: {cause} {cause object} {cause place}
  const char* message;
  const char* missing;
  const char* fix;
  Edit edit = Edit::none;
  bool parts = false;  ///< cache lines of their own would do, too, where it is about different parts of one object
};

constexpr Text texts[] = {
    {Rule::missing_writeback, &missing_writeback_rule,
     "{reader} {may read} '{object}' before what {writer} wrote has left that core's cache",
     "a write-back of '{object}' by {writer} after {write place}, before it hands the object over",
     "write '{object}' back (dcache_writeback_region, or platform_shared_commit) on {writer} after the last store, "
     "before {hand-over}",
     Edit::write_back_after_write},
    {Rule::missing_invalidate, &missing_invalidate_rule,
     "{reader} {may read} an old copy of '{object}' from its own cache; memory has what {writer} wrote",
     "an invalidate of '{object}' by {reader} after it took the object over, before {read place}",
     "invalidate '{object}' (dcache_invalidate_region, or platform_shared_commit) on {reader} after {take-over} and "
     "before the first load",
     Edit::invalidate_before_read},
    {Rule::discarded_write, &discarded_write_rule, "an invalidate {may throw} away what {writer} wrote to '{object}'",
     "a write-back before the invalidate",
     "write the line back before the invalidate, or let the invalidate cover other lines only",
     Edit::write_back_before_cause},
    {Rule::mixed_alias, &mixed_alias_rule,
     "'{object}' is reached through the cache and past it: {reader} {may not see} {its write}",
     "one view for all accesses, or a write-back by the cached side and an invalidate before its next load",
     "use one alias for '{object}' everywhere (platform_shared_get), and write back and invalidate it before changing "
     "over",
     Edit::cached_side_past_cache},
    {Rule::stale_boot, &stale_boot_rule, "{reader} started with '{object}' as it was before {writer} wrote it",
     "a write-back of '{object}' by {writer} before {reader} was started",
     "write back everything the new core will read before switching it on (dcache_writeback_all)",
     Edit::write_back_after_write},
    {Rule::lost_on_power_off, &lost_on_power_off_rule,
     "what {writer} wrote to '{object}' was lost when its memory or core was switched off ({cause place})",
     "a bank that stays on while '{object}' is needed; where a core went down with it in its cache, a write-back "
     "before that",
     "keep '{object}' in a bank that stays on, or copy it out before the power-off and back after the power-on"},
    {Rule::wrong_range, &wrong_range_rule,
     "a cache operation on '{object}' covered other bytes than those that {writer} wrote and {reader} reads",
     "the same operation on all of the bytes that changed hands",
     "give the cache operation the range of what was written: address and size of all of '{object}', or of the part "
     "that is read"},
    {Rule::lock_in_cache, &lock_in_cache_rule,
     "{reader} synchronises on '{object}' through its cache, where no other core sees it",
     "an access that reaches memory",
     "reach '{object}' through the uncached alias (SHARED_DATA and platform_shared_get), or set ATOMCTL so that S32C1I "
     "works at memory"},
    {Rule::uncommitted_access, &uncommitted_access_rule,
     "{reader} used the shared data '{object}' and handed over without committing it",
     "platform_shared_commit on '{object}' after {read place}",
     "end every access to shared data, reads included, with platform_shared_commit before the lock is released or the "
     "other core is signalled",
     Edit::commit_after_access},
    {Rule::unordered_power_on, &use_of_powered_off_bank_rule,
     "{reader} uses '{object}', whose bank {writer} switches off and on, and nothing orders the two: the bank may be "
     "off then",
     "a signal, a doorbell or a barrier between the power-on by {writer} and the access by {reader}",
     "let {writer} say that the bank is on, after it has waited for it, and let {reader} wait for that before it uses "
     "'{object}'"},
    {Rule::stale_code, &stale_code_rule,
     "{reader} {may execute} '{object}' as it was before what {writer} wrote has left that core's data cache",
     "a write-back of '{object}' by {writer} after {write place}, and then an invalidate of it in the instruction "
     "cache of {reader}",
     "write '{object}' back (dcache_writeback_region) on {writer} after the last store, then invalidate it in the "
     "instruction cache of {reader} (IHI for each line), before it is executed",
     Edit::write_back_after_write},
    {Rule::accidental_order, &accidental_order_rule,
     "{reader} {uses} what {writer} wrote to '{object}', and nothing is meant to order the two: {chance} happens to",
     "a lock, a signal or a doorbell between the two",
     "order the two accesses: a lock around both, or a release after the first and an acquire before the second"},
    {Rule::data_race, &data_race_rule,
     "{reader} and {writer} access the same bytes of '{object}', and nothing orders them",
     "a lock, a signal or a doorbell between the two",
     "order the two accesses: a lock around both, or a release after the first and an acquire before the second"},
};

// Of lost-update, by how the line came to be dirty with an older copy of what is lost.
constexpr Text shared_line{Rule::lost_update, &lost_update_rule,
                           "what {writer} wrote to '{object}' {may be} overwritten: {cause} stores to {cause object} "
                           "in the same cache line, and writes the whole line back, with '{object}' as it was before",
                           "cache lines of their own for what {writer} and {cause} write",
                           "give '{object}' and {cause object} cache lines of their own: align them to the line, and "
                           "round their sizes up to whole lines"};
constexpr Text shared_object{
    Rule::lost_update, &lost_update_rule,
    "what {writer} wrote to '{object}' {may be} overwritten: {cause} stores to other bytes of it in the same cache "
    "line, and writes the whole line back, with the rest as it was before",
    "cache lines of their own for the parts of '{object}' that {writer} and {cause} write",
    "give the parts of '{object}' that different cores write cache lines of their own, or put one lock with a "
    "write-back and invalidate around both"};
constexpr Text left_dirty{Rule::lost_update,
                          &lost_update_rule,
                          "what {writer} wrote to '{object}' {may be} overwritten: the line was still dirty in the "
                          "cache of {cause}, since {cause place}, and may be written back later",
                          "a write-back by {cause} after {cause place}, before it hands the line over",
                          "write {cause object} back and invalidate it (dcache_writeback_invalidate_region) on {cause} "
                          "after its last store, before the release, signal, free or doorbell",
                          Edit::clean_after_cause,
                          true};
constexpr Text left_dirty_by_free{
    Rule::lost_update,
    &lost_update_rule,
    "what {writer} wrote to '{object}' {may be} overwritten: when this memory was freed, the line was dirty in the "
    "cache of {cause}, since {cause place}, and may be written back later",
    "a write-back and invalidate by {cause} before the memory is freed",
    "write the memory back and invalidate it (dcache_writeback_invalidate_region) on {cause} before it is freed, or "
    "let the allocator do so",
    Edit::clean_after_cause};
constexpr Text old_copy{
    Rule::lost_update,
    &lost_update_rule,
    "what {writer} wrote to '{object}' {may be} overwritten: {cause} stored to a copy of the line that was older "
    "({cause place}), and writes the whole line back",
    "an invalidate by {cause} before {cause place}, after it took the line over",
    "invalidate {cause object} (dcache_invalidate_region) on {cause} after the acquire and before its first store",
    Edit::invalidate_before_cause,
    true};
constexpr Text left_dirty_for_dma{
    Rule::lost_update,
    &lost_update_rule,
    "what {writer} wrote to '{object}' {may be} overwritten: the line was still dirty in the cache of {cause}, since "
    "{cause place}, and may be written back later",
    "a write-back and invalidate by {cause} after {cause place}, before {writer} writes",
    "write '{object}' back and invalidate it (dcache_writeback_invalidate_region) on {cause} before {writer} begins to "
    "write",
    Edit::clean_after_cause};
constexpr Text two_views{Rule::lost_update,
                         &lost_update_rule,
                         "what {writer} wrote to '{object}' past the cache {may be} overwritten: the line is dirty in "
                         "the cache of {cause}, since {cause place}",
                         "one view for all accesses, or a write-back and invalidate by {cause} before {write place}",
                         "use one alias for '{object}' everywhere; where both are needed, write back, then write past "
                         "the cache, then invalidate",
                         Edit::cause_past_cache};
/// Where both write other bytes of one object.
constexpr const char* parts_suffix =
    ", or give the parts of '{object}' that {writer} and {cause} write cache lines of their own";
/// Where nobody has read it.
constexpr const char* unread_suffix = "; nobody reads it in this scenario";

/// Of discarded-write, where another agent has written to the line meanwhile: a write-back now would put the rest of
/// the line over that.
constexpr Text discarded_beside_others{
    Rule::discarded_write, &discarded_write_rule,
    "an invalidate {may throw} away what {writer} wrote to '{object}', in a cache line that {others} writes, too",
    "cache lines of its own for '{object}'",
    "give '{object}' and what {others} writes cache lines of their own: align them to the line, and round their sizes "
    "up to whole lines"};

/// Of mixed-alias, where a cache operation is found instead of a read.
constexpr Text operation_past_the_cache{
    Rule::mixed_alias, &mixed_alias_rule,
    "{reader} does a cache operation on an uncached address of '{object}': the line, which it has written through its "
    "cache, stays as it is",
    "the same operation on the cached address of '{object}'",
    "give cache operations the address that the stores used; what is reached through the uncached alias needs none"};

/// Of data-race, where a DMA is one of the two: a core cannot lock what a DMA does.
constexpr Text race_with_dma{
    Rule::data_race, &data_race_rule,
    "{reader} and {writer} access the same bytes of '{object}', and nothing orders them",
    "a wait for the end of the DMA transfer between the two, or the other half of the buffer",
    "wait for the end of the transfer (dma_wait) before the other access, and before the unlock or signal that lets "
    "another core go on; or start it after that access is done; or use the half of the buffer that it is not at"};

/// Of stale-code, where memory has the instructions.
constexpr Text old_instructions{
    Rule::stale_code,
    &stale_code_rule,
    "{reader} {may execute} an old copy of '{object}' from its instruction cache; memory has what {writer} wrote",
    "an invalidate of '{object}' in the instruction cache of {reader}, before {read place}",
    "invalidate '{object}' in the instruction cache of {reader} (IHI for each line) once memory has the instructions, "
    "and before it executes them",
    Edit::invalidate_code_before_read};

const Text& text_of(Rule rule) {
  return *std::find_if(std::begin(texts), std::end(texts), [rule](const Text& each) { return each.rule == rule; });
}

std::string hex(const std::vector<std::uint8_t>& bytes) {
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(bytes.size(), 16); ++i)
    text += fmt::format("{}{:02x}", i && i % 4 == 0 ? " " : "", bytes[i]);
  return text;
}

class Coherency final : public Subscriber {
 public:
  explicit Coherency(const DiagnosisContext& context) : context_(context), log_(context.log) {}

  /// Data that is kept current by commits is mended by commits.
  void on(const RunEnded&) override {
    std::vector<Result::Finding>& findings = context_.result.findings;
    for (Result::Finding& finding : findings) {
      if (finding.rule != missing_writeback_rule.id && finding.rule != missing_invalidate_rule.id &&
          finding.rule != wrong_range_rule.id)
        continue;
      std::vector<Result::Patch> commits;
      std::string fix;
      for (const Result::Finding& other : findings) {
        if (other.rule != uncommitted_access_rule.id || !other.object || !finding.object ||
            other.object->name != finding.object->name || other.object->address != finding.object->address)
          continue;
        for (const Result::Patch& each : other.patches)
          if (std::none_of(commits.begin(), commits.end(), [&each](const Result::Patch& known) {
                return known.at == each.at && known.text == each.text;
              }))
            commits.push_back(each);
        fix = other.fix;
      }
      if (fix.empty()) continue;
      finding.fix = fix;
      finding.patches = commits;
    }
  }

  bool has_dma(const CoherencyFinding& raw) const {
    const auto is_dma = [this](AgentId id) { return log_.describe.agent(id).kind == Agent::Kind::dma; };
    return is_dma(raw.access.agent) || is_dma(raw.other.agent);
  }

  bool has_master(const CoherencyFinding& raw) const {
    return !log_.describe.agent(raw.access.agent).is_core() || !log_.describe.agent(raw.other.agent).is_core();
  }

  void on(const CoherencyFound& event) override {
    const CoherencyFinding& raw = event.finding;
    const std::uint32_t address = context_.cached(raw.address);
    const bool unread = raw.unread;
    const bool operation = raw.rule == Rule::mixed_alias && raw.access.kind != Operation::Kind::read;
    Result::Finding finding;
    finding.object = log_.describe.object_at(address);
    auto cause_object =
        raw.rule == Rule::lost_update ? log_.describe.object_at(context_.cached(raw.cause_address)) : std::nullopt;
    // What was stored to is not what lives there now.
    if (!lived(context_.cached(raw.cause_address), raw.cause)) cause_object.reset();
    const Text& text = operation                       ? operation_past_the_cache
                       : raw.rule == Rule::lost_update ? lost_update_text(raw, finding, cause_object)
                       : raw.rule == Rule::discarded_write && other_writer(raw) ? discarded_beside_others
                       : raw.rule == Rule::data_race && has_dma(raw)            ? race_with_dma
                       : raw.rule == Rule::stale_code && raw.in_memory          ? old_instructions
                                                                       : text_of(refined_rule(raw, finding.object));
    finding.rule = text.info->id;
    const bool accident = raw.rule == Rule::accidental_order;
    finding.severity = unread || accident ? Severity::warning : raw.manifest ? Severity::manifest : Severity::latent;
    finding.relation = operation ? Result::Finding::Relation::after
                       : unread || accident || raw.rule == Rule::data_race || raw.rule == Rule::unordered_power_on
                           ? Result::Finding::Relation::against
                           : Result::Finding::Relation::missed;
    finding.access = log_.describe.operation(raw.access);
    if (raw.other.kind != Operation::Kind::none) finding.other = log_.describe.operation(raw.other);
    if (raw.cause.kind != Operation::Kind::none) finding.cause = log_.describe.operation(raw.cause);
    const std::string key = key_of(finding);
    if (Result::Finding* const same = log_.find(key)) {
      ++same->count;
      if (!raw.manifest || same->severity != Severity::latent) return;
      // The occurrence that shows is the one to describe.
      describe(finding, raw, address, text, cause_object);
      finding.count = same->count;
      *same = std::move(finding);
      return;
    }
    if (log_.full(finding.rule, finding.severity)) return;
    describe(finding, raw, address, text, cause_object);
    log_.add(key, std::move(finding));
  }

 private:
  /// Equal: the same rule, both places and the object's place of allocation.
  static std::string key_of(const Result::Finding& finding) {
    return fmt::format(
        "{}|{}|{}|{}|{}|{}", finding.rule.name, to_string(finding.access.agent), place_of(finding.access),
        finding.other ? to_string(finding.other->agent) + place_of(*finding.other) : "",
        finding.object ? finding.object->name : "", finding.object ? to_string(finding.object->where) : "");
  }

  /// By what made the line dirty with an older copy.
  static const Text& lost_update_text(const CoherencyFinding& raw, const Result::Finding& finding,
                                      const std::optional<Result::Object>& cause_object) {
    const bool same = finding.object && cause_object && finding.object->address == cause_object->address;
    const bool same_core = raw.cause.agent == raw.other.agent;
    if (raw.other.view == View::direct && raw.overwritten == LineCopies::Threat::Kind::left_dirty && same)
      return left_dirty_for_dma;
    if (same_core || (raw.other.view != View::cached && same)) return two_views;
    if (raw.overwritten == LineCopies::Threat::Kind::left_dirty && (same || !cause_object))
      return finding.object && !cause_object ? left_dirty_by_free : left_dirty;
    if (raw.overwritten == LineCopies::Threat::Kind::old_copy && same) return old_copy;
    return same ? shared_object : shared_line;
  }

  /// The rule that says most, now that the object is known.
  Rule refined_rule(const CoherencyFinding& raw, const std::optional<Result::Object>& object) const {
    const bool known =
        object && (object->kind == Result::Object::Kind::block || object->kind == Result::Object::Kind::static_object);
    // A write-back that came too late covered the right bytes.
    if (!context_.checker || !known || raw.cause.kind != Operation::Kind::none ||
        (raw.rule != Rule::missing_writeback && raw.rule != Rule::missing_invalidate))
      return raw.rule;
    const bool invalidate = raw.rule == Rule::missing_invalidate;
    const AgentId who = invalidate ? raw.access.agent : raw.other.agent;
    return context_.checker->maintained_since(who, invalidate, context_.physical(object->address), object->bytes,
                                              raw.other.agent, raw.other.cycle, raw.address, raw.access.agent)
               ? Rule::wrong_range
               : raw.rule;
  }

  /// Who else has written to the line after the write that a finding is about.
  std::optional<Agent> other_writer(const CoherencyFinding& raw) const {
    for (const Operation& each : raw.history)
      if (each.kind == Operation::Kind::write && each.agent != raw.other.agent && each.cycle >= raw.other.cycle)
        return log_.describe.agent(each.agent);
    return std::nullopt;
  }

  /// Whether what lies at an address did so at the time of an operation.
  bool lived(std::uint32_t address, const Operation& operation) const {
    const HeapBlock* const block = context_.live.find(address);
    return !block || !operation.cycle || operation.cycle >= block->site.cycle;
  }

  static void describe_bytes(const CoherencyFinding& raw, std::uint32_t address, Result::Finding& finding) {
    finding.first = finding.object ? address - finding.object->address : 0;
    finding.last = finding.first + (raw.last - raw.first);
    finding.seen = hex(raw.seen);
    finding.owed = hex(raw.owed);
  }

  /// The whole story, which only a new finding needs.
  void describe(Result::Finding& finding, const CoherencyFinding& raw, std::uint32_t address, const Text& text,
                const std::optional<Result::Object>& cause_object) const {
    const Describer& describer = log_.describe;
    describer.complete_stack(raw.access, finding.access);
    const std::uint32_t line = context_.platform.line_bytes(), line_start = address / line * line;
    for (Result::Object& each : describer.objects_between(line_start, line_start + line))
      if (!finding.object || each.address != finding.object->address) finding.neighbours.push_back(std::move(each));
    describe_bytes(raw, address, finding);
    for (const Operation& each : raw.history) finding.history.push_back(describer.operation(each));
    const std::string name = finding.object ? finding.object->name : fmt::format("memory at {:#x}", address);
    const std::pair<const char*, std::string> blanks[] = {
        {"{reader}", to_string(finding.access.agent)},
        {"{object}", name},
        {"{cause object}", cause_object ? fmt::format("'{}'", cause_object->name)
                                        : fmt::format("memory at {:#x}", context_.cached(raw.cause_address))},
        {"{may execute}", raw.manifest ? "executed" : "may execute"},
        {"{may read}", raw.manifest ? "read" : "may read"},
        {"{may be}", raw.manifest ? "was" : "may be"},
        {"{may throw}", raw.manifest ? "threw" : "may throw"},
        {"{may not see}", raw.manifest ? "did not see" : "may not see"},
        {"{cause}", finding.cause ? to_string(finding.cause->agent) : "nobody"},
        {"{cause place}", finding.cause ? place_of(*finding.cause) : "its store"},
        // A DMA neither acquires nor releases: it is started, and ends.
        {"{hand-over}", finding.access.agent.kind == Agent::Kind::dma ? to_string(finding.access.agent) + " is started"
                                                                      : "the release, signal or doorbell"},
        {"{take-over}",
         finding.other && finding.other->agent.kind == Agent::Kind::dma ? "the transfer has ended" : "the acquire"},
        {"{its write}", !finding.other ? "what was written"
                        : finding.other->agent == finding.access.agent
                            ? "its own write"
                            : "what " + to_string(finding.other->agent) + " wrote"},
        {"{writer}", finding.other ? to_string(finding.other->agent) : "nobody"},
        {"{uses}", raw.access.kind == Operation::Kind::write ? "overwrites" : "uses"},
        {"{chance}",
         has_master(raw) ? "a DMA channel or the host, which more than one core uses," : "the allocator's lock"},
        {"{others}", raw.rule == Rule::discarded_write && other_writer(raw) ? to_string(*other_writer(raw)) : "others"},
        {"{write place}", finding.other ? place_of(*finding.other) : "its write"},
        {"{read place}", place_of(finding.access)}};
    const auto fill_in = [&blanks](std::string sentence) {
      for (const auto& [blank, value] : blanks)
        for (std::size_t at = 0; (at = sentence.find(blank, at)) != std::string::npos; at += value.size())
          sentence.replace(at, std::string_view(blank).size(), value);
      return sentence;
    };
    finding.message = fill_in(text.message) + (raw.unread ? unread_suffix : "");
    finding.missing = fill_in(text.missing);
    const bool parts =
        text.parts && (raw.cause_address < raw.address || raw.cause_address - raw.address > raw.last - raw.first);
    finding.fix = fill_in(parts ? std::string(text.fix) + parts_suffix : text.fix);
    // A range that is too short is made up for where the right one would have been.
    const Edit edit = text.rule != Rule::wrong_range         ? text.edit
                      : raw.rule == Rule::missing_invalidate ? Edit::invalidate_before_read
                                                             : Edit::write_back_after_write;
    if (!lived(address, raw.other) || !lived(address, raw.access))
      return;  // an edit there would name what is not there yet
    if (auto patch = patch_of(finding, edit, cause_object)) finding.patches.push_back(std::move(*patch));
    if (raw.also_old_copy && raw.rule == Rule::missing_writeback) {
      finding.message += fill_in("; {reader} holds an older copy, too");
      finding.fix += fill_in(", and invalidate it on {reader} before {read place}");
      if (auto patch =
              finding.patches.empty() ? std::nullopt : patch_of(finding, Edit::invalidate_before_read, cause_object))
        finding.patches.push_back(std::move(*patch));
    }
  }

  /// Nothing where the step is firmware's to change, or names no object of the scenario.
  static std::optional<Result::Patch> patch_of(const Result::Finding& finding, Edit edit,
                                               const std::optional<Result::Object>& cause_object) {
    using How = Result::Patch::How;
    const auto beside = [](const std::optional<Result::Operation>& operation, How how, const char* what,
                           const std::optional<Result::Object>& object) -> std::optional<Result::Patch> {
      const bool named = object && (object->kind == Result::Object::Kind::static_object ||
                                    (object->kind == Result::Object::Kind::block && !object->where.step.empty()));
      if (!named || !operation || operation->step.line == 0 || !operation->agent.is_core()) return std::nullopt;
      return Result::Patch{operation->step, how,
                           how == How::setting ? std::string(what) : std::string(what) + ": " + object->name};
    };
    // An access that firmware made, for whatever step, is not the step's.
    const auto by_step = [](const std::optional<Result::Operation>& operation) {
      return operation && operation->stack.empty() ? operation : std::nullopt;
    };
    const std::optional<Result::Operation> access = finding.access;
    const bool cause_is_writers = finding.cause && finding.other && finding.cause->agent == finding.other->agent;
    switch (edit) {
      case Edit::none: return std::nullopt;
      // One that came too late is there already.
      case Edit::write_back_after_write:
        return finding.cause ? std::nullopt : beside(by_step(finding.other), How::after, "writeback", finding.object);
      case Edit::invalidate_before_read: return beside(by_step(access), How::before, "invalidate", finding.object);
      case Edit::invalidate_code_before_read: return beside(access, How::before, "invalidate_code", finding.object);
      case Edit::commit_after_access: return beside(by_step(access), How::after, "commit", finding.object);
      case Edit::write_back_before_cause:
        return cause_is_writers ? beside(finding.cause, How::before, "writeback", finding.object) : std::nullopt;
      case Edit::cached_side_past_cache:
        return beside(
            by_step(finding.other && finding.other->view == Result::Operation::View::cached ? finding.other : access),
            How::setting, "view: uncached", finding.object);
      case Edit::cause_past_cache:
        return beside(by_step(finding.cause), How::setting, "view: uncached", finding.object);
      case Edit::clean_after_cause:
        return beside(by_step(finding.cause), How::after, "writeback_invalidate", cause_object);
      case Edit::invalidate_before_cause:
        return beside(by_step(finding.cause), How::before, "invalidate", cause_object);
    }
    return std::nullopt;
  }

  DiagnosisContext context_;
  FindingLog& log_;
};

}  // namespace

extern const Diagnosis coherency_diagnosis;
const Diagnosis coherency_diagnosis{
    {&missing_writeback_rule, &missing_invalidate_rule, &lost_update_rule, &discarded_write_rule, &mixed_alias_rule,
     &stale_boot_rule, &lost_on_power_off_rule, &wrong_range_rule, &lock_in_cache_rule, &uncommitted_access_rule,
     &data_race_rule, &accidental_order_rule, &stale_code_rule},
    make_diagnosis<Coherency>};

}  // namespace dspmem
