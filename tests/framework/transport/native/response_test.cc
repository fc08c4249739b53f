#include "framework/transport/native/response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string>
#include <vector>

#include "framework/base/status.h"
#include "framework/context/metadata.h"
#include "framework/rpc/payload.h"
#include "framework/rpc/transport.h"
#include "framework/transport/native/fixed_blocks.h"
#include "framework/transport/native/output.h"

namespace rota::native {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kPath = "/a.B/C";

// A client and a server of nghttp2 that speak to each other in memory, with one call open.
class ResponseTest : public testing::Test {
 protected:
  ResponseTest() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_send_data_callback(
        callbacks, [](nghttp2_session*, nghttp2_frame*, const uint8_t* header, size_t length, nghttp2_data_source* source, void* user) {
          auto& test = *static_cast<ResponseTest*>(user);
          if (test.full_) return static_cast<int>(NGHTTP2_ERR_WOULDBLOCK);
          static_cast<Response*>(source->ptr)->TakeFrame(header, length, test.output_);
          return 0;
        });
    nghttp2_session_server_new(&server_, callbacks, this);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame*, const uint8_t* name, size_t name_size, const uint8_t* value, size_t value_size, uint8_t, void* user) {
          static_cast<ResponseTest*>(user)->lines_.push_back(std::string(reinterpret_cast<const char*>(name), name_size) + "=" +
                                                             std::string(reinterpret_cast<const char*>(value), value_size));
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
      auto& test = *static_cast<ResponseTest*>(user);
      if (frame->hd.type == NGHTTP2_DATA) test.lines_.push_back("DATA " + std::to_string(frame->hd.length));
      if ((frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
        test.lines_.emplace_back("end");
      }
      return 0;
    });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, [](nghttp2_session*, uint8_t, int32_t, const uint8_t* bytes, size_t size, void* user) {
      static_cast<ResponseTest*>(user)->data_.append(reinterpret_cast<const char*>(bytes), size);
      return 0;
    });
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_session_client_new2(&client_, callbacks, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(client_, NGHTTP2_FLAG_NONE, nullptr, 0);
    nghttp2_submit_settings(server_, NGHTTP2_FLAG_NONE, nullptr, 0);
    const auto field = [](const char* name, const char* value) {
      return nghttp2_nv{reinterpret_cast<uint8_t*>(const_cast<char*>(name)), reinterpret_cast<uint8_t*>(const_cast<char*>(value)),
                        std::char_traits<char>::length(name), std::char_traits<char>::length(value), NGHTTP2_NV_FLAG_NONE};
    };
    const std::vector<nghttp2_nv> request = {field(":method", "POST"), field(":scheme", "http"), field(":path", "/a.B/C"), field(":authority", "x")};
    stream_ = nghttp2_submit_request(client_, nullptr, request.data(), request.size(), nullptr, nullptr);
    FromClient();
    response_.Reset(stats_);
  }
  ~ResponseTest() override {
    nghttp2_session_del(client_);
    nghttp2_session_del(server_);
  }

  void FromClient() {
    const uint8_t* bytes = nullptr;
    while (const ssize_t size = nghttp2_session_mem_send(client_, &bytes)) nghttp2_session_mem_recv(server_, bytes, static_cast<size_t>(size));
  }
  // So that the block of the headers is not the fixed one, which the session puts in the place of nghttp2's.
  void SetSomeHeaders() {
    Metadata headers;
    headers.Add("x-head", "1");
    response_.SetHeaders(headers, kPath);
  }
  // What the response has by now goes to the client.
  void Send() {
    ASSERT_TRUE(response_.Submit(server_, stream_, table_));
    FromServer();
  }
  void FromServer() {
    const uint8_t* bytes = nullptr;
    for (;;) {
      const ssize_t size = nghttp2_session_mem_send(server_, &bytes);
      if (size > 0) output_.Copy(bytes, static_cast<size_t>(size));
      for (const iovec& piece : output_.pieces()) nghttp2_session_mem_recv(client_, static_cast<const uint8_t*>(piece.iov_base), piece.iov_len);
      const bool more = size > 0 || !output_.empty();
      output_.Clear();
      if (!more) return;
    }
  }

  Output output_;
  bool full_ = false;  // There is no room for messages in it.
  TransportStats stats_;
  Response response_;
  HeaderTable table_;  // Not settled: every block goes through nghttp2.
  nghttp2_session* server_ = nullptr;
  nghttp2_session* client_ = nullptr;
  int32_t stream_ = 0;
  std::vector<std::string> lines_;
  std::string data_;
};

TEST_F(ResponseTest, AStatusAloneIsOneFrame) {
  response_.SetStatus(NotFoundError("no file"), Metadata(), kPath);
  EXPECT_TRUE(response_.has_status());
  Send();
  EXPECT_THAT(lines_, ElementsAre(":status=200", "content-type=application/grpc", "grpc-status=5", "grpc-message=no file", "end"));
}

TEST_F(ResponseTest, AnUnimplementedCallIsToldWhichEncodingsThereAre) {
  response_.SetStatus(UnimplementedError("no such method"), Metadata(), kPath);
  Send();
  EXPECT_THAT(lines_, testing::Contains(HasSubstr("grpc-accept-encoding=")));
}

TEST_F(ResponseTest, MessagesShareAFrameAndTheTrailersFollow) {
  Metadata headers, trailers;
  headers.Add("x-head", "1");
  trailers.Add("x-tail", "2");
  response_.SetHeaders(headers, kPath);
  response_.Push(Payload::Copy("ab"));
  response_.Push(Payload::Copy("cde"));
  EXPECT_EQ(response_.buffered_bytes(), 15u);
  response_.SetStatus(OkStatus(), trailers, kPath);
  Send();
  EXPECT_EQ(data_, std::string("\0\0\0\0\2ab\0\0\0\0\3cde", 15));
  EXPECT_THAT(lines_, ElementsAre(":status=200", "content-type=application/grpc", "x-head=1", "DATA 15", "grpc-status=0", "x-tail=2", "end"));
  EXPECT_EQ(response_.buffered_bytes(), 0u);
  EXPECT_EQ(stats_.messages_sent, 2u);
  EXPECT_EQ(stats_.bytes_sent, 5u);
}

TEST_F(ResponseTest, HeadersWithoutMetadataAreAFixedBlockWhichIsAskedForOnce) {
  response_.Push(Payload::Copy("ab"));
  EXPECT_FALSE(response_.TakeFixedHeaders());
  ASSERT_TRUE(response_.Submit(server_, stream_, table_));
  EXPECT_TRUE(response_.TakeFixedHeaders());
  EXPECT_FALSE(response_.TakeFixedHeaders());
}

TEST_F(ResponseTest, WhatIsWrittenLaterFollowsAndSoDoesAStatusWithoutMore) {
  SetSomeHeaders();
  response_.Push(Payload::Copy("ab"));
  Send();
  EXPECT_THAT(lines_, ElementsAre(":status=200", "content-type=application/grpc", "x-head=1", "DATA 7"));
  response_.Push(Payload::Copy("c"));
  Send();
  EXPECT_EQ(lines_.back(), "DATA 6");
  response_.SetStatus(OkStatus(), Metadata(), kPath);
  Send();
  EXPECT_EQ(lines_.back(), "end");
  EXPECT_THAT(lines_, testing::Contains("grpc-status=0"));
}

TEST_F(ResponseTest, AMessageLongerThanTheWindowIsSentInPartUntilThereIsMore) {
  SetSomeHeaders();
  response_.Push(Payload::Copy(std::string(100'000, 'x')));
  response_.SetStatus(OkStatus(), Metadata(), kPath);
  Send();
  EXPECT_EQ(data_.size(), 65535u);
  EXPECT_TRUE(response_.within_message());
  EXPECT_EQ(response_.buffered_bytes(), 100'005u - 65535u);
  EXPECT_EQ(stats_.messages_sent, 0u);
  nghttp2_submit_window_update(client_, NGHTTP2_FLAG_NONE, 0, 100'000);
  nghttp2_submit_window_update(client_, NGHTTP2_FLAG_NONE, stream_, 100'000);
  FromClient();
  FromServer();
  EXPECT_EQ(data_.size(), 100'005u);
  EXPECT_FALSE(response_.within_message());
  EXPECT_EQ(lines_.back(), "end");
}

TEST_F(ResponseTest, WhatWasSentInPartOutlivesTheMessagesThatAreDropped) {
  EXPECT_FALSE(response_.DropMessages());
  SetSomeHeaders();
  response_.Push(Payload::Copy(std::string(100'000, 'x')));
  response_.Push(Payload::Copy("next"));
  Send();
  const std::optional<Payload> kept = response_.DropMessages();
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->size(), 100'000u);
  EXPECT_EQ(response_.buffered_bytes(), 0u);
}

// nghttp2 has said how long it is, and the peer has not, so it cannot be taken back.
TEST_F(ResponseTest, AFrameThatIsBegunGoesThoughTheMessagesAreDropped) {
  full_ = true;
  SetSomeHeaders();
  response_.Push(Payload::Copy("ab"));
  Send();
  response_.Push(Payload::Copy("cd"));
  EXPECT_FALSE(response_.DropMessages());
  EXPECT_EQ(response_.buffered_bytes(), 7u);
  EXPECT_FALSE(response_.within_message());
  response_.SetStatus(DeadlineExceededError("late"), Metadata(), kPath);
  full_ = false;
  Send();
  EXPECT_EQ(data_, std::string("\0\0\0\0\2ab", 7));
  EXPECT_THAT(lines_, ElementsAre(":status=200", "content-type=application/grpc", "x-head=1", "DATA 7", "grpc-status=4",
                                  "grpc-message=late", "end"));
}

TEST_F(ResponseTest, AFrameThatIsBegunMayEndWithinAMessage) {
  full_ = true;
  SetSomeHeaders();
  response_.Push(Payload::Copy("ab"));
  response_.Push(Payload::Copy(std::string(100'000, 'x')));
  response_.Push(Payload::Copy("next"));
  Send();
  EXPECT_FALSE(response_.DropMessages());
  EXPECT_EQ(response_.buffered_bytes(), 16384u);
  EXPECT_TRUE(response_.within_message());
  full_ = false;
  FromServer();
  EXPECT_EQ(data_.size(), 16384u);
  EXPECT_TRUE(response_.within_message());
  EXPECT_EQ(response_.buffered_bytes(), 0u);
  response_.OnClosed();
  EXPECT_EQ(response_.DropMessages()->size(), 100'000u);
}

TEST_F(ResponseTest, TheTrailersOfMessagesThatAreDroppedWaitForNoWindow) {
  const nghttp2_settings_entry none = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0};
  nghttp2_submit_settings(client_, NGHTTP2_FLAG_NONE, &none, 1);
  FromClient();
  SetSomeHeaders();
  response_.Push(Payload::Copy("ab"));
  response_.SetStatus(OkStatus(), Metadata(), kPath);
  Send();
  EXPECT_THAT(lines_, ElementsAre(":status=200", "content-type=application/grpc", "x-head=1"));
  EXPECT_FALSE(response_.end_begun());
  response_.DropMessages();
  Metadata trailers;
  trailers.Add("x-tail", "2");
  response_.SetStatus(UnavailableError("going"), trailers, kPath);
  response_.SetStatus(UnavailableError("gone"), Metadata(), kPath);
  lines_.clear();
  Send();
  EXPECT_TRUE(response_.end_begun());
  EXPECT_THAT(lines_, ElementsAre("grpc-status=14", "grpc-message=gone", "end"));
}

TEST_F(ResponseTest, WithItsStreamAFrameThatIsBegunIsGone) {
  full_ = true;
  SetSomeHeaders();
  response_.Push(Payload::Copy(std::string(100'000, 'x')));
  Send();
  response_.OnClosed();
  EXPECT_FALSE(response_.DropMessages());
  EXPECT_EQ(response_.buffered_bytes(), 0u);
}

TEST_F(ResponseTest, OnlyAMessageThatAsksForItIsToBePackedAndOnlyForAPeerThatReadsIt) {
  Payload asks = Payload::Copy("abc");
  asks.set_compressed(true);
  EXPECT_FALSE(response_.Packs(asks));
  response_.AllowGzip();
  EXPECT_TRUE(response_.Packs(asks));
  EXPECT_FALSE(response_.Packs(Payload::Copy("abc")));
  response_.Push(Payload::Copy("abc"));
  response_.Push(std::move(asks), /*packed=*/true);
  Send();
  EXPECT_EQ(data_[0], 0);
  EXPECT_EQ(data_[8], 1);
  EXPECT_THAT(lines_, testing::Contains("grpc-encoding=gzip"));
}

TEST_F(ResponseTest, WhatIsNoGrpcIsAnsweredByAStatusOfHttpAndALine) {
  response_.SetHttpError(415, "the content-type is not application/grpc");
  Send();
  EXPECT_THAT(lines_, ElementsAre(":status=415", "content-type=text/plain; charset=utf-8", "DATA 41", "end"));
  EXPECT_EQ(data_, "the content-type is not application/grpc\n");
}

TEST_F(ResponseTest, OfAStreamThatIsGoneNothingIsTaken) {
  nghttp2_submit_rst_stream(client_, NGHTTP2_FLAG_NONE, stream_, NGHTTP2_CANCEL);
  FromClient();
  response_.Push(Payload::Copy("ab"));
  response_.Submit(server_, stream_, table_);
  FromServer();
  EXPECT_EQ(data_, "");
  EXPECT_EQ(stats_.messages_sent, 0u);
}

}  // namespace
}  // namespace rota::native
