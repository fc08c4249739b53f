#include "framework/rpc/writer.h"

#include "framework/actor/task.h"
#include "framework/actor/task_run.h"
#include "tests/framework/rpc/stream_test_base.h"

namespace rota {
namespace {

using echo::v1::EchoReply;

class WriterTest : public StreamTestBase {
 protected:
  Task<void> WriteTwo() {
    Writer<EchoReply> out(stream_);
    for (const char* const text : {"a", "bb"}) {
      EchoReply reply;
      reply.set_text(text);
      co_await out.Write(reply);
      call_.events.push_back("went on");
    }
  }
  void Run(Task<void> task) {
    InRequest([&] { StartTask<void>(std::move(task), [this](Status status) { result_ = std::move(status); }); });
  }
  std::optional<Status> result_;
};

TEST_F(WriterTest, WhileThereIsRoomNothingWaits) {
  Run(WriteTwo());
  EXPECT_EQ(call_.events, (Events{"write 3", "went on", "write 4", "went on"}));
  EXPECT_EQ(result_, OkStatus());
}

TEST_F(WriterTest, WhenTheCallIsFullItGoesOnAfterThereIsRoomAgain) {
  call_.full = true;
  Run(WriteTwo());
  loop_.Run();
  EXPECT_EQ(call_.events, Events{"write 3"});
  call_.full = false;
  stream_.OnWritable();
  EXPECT_EQ(call_.events, Events{"write 3"});
  loop_.Run();
  EXPECT_EQ(call_.events, (Events{"write 3", "went on", "write 4", "went on"}));
}

TEST_F(WriterTest, ACancelledRequestEndsTheWaitForRoom) {
  call_.full = true;
  Run(WriteTwo());
  context_->Cancel(CancelledError("gone"));
  // Comes between the cancellation and its effect.
  stream_.OnWritable();
  loop_.Run();
  EXPECT_EQ(call_.events, Events{"write 3"});
  EXPECT_EQ(result_, CancelledError("gone"));
}

TEST_F(WriterTest, InACancelledRequestNothingIsWritten) {
  context_->Cancel(CancelledError("gone"));
  Run(WriteTwo());
  loop_.Run();
  EXPECT_TRUE(call_.events.empty());
  EXPECT_EQ(result_, CancelledError("gone"));
}

}  // namespace
}  // namespace rota
