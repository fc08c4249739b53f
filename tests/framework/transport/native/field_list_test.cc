#include "framework/transport/native/field_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "framework/base/log.h"
#include "framework/base/status.h"
#include "framework/context/metadata.h"

namespace rota::native {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Text(const uint8_t* bytes, size_t size) { return {reinterpret_cast<const char*>(bytes), size}; }

std::vector<std::string> Lines(const FieldList& fields) {
  std::vector<std::string> lines;
  for (size_t i = 0; i < fields.size(); ++i) {
    const nghttp2_nv& field = fields.data()[i];
    lines.push_back(Text(field.name, field.namelen) + "=" + Text(field.value, field.valuelen));
  }
  return lines;
}

TEST(FieldListTest, FieldsKeepTheirOrderAlsoWhenTheyBecomeMany) {
  const std::vector<std::string> names = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
  FieldList fields;
  EXPECT_THAT(Lines(fields), IsEmpty());
  std::vector<std::string> lines;
  for (const std::string& name : names) {
    fields.Add(name, "1");
    lines.push_back(name + "=1");
    EXPECT_EQ(Lines(fields), lines);
  }
}

TEST(FieldListTest, WhatIsOfThisCallOnlyIsCopiedAndKeptOutOfTheTable) {
  FieldList fields;
  for (int i = 0; i < 20; ++i) fields.AddCopy("x", std::string(100, static_cast<char>('a' + i)));
  fields.Add("stays", "here");
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Text(fields.data()[i].value, fields.data()[i].valuelen), std::string(100, static_cast<char>('a' + i)));
    EXPECT_NE(fields.data()[i].flags & NGHTTP2_NV_FLAG_NO_INDEX, 0);
    // nghttp2 makes a copy of its own, because ours goes with the list.
    EXPECT_EQ(fields.data()[i].flags & NGHTTP2_NV_FLAG_NO_COPY_VALUE, 0);
  }
  EXPECT_EQ(fields.data()[20].flags & NGHTTP2_NV_FLAG_NO_INDEX, 0);
  EXPECT_NE(fields.data()[20].flags & NGHTTP2_NV_FLAG_NO_COPY_VALUE, 0);
}

TEST(FieldListTest, AnOkIsOneFieldAndAnErrorHasItsMessageAndDetailsEncoded) {
  FieldList ok;
  ok.AddStatus(OkStatus());
  EXPECT_THAT(Lines(ok), ElementsAre("grpc-status=0"));
  FieldList error;
  error.AddStatus(NotFoundError("no file 'ä'\n100%"));
  EXPECT_THAT(Lines(error), ElementsAre("grpc-status=5", "grpc-message=no file '%C3%A4'%0A100%25"));
  FieldList detailed;
  detailed.AddStatus(Status(StatusCode::kAborted, "").WithDetails(std::string("\0\xff", 2)));
  EXPECT_THAT(Lines(detailed), ElementsAre("grpc-status=10", "grpc-status-details-bin=AP8"));
}

TEST(FieldListTest, ValuesOfBinaryKeysAreEncodedAndOthersAreNot) {
  Metadata metadata;
  metadata.Add("plain", "a b");
  metadata.Add("raw-bin", std::string("\0\x01", 2));
  FieldList fields;
  fields.AddMetadata(metadata);
  EXPECT_THAT(Lines(fields), ElementsAre("plain=a b", "raw-bin=AAE"));
}

TEST(FieldListTest, WhatCannotBeSentIsDroppedAndTheRestIsSent) {
  SetLogLevel(LogLevel::kOff);
  Metadata metadata;
  metadata.Add("good", "1");
  metadata.Add("grpc-status", "0");
  metadata.Add("bad", "line\nbreak");
  metadata.Add("good", "2");
  const Metadata sendable = Sendable(metadata, "/a.B/C");
  SetLogLevel(LogLevel::kInfo);
  FieldList fields;
  fields.AddMetadata(sendable);
  EXPECT_THAT(Lines(fields), ElementsAre("good=1", "good=2"));
}

}  // namespace
}  // namespace rota::native
