#include "framework/rpc/reader.h"

#include "framework/actor/task.h"
#include "framework/actor/task_run.h"
#include "tests/framework/rpc/stream_test_base.h"

namespace rota {
namespace {

using echo::v1::EchoRequest;

class ReaderTest : public StreamTestBase {
 protected:
  // Reads to the end, and past it.
  Task<void> ReadAll(Reader<EchoRequest>& in) {
    while (std::optional<EchoRequest> request = co_await in.Next()) seen_.push_back(request->text());
    if (!co_await in.Next()) seen_.push_back("end");
  }
  Task<void> ReadThree(Reader<EchoRequest>& in) {
    for (int i = 0; i < 3; ++i) {
      const StatusOr<std::optional<EchoRequest>> result = co_await Try(in.Next());
      seen_.push_back(!result.ok() ? std::string(StatusCodeName(result.status().code())) : *result ? (*result)->text() : "end");
    }
  }
  void Run(Task<void> task) {
    InRequest([&] { StartTask<void>(std::move(task), [this](Status status) { result_ = std::move(status); }); });
  }

  Events seen_;
  std::optional<Status> result_;
};

TEST_F(ReaderTest, GivesMessagesInOrderAndNothingAfterTheHalfCloseForEver) {
  Reader<EchoRequest> in(stream_);
  Receive("a");
  Run(ReadAll(in));
  loop_.Run();
  EXPECT_EQ(seen_, Events{"a"});
  Receive("b");
  Receive("c");
  EXPECT_EQ(seen_, Events{"a"});
  loop_.Run();
  EXPECT_EQ(seen_, (Events{"a", "b", "c"}));
  stream_.OnHalfClose();
  loop_.Run();
  EXPECT_EQ(seen_, (Events{"a", "b", "c", "end"}));
  EXPECT_EQ(result_, OkStatus());
}

TEST_F(ReaderTest, TheFirstMessageMayHaveBeenTakenBefore) {
  EchoRequest first;
  first.set_text("first");
  Reader<EchoRequest> in(stream_, first);
  Receive("second");
  stream_.OnHalfClose();
  Run(ReadAll(in));
  loop_.Run();
  EXPECT_EQ(seen_, (Events{"first", "second", "end"}));
}

TEST_F(ReaderTest, AMalformedMessageFailsOneReadWhetherItIsThereOrAwaited) {
  Reader<EchoRequest> in(stream_);
  stream_.OnMessage(Payload::Copy("\x0a\x7f"));
  Run(ReadThree(in));
  loop_.Run();
  stream_.OnMessage(Payload::Copy("\x0a\x7f"));
  loop_.Run();
  Receive("fine");
  loop_.Run();
  EXPECT_EQ(seen_, (Events{"INTERNAL", "INTERNAL", "fine"}));
}

TEST_F(ReaderTest, ACancelledRequestFailsTheReadAndLetsGoOfTheStream) {
  Reader<EchoRequest> in(stream_);
  Run(ReadAll(in));
  context_->Cancel(CancelledError("gone"));
  // Comes between the cancellation and its effect.
  Receive("late");
  loop_.Run();
  EXPECT_TRUE(seen_.empty());
  EXPECT_EQ(result_, CancelledError("gone"));
}

TEST_F(ReaderTest, AReadInACancelledRequestFailsEvenIfThereIsAMessage) {
  Reader<EchoRequest> in(stream_);
  Receive("a");
  context_->Cancel(CancelledError("gone"));
  Run(ReadAll(in));
  loop_.Run();
  EXPECT_TRUE(seen_.empty());
  EXPECT_EQ(result_, CancelledError("gone"));
}

}  // namespace
}  // namespace rota
