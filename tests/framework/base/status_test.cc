#include "framework/base/status.h"

#include <cerrno>
#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace rota {
namespace {

TEST(StatusTest, OkHasNoMessageAndIsOnePointerWide) {
  const Status status;
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::kOk);
  EXPECT_EQ(status.message(), "");
  EXPECT_EQ(status.ToString(), "OK");
  EXPECT_EQ(sizeof(Status), sizeof(void*));
  EXPECT_TRUE(Status(StatusCode::kOk, "dropped") == OkStatus());
}

TEST(StatusTest, AnErrorNamesItsCode) {
  const Status status = NotFoundError("no file 'a'");
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.ToString(), "NOT_FOUND: no file 'a'");
}

// https://grpc.github.io/grpc/core/md_doc_statuscodes.html
TEST(StatusTest, EveryCodeHasTheNumberAndTheNameOfGrpc) {
  const std::pair<Status, const char*> all[] = {
      {CancelledError(""), "CANCELLED"},
      {UnknownError(""), "UNKNOWN"},
      {InvalidArgumentError(""), "INVALID_ARGUMENT"},
      {DeadlineExceededError(""), "DEADLINE_EXCEEDED"},
      {NotFoundError(""), "NOT_FOUND"},
      {AlreadyExistsError(""), "ALREADY_EXISTS"},
      {PermissionDeniedError(""), "PERMISSION_DENIED"},
      {ResourceExhaustedError(""), "RESOURCE_EXHAUSTED"},
      {FailedPreconditionError(""), "FAILED_PRECONDITION"},
      {AbortedError(""), "ABORTED"},
      {OutOfRangeError(""), "OUT_OF_RANGE"},
      {UnimplementedError(""), "UNIMPLEMENTED"},
      {InternalError(""), "INTERNAL"},
      {UnavailableError(""), "UNAVAILABLE"},
      {DataLossError(""), "DATA_LOSS"},
      {UnauthenticatedError(""), "UNAUTHENTICATED"},
  };
  int number = 0;
  for (const auto& [status, name] : all) {
    EXPECT_EQ(static_cast<int>(status.code()), ++number) << name;
    EXPECT_EQ(StatusCodeName(status.code()), name);
  }
  EXPECT_EQ(number + 1, kStatusCodeCount);
  EXPECT_EQ(StatusCodeName(static_cast<StatusCode>(99)), "UNKNOWN");
}

TEST(StatusTest, CopiesAreIndependentAndDetailsCount) {
  const Status first = InternalError("a").WithDetails("bytes");
  Status second = first;
  EXPECT_TRUE(first == second);
  second = std::move(second).WithDetails("other");
  EXPECT_FALSE(first == second);
  EXPECT_EQ(first.details(), "bytes");
  const Status& same = second;
  second = same;
  EXPECT_EQ(second.details(), "other");
  EXPECT_EQ(OkStatus().WithDetails("dropped").details(), "");
}

TEST(StatusTest, APrefixStandsBeforeTheMessage) {
  EXPECT_EQ(NotFoundError("b").WithPrefix("a").message(), "a: b");
  EXPECT_TRUE(OkStatus().WithPrefix("a").ok());
}

TEST(StatusTest, AnErrorOfTheSystemIsMappedAndExplained) {
  EXPECT_EQ(ErrnoToStatus(ENOENT, "root folder '/x'").ToString(), "NOT_FOUND: root folder '/x': No such file or directory");
  EXPECT_EQ(ErrnoToStatus(EACCES, "x").code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(ErrnoToStatus(ENOSPC, "x").code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrnoToStatus(EADDRINUSE, "x").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(ErrnoToStatus(EIO, "x").code(), StatusCode::kDataLoss);
  EXPECT_EQ(ErrnoToStatus(12345, "x").code(), StatusCode::kUnknown);
  EXPECT_TRUE(ErrnoToStatus(0, "x").ok());
}

}  // namespace
}  // namespace rota
