// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "sim/cli/interrupt.h"
#include "sim/cli/usage.h"
#include "sim/config/input_files.h"

namespace dspmem {
namespace {

mode_t mode_of_new_files() {
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

/// Where a chain of links ends, whether or not anything is there.
std::string followed(const std::string& path) {
  std::filesystem::path at = path;
  std::error_code failure;
  for (int links = 0; links < 40 && std::filesystem::is_symlink(at, failure); ++links) {
    const std::filesystem::path next = std::filesystem::read_symlink(at, failure);
    if (failure) break;
    at = next.is_absolute() ? next : at.parent_path() / next;
  }
  return at.string();
}

}  // namespace

void OutputFile::fail(const std::string& why) const { throw UsageError(option_ + ": " + why); }

OutputFile::OutputFile(const std::string& option, std::string path)
    : option_(option), path_(std::move(path)), target_(followed(path_)) {
  if (path_ == "-") fail("needs the name of a file, not '-'");
  struct stat status {};
  const bool exists = stat(path_.c_str(), &status) == 0;
  // What is open already, by any of its names, belongs to somebody else: /dev/stdout may be a file that others write to
  // as well.
  const bool opened_elsewhere = path_.starts_with("/dev/") || path_.starts_with("/proc/");
  if (exists && !S_ISDIR(status.st_mode) && (!S_ISREG(status.st_mode) || opened_elsewhere)) {
    target_ = path_;
    if (access(path_.c_str(), W_OK)) fail("'" + path_ + "' cannot be written");
    return;  // opened when there is something to write: a pipe waits for its reader
  }
  const std::filesystem::path file(target_), folder = file.has_parent_path() ? file.parent_path() : ".";
  if (std::filesystem::is_directory(file)) fail("'" + path_ + "' is a directory");
  if (std::filesystem::is_symlink(file)) fail("'" + path_ + "' is a link that leads to itself");
  if (!std::filesystem::is_directory(folder)) fail("the folder '" + folder.string() + "' does not exist");
  // Root may write to files that nobody may write to: the mode says what the user wants.
  if (exists && (!(status.st_mode & 0222) || access(target_.c_str(), W_OK))) fail("'" + path_ + "' is read-only");
  open_beside();
  if (!exists) return;
  if (chown(part_.c_str(), status.st_uid, status.st_gid)) errno = 0;  // as far as it is allowed
  chmod(part_.c_str(), status.st_mode & 07777);
}

void OutputFile::open_beside() {
  const std::filesystem::path file(target_);
  std::string hidden = ".";
  hidden += file.filename().string();
  hidden += ".XXXXXX";
  std::string name = (file.parent_path() / hidden).string();
  const int descriptor = mkstemp(name.data());
  if (descriptor < 0) fail("'" + path_ + "' cannot be written: " + std::strerror(errno));
  part_ = name.data();
  remove_when_killed(part_);
  fchmod(descriptor, mode_of_new_files());
  stream_.open(part_, std::ios::binary);
  close(descriptor);
  if (stream_) return;
  unlink(part_.c_str());  // nobody else does: this object is not made
  keep_when_killed(part_);
  fail("'" + path_ + "' cannot be written");
}

std::ostream& OutputFile::stream() const {
  if (in_place() && !stream_.is_open()) {
    stream_.open(target_, std::ios::binary | std::ios::app);
    if (!stream_) fail("'" + path_ + "' cannot be written");
  }
  return stream_;
}

std::string OutputFile::target() const {
  if (in_place()) return "";
  const std::filesystem::path file = std::filesystem::absolute(target_);
  std::error_code failure;
  const std::filesystem::path folder = std::filesystem::canonical(file.parent_path(), failure);
  return (failure ? file.parent_path().lexically_normal() : folder) / file.filename();
}

void OutputFile::refuse_inputs() const {
  if (is_input(target_)) fail("'" + path_ + "' is what is read; name another file");
}

OutputFile::~OutputFile() {
  if (in_place() || committed_) return;
  stream_.close();
  unlink(part_.c_str());
  keep_when_killed(part_);
}

std::string OutputFile::unfinished() const {
  stream_.flush();
  return part_;
}

void OutputFile::commit() const {
  errno = 0;
  stream_.flush();
  bool good = static_cast<bool>(stream_);
  stream_.close();
  if (!in_place()) {
    const int descriptor = open(part_.c_str(), O_RDONLY);
    good = good && descriptor >= 0 && fsync(descriptor) == 0;
    if (descriptor >= 0) close(descriptor);
    good = good && rename(part_.c_str(), target_.c_str()) == 0;
  }
  if (!good) fail("'" + path_ + "' could not be written" + (errno ? std::string(": ") + std::strerror(errno) : ""));
  committed_ = true;
  keep_when_killed(part_);
}

}  // namespace dspmem
