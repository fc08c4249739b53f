#include "framework/rpc/payload.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace rota {
namespace {

TEST(PayloadTest, TheBytesLieRightBehindTheRoomForTheirPrefix) {
  Payload payload = Payload::Copy("hello");
  EXPECT_EQ(payload.view(), "hello");
  EXPECT_EQ(payload.headroom() + Payload::kHeadroom, payload.data());
  std::memcpy(payload.headroom(), "\0\0\0\0\5", Payload::kHeadroom);
  EXPECT_EQ(std::string(reinterpret_cast<char*>(payload.headroom()), 10), std::string("\0\0\0\0\5hello", 10));
}

TEST(PayloadTest, AnEmptyMessageHasRoomAndOneWithoutMemoryHasNone) {
  Payload empty = Payload::Allocate(0);
  EXPECT_EQ(empty.size(), 0u);
  EXPECT_NE(empty.headroom(), nullptr);
  Payload none;
  EXPECT_EQ(none.size(), 0u);
  EXPECT_EQ(none.data(), nullptr);
  EXPECT_EQ(none.headroom(), nullptr);
  EXPECT_EQ(none.view(), "");
}

TEST(PayloadTest, MovingTakesTheBytesAndLeavesNone) {
  Payload from = Payload::Copy("hello");
  const uint8_t* const bytes = from.data();
  Payload to = std::move(from);
  EXPECT_EQ(to.data(), bytes);
  EXPECT_EQ(from.size(), 0u);
  EXPECT_EQ(from.data(), nullptr);
  from = std::move(to);
  EXPECT_EQ(from.view(), "hello");
  EXPECT_EQ(to.size(), 0u);
}

}  // namespace
}  // namespace rota
