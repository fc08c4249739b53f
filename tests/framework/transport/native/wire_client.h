#ifndef ROTA_TESTS_TRANSPORT_NATIVE_WIRE_CLIENT_H_
#define ROTA_TESTS_TRANSPORT_NATIVE_WIRE_CLIENT_H_

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace rota::native {

using Fields = std::vector<std::pair<std::string, std::string>>;

// A client that sends what it is told, right or wrong, and writes down the frames that it gets. Every wait ends.
// Thread: one of the test's, not the loop's.
class WireClient {
 public:
  // Connects to "HOST:PORT" and, unless it is to be silent, sends the preface.
  explicit WireClient(const std::string& address, bool speaks = true);
  ~WireClient();
  WireClient(const WireClient&) = delete;

  // The fields of a good request for `path`, changed by `changes`: an empty value removes a field.
  static Fields Request(const std::string& path, const Fields& changes = {});
  // A message with its prefix.
  static std::string Message(const std::string& bytes);

  // Opens a stream. `body` goes in DATA frames as flow control lets it; `end` half-closes after it.
  int32_t Open(const Fields& fields, std::string body, bool end = true);
  void Reset(int32_t stream, uint32_t code);
  void Ping();
  // SETTINGS with the greatest size that the table of the peer's header compression may have.
  void LimitTable(uint32_t bytes);
  // Bytes of a frame that nghttp2 would not send.
  void SendRaw(const std::string& bytes);
  // Does not answer PINGs, and reads on.
  void StopAnswering();
  // Answers the last PING that was not answered, and those to come.
  void Answer();

  // Sends and reads until a line of frames() contains `text`; false when the connection ended or time was up first.
  bool WaitFor(const std::string& text);
  // Sends and reads until the peer closes the connection.
  bool WaitForEnd();
  // As WaitFor(), for something that happens elsewhere.
  bool WaitUntil(const std::function<bool()>& happened);

  // "HEADERS 1 end :status=200 grpc-status=0", "DATA 1 14", "RST_STREAM 1 0", "GOAWAY 2147483647 0 text", "PING", "PING ack", in order.
  const std::vector<std::string>& frames() const { return frames_; }
  // Those of one stream.
  std::vector<std::string> FramesOf(int32_t stream) const;
  // What one stream may send at once, as the peer said last.
  int64_t Window() const { return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE); }
  // What is left to be sent of the body of `stream`.
  size_t Unsent(int32_t stream) const { return bodies_.at(stream).text.size() - bodies_.at(stream).sent; }

 private:
  struct Body {
    std::string text;
    size_t sent = 0;
    bool end = true;
  };
  struct Callbacks;

  bool Step();
  void Flush();

  const bool speaks_;
  int fd_ = -1;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, Body> bodies_;
  std::vector<std::string> frames_;
  std::string fields_;
  bool ended_ = false;
  bool answers_ = true;
  std::string unanswered_;
};

}  // namespace rota::native

#endif  // ROTA_TESTS_TRANSPORT_NATIVE_WIRE_CLIENT_H_
