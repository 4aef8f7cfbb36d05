// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <zstd.h>

#include <fstream>
#include <istream>
#include <memory>
#include <stdexcept>
#include <streambuf>
#include <vector>

namespace dspmem {

/// Text out of a zstd stream. Boost's filter does not notice when the end is missing; this one throws
/// std::runtime_error.
class ZstdText final : public std::streambuf {
 public:
  explicit ZstdText(std::unique_ptr<std::istream> compressed)
      : compressed_(std::move(compressed)), context_(ZSTD_createDCtx(), ZSTD_freeDCtx), in_(ZSTD_DStreamInSize()),
        out_(ZSTD_DStreamOutSize()) {
    if (!context_) throw std::bad_alloc();
    // A window of more than 128 MiB needs more memory than a reader of lines should take.
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, 27);
  }

 private:
  int_type underflow() override {
    for (;;) {
      if (input_.pos == input_.size) {
        compressed_->read(in_.data(), static_cast<std::streamsize>(in_.size()));
        input_ = {in_.data(), static_cast<std::size_t>(compressed_->gcount()), 0};
        if (!input_.size) {
          if (within_frame_) throw std::runtime_error("the end is missing");
          return traits_type::eof();
        }
      }
      ZSTD_outBuffer output{out_.data(), out_.size(), 0};
      const std::size_t left = ZSTD_decompressStream(context_.get(), &output, &input_);
      if (ZSTD_isError(left)) throw std::runtime_error(ZSTD_getErrorName(left));
      within_frame_ = left != 0;
      if (!output.pos) continue;
      setg(out_.data(), out_.data(), out_.data() + output.pos);
      return traits_type::to_int_type(*gptr());
    }
  }

  std::unique_ptr<std::istream> compressed_;
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context_;
  std::vector<char> in_, out_;
  ZSTD_inBuffer input_{nullptr, 0, 0};
  bool within_frame_ = false;
};

/// A stream that owns its buffer.
class ZstdStream final : public std::istream {
 public:
  explicit ZstdStream(std::unique_ptr<std::istream> compressed) : std::istream(nullptr), text_(std::move(compressed)) {
    rdbuf(&text_);
  }

 private:
  ZstdText text_;
};

}  // namespace dspmem
