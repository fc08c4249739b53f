#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "framework/base/check.h"
#include "framework/loop/event_loop.h"
#include "framework/rpc/transport.h"
#include "framework/testing/manual_clock.h"
#include "framework/transport/native/native_server.h"
#include "tests/conformance/differential/exchange.h"
#include "tests/faults/frames.h"
#include "tests/fuzz/targets.h"

namespace rota::fuzz {
namespace {

constexpr uint8_t kWithPreface = 1;
constexpr uint8_t kTimePasses = 2;
constexpr uint8_t kInPieces = 4;
constexpr uint8_t kNothingRead = 8;

// More than what a session decodes in one go where nobody wants it.
constexpr size_t kLargeInput = 16 << 10;

// Sends back what comes, and the metadata as well.
class EchoSink final : public CallSink {
 public:
  explicit EchoSink(Call& call) : call_(call) {
    call_.AllowCompression();
    call_.AddReadCredit(4);
  }
  void OnMessage(Payload message) override {
    if (!headers_sent_) call_.SendHeaders(call_.start().metadata);
    headers_sent_ = true;
    call_.AddReadCredit(1);
    call_.Write(std::move(message));
  }
  void OnHalfClose() override { call_.Finish(OkStatus(), call_.start().metadata); }
  void OnWritable() override {}
  void OnDone(const Status&) override { delete this; }

 private:
  Call& call_;
  bool headers_sent_ = false;
};

class EchoAcceptor final : public CallAcceptor {
 public:
  CallSink* OnCall(Call& call) override { return new EchoSink(call); }
};

// One for all inputs: to start one takes longer than what an input does.
class FuzzedServer {
 public:
  FuzzedServer() {
    ROTA_CHECK(server_->Listen({"unix:" + path_}, acceptor_).ok(), "the fuzzed server cannot listen");
  }

  int Connect() {
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.c_str(), path_.size());
    ROTA_CHECK(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0, "the fuzzed server does not take a connection");
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
  }
  // An immediate waits, so that no iteration sleeps.
  void Step(int iterations) {
    for (int i = 0; i < iterations; ++i) {
      loop_.SetImmediate([] {});
      loop_.RunOnce();
    }
  }
  void PassTime() { clock_.Advance(std::chrono::seconds(30)); }
  uint64_t calls_begun() const { return server_->stats().calls_started; }
  uint64_t calls_refused() const { return server_->stats().calls_refused; }
  bool quiet() const { return server_->stats().calls_in_flight() == 0; }

 private:
  static ServerOptions Options() {
    ServerOptions options;
    options.max_message_bytes = 1 << 16;
    options.max_concurrent_calls = 64;
    return options;
  }

  const std::string path_ = "/tmp/rota-fuzz-" + std::to_string(getpid());
  ManualClock clock_;
  EventLoop loop_{clock_};
  EchoAcceptor acceptor_;
  const std::unique_ptr<Server> server_ = NewNativeServer(loop_, Options());
};

void Drain(int fd) {
  char bytes[65536];
  while (read(fd, bytes, sizeof(bytes)) > 0) {
  }
}

// What the server has not read yet.
int Unread(int fd) {
  int bytes = 0;
  ioctl(fd, SIOCOUTQ, &bytes);
  return bytes;
}

FuzzedServer& OneServer() {
  static auto& server = *new FuzzedServer;
  return server;
}

}  // namespace

uint64_t CallsBegun() { return OneServer().calls_begun(); }
uint64_t CallsRefused() { return OneServer().calls_refused(); }

std::string CutFieldInput() {
  using namespace faults;  // NOLINT: frames
  return std::string(1, static_cast<char>(kWithPreface | kInPieces)) +
         HeadersFrames(1, Block(CallFields("/a.B/C", {{"x", std::string(70000, 'y')}}))) + CallFrames(3, "/a.B/C") +
         DataFrames(3, Message("hello"), true);
}

void ServeBytes(const uint8_t* input, size_t size) {
  FuzzedServer& server = OneServer();
  if (size == 0) return;
  const uint8_t how = input[0];
  std::string bytes;
  if (how & kWithPreface) bytes = std::string(faults::kPreface) + faults::SettingsFrame({{4, 1 << 20}});
  bytes.append(reinterpret_cast<const char*>(input + 1), size - 1);
  const int fd = server.Connect();
  server.Step(2);
  const size_t piece = how & kInPieces ? 1 + bytes.size() / 7 : bytes.size() + 1;
  for (std::string_view left = bytes; !left.empty();) {
    const ssize_t sent = send(fd, left.data(), std::min(piece, left.size()), MSG_NOSIGNAL);
    server.Step(2);
    if (!(how & kNothingRead)) Drain(fd);
    if (sent < 0) break;
    left.remove_prefix(static_cast<size_t>(sent));
  }
  server.Step(2);
  // Else the rest would be read while the next input is under way.
  for (int i = 0; i < 64 && Unread(fd) > 0; ++i) server.Step(1);
  if (size > kLargeInput) server.Step(8);
  if (how & kTimePasses) {
    server.PassTime();
    server.Step(3);
  }
  close(fd);
  for (int i = 0; i < 100 && !server.quiet(); ++i) server.Step(1);
  ROTA_CHECK(server.quiet(), "a call is left whose connection is gone");
}

std::vector<std::string> ByteStreamCorpus() {
  using namespace faults;  // NOLINT: frames
  std::vector<std::string> corpus;
  const auto add = [&](const std::string& bytes, uint8_t how = kWithPreface) { corpus.push_back(std::string(1, static_cast<char>(how)) + bytes); };
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    const differential::Exchange exchange = differential::Generate(seed);
    std::string bytes = HeadersFrames(1, Block(exchange.fields));
    size_t total = 0;
    for (size_t i = 0; i < exchange.data.size() && total < 8000; ++i) {
      total += exchange.data[i].size();
      const bool last = i + 1 == exchange.data.size();
      bytes += FrameBytes(kData, last && exchange.half_closes ? kEndStream : 0, 1, exchange.data[i].substr(0, 4000));
    }
    if (exchange.resets_after) bytes += RstStreamFrame(1, 8);
    add(bytes, static_cast<uint8_t>(kWithPreface | (seed % 2 ? kInPieces : 0) | (seed % 3 ? 0 : kTimePasses)));
  }
  const std::string call = CallFrames(1, "/a.B/C") + DataFrames(1, Message("hello"), true);
  add(std::string(kPreface) + SettingsFrame() + call, 0);
  add("GET / HTTP/1.1\r\n\r\n", 0);
  add(call + CallFrames(3, "/a.B/C") + RstStreamFrame(3, 8));
  add(CallFrames(1, "/a.B/C") + WindowUpdateFrame(1, 0));
  add(PingFrame("12345678") + SettingsFrame({{1, 0}, {3, 1}, {4, 0}, {5, 16384}}) + call, kWithPreface | kNothingRead);
  add(FrameBytes(kHeaders, kEndHeaders, 1, Block(CallFields("/a.B/C")) + IndexedLiteral("x", std::string(500, 'y')) + std::string(20, kNewestEntry)));
  add(FrameBytes(kHeaders, 0, 1, Block(CallFields("/a.B/C"))) + FrameBytes(kContinuation, kEndHeaders, 1, Literal("a-bin", "AAEC")));
  // A field that is cut, and the beginning of one that says it will be long, its length in two frames.
  corpus.push_back(CutFieldInput());
  add(FrameBytes(kHeaders, 0, 1, Block(CallFields("/a.B/C")) + std::string("\x40\x01x\x7f\x81", 5)) + FrameBytes(kContinuation, 0, 1, "\xff\x7fyyy"),
      kWithPreface | kInPieces);
  add(call + HeadersFrames(1, Block({{"trailer", "x"}}), kEndStream) + FrameBytes(kGoAway, 0, 0, std::string(8, '\0')));
  add(FrameBytes(kPushPromise, kEndHeaders, 1, Number(2, 4) + Block(CallFields("/"))) + FrameBytes(kPriority, 0, 1, std::string(5, '\0')));
  return corpus;
}

}  // namespace rota::fuzz
