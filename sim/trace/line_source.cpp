// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/line_source.h"

#include <boost/iostreams/device/array.hpp>
#include <boost/iostreams/device/file.hpp>
#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filtering_stream.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "sim/config/input_files.h"
#include "sim/trace/zstd_source.h"

namespace dspmem {
namespace {

namespace io = boost::iostreams;

constexpr std::size_t chunk = 256 * 1024;

/// What `source` holds, decompressed if its first bytes say that it is compressed.
template <class Source>
std::unique_ptr<std::istream> text_of(const Source& source, std::string_view first_bytes) {
  auto plain = std::make_unique<io::filtering_istream>();
  if (first_bytes.starts_with("\x1f\x8b")) plain->push(io::gzip_decompressor(), chunk);
  plain->push(source, chunk);
  std::unique_ptr<std::istream> stream = std::move(plain);
  if (first_bytes.starts_with("\x28\xb5\x2f\xfd")) stream = std::make_unique<ZstdStream>(std::move(stream));
  stream->exceptions(std::ios::badbit);
  return stream;
}

}  // namespace

LineSource::LineSource(const std::string& path) : path_(path) {
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path)) throw InputError({path}, "the file cannot be opened");
  note_input(path);
  std::array<char, 4> magic{};
  file.read(magic.data(), magic.size());
  stream_ = text_of(io::file_source(path, std::ios::binary), {magic.data(), magic.size()});
}

LineSource::LineSource(std::string_view text, std::string name)
    : path_(std::move(name)), stream_(text_of(io::array_source(text.data(), text.size()), text)) {}

LineSource::~LineSource() = default;

bool LineSource::refill() {
  if (begin_) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ > longest_line)
    throw InputError({path_, static_cast<int>(number_ + 1), 1}, "a line is longer than 1 MiB: this is no text");
  buffer_.resize(end_ + chunk);
  try {
    stream_->read(buffer_.data() + end_, chunk);
  } catch (const std::exception& error) {
    throw InputError({path_, static_cast<int>(number_ + 1), 1},
                     std::string("the compressed file is damaged behind this line: ") + error.what());
  }
  end_ += static_cast<std::size_t>(stream_->gcount());
  return stream_->gcount() > 0;
}

bool LineSource::next(std::string_view& line) {
  std::size_t searched = begin_;
  for (;;) {
    if (const void* found = searched < end_ ? std::memchr(buffer_.data() + searched, '\n', end_ - searched) : nullptr) {
      const auto end = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
      line = {buffer_.data() + begin_, end - begin_};
      begin_ = end + 1;
      break;
    }
    const std::size_t waiting = end_ - begin_;
    if (refill()) {
      searched = begin_ + waiting;
      continue;
    }
    if (begin_ == end_) return false;
    line = {buffer_.data() + begin_, end_ - begin_};  // without an end of line
    begin_ = end_;
    break;
  }
  if (line.ends_with('\r')) line.remove_suffix(1);
  ++number_;
  return true;
}

}  // namespace dspmem
