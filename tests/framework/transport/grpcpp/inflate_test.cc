#include "framework/transport/grpcpp/inflate.h"

#include <grpc/byte_buffer.h>
#include <grpc/slice.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "framework/base/status.h"

namespace rota::grpcpp {
namespace {

constexpr int kZlib = MAX_WBITS, kGzip = MAX_WBITS + 16;

std::string Pack(const std::string& text, int form) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, form, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// In slices of `slice` bytes, as gRPC may have read them.
StatusOr<Payload> Unpack(std::string_view packed, size_t limit, size_t slice = 1 << 20) {
  std::vector<grpc_slice> slices;
  for (size_t at = 0; at < packed.size(); at += slice) {
    const std::string_view piece = packed.substr(at, slice);
    slices.push_back(grpc_slice_from_copied_buffer(piece.data(), piece.size()));
  }
  grpc_byte_buffer* const buffer = grpc_raw_byte_buffer_create(slices.data(), slices.size());
  StatusOr<Payload> payload = Inflate(buffer, limit);
  grpc_byte_buffer_destroy(buffer);
  for (grpc_slice& each : slices) grpc_slice_unref(each);
  return payload;
}

const std::string& Text() {
  static const std::string& text = *[] {
    auto* made = new std::string;
    for (int i = 0; made->size() < 100000; ++i) *made += std::to_string(i * i);
    return made;
  }();
  return text;
}

TEST(InflateTest, BothFormsAreUnpackedHoweverTheyAreSliced) {
  for (const int form : {kZlib, kGzip}) {
    const std::string packed = Pack(Text(), form);
    for (const size_t slice : {size_t{1}, size_t{1000}, packed.size()}) {
      StatusOr<Payload> payload = Unpack(packed, Text().size(), slice);
      ASSERT_TRUE(payload.ok()) << payload.status().ToString();
      EXPECT_TRUE(payload->view() == Text());
    }
  }
}

TEST(InflateTest, AnEmptyMessageIsOne) {
  StatusOr<Payload> payload = Unpack(Pack("", kGzip), 0);
  ASSERT_TRUE(payload.ok());
  EXPECT_EQ(payload->size(), 0u);
}

TEST(InflateTest, OneByteMoreThanTheLimitIsTooMuch) {
  const StatusOr<Payload> payload = Unpack(Pack(Text(), kGzip), Text().size() - 1);
  EXPECT_EQ(payload.status().code(), StatusCode::kResourceExhausted);
  // A thousand times the limit, of which no more than that comes out.
  const StatusOr<Payload> bomb = Unpack(Pack(std::string(10 << 20, '\0'), kGzip), 10 << 10);
  EXPECT_EQ(bomb.status().code(), StatusCode::kResourceExhausted);
}

TEST(InflateTest, WhatIsNoSuchStreamIsRefused) {
  const std::string packed = Pack(Text(), kGzip);
  std::string broken = packed;
  std::fill(broken.begin() + 100, broken.begin() + 200, '\xff');
  for (const std::string& bytes : {std::string(), std::string("no stream at all"), packed.substr(0, packed.size() - 1), packed + "x", broken}) {
    for (const size_t slice : {size_t{1}, size_t{1} << 20}) {
      EXPECT_EQ(Unpack(bytes, Text().size(), slice).status().code(), StatusCode::kInternal) << bytes.size() << " " << slice;
    }
  }
}

}  // namespace
}  // namespace rota::grpcpp
