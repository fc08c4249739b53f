#include "framework/transport/native/field_kind.h"

#include <string_view>

#include "gtest/gtest.h"

namespace rota::native {
namespace {

using std::string_view_literals::operator""sv;

FieldKind Kind(std::string_view name, std::string_view value) { return RequestField(name, value).kind; }

TEST(FieldKindTest, MethodsAreToldApart) {
  EXPECT_EQ(Kind(":method", "POST"), FieldKind::kPost);
  EXPECT_EQ(Kind(":method", "CONNECT"), FieldKind::kConnect);
  EXPECT_EQ(Kind(":method", "OPTIONS"), FieldKind::kOptions);
  EXPECT_EQ(Kind(":method", "post"), FieldKind::kOtherMethod);
  EXPECT_EQ(Kind(":method", "P OST"), FieldKind::kMalformed);
}

TEST(FieldKindTest, PathsBeginWithASlashAndHaveNoBlanks) {
  EXPECT_EQ(Kind(":path", "/a.B/C"), FieldKind::kPath);
  EXPECT_EQ(Kind(":path", "*"), FieldKind::kAsterisk);
  EXPECT_EQ(Kind(":path", "a.B/C"), FieldKind::kOtherPath);
  EXPECT_EQ(Kind(":path", "/\xc3\xa4"), FieldKind::kPath);
  for (const char* path : {"", " ", "/a b", "/a\tb", "/a\x7f", "/a\n"}) EXPECT_EQ(Kind(":path", path), FieldKind::kMalformed) << path;
}

TEST(FieldKindTest, SchemesAreThoseOfUris) {
  for (const char* scheme : {"http", "https", "HTTP"}) EXPECT_EQ(Kind(":scheme", scheme), FieldKind::kHttpScheme) << scheme;
  EXPECT_EQ(Kind(":scheme", "coap+tcp"), FieldKind::kOtherScheme);
  for (const char* scheme : {"", "1a", "a b"}) EXPECT_EQ(Kind(":scheme", scheme), FieldKind::kMalformed) << scheme;
}

TEST(FieldKindTest, OtherPseudoHeaderFieldsAreMalformed) {
  for (const char* name : {":", ":status", ":protocol", ":Path"}) EXPECT_EQ(Kind(name, "x"), FieldKind::kMalformed) << name;
  EXPECT_EQ(Kind(":authority", "here:1"), FieldKind::kAuthority);
  EXPECT_EQ(Kind(":authority", "a b"), FieldKind::kMalformed);
}

TEST(FieldKindTest, NamesInUpperCaseAndFieldsOfConnectionsAreMalformed) {
  for (const char* name : {"X-Key", "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}) {
    EXPECT_EQ(Kind(name, "x"), FieldKind::kMalformed) << name;
  }
  EXPECT_EQ(Kind("te", "gzip"), FieldKind::kMalformed);
  EXPECT_EQ(Kind("te", "trailers"), FieldKind::kTeTrailers);
  EXPECT_EQ(Kind("te", "TRAILERS"), FieldKind::kReserved);
}

TEST(FieldKindTest, IllegalFieldsAreNotMalformed) {
  for (const char* name : {"", "x key", "x\xff"}) EXPECT_EQ(Kind(name, "x"), FieldKind::kIllegal) << name;
  for (const std::string_view value : {std::string_view("x\0", 2), " x"sv, "x "sv, "\tx"sv, "x\n"sv, "\x7f"sv}) {
    EXPECT_EQ(Kind("x-key", value), FieldKind::kIllegal) << value;
  }
  EXPECT_EQ(Kind("host", "a b"), FieldKind::kIllegal);
  EXPECT_EQ(Kind("host", ""), FieldKind::kMalformed);
  for (const char* value : {"", "a b", "\xff\xc3", "a\tb"}) EXPECT_EQ(Kind("x-key", value), FieldKind::kMetadata) << value;
}

TEST(FieldKindTest, WhatGrpcKnowsIsNotMetadata) {
  EXPECT_EQ(Kind("grpc-timeout", "1S"), FieldKind::kTimeout);
  EXPECT_EQ(Kind("grpc-encoding", "gzip"), FieldKind::kEncoding);
  EXPECT_EQ(Kind("grpc-accept-encoding", "gzip"), FieldKind::kAcceptEncoding);
  EXPECT_EQ(Kind("grpc-anything", "x"), FieldKind::kReserved);
  EXPECT_EQ(Kind("grpc-trace-bin", "Zm8"), FieldKind::kMetadata);
  EXPECT_EQ(Kind("content-type", "application/grpc+proto"), FieldKind::kGrpcContentType);
  EXPECT_EQ(Kind("content-type", "application/grpc+json"), FieldKind::kOtherContentType);
  EXPECT_EQ(Kind("content-type", "text/plain"), FieldKind::kOtherContentType);
  EXPECT_EQ(Kind("content-length", "1"), FieldKind::kContentLength);
  EXPECT_EQ(Kind("host", "here:1"), FieldKind::kHost);
  EXPECT_EQ(Kind("user-agent", "me"), FieldKind::kMetadata);
}

}  // namespace
}  // namespace rota::native
