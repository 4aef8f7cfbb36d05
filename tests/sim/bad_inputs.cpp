// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/bad_inputs.h"

#include "tests/support/program.h"

namespace dspmem::test {
namespace {

using Files = BadInputCase::Files;

std::string replaced(std::string text, const std::string& old, const std::string& now) {
  return text.replace(text.find(old), old.size(), now);
}

/// A scenario with these steps for core 0; the first is in line 5.
std::string steps(const std::vector<std::string>& list) {
  std::string text = "name: x\nplatform: tgl\ncores:\n  0:\n";
  for (const std::string& step : list) text += "    " + step + "\n";
  return text;
}

/// A scenario with these static objects, the first in line 4, and room for steps of core 0 from line 7 on, or one line
/// further.
std::string with_objects(const std::string& objects) {
  return "name: x\nplatform: tgl\nobjects:\n  " + objects + "\ncores:\n  0:\n";
}

/// Energy figures beside a scenario that is right.
Files energy_file(const std::string& leakage, const std::string& retention) {
  return {{"s.yaml", "name: x\nplatform: tgl\ncores:\n  0:\n    - alloc: {as: a, bytes: 64}\n"},
          {"e.yaml", "name: e\nretention: " + retention + "\noff: 5 %\nbanks:\n  - {size: 64 KiB" +
                         (leakage.empty() ? "" : ", leakage: " + leakage) +
                         ", read: 5 pJ, write: 5 pJ, line_read: 20 pJ, line_write: 30 pJ}\nwake_from_retention: 30 "
                         "pJ\nwake_from_off: 85 pJ\n"}};
}

std::vector<std::string> seventeen_locks() {
  std::vector<std::string> list;
  for (int i = 0; i < 17; ++i) list.push_back("- lock: l" + std::to_string(i));
  return list;
}

const std::string one_allocation = steps({"- alloc: {as: a, bytes: 64}"});

const std::string small_platform = R"(name: p
clock_mhz: 400
cores: 1
l1i: {size: 16 KiB, ways: 4, line: 64}
l1d: {size: 16 KiB, ways: 4, line: 64}
memories:
  - {name: HP, base: 0xbe000000, uncached: 0x9e000000, bank: 64 KiB, banks: 8}
shared_data: uncached_alias
devices: {core_control: 0x71000, idc: 0x72000, power: 0x73000}
image: {size: 128 KiB}
heaps:
  - {zone: system, cores: [0], size: 0x8000}
  - {zone: runtime, blocks: [[64, 128], [128, 128]]}
)";

BadInputCase command(const std::string& name, const std::vector<std::string>& arguments, const std::string& message,
                     const Files& files = {}) {
  return {name, arguments, files, message};
}
BadInputCase scenario(const std::string& name, const std::string& text, const std::string& message, Files files = {}) {
  files["s.yaml"] = text;
  return {name, {"run", "s.yaml", "--json", "report.json"}, files, message};
}
BadInputCase platform(const std::string& name, const std::string& text, const std::string& message) {
  return {name, {"describe", "./p.yaml"}, {{"p.yaml", text}}, message};
}

/// Of the sections of an ELF that hold texts to merge, among them .debug_str.
void take_the_last_zero_of_texts(std::string& elf) {
  const auto word = [&](std::size_t at) { return *reinterpret_cast<const std::uint32_t*>(elf.data() + at); };
  for (std::size_t header = word(32); header < elf.size(); header += 40) {
    const std::uint32_t flags = word(header + 8), offset = word(header + 16), size = word(header + 20);
    if ((flags & 0x30) == 0x30 && size) elf[offset + size - 1] = 'x';
  }
}

}  // namespace

const std::vector<BadInputCase>& bad_inputs() {
  static const std::vector<BadInputCase> all{
      scenario("Empty", "", "s.yaml: error: the file is empty"),
      scenario("YamlSyntax", "name: x\ncores: [1, 2\n",
               "s.yaml:3:1: error: YAML syntax: end of sequence flow not found"),
      scenario("YamlTab", "name: x\n	platform: tgl\n",
               "s.yaml:2:1: error: YAML syntax: illegal tab when looking for indentation"),
      scenario("YamlUnknownAnchor", "name: *x\n",
               "s.yaml:1:7: error: YAML syntax: the referenced anchor is not defined"),
      scenario("TwoDocuments", one_allocation + "---\nname: y\n",
               "s.yaml:7:1: error: a second YAML document begins here; a file holds one"),
      scenario("NotAMapping", "- alloc\n",
               "s.yaml: error: a scenario is a mapping with 'name', 'platform' and 'cores'"),
      scenario("ContainsItself", "name: x\nplatform: tgl\ncores: &a\n  0: *a\n",
               "s.yaml:4:6: error: an alias to what contains it, which would never end"),
      scenario("NestedTooDeep", "x: " + std::string(200, '[') + std::string(200, ']') + "\n",
               "s.yaml:1:103: error: nested more than 100 deep"),
      scenario("UnknownTopLevelKey", "nam: x\nplatform: tgl\ncores: {0: []}\n",
               "s.yaml:1:1: error: the scenario needs 'name'; is 'nam' meant to be it?"),
      scenario("UnknownTopLevelKeyBesideAll", one_allocation + "expekt: {findings: none}\n",
               "s.yaml:6:1: error: the scenario has no field 'expekt'; did you mean 'expect'?"),
      scenario("MissingPlatform", "name: x\ncores: {0: []}\n", "s.yaml:1:1: error: the scenario needs 'platform'"),
      scenario("UnknownPlatform", replaced(one_allocation, "tgl", "tgk"),
               "s.yaml:2:11: error: 'tgk' is not a known platform; did you mean 'tgl'?"),
      scenario("UnknownPlatformFarOff", replaced(one_allocation, "tgl", "zephyr"),
               "s.yaml:2:11: error: 'zephyr' is not a known platform; known are: ..."),
      scenario("PlatformFileMissing", replaced(one_allocation, "tgl", "./none.yaml"),
               "s.yaml:2:11: error: platform file './none.yaml' does not exist"),
      scenario("MissingCores", "name: x\nplatform: tgl\n",
               "s.yaml:1:1: error: the scenario needs 'cores', a mapping from core number to a list of steps"),
      scenario("CoresNotAMapping", "name: x\nplatform: tgl\ncores: [0]\n",
               "s.yaml:3:8: error: 'cores' must be a mapping from core number to a list of steps, such as {0: [...], "
               "1: [...]}"),
      scenario(
          "CoreNumberNotANumber", "name: x\nplatform: tgl\ncores: {zero: []}\n",
          "s.yaml:3:9: error: 'core number' of the scenario must be a whole number from 0 to 2^64 - 1, not 'zero'"),
      scenario("CoreNumberNegative", "name: x\nplatform: tgl\ncores: {-1: []}\n",
               "s.yaml:3:9: error: 'core number' of the scenario must be a whole number from 0 to 2^64 - 1, not '-1'"),
      scenario("CoreOutOfRange", "name: x\nplatform: tgl\ncores: {4: []}\n",
               "s.yaml:3:9: error: core 4 does not exist: platform 'tgl' has cores 0 to 3"),
      scenario("CoreTwice", "name: x\nplatform: tgl\ncores: {0: [], 0x0: []}\n",
               "s.yaml:3:16: error: core 0 is given twice"),
      scenario("KeyTwice", "name: x\nname: y\nplatform: tgl\ncores: {0: []}\n",
               "s.yaml:2:1: error: 'name' is given twice in the scenario"),
      scenario("StepsNotAList", "name: x\nplatform: tgl\ncores: {0: {alloc: x}}\n",
               "s.yaml:3:12: error: the steps of core 0 must be a list of steps"),
      scenario("SeedNotANumber", one_allocation + "seed: lucky\n",
               "s.yaml:6:7: error: 'seed' of the scenario must be a whole number from 0 to 2^64 - 1, not 'lucky'"),
      scenario("SeedNegative", one_allocation + "seed: -1\n",
               "s.yaml:6:7: error: 'seed' of the scenario must be a whole number from 0 to 2^64 - 1, not '-1'"),
      scenario("SeedTooLarge", one_allocation + "seed: 18446744073709551616\n",
               "s.yaml:6:7: error: 'seed' of the scenario must be a whole number from 0 to 2^64 - 1, not "
               "'18446744073709551616'"),
      scenario("UnknownStep", steps({"- aloc: {as: a, bytes: 64}"}),
               "s.yaml:5:7: error: there is no step 'aloc'; did you mean 'alloc'?"),
      scenario("UnknownStepFarOff", steps({"- teleport: {as: a, bytes: 64}"}),
               "s.yaml:5:7: error: there is no step 'teleport'; known are: ..."),
      scenario("TwoStepsInOne", steps({"- alloc: {as: a, bytes: 64}\n      free: a"}),
               "s.yaml:5:7: error: a step is one name with its settings, such as '- signal: ready'"),
      scenario("StepWithoutSettings", steps({"- alloc"}),
               "s.yaml:5:7: error: a step is one name with its settings, such as '- signal: ready'"),
      scenario("StepOfWrongShape", steps({"- alloc: [a, 64]"}),
               "s.yaml:5:14: error: step 'alloc' must be a mapping, such as {key: value}"),
      scenario("UnknownField", steps({"- alloc: {as: a, bytes: 64, alignment: 8}"}),
               "s.yaml:5:33: error: step 'alloc' has no field 'alignment'; did you mean 'align'?"),
      scenario(
          "MaintenanceBySomebodyElse", steps({"- alloc: {as: a, bytes: 64}", "- writeback: {object: a, by: host}"}),
          "s.yaml:6:30: error: step 'writeback' has no field 'by'; known are: object, offset, bytes, beyond_end, view"),
      scenario("EvictionThroughAView", steps({"- alloc: {as: a, bytes: 64}", "- evict: {object: a, view: uncached}"}),
               "s.yaml:6:26: error: step 'evict' has no field 'view'; known are: object, offset, bytes"),
      scenario("EvictionBehindTheEnd", steps({"- alloc: {as: a, bytes: 64}", "- evict: {object: a, offset: 64}"}),
               "s.yaml:6:7: error: offset 64 lies behind the end of 'a', which has 64 bytes"),
      scenario("MissingField", steps({"- alloc: {as: a}"}), "s.yaml:5:14: error: step 'alloc' needs 'bytes'"),
      scenario("MisspeltRequiredField", steps({"- alloc: {as: a, byte: 64}"}),
               "s.yaml:5:22: error: step 'alloc' needs 'bytes'; is 'byte' meant to be it?"),
      scenario("FieldTwice", steps({"- alloc: {as: a, bytes: 64, bytes: 65}"}),
               "s.yaml:5:33: error: 'bytes' is given twice in step 'alloc'"),
      scenario("WrongType", steps({"- alloc: {as: a, bytes: many}"}),
               "s.yaml:5:29: error: 'bytes' of step 'alloc' must be a size in bytes, such as 512, 0x200 or 64 KiB, not "
               "'many'"),
      scenario("WrongTypeList", steps({"- alloc: {as: a, bytes: [64]}"}),
               "s.yaml:5:29: error: 'bytes' of step 'alloc' must be a size in bytes, such as 512, 0x200 or 64 KiB, not "
               "a list"),
      scenario("FlagsNotAList", steps({"- alloc: {as: a, bytes: 64, flags: shared}"}),
               "s.yaml:5:40: error: 'flags' of step 'alloc' must be a list, such as [a, b], not 'shared'"),
      scenario("NegativeSize", steps({"- alloc: {as: a, bytes: -64}"}),
               "s.yaml:5:29: error: 'bytes' of step 'alloc' must be a size in bytes, such as 512, 0x200 or 64 KiB, not "
               "'-64'"),
      scenario("SizeWithUnknownUnit", steps({"- alloc: {as: a, bytes: 64 KB}"}),
               "s.yaml:5:29: error: 'bytes' of step 'alloc' must be a size in bytes, such as 512, 0x200 or 64 KiB, not "
               "'64 KB'"),
      scenario("SizeZero", steps({"- alloc: {as: a, bytes: 0}"}), "s.yaml:5:29: error: 'bytes' must not be 0"),
      scenario("SizeOver4GiB", steps({"- alloc: {as: a, bytes: 4096 MiB}"}),
               "s.yaml:5:29: error: 'bytes' of step 'alloc' must be a size below 4 GiB, not '4096 MiB'"),
      scenario("SizeOverZone", steps({"- alloc: {as: a, zone: system, bytes: 64 KiB}"}),
               "s.yaml:5:43: error: 65536 bytes can never fit: the largest heap for zone system on 'tgl' is system[0], "
               "with 32768 bytes"),
      scenario("SizeOverBuffer", steps({"- alloc: {as: a, zone: buffer, bytes: 16 MiB}"}),
               "s.yaml:5:43: error: 16777216 bytes can never fit: the largest heap for zone buffer on 'tgl' is buffer, "
               "with 1174272 bytes"),
      scenario("UnknownZone", steps({"- alloc: {as: a, zone: bufer, bytes: 64}"}),
               "s.yaml:5:28: error: 'bufer' is not a known zone; did you mean 'buffer'?"),
      scenario("UnknownFlag", steps({"- alloc: {as: a, bytes: 64, flags: [shard]}"}),
               "s.yaml:5:41: error: 'shard' is not a known flag; did you mean 'shared'?"),
      scenario("UnknownCapability", steps({"- alloc: {as: a, bytes: 64, capabilities: [dsp]}"}),
               "s.yaml:5:48: error: 'dsp' is not a known capability; known are: ram, lp, hp, dma"),
      scenario("AlignmentNotAPowerOfTwo", steps({"- alloc: {as: a, zone: buffer, bytes: 64, align: 48}"}),
               "s.yaml:5:54: error: 'align' must be a power of two, not 48"),
      scenario("AlignmentZero", steps({"- alloc: {as: a, zone: buffer, bytes: 64, align: 0}"}),
               "s.yaml:5:54: error: 'align' must be a power of two, not 0"),
      scenario("AlignmentInWrongZone", steps({"- alloc: {as: a, zone: runtime, bytes: 64, align: 128}"}),
               "s.yaml:5:55: error: 'align' is for 'alloc' in zone buffer: the other zones align to the platform's "
               "alignment"),
      scenario(
          "ObjectNameTwice", steps({"- alloc: {as: a, bytes: 64}", "- alloc: {as: a, bytes: 64}"}),
          "s.yaml:6:7: error: the name 'a' is given twice: core 0 allocates it at line 5 too, and no step frees it"),
      scenario(
          "ObjectNameTwiceAcrossCores", one_allocation + "  1:\n    " + "- alloc: {as: a, bytes: 64}" + "\n",
          "s.yaml:7:7: error: the name 'a' is given twice: core 0 allocates it at line 5 too, and no step frees it"),
      scenario("ObjectNameTwiceInLoop", steps({"- repeat: {times: 2, steps: [{alloc: {as: a, bytes: 64}}]}"}),
               "s.yaml:5:35: error: 'a' is still allocated here; free it first"),
      scenario("UnknownObject", steps({"- alloc: {as: ring, bytes: 64}", "- free: rign"}),
               "s.yaml:6:7: error: no step allocates 'rign'; did you mean 'ring'?"),
      scenario("ObjectUsedBeforeItExists", steps({"- free: a", "- alloc: {as: a, bytes: 64}"}),
               "s.yaml:5:7: error: 'a' is not allocated at this moment; order the cores with signal and wait"),
      scenario("ObjectNotYetAllocatedByOtherCore",
               steps({"- delay: 1 ms", "- alloc: {as: a, bytes: 64}"}) + "  1:\n    - read: a\n",
               "s.yaml:8:7: error: 'a' is not allocated at this moment; order the cores with signal and wait"),
      scenario(
          "PatternThatIsLostInItsPart",
          one_allocation + "    - write: {to: a, offset: 2, bytes: 2, width: 2, pattern: 1}\n",
          "s.yaml:6:7: error: a pattern fills the object with 32-bit words, here 1, whatever part of it is accessed: "
          "in bytes 2 to 3 that is zeros; for this value there, give the word that holds it, such as 0x10000"),
      scenario("AccessBeyondObject",
               steps({"- alloc: {as: a, bytes: 64}", "- write: {to: a, offset: 32, bytes: 64, pattern: counter}"}),
               "s.yaml:6:7: error: bytes 32 to 95 are not all in 'a', which has 64 bytes; say 'beyond_end: true' if it "
               "is meant"),
      scenario("OffsetBeyondObject",
               steps({"- alloc: {as: a, bytes: 64}", "- write: {to: a, offset: 64, pattern: counter}"}),
               "s.yaml:6:7: error: offset 64 lies behind the end of 'a', which has 64 bytes; say 'beyond_end: true' if "
               "it is meant"),
      scenario("WidthNotAWord", steps({"- alloc: {as: a, bytes: 64}", "- write: {to: a, width: 8, pattern: counter}"}),
               "s.yaml:6:29: error: 'width' must be 1, 2 or 4 bytes"),
      scenario("OffsetNotAligned",
               steps({"- alloc: {as: a, bytes: 64}", "- write: {to: a, offset: 2, pattern: counter}"}),
               "s.yaml:6:30: error: 'offset' must be a multiple of the width, 4"),
      scenario("UnknownView", steps({"- alloc: {as: a, bytes: 64}", "- read: {from: a, view: uncachd}"}),
               "s.yaml:6:29: error: 'uncachd' is not a known view; did you mean 'uncached'?"),
      scenario("UnknownPattern", steps({"- alloc: {as: a, bytes: 64}", "- write: {to: a, pattern: countr}"}),
               "s.yaml:6:31: error: 'countr' is not a known pattern; did you mean 'counter'?"),
      scenario("PatternTooLarge", steps({"- alloc: {as: a, bytes: 64}", "- write: {to: a, pattern: 0x1ffffffff}"}),
               "s.yaml:6:31: error: 'pattern' of step 'write' must be a number below 2^32, not '0x1ffffffff'"),
      scenario("NothingWrittenToExpect", steps({"- alloc: {as: a, bytes: 64}", "- read: {from: a, expect: written}"}),
               "s.yaml:6:7: error: nothing was written to 'a' that could be expected"),
      scenario("ReallocOutsideOfBufferZone",
               steps({"- alloc: {as: a, bytes: 64}", "- realloc: {object: a, bytes: 128}"}),
               "s.yaml:6:7: error: allocator 'zones' has no function that changes an object's size in zone runtime"),
      scenario("UnknownSignal", one_allocation + "    - wait: go\n",
               "s.yaml:6:7: error: no step gives the signal 'go'"),
      scenario("MisspeltSignal", steps({"- signal: ready", "- wait: redy"}),
               "s.yaml:6:7: error: no step gives the signal 'redy'; did you mean 'ready'?"),
      scenario("TooManyLocks", steps(seventeen_locks()), "s.yaml:21:7: error: a scenario can have at most 16 locks"),
      scenario("RepeatZeroTimes", steps({"- repeat: {times: 0, steps: []}"}),
               "s.yaml:5:23: error: 'times' must not be 0"),
      scenario("RepeatWithoutSteps", steps({"- repeat: {times: 2}"}),
               "s.yaml:5:15: error: step 'repeat' needs 'steps', a list of steps"),
      scenario("DelayWithUnknownUnit", steps({"- delay: 1 year"}),
               "s.yaml:5:14: error: 'year' is not a known unit; known are: cycles, ns, us, ms, s"),
      scenario("DelayTooLong", steps({"- delay: 4000000 ms"}),
               "s.yaml:5:14: error: 'time' must be at most an hour, or 3600000000000 cycles"),
      scenario("DelayNotATime", steps({"- delay: soon"}),
               "s.yaml:5:14: error: 'time' must be such as 1000 cycles, 20 us or 1 ms, not 'soon'"),
      scenario("UnknownFunction", steps({"- call: cpu_enable_cor"}),
               "s.yaml:5:7: error: the firmware has no function 'cpu_enable_cor'; did you mean 'cpu_enable_core'?"),
      scenario("CallArgumentTooLarge", steps({"- call: {function: cpu_enable_core, arguments: [99999999999]}"}),
               "s.yaml:5:53: error: 'arguments' of step 'call' must be a number below 2^32, not '99999999999'"),
      scenario("CallWithSevenArguments", steps({"- call: {function: cpu_enable_core, arguments: [1,2,3,4,5,6,7]}"}),
               "s.yaml:5:52: error: 'arguments' has at most 6 elements"),
      scenario("CallArgumentUnknownObject", steps({"- call: {function: rfree, arguments: [ring]}"}),
               "s.yaml:5:7: error: no step allocates 'ring'"),
      scenario("PowerOfCoreThatDoesNotExist", steps({"- core_on: 9"}),
               "s.yaml:5:7: error: core 9 does not exist: platform 'tgl' has 4 cores"),
      scenario("PowerOfCore0", steps({"- core_off: 0"}), "s.yaml:5:7: error: core 0 is on from the start and stays on"),
      scenario("UnknownBank", steps({"- bank_off: HP99"}),
               "s.yaml:5:7: error: platform 'tgl' has no bank 'HP99' that can be switched; did you mean 'HP9'?"),
      scenario("BanksBeyondTheLast", steps({"- bank_off: {bank: HP45, count: 2}"}),
               "s.yaml:5:7: error: 2 banks from HP45 on: memory HP has 46"),
      scenario("BanksOverflow", steps({"- bank_off: {bank: HP45, count: 4294967295}"}),
               "s.yaml:5:7: error: 4294967295 banks from HP45 on: memory HP has 46"),
      scenario("WorkloadOnSystemZone", steps({"- workload: {operations: 10, zone: system}"}),
               "s.yaml:5:40: error: the system zone is never freed: a workload needs another"),
      scenario("WorkloadWithUnknownSizes", steps({"- workload: {operations: 10, sizes: audio_object}"}),
               "s.yaml:5:41: error: 'audio_object' is not a known distribution; did you mean 'audio_objects'?"),
      scenario("WorkloadWithoutLiveObjects", steps({"- workload: {operations: 10, live: 0}"}),
               "s.yaml:5:40: error: 'live' must not be 0"),
      scenario("UseOfMissingFile", steps({"- use: lib.yaml"}), "s.yaml:5:12: error: 'lib.yaml' cannot be opened"),
      scenario("UseOfItself", steps({"- use: s.yaml"}), "s.yaml:5:12: error: 's.yaml' includes itself"),
      scenario("UseInACircle", steps({"- use: lib.yaml"}), "lib2.yaml:2:10: error: 'lib.yaml' includes itself",
               {{"lib.yaml", "steps:\n  - use: lib2.yaml\n"}, {"lib2.yaml", "steps:\n  - use: lib.yaml\n"}}),
      scenario("UseWithoutParameter", steps({"- use: lib.yaml"}),
               "s.yaml:5:12: error: 'lib.yaml' needs the parameter 'time'; give it under 'with'",
               {{"lib.yaml", "steps:\n  - delay: ${time}\n"}}),
      scenario("UseWithMisspeltParameter", steps({"- use: {file: lib.yaml, with: {tim: 5}}"}),
               "s.yaml:5:19: error: 'lib.yaml' needs the parameter 'time'; did you mean 'tim'?",
               {{"lib.yaml", "steps:\n  - delay: ${time}\n"}}),
      scenario("UseWithUnusedParameter", steps({"- use: {file: lib.yaml, with: {time: 5}}"}),
               "s.yaml:5:35: error: 'lib.yaml' has no parameter 'time'", {{"lib.yaml", "steps:\n  - delay: 5\n"}}),
      scenario("UseWithOpenParameter", steps({"- use: lib.yaml"}),
               "lib.yaml:2:12: error: '${' without '}': a parameter is written ${name}",
               {{"lib.yaml", "steps:\n  - delay: ${time\n"}}),
      scenario("UsedFileHasUnknownStep", steps({"- use: lib.yaml"}),
               "lib.yaml:2:5: error: there is no step 'aloc'; did you mean 'alloc'?",
               {{"lib.yaml", "steps:\n  - aloc: {as: b}\n"}}),
      scenario("UsedFileWithoutSteps", steps({"- use: lib.yaml"}),
               "lib.yaml:1:1: error: the included file needs 'steps', a list of steps; is 'step' meant to be it?",
               {{"lib.yaml", "step:\n  - signal: x\n"}}),
      scenario("UnknownExpectation", one_allocation + "expect: {finding: none}\n",
               "s.yaml:6:10: error: 'expect' has no field 'finding'; did you mean 'findings'?"),
      scenario("UnknownRule", one_allocation + "expect: {findings: [missing-writebak]}\n",
               "s.yaml:6:21: error: 'missing-writebak' is not a known rule; did you mean 'missing-writeback'?"),
      scenario("ExpectedFindingOfUnknownObject", one_allocation + "expect: {findings: [{rule: leak, object: b}]}\n",
               "s.yaml:6:42: error: no step allocates 'b'; did you mean 'a'?"),
      scenario("ExpectedFindingOfUnknownKind", one_allocation + "expect: {findings: [{rule: leak, kind: possible}]}\n",
               "s.yaml:6:40: error: 'possible' is not a known kind; known are: manifest, latent, warning, advice"),
      scenario(
          "FindingsNeitherNoneNorAList", one_allocation + "expect: {findings: 3}\n",
          "s.yaml:6:20: error: 'findings' must be 'none' or a list, such as [{rule: missing-writeback, object: ring}]"),
      scenario("MasterThatDoesNotExist", steps({"- alloc: {as: a, bytes: 64}", "- read: {from: a, by: dma9}"}),
               "s.yaml:6:27: error: 'dma9' is not a known master; did you mean 'dma0'?"),
      scenario("PolicyThatDoesNotExist", one_allocation + "expect: {energy: {page-count: {saved: \">= 1 %\"}}}\n",
               "s.yaml:6:19: error: there is no power policy 'page-count'; did you mean 'page-refcount'?"),
      scenario("SavingWithoutPercent", one_allocation + "expect: {saved_energy: \">= 40\"}\n",
               "s.yaml:6:24: error: 'energy.firmware.saved' must be a bound such as \">= 40 %\", not '>= 40'"),
      scenario("SavingThatIsNoNumber", one_allocation + "expect: {energy: {firmware: {saved: \">= much %\"}}}\n",
               "s.yaml:6:37: error: 'energy.firmware.saved' must be a bound such as \">= 40 %\", not '>= much %'"),
      scenario("EveryWithoutEnd", steps({"- every: {period: 1 ms, steps: [{delay: 1 us}]}"}),
               "s.yaml:5:14: error: step 'every' needs either 'times' or 'for', how long it goes on"),
      scenario("EveryWithoutPeriod", steps({"- every: {period: 0 ms, times: 2, steps: [{delay: 1 us}]}"}),
               "s.yaml:5:23: error: 'period' must not be 0"),
      command("EnergyThatDoesNotExist", {"run", "s.yaml", "--energy", "defalt"},
              "dspmem: error: 'defalt' is not a known set of energy figures; did you mean 'default'?",
              {{"s.yaml", one_allocation}}),
      command("EnergyWithoutUnit", {"run", "s.yaml", "--energy", "e.yaml"},
              "e.yaml:5:29: error: 'leakage' needs a unit: 44 uW", energy_file("44", "30 %")),
      command("EnergyWithAnotherUnit", {"run", "s.yaml", "--energy", "e.yaml"},
              "e.yaml:5:29: error: 'pJ' is not a unit of 'leakage'; known are: nW, uW, mW",
              energy_file("44 pJ", "30 %")),
      command("EnergyThatIsNegative", {"run", "s.yaml", "--energy", "e.yaml"},
              "e.yaml:5:29: error: 'leakage' must not be negative", energy_file("-44 uW", "30 %")),
      command("EnergyThatIsNoNumber", {"run", "s.yaml", "--energy", "e.yaml"},
              "e.yaml:5:29: error: 'leakage' must be such as 44 uW, not 'much'", energy_file("much", "30 %")),
      command(
          "EnergyAboveAll", {"run", "s.yaml", "--energy", "e.yaml"},
          "e.yaml:2:12: error: 'retention' must be at most 100 %: it is a share of the leakage of a bank that is on",
          energy_file("44 uW", "130 %")),
      command("EnergyMissing", {"run", "s.yaml", "--energy", "e.yaml"},
              "e.yaml:5:5: error: bank figures needs 'leakage'", energy_file("", "30 %")),
      scenario("DmaListThatDoesNotExist", steps({"- dma: {list: l}"}), "s.yaml:5:7: error: no step allocates 'l'"),
      scenario("DmaListTooSmall",
               steps({"- alloc: {as: l, bytes: 32}", "- alloc: {as: a, bytes: 64}",
                      "- dma_list: {in: l, from: a, to: a, parts: 3}"}),
               "s.yaml:7:7: error: 3 parts need 48 bytes for their descriptors, but 'l' has 32"),
      scenario("DmaListWithoutParts",
               steps({"- alloc: {as: l, bytes: 32}", "- dma_list: {in: l, from: l, to: l, parts: 0}"}),
               "s.yaml:6:48: error: 'parts' must be between 1 and 4096"),
      scenario("UserModeWithoutSteps", steps({"- user_mode: {}"}),
               "s.yaml:5:18: error: step 'user_mode' needs 'steps', a list of steps"),
      scenario("StaticWithoutSize", with_objects("a: {align: 4}"), "s.yaml:4:6: error: object 'a' needs 'bytes'"),
      scenario("StaticTwice", with_objects("a: 4\n  a: 4"),
               "s.yaml:5:3: error: the name 'a' is given twice: it is declared at line 4 too"),
      scenario("StaticAllocatedToo", with_objects("a: 4") + "    - alloc: {as: a, bytes: 4}\n",
               "s.yaml:7:7: error: the name 'a' is given twice: 'objects' declares it at line 4"),
      scenario("StaticFreed", with_objects("a: 4") + "    - free: a\n",
               "s.yaml:7:7: error: 'a' is a static object: it is never freed"),
      scenario("StaticReallocated", with_objects("a: 4") + "    - realloc: {object: a, bytes: 8}\n",
               "s.yaml:7:7: error: 'a' is a static object: its size is fixed"),
      scenario("StaticNowhere", with_objects("a: {bytes: 4, at: 0x1000}") + "    - read: a\n",
               "s.yaml:4:3: error: 'a' cannot lie at 0x1000: platform 'tgl' has no memory for it there"),
      scenario("StaticOnAHeap", with_objects("a: {bytes: 4, at: 0xbe021000}") + "    - read: a\n",
               "s.yaml:4:3: error: 'a' would lie on heap system[0] (0xbe021000 to 0xbe028fff)"),
      scenario("StaticInTwoPlaces", with_objects("a: {bytes: 4, at: 0xbe021000, bank: HP2}"),
               "s.yaml:4:3: error: an object has one place: 'at', 'bank' or 'behind'"),
      scenario("StaticInNoBank", with_objects("a: {bytes: 4, bank: HP99}") + "    - read: a\n",
               "s.yaml:4:3: error: platform 'tgl' has no bank 'HP99'; did you mean 'HP9'?"),
      scenario("StaticBehindNothing", with_objects("a: {bytes: 4}\n  b: {bytes: 4, behind: c}") + "    - read: a\n",
               "s.yaml:5:3: error: 'b' lies behind 'c', which is not declared before it; did you mean 'a'?"),
      scenario(
          "StaticTooLarge", with_objects("a: 1 MiB") + "    - read: a\n",
          "s.yaml:4:3: error: the 1048576 bytes of 'a' do not fit behind the firmware image, which has 131072 bytes"),
      scenario("StaticOddAlignment", with_objects("a: {bytes: 4, align: 3}"),
               "s.yaml:4:24: error: 'align' must be a power of two, not 3"),
      scenario(
          "StaticAccessedBeyond",
          with_objects("a: 64") + "    - delay: 1 ms\n    - write: {to: a, offset: 32, bytes: 64, pattern: counter}\n",
          "s.yaml:8:7: error: bytes 32 to 95 are not all in 'a', which has 64 bytes; say 'beyond_end: true' if it is "
          "meant"),
      scenario("StaticCopiedBeyond", with_objects("a: 64") + "    - copy: {from: a, to: a, to_offset: 4}\n",
               "s.yaml:7:7: error: bytes 4 to 67 are not all in 'a', which has 64 bytes; say 'beyond_end: true' if it "
               "is meant"),
      scenario("DmaWidth", with_objects("a: 64") + "    - dma: {from: a, to: a, width: 2}\n",
               "s.yaml:7:29: error: step 'dma' has no field 'width'; known are: list, to, to_offset, from, offset, "
               "bytes, beyond_end, channel, chunk"),
      scenario("CopyToAnOddOffset", with_objects("a: 64") + "    - copy: {from: a, bytes: 4, to: a, to_offset: 2}\n",
               "s.yaml:7:51: error: 'to_offset' must be a multiple of the width, 4"),
      scenario("BytesMissingBehindTheEnd",
               with_objects("a: 64") + "    - write: {to: a, offset: 128, beyond_end: true, pattern: counter}\n",
               "s.yaml:7:7: error: offset 128 lies behind the end of 'a', which has 64 bytes: say how many 'bytes' are "
               "meant"),
      scenario("SwitchedOffWhileItAllocates",
               "name: x\nplatform: tgl\ncores:\n  0: [{core_on: 1}, {wait: d}, {core_off: 1}, {core_on: 1}]\n  1: "
               "[{signal: d}, {alloc: {as: x, zone: runtime, bytes: 64}}, {write: {to: x, pattern: 1}}]\n",
               "s.yaml:5:21: error: core 1 was switched off during this step, which has no result: let it say with a "
               "signal when it is done"),
      scenario("DmaListInChunks", with_objects("a: 64") + "    - dma: {list: a, chunk: 64}\n",
               "s.yaml:7:29: error: 'chunk' is not for a list: it says itself what its transfers move"),
      scenario("DmaByAnotherMaster", steps({"- alloc: {as: a, bytes: 64}", "- dma: {from: a, to: a, by: host}"}),
               "s.yaml:6:33: error: 'by' is not for step 'dma': its 'channel' says who copies"),
      scenario("BoundNotANumber", one_allocation + "expect: {cycles: few}\n",
               "s.yaml:6:18: error: 'cycles' must be a bound such as 0, \">= 1\" or \"<= 64 KiB\", not 'few'"),
      scenario("UnknownHeap", one_allocation + "expect: {heaps: {runtim: {used: 0}}}\n",
               "s.yaml:6:33: error: platform 'tgl' has no heap 'runtim'; did you mean 'runtime'?"),
      scenario("UnknownHeapFigure", one_allocation + "expect: {heaps: {runtime: {usd: 0}}}\n",
               "s.yaml:6:28: error: the expectation on heap 'runtime' has no field 'usd'; did you mean 'used'?"),
      scenario("UnknownBankExpected", one_allocation + "expect: {banks: {HP77: on}}\n",
               "s.yaml:6:18: error: platform 'tgl' has no bank 'HP77'; did you mean 'HP7'?"),
      scenario("BankStateUnknown", one_allocation + "expect: {banks: {HP7: standby}}\n",
               "s.yaml:6:23: error: a bank is expected to be on or off, not 'standby'"),
      platform("PlatformUnknownKey", replaced(small_platform, "cores: 1", "cores: 1\ncaches: 2"),
               "./p.yaml:4:1: error: the platform has no field 'caches'; did you mean 'cores'?"),
      platform(
          "PlatformMissingMemories", replaced(small_platform, "memories", "memorys"),
          "./p.yaml:6:1: error: the platform needs 'memories', a list with at least one; is 'memorys' meant to be it?"),
      platform("PlatformCoreCount", replaced(small_platform, "cores: 1", "cores: 9"),
               "./p.yaml:3:8: error: 'cores' must be between 1 and 8"),
      platform(
          "PlatformCacheLine",
          replaced(small_platform, "l1d: {size: 16 KiB, ways: 4, line: 64}", "l1d: {size: 16 KiB, ways: 4, line: 48}"),
          "./p.yaml:5:36: error: 'line' of cache 'l1d' must be 32, 64, 128 or 256"),
      platform("PlatformCacheWaysZero",
               replaced(small_platform, "l1d: {size: 16 KiB, ways: 4", "l1d: {size: 16 KiB, ways: 0"),
               "./p.yaml:5:27: error: 'ways' must not be 0"),
      platform("PlatformCacheSize", replaced(small_platform, "l1d: {size: 16 KiB", "l1d: {size: 17 KiB"),
               "./p.yaml:5:13: error: 'size' of cache 'l1d' must be ways x line x a power of two"),
      platform("PlatformReplacement", replaced(small_platform, "l1d: {", "l1d: {replacement: lur, "),
               "./p.yaml:5:20: error: 'lur' is not a known replacement; did you mean 'lru'?"),
      platform("PlatformMemoryOverlap", replaced(small_platform, "uncached: 0x9e000000", "uncached: 0xbe040000"),
               "./p.yaml:7:3: error: regions 'HP' and 'HP uncached' overlap"),
      platform("PlatformMemoryTooHigh", replaced(small_platform, "base: 0xbe000000", "base: 0xfffff000"),
               "./p.yaml:7:22: error: memory 'HP' reaches beyond the 4 GiB of a 32-bit address"),
      platform("PlatformBankSize", replaced(small_platform, "bank: 64 KiB", "bank: 1000"),
               "./p.yaml:7:62: error: 'bank' must be a multiple of 4 KiB"),
      platform("PlatformNoBanks", replaced(small_platform, "banks: 8", "banks: 0"),
               "./p.yaml:7:77: error: 'banks' must not be 0"),
      platform("PlatformNoAlias", replaced(small_platform, ", uncached: 0x9e000000", ""),
               "./p.yaml:8:14: error: shared_data is 'uncached_alias', but memory 'HP' has no 'uncached' address"),
      platform("PlatformSharedData", replaced(small_platform, "uncached_alias", "alias"),
               "./p.yaml:8:14: error: 'alias' is not a known shared_data; known are: uncached_alias, "
               "writeback_invalidate, none"),
      platform("PlatformHeapTooLarge", replaced(small_platform, "size: 0x8000", "size: 16 MiB"),
               "./p.yaml:12:5: error: heap 'system[0]' needs 16777216 bytes, but memory 'HP' has 389120 left"),
      platform("PlatformHeapForMissingCore", replaced(small_platform, "cores: [0]", "cores: [0, 1]"),
               "./p.yaml:12:27: error: core 1 does not exist: the platform has cores 0 to 0"),
      platform("PlatformHeapTwice", small_platform + "  - {zone: system, cores: [0], size: 0x8000}\n",
               "./p.yaml:14:5: error: heap 'system[0]' is defined twice"),
      platform("PlatformWithoutSystemHeap",
               replaced(small_platform, "  - {zone: system, cores: [0], size: 0x8000}\n", ""),
               "./p.yaml:12:3: error: core 0 has no heap of zone 'system'"),
      platform("PlatformBlocksOutOfOrder",
               replaced(small_platform, "[[64, 128], [128, 128]]", "[[128, 128], [64, 128]]"),
               "./p.yaml:13:29: error: 'blocks' must be in order of growing block size"),
      platform("PlatformBlocksOverflow", replaced(small_platform, "[64, 128]", "[4294967280, 4294967295]"),
               "./p.yaml:13:29: error: a heap must be below 1 GiB"),
      platform("PlatformBlocksAndRest", replaced(small_platform, "blocks:", "rest_in_blocks_of: 64, blocks:"),
               "./p.yaml:13:5: error: a heap needs either 'blocks' or 'rest_in_blocks_of'"),
      platform("PlatformRestInBlocksOfZero",
               replaced(small_platform, "blocks: [[64, 128], [128, 128]]", "rest_in_blocks_of: 0"),
               "./p.yaml:13:40: error: 'rest_in_blocks_of' must be a multiple of 16, and not 0"),
      platform("PlatformAlignment", small_platform + "alignment: 48\n",
               "./p.yaml:14:12: error: 'alignment' must be a power of two and at least 4"),
      command("FirmwareMissing", {"run", "s.yaml", "--firmware", "none.elf"},
              "none.elf: error: this firmware cannot be opened", {{"s.yaml", one_allocation}}),
      command("FirmwareNotAnElf", {"run", "s.yaml", "--firmware", "s.yaml"},
              "s.yaml: error: this firmware is not an ELF file", {{"s.yaml", one_allocation}}),
      command("FirmwareIsADirectory", {"run", "s.yaml", "--firmware", "."}, ".: error: this firmware cannot be opened",
              {{"s.yaml", one_allocation}}),
      command("FirmwareTruncatedHeader", {"run", "s.yaml", "--firmware", "cut.elf"},
              "cut.elf: error: this firmware is not an ELF file",
              {{"s.yaml", one_allocation}, {"cut.elf", "@tgl.elf:40"}}),
      command("FirmwareTruncatedSegment", {"run", "s.yaml", "--firmware", "cut.elf"},
              "cut.elf: error: this firmware is truncated: a segment ends behind the end of the file",
              {{"s.yaml", one_allocation}, {"cut.elf", "@tgl.elf:6000"}}),
      command("FirmwareWithEndlessText", {"run", "s.yaml", "--firmware", "endless.elf"},
              "endless.elf: error: this firmware has damaged debug information: the last text of its section "
              ".debug_str has no end",
              {{"s.yaml", one_allocation}, {"endless.elf", "@endless"}}),
      command("FirmwareOfAnotherMachine", {"run", "s.yaml", "--firmware", "host.elf"},
              "host.elf: error: this firmware is for another machine (ELF machine 40); Xtensa is 94",
              {{"s.yaml", one_allocation}, {"host.elf", "@other"}}),
      command("FirmwareAtWrongAddress", {"run", "s.yaml", "-p", "imx8", "--firmware", "tgl.elf"},
              "tgl.elf: error: this firmware was built for another platform than 'imx8' ...",
              {{"s.yaml", one_allocation}, {"tgl.elf", "@tgl.elf"}}),
      command("NoFirmwareForPlatform", {"run", "s.yaml", "-p", "./p.yaml"},
              "./p.yaml: error: there is no firmware image 'FIRMWARE/p.elf' for this platform: put the file into "
              "configs/platforms and build, or name an ELF with --firmware",
              {{"s.yaml", one_allocation}, {"p.yaml", small_platform}}),
      command("UnknownCommand", {"rum", "s.yaml"}, "dspmem: error: there is no command 'rum'; did you mean 'run'?"),
      command("UnknownOption", {"run", "s.yaml", "--jsn", "x"},
              "dspmem: error: there is no option '--jsn'; did you mean '--json'?"),
      command("SuppressionWithoutReason", {"run", "s.yaml", "--suppressions", "q.yaml"},
              "q.yaml:2:5: error: a suppression needs 'reason'",
              {{"s.yaml", one_allocation}, {"q.yaml", "suppressions:\n  - {rule: leak}\n"}}),
      command("SuppressionOfUnknownRule", {"run", "s.yaml", "--suppressions", "q.yaml"},
              "q.yaml:2:12: error: 'leek' is not a known rule; did you mean 'leak'?",
              {{"s.yaml", one_allocation}, {"q.yaml", "suppressions:\n  - {rule: leek, reason: known}\n"}}),
      command("SuppressionOfEverything", {"run", "s.yaml", "--suppressions", "q.yaml"},
              "q.yaml:2:5: error: a suppression needs at least one of 'rule', 'function', 'file' and 'object'",
              {{"s.yaml", one_allocation}, {"q.yaml", "suppressions:\n  - {reason: known}\n"}}),
      command("SuppressionsNotAList", {"run", "s.yaml", "--suppressions", "q.yaml"},
              "q.yaml:1:1: error: the suppression file needs 'suppressions', a list; is 'supressed' meant to be it?",
              {{"s.yaml", one_allocation}, {"q.yaml", "supressed: 1\n"}}),
      command("NoScenario", {"run"}, "dspmem: error: run needs a scenario file; see 'dspmem run --help'"),
      command("ScenarioMissing", {"run", "none.yaml"}, "none.yaml: error: cannot be opened"),
      command("ScenarioIsADirectory", {"check", "."}, ".: error: is a directory, not a YAML file"),
      command("SeedOptionNegative", {"run", "s.yaml", "--seed", "-1"},
              "dspmem: error: --seed must be a whole number of at least 0, not '-1'", {{"s.yaml", one_allocation}}),
      command("QuantumZero", {"run", "s.yaml", "--quantum", "0"},
              "dspmem: error: --quantum must be a whole number from 1 to 1000000, not '0'",
              {{"s.yaml", one_allocation}}),
      command("QuantumOfAnotherCommand", {"mutate", "s.yaml", "--quantum", "0"},
              "dspmem: error: --quantum must be a whole number from 1 to 1000000, not '0'",
              {{"s.yaml", one_allocation}}),
      command("TwoScenariosForOne", {"record", "s.yaml", "s.yaml", "-o", "x.csv"},
              "dspmem: error: record needs one scenario file; see 'dspmem record --help'",
              {{"s.yaml", one_allocation}}),
      command("WatchdogNotANumber", {"run", "s.yaml", "--watchdog", "soon"},
              "dspmem: error: --watchdog must be a whole number from 1 to 1000000000000000, not 'soon'",
              {{"s.yaml", one_allocation}}),
      command("JsonIntoMissingFolder", {"run", "s.yaml", "--json", "none/x.json"},
              "dspmem: error: --json: the folder 'none' does not exist", {{"s.yaml", one_allocation}}),
      command("RecordIntoACompressedFile", {"record", "s.yaml", "-o", "run.csv.gz"},
              "dspmem: error: --output: a recording is plain text; record to a .csv file and compress that, 'run' "
              "reads it either way",
              {{"s.yaml", one_allocation}}),
      command("JsonIntoADirectory", {"run", "s.yaml", "--json", "."}, "dspmem: error: --json: '.' is a directory",
              {{"s.yaml", one_allocation}}),
      command("PlatformOptionUnknown", {"run", "s.yaml", "-p", "tlg"},
              "--platform: error: 'tlg' is not a known platform; did you mean 'tgl'?", {{"s.yaml", one_allocation}}),
      command("DescribeNothing", {"describe"}, "dspmem: error: describe needs a platform, one of: ..."),
      command("StepsWithArguments", {"steps", "alloc"}, "dspmem: error: steps takes no arguments"),
      command("HelpForAnUnknownCommand", {"help", "rum"},
              "dspmem: error: there is no command 'rum'; did you mean 'run'?"),
      command("DescribeInTwoForms", {"describe", "tgl", "--dot", "--header"},
              "dspmem: error: --dot, --linker-script and --header each stand for the whole output: give one of them"),
      command("ZoneOfATrace", {"import", "trace", "t.csv", "-o", "s.yaml", "--zone", "runtime"},
              "dspmem: error: --zone is for logs: the rows of a trace say their zones",
              {{"t.csv", "op,id,size\nalloc,1,64\n"}}),
      command("PeriodsOfATrace", {"import", "trace", "t.csv", "-o", "s.yaml", "--periods", "3"},
              "dspmem: error: --periods is for topologies", {{"t.csv", "op,id,size\nalloc,1,64\n"}}),
      command("ImportOfNeitherTraceNorLog", {"import", "trace", "t.bin", "-o", "s.yaml"},
              "t.bin: error: this is neither a trace, whose first line names its columns "
              "(time,core,op,zone,flags,caps,size,alignment,id), nor a log with heap operations, such as ...",
              {{"t.bin",
                "\x7f"
                "ELF\x01\x02\x03,\xff\n"}}),
      command("ImportedRowOfAnUnknownStep", {"import", "trace", "t.csv", "-o", "s.yaml"},
              "t.csv:3:1: error: there is no step 'alok'; did you mean 'alloc'?",
              {{"t.csv", "op,id,size\nalloc,1,64\nalok,2,64\n"}}),
      command("ImportedRowOfAMissingCore", {"import", "trace", "t.csv", "-o", "s.yaml"},
              "t.csv:3:1: error: core 7 does not exist: platform 'tgl' has 4 cores",
              {{"t.csv", "core,op,id,size\n0,alloc,1,64\n7,alloc,2,64\n"}}),
      command("ImportedForAnUnknownPlatform", {"import", "trace", "t.csv", "-o", "s.yaml"},
              "t.csv: error: 'tlg' is not a known platform; did you mean 'tgl'?",
              {{"t.csv", "# platform: tlg\nop,id,size\nalloc,1,64\n"}}),
  };
  return all;
}

std::string bad_input_contents(const std::string& text) {
  if (!text.starts_with("@")) return text;
  std::string image = read_file(firmware_images() / "tgl.elf");
  if (text == "@other") image[18] = 40;  // e_machine: ARM
  if (text == "@endless") take_the_last_zero_of_texts(image);
  const std::size_t colon = text.find(':');
  return colon == std::string::npos ? image : image.substr(0, std::stoul(text.substr(colon + 1)));
}

}  // namespace dspmem::test
