#include "framework/base/status_or.h"

#include <memory>
#include <string>
#include <utility>

#include "framework/base/status.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

TEST(StatusOrTest, HoldsAValueOrSaysWhyNot) {
  const StatusOr<std::string> value = "text";
  EXPECT_TRUE(value.ok());
  EXPECT_TRUE(value.status().ok());
  EXPECT_EQ(value->size(), 4u);
  const StatusOr<std::string> error = NotFoundError("no text");
  EXPECT_FALSE(error.ok());
  EXPECT_EQ(error.status(), NotFoundError("no text"));
  EXPECT_EQ(StatusOr<int>().status().code(), StatusCode::kUnknown);
}

TEST(StatusOrTest, AMoveOnlyValueIsTakenOut) {
  StatusOr<std::unique_ptr<int>> value = std::make_unique<int>(7);
  const std::unique_ptr<int> taken = *std::move(value);
  EXPECT_EQ(*taken, 7);
}

Status Outer(Status inner, bool* reached) {
  ROTA_RETURN_IF_ERROR(std::move(inner));
  *reached = true;
  return OkStatus();
}

TEST(StatusOrTest, ReturnIfErrorLeavesWithTheError) {
  bool reached = false;
  EXPECT_EQ(Outer(NotFoundError("x"), &reached), NotFoundError("x"));
  EXPECT_FALSE(reached);
  EXPECT_TRUE(Outer(OkStatus(), &reached).ok());
  EXPECT_TRUE(reached);
}

TEST(StatusOrDeathTest, TakingAValueThatIsNotThereStopsTheProcessAndSaysWhy) {
  const StatusOr<int> error = NotFoundError("no number");
  EXPECT_DEATH(static_cast<void>(error.value()), "no number");
  EXPECT_DEATH(static_cast<void>(StatusOr<int>(OkStatus())), "not an OK status");
}

}  // namespace
}  // namespace rota
