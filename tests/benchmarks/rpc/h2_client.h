#ifndef ROTA_TESTS_BENCHMARKS_RPC_H2_CLIENT_H_
#define ROTA_TESTS_BENCHMARKS_RPC_H2_CLIENT_H_

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace benchmarks {

// `message` with gRPC's five bytes before it.
std::string Frame(std::string_view message);

// Hears of one call that the load makes.
class CallListener {
 public:
  virtual ~CallListener() = default;
  // A whole message, without its five bytes.
  virtual void OnMessage(std::string_view message) = 0;
  // The end. `status` is grpc-status, or negative when the call broke before it came: -1 - N for a reset with error N (RFC 9113,
  // section 7), so -1 for a stream that ended without status, and kConnectionBroke.
  virtual void OnEnd(int status) = 0;
  static constexpr int kConnectionBroke = -1000;
};

// A client connection of HTTP/2 that makes gRPC calls; as little work as possible for each, since it shares the machine with
// the server that it measures.
// Thread: one. Owner: whoever made it; `Poll` below tells it of readiness.
class H2Connection {
 public:
  // Connects, blocking. `address` is HOST:PORT with a numeric host. Ends the program when that fails.
  explicit H2Connection(const std::string& address);
  ~H2Connection();
  H2Connection(const H2Connection&) = delete;
  H2Connection& operator=(const H2Connection&) = delete;

  // Opens a call to "/package.Service/Method" with a deadline of 20 s and sends `framed`, one or more framed messages; half-closes when `last`.
  // `listener` must live until OnEnd(). Returns the id of the stream. Sent by Flush().
  int32_t Start(const std::string& path, std::string framed, bool last, CallListener& listener);
  // Sends more on a call that is not half-closed.
  void Send(int32_t stream, std::string_view framed, bool last);
  // Resets the call; OnEnd(), as after such a reset, follows at once.
  void Cancel(int32_t stream);
  // Writes what waits; called after a batch of the above.
  void Flush();
  // Reads what there is and calls the listeners; false when the connection is over.
  bool Read();

  int fd() const { return fd_; }
  size_t calls() const { return calls_.size(); }

 private:
  struct Call {
    CallListener* listener;
    std::string out;
    size_t sent = 0;
    bool last = false;
    bool deferred = false;
    std::string in;
    int status = -1;
  };

  // Takes what is to be sent from nghttp2; false when there is nothing.
  bool Gather();
  // Tells the listener of the whole messages at the begin of `bytes`; returns how many bytes they have.
  static size_t TellMessages(Call& call, std::string_view bytes);
  static int OnHeader(nghttp2_session*, const nghttp2_frame*, const uint8_t*, size_t, const uint8_t*, size_t, uint8_t, void*);
  static int OnDataChunk(nghttp2_session*, uint8_t, int32_t, const uint8_t*, size_t, void*);
  static int OnStreamClose(nghttp2_session*, int32_t, uint32_t, void*);
  static ssize_t ReadOut(nghttp2_session*, int32_t, uint8_t*, size_t, uint32_t*, nghttp2_data_source*, void*);

  int fd_ = -1;
  std::string address_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<int32_t, std::unique_ptr<Call>> calls_;
  std::string out_;
  bool broken_ = false;
};

// Waits with epoll until connections are readable, or until `timeout_ms` has passed, and lets them read and flush.
class Poll {
 public:
  Poll();
  ~Poll();
  void Add(H2Connection& connection);
  void Wait(int timeout_ms, const std::function<void(H2Connection&)>& on_broken);

 private:
  const int fd_;
};

}  // namespace benchmarks

#endif  // ROTA_TESTS_BENCHMARKS_RPC_H2_CLIENT_H_
