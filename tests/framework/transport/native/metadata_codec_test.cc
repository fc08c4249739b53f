#include "framework/transport/native/metadata_codec.h"

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace rota::native {
namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

Entries All(const Metadata& metadata) {
  Entries all;
  for (const auto& [key, value] : metadata) all.emplace_back(key, value);
  return all;
}

std::string Decoded(std::string_view text) {
  std::string bytes;
  return DecodeBase64(text, bytes) ? bytes : "malformed";
}

TEST(MetadataCodecTest, Base64IsThatOfTheRfcWithoutPadding) {
  // The examples of RFC 4648, section 10.
  EXPECT_EQ(EncodeBase64(""), "");
  EXPECT_EQ(EncodeBase64("f"), "Zg");
  EXPECT_EQ(EncodeBase64("fo"), "Zm8");
  EXPECT_EQ(EncodeBase64("foo"), "Zm9v");
  EXPECT_EQ(EncodeBase64("foob"), "Zm9vYg");
  EXPECT_EQ(EncodeBase64("fooba"), "Zm9vYmE");
  EXPECT_EQ(EncodeBase64("foobar"), "Zm9vYmFy");
}

TEST(MetadataCodecTest, Base64IsReadWithPaddingAndWithout) {
  for (const char* text : {"Zg", "Zg=="}) EXPECT_EQ(Decoded(text), "f") << text;
  for (const char* text : {"Zm8", "Zm8="}) EXPECT_EQ(Decoded(text), "fo") << text;
  EXPECT_EQ(Decoded("Zm9v"), "foo");
  EXPECT_EQ(Decoded(""), "");
  EXPECT_EQ(Decoded(" Zm9v "), "foo");
}

TEST(MetadataCodecTest, AllBytesGoThereAndBack) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    bytes.push_back(static_cast<char>(i));
    EXPECT_EQ(Decoded(EncodeBase64(bytes)), bytes);
  }
}

TEST(MetadataCodecTest, MalformedBase64IsSeen) {
  for (const char* text : {"Z", "Zg=", "Z===", "Zm9v=", "Zm 9v", "Zm9v!", "Zg==Zg==", "\xff\xff"}) {
    EXPECT_EQ(Decoded(text), "malformed") << text;
  }
}

TEST(MetadataCodecTest, ValuesOfBinaryKeysAreSplitAtCommasAndDecoded) {
  Metadata metadata;
  EXPECT_TRUE(AddReceived("x-raw-bin", "Zg,Zm8=, Zm9v", metadata));
  EXPECT_TRUE(AddReceived("x-plain", "a,b", metadata));
  EXPECT_EQ(All(metadata), (Entries{{"x-raw-bin", "f"}, {"x-raw-bin", "fo"}, {"x-raw-bin", "foo"}, {"x-plain", "a,b"}}));
  EXPECT_FALSE(AddReceived("x-raw-bin", "Zg,!", metadata));
}

TEST(MetadataCodecTest, WhatBelongsToTheProtocolIsReserved) {
  for (const char* key : {"", ":path", "te", "content-type", "content-length", "host", "connection", "keep-alive", "proxy-connection",
                          "transfer-encoding", "upgrade", "grpc-status", "grpc-timeout", "grpc-anything"}) {
    EXPECT_TRUE(IsReservedKey(key)) << key;
  }
  for (const char* key : {"user-agent", "x-key", "tea", "grpc", "grpc-trace-bin", "cookie"}) EXPECT_FALSE(IsReservedKey(key)) << key;
}

TEST(MetadataCodecTest, OnlyLegalMetadataIsSendable) {
  EXPECT_EQ(WhyNotSendable("x-key_1.a", "value ~"), nullptr);
  EXPECT_EQ(WhyNotSendable("x-raw-bin", std::string_view("\0\xff\n", 3)), nullptr);
  EXPECT_STREQ(WhyNotSendable("X-Key", "a"), "the key is illegal");
  EXPECT_STREQ(WhyNotSendable("a key", "a"), "the key is illegal");
  EXPECT_STREQ(WhyNotSendable("x-key", "a\nb"), "the value is illegal");
  EXPECT_STREQ(WhyNotSendable("x-key", "\xc3\xa4"), "the value is illegal");
  EXPECT_STREQ(WhyNotSendable("grpc-status", "0"), "the key is reserved");
}

TEST(MetadataCodecTest, MessagesOfStatusesArePercentEncoded) {
  EXPECT_EQ(EncodePercent("plain text ~"), "plain text ~");
  EXPECT_EQ(EncodePercent("100%\t\xc3\xa4\r\n"), "100%25%09%C3%A4%0D%0A");
  EXPECT_EQ(EncodePercent(std::string_view("\0\x7f", 2)), "%00%7F");
}

}  // namespace
}  // namespace rota::native
