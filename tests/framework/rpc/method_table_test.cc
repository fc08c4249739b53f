#include "framework/rpc/method_table.h"

#include <string>

#include "framework/base/status.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

constexpr MethodInfo kSay{.full_name = "chat.v1.Chat/Say", .kind = MethodKind::kUnary, .key_field = "room", .make_call = nullptr};

TEST(MethodTableTest, AMethodKnowsItsServiceItsNameAndItsKey) {
  EXPECT_EQ(kSay.service(), "chat.v1.Chat");
  EXPECT_EQ(kSay.name(), "Say");
  EXPECT_TRUE(kSay.keyed());
  EXPECT_FALSE(ClientStreams(MethodKind::kUnary));
  EXPECT_FALSE(ClientStreams(MethodKind::kServerStream));
  EXPECT_TRUE(ClientStreams(MethodKind::kClientStream));
  EXPECT_TRUE(ClientStreams(MethodKind::kBidi));
}

TEST(MethodTableTest, AKeyThatNoActorCanHaveIsRefusedAndItsFieldNamed) {
  EXPECT_TRUE(CheckKey(kSay, "kitchen").ok());
  EXPECT_TRUE(CheckKey(kSay, std::string(kMaxKeyBytes, 'x')).ok());
  for (const std::string& key : {std::string(), std::string(kMaxKeyBytes + 1, 'x')}) {
    const Status status = CheckKey(kSay, key);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_NE(status.message().find("room"), std::string::npos) << status.message();
    EXPECT_LT(status.message().size(), 300u);
  }
}

}  // namespace
}  // namespace rota
