#include "framework/rpc/codec.h"

#include <string>

#include "gtest/gtest.h"
#include "tests/framework/rpc/testdata/echo.rota.h"

namespace rota {
namespace {

const MethodInfo& Say() { return echo::v1::EchoActor::Table().methods[0]; }

TEST(CodecTest, WhatIsEncodedIsDecoded) {
  echo::v1::EchoRequest sent;
  sent.set_text(std::string(100000, 'x'));
  sent.set_count(-7);
  const StatusOr<Payload> payload = Encode(Say(), sent);
  ASSERT_TRUE(payload.ok());
  EXPECT_EQ(payload->view(), sent.SerializeAsString());
  echo::v1::EchoRequest received;
  ASSERT_EQ(Decode(Say(), *payload, received), OkStatus());
  EXPECT_EQ(received.text(), sent.text());
  EXPECT_EQ(received.count(), -7);
}

TEST(CodecTest, AnEmptyMessageHasNoBytesAndIsDecoded) {
  const StatusOr<Payload> payload = Encode(Say(), echo::v1::EchoRequest());
  ASSERT_TRUE(payload.ok());
  EXPECT_EQ(payload->size(), 0u);
  echo::v1::EchoRequest received;
  EXPECT_EQ(Decode(Say(), *payload, received), OkStatus());
  // A transport may hand over a payload without memory for it.
  EXPECT_EQ(Decode(Say(), Payload(), received), OkStatus());
}

TEST(CodecTest, FieldsThatAreNotKnownAreKept) {
  echo::v1::RoomReply newer;
  newer.set_room("r");
  newer.set_text("field 3 is not in an EchoReply");
  echo::v1::EchoReply older;
  ASSERT_EQ(Decode(Say(), Payload::Copy(newer.SerializeAsString()), older), OkStatus());
  EXPECT_EQ(older.text(), "r");
  EXPECT_EQ(older.SerializeAsString(), newer.SerializeAsString());
}

TEST(CodecTest, BytesThatAreNoMessageAreNamed) {
  echo::v1::EchoRequest request;
  for (const std::string& bytes : {std::string("\x0a\x7f"), std::string("\xff"), std::string("\x0a\x01\xff"), std::string("\x00", 1)}) {
    EXPECT_EQ(Decode(Say(), Payload::Copy(bytes), request),
              InternalError("request of echo.v1.Echo/Say is not a valid echo.v1.EchoRequest"))
        << testing::PrintToString(bytes);
  }
}

}  // namespace
}  // namespace rota
