#include "framework/rpc/message_stream.h"

#include "tests/framework/rpc/stream_test_base.h"

namespace rota {
namespace {

class MessageStreamTest : public StreamTestBase {};

class Waiting final : public MessageStream::Listener {
 public:
  void OnReady() override { ++calls; }
  int calls = 0;
};

TEST_F(MessageStreamTest, GrantsAWindowAndThenHalvesOfIt) {
  stream_.Open();
  EXPECT_EQ(call_.events, Events{"credit 8"});
  for (int i = 0; i < 8; ++i) Receive("x");
  for (int i = 0; i < 3; ++i) stream_.Take();
  EXPECT_EQ(call_.events, Events{"credit 8"});
  for (int i = 0; i < 5; ++i) stream_.Take();
  EXPECT_EQ(call_.events, (Events{"credit 8", "credit 4", "credit 4"}));
}

TEST_F(MessageStreamTest, GrantsNothingAfterTheHalfClose) {
  for (int i = 0; i < 8; ++i) Receive("x");
  stream_.OnHalfClose();
  for (int i = 0; i < 8; ++i) stream_.Take();
  EXPECT_TRUE(call_.events.empty());
  EXPECT_TRUE(stream_.at_end());
}

TEST_F(MessageStreamTest, HeadersGoOnceAndBeforeTheFirstMessage) {
  context_->response_headers().Add("k", "v");
  EXPECT_TRUE(stream_.Write(Payload::Copy("1")));
  EXPECT_TRUE(stream_.Write(Payload::Copy("22")));
  EXPECT_EQ(call_.events, (Events{"headers 1", "write 1", "write 2"}));
  EXPECT_EQ(stats_.messages_sent, 2u);
}

TEST_F(MessageStreamTest, EmptyHeadersAreLeftToTheTransport) {
  EXPECT_TRUE(stream_.Write(Payload::Copy("1")));
  context_->response_headers().Add("too", "late");
  EXPECT_TRUE(stream_.Write(Payload::Copy("1")));
  EXPECT_EQ(call_.events, (Events{"write 1", "write 1"}));
}

TEST_F(MessageStreamTest, CompressionIsAllowedBeforeTheHeadersAndChosenMessageByMessage) {
  context_->response_headers().Add("k", "v");
  context_->CompressResponses(false);
  EXPECT_TRUE(stream_.Write(Payload::Copy("1")));
  context_->CompressResponses(true);
  EXPECT_TRUE(stream_.Write(Payload::Copy("22")));
  EXPECT_EQ(call_.events, (Events{"allow compression", "headers 1", "write 1", "write 2 compressed"}));
}

TEST_F(MessageStreamTest, TheContextTellsWhetherTheMessageTakenLastCameCompressed) {
  for (const bool compressed : {true, false}) {
    Payload message = Payload::Copy(Bytes("x"));
    message.set_compressed(compressed);
    stream_.OnMessage(std::move(message));
  }
  EXPECT_FALSE(context_->request_compressed());
  stream_.Take();
  EXPECT_TRUE(context_->request_compressed());
  stream_.Take();
  EXPECT_FALSE(context_->request_compressed());
}

TEST_F(MessageStreamTest, AfterCloseTheCallIsNotTouched) {
  for (int i = 0; i < 8; ++i) Receive("x");
  stream_.Close();
  for (int i = 0; i < 8; ++i) stream_.Take();
  EXPECT_TRUE(stream_.Write(Payload::Copy("1")));
  EXPECT_TRUE(call_.events.empty());
  EXPECT_EQ(stats_.messages_sent, 0u);
}

TEST_F(MessageStreamTest, AListenerIsCalledOnce) {
  Waiting reader;
  Waiting writer;
  stream_.WaitToRead(reader);
  stream_.WaitToWrite(writer);
  Receive("x");
  stream_.OnWritable();
  EXPECT_EQ(reader.calls, 1);
  EXPECT_EQ(writer.calls, 1);
  Receive("y");
  stream_.OnHalfClose();
  stream_.OnWritable();
  EXPECT_EQ(reader.calls, 1);
  EXPECT_EQ(writer.calls, 1);
}

TEST_F(MessageStreamTest, AListenerThatStopsIsNotCalled) {
  Waiting reader;
  Waiting other;
  stream_.WaitToRead(reader);
  stream_.StopReading(other);
  stream_.StopReading(reader);
  Receive("x");
  EXPECT_EQ(reader.calls, 0);
}

TEST_F(MessageStreamTest, TwoReadersAtOnceStopTheProcess) {
  Waiting one;
  Waiting two;
  stream_.WaitToRead(one);
  EXPECT_DEATH(stream_.WaitToRead(two), "two coroutines read from one call at once");
}

}  // namespace
}  // namespace rota
