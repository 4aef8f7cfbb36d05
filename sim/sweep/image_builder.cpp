// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/image_builder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "sim/config/describe.h"
#include "sim/config/input_files.h"
#include "sim/config/paths.h"
#include "sim/sweep/digest.h"
#include "sim/sweep/system_command.h"

namespace dspmem {
namespace {

namespace fs = std::filesystem;

/// What a compiler complains of; empty where it succeeds.
std::string run_compiler(const std::vector<std::string>& arguments) {
  const CommandOutcome outcome = run_system_command(arguments);
  if (outcome.exit_code == 0) return "";
  if (outcome.exit_code == 127) return "'" + arguments[0] + "' is not installed (Debian: gcc-xtensa-lx106)";
  const std::string said = outcome.err + outcome.out, first = said.substr(0, said.find('\n'));
  return first.empty() ? "the compiler failed" : first;
}

/// Of the installation, or of the source tree.
fs::path firmware_sources() {
  const fs::path beside = config_directory().parent_path(), installed = beside / "firmware-source";
  return fs::exists(installed) ? installed : beside / "models/firmware";
}

/// As tools/cmake/DspmemFirmware.cmake compiles it.
std::vector<std::string> compiler_flags() {
  std::vector<std::string> flags;
  std::istringstream lines(read_input((firmware_sources() / "compile_flags.txt").string()));
  for (std::string line; std::getline(lines, line);)
    if (!line.empty()) flags.push_back(line);
  return flags;
}

/// Sources of dspmem's firmware with an allocator; empty for one that it does not have.
std::vector<fs::path> sources_of(const std::string& allocator) {
  const fs::path firmware = firmware_sources();
  std::vector<fs::path> folders{firmware / "src", firmware / "libc"}, sources;
  if (allocator == "zones" || allocator == "first_fit" || allocator == "tlsf")
    folders.push_back(firmware / "allocators" / allocator);
  else return {};
  for (const fs::path& folder : folders) {
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(folder, missing))
      if (entry.path().extension() == ".c" || entry.path().extension() == ".S") sources.push_back(entry.path());
  }
  std::sort(sources.begin(), sources.end());
  return sources;
}

std::string build(const Job& job, const Platform& platform, const fs::path& target) {
  const std::string allocator = fs::path(job.allocator.file).stem().string();
  const std::vector<fs::path> sources = sources_of(allocator);
  const auto fail = [&](const std::string& why) {
    throw InputError(
        {job.platform.file},
        fmt::format("this platform needs a firmware image of its own with allocator '{}', which cannot be built: {}",
                    allocator, why));
  };
  if (sources.empty())
    fail("only zones, first_fit and tlsf are built by sweeps; name an image with 'firmware:' in the binding");
  const fs::path folder = target.string() + ".dir", firmware = firmware_sources();
  fs::create_directories(folder);
  std::ofstream(folder / "platform_config.h") << describe_as_header(platform);
  std::ofstream(folder / "link.ld") << describe_as_linker_script(platform);
  const std::vector<std::string> flags = compiler_flags();
  std::vector<std::string> link{"xtensa-lx106-elf-gcc", "-nostdlib", "-Wl,-T," + (folder / "link.ld").string()};
  for (std::size_t index = 0; index < sources.size(); ++index) {
    const std::string object = (folder / fmt::format("{}.o", index)).string();
    std::vector<std::string> compile{"xtensa-lx106-elf-gcc"};
    compile.insert(compile.end(), flags.begin(), flags.end());
    for (const std::string& each :
         {"-I" + folder.string(), "-I" + (firmware / "include").string(), "-I" + (firmware / "libc/include").string(),
          "-ffile-prefix-map=" + firmware.parent_path().parent_path().string() + "/=", std::string("-c"),
          sources[index].string(), std::string("-o"), object})
      compile.push_back(each);
    if (const std::string why = run_compiler(compile); !why.empty()) fail(why);
    link.push_back(object);
  }
  const std::string part = target.string() + ".part";
  for (const std::string& each : {std::string("-lgcc"), std::string("-o"), part}) link.push_back(each);
  if (const std::string why = run_compiler(link); !why.empty()) fail(why);
  fs::rename(part, target);
  fs::remove_all(folder);
  return target.string();
}

}  // namespace

std::string image_for(const JobRequest& request, const Job& job, const std::string& folder) {
  if (job.firmware) return *job.firmware;
  std::string missing;
  try {
    const std::string shipped = firmware_path(job.platform, job.allocator);
    if (!job.allocator.firmware.empty() || built_for(FirmwareImage(shipped), job.platform_facts)) return shipped;
  } catch (const InputError&) {
    if (!job.allocator.firmware.empty()) throw;
  }
  // What goes into the image: the sources, and what they are compiled and linked for.
  const Platform platform =
      load_platform(job.platform.file, {}, request.platform_edits);  // without what the binding adds
  const std::string allocator = fs::path(job.allocator.file).stem().string();
  Digest digest;
  for (const std::string& part : {describe_as_header(platform), describe_as_linker_script(platform), allocator})
    digest.add(part);
  if (!fs::exists(firmware_sources()))
    throw InputError(
        {job.platform.file},
        fmt::format("this platform needs a firmware image of its own, and the firmware's sources are not at '{}'",
                    firmware_sources().string()));
  std::set<fs::path> sources;  // with headers, of all allocators: images are seldom built
  for (const auto& entry : fs::recursive_directory_iterator(firmware_sources()))
    if (entry.is_regular_file()) sources.insert(entry.path());
  for (const fs::path& source : sources) digest.add(read_input(source.string()));
  const fs::path target = fs::path(folder) / fmt::format("{}-{}-{}.elf", fs::path(job.platform.file).stem().string(),
                                                         allocator, digest.text());
  fs::create_directories(folder);
  const int lock = open((target.string() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC,
                        0644);  // processes of the pool build it once
  if (lock >= 0) flock(lock, LOCK_EX);
  struct Unlock {
    int file;
    ~Unlock() {
      if (file >= 0) close(file);
    }
  } const unlock{lock};
  return fs::exists(target) ? target.string() : build(job, platform, target);
}

}  // namespace dspmem
