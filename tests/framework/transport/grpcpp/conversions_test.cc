#include "framework/transport/grpcpp/conversions.h"

#include <grpc/byte_buffer.h>
#include <grpc/slice.h>
#include <grpcpp/support/slice.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "framework/base/status.h"
#include "framework/rpc/payload.h"
#include "gtest/gtest.h"

namespace rota::grpcpp {
namespace {

std::string Text(const grpc::ByteBuffer& bytes) {
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(bytes.Dump(&slices).ok());
  std::string text;
  for (const grpc::Slice& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

TEST(ConversionsTest, PayloadsOfAnySizeKeepTheirBytes) {
  for (const size_t size : {0, 1, 256, 257, 100000}) {
    const std::string text(size, 'x');
    EXPECT_EQ(Text(ToByteBuffer(Payload::Copy(text))), text) << size;
  }
  EXPECT_EQ(Text(ToByteBuffer(Payload())), "");
}

TEST(ConversionsTest, APayloadThatIsGzipIsMarkedAsSuch) {
  for (const size_t size : {size_t{0}, size_t{100}, size_t{100'000}}) {
    for (const bool is_gzip : {false, true}) {
      const grpc::ByteBuffer bytes = ToByteBuffer(Payload::Copy(std::string(size, 'x')), is_gzip);
      EXPECT_EQ(Text(bytes), std::string(size, 'x'));
      const grpc_byte_buffer* of_core = nullptr;
      std::memcpy(&of_core, &bytes, sizeof(of_core));
      EXPECT_EQ(of_core->data.raw.compression, is_gzip ? GRPC_COMPRESS_GZIP : GRPC_COMPRESS_NONE);
    }
  }
}

TEST(ConversionsTest, SlicesOfAMessageAreJoinedInTheirOrder) {
  grpc_slice slices[] = {grpc_slice_from_copied_string("one "), grpc_empty_slice(), grpc_slice_from_copied_string("two")};
  grpc_byte_buffer* const bytes = grpc_raw_byte_buffer_create(slices, 3);
  EXPECT_EQ(ToPayload(bytes).view(), "one two");
  grpc_byte_buffer_destroy(bytes);
  for (const grpc_slice& slice : slices) grpc_slice_unref(slice);
}

TEST(ConversionsTest, AStatusKeepsCodeMessageAndDetails) {
  const grpc::Status status = ToGrpcStatus(NotFoundError("no file").WithDetails("bytes"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "no file");
  EXPECT_EQ(status.error_details(), "bytes");
  EXPECT_TRUE(ToGrpcStatus(OkStatus()).ok());
}

TEST(ConversionsTest, APeerIsHostAndPort) {
  EXPECT_EQ(PeerAddress("ipv4:127.0.0.1:80"), "127.0.0.1:80");
  EXPECT_EQ(PeerAddress("ipv6:%5B::1%5D:80"), "[::1]:80");
  EXPECT_EQ(PeerAddress("ipv6:%5Bfe80::1%25eth0%5D:80"), "[fe80::1%eth0]:80");
  EXPECT_EQ(PeerAddress("unix:/tmp/x"), "unix:/tmp/x");
  EXPECT_EQ(PeerAddress("%5"), "%5");
}

TEST(ConversionsTest, WhatGrpcDoesNotCarryIsNamed) {
  const std::pair<const char*, const char*> reserved[] = {{"grpc-status", "x"}, {":path", "x"}, {"", "x"}, {"te", "x"}, {"content-type", "x"}};
  for (const auto& [key, value] : reserved) EXPECT_STREQ(WhyNotSendable(key, value), "the key is reserved") << key;
  EXPECT_STREQ(WhyNotSendable("a key", "x"), "the key is illegal");
  EXPECT_STREQ(WhyNotSendable("Key", "x"), "the key is illegal");
  EXPECT_STREQ(WhyNotSendable("key", "a\nb"), "the value is illegal");
  EXPECT_EQ(WhyNotSendable("key-bin", "a\nb"), nullptr);
  EXPECT_EQ(WhyNotSendable("key", "value"), nullptr);
  EXPECT_EQ(WhyNotSendable("grpc-trace-bin", "x"), nullptr);
}

}  // namespace
}  // namespace rota::grpcpp
