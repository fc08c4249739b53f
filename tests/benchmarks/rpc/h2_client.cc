#include "tests/benchmarks/rpc/h2_client.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace benchmarks {
namespace {

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "load: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(1);
}

nghttp2_nv Header(const char* name, std::string_view value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name)), reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())),
          std::strlen(name), value.size(), NGHTTP2_NV_FLAG_NO_COPY_NAME};
}

}  // namespace

std::string Frame(std::string_view message) {
  const auto size = static_cast<uint32_t>(message.size());
  std::string framed = {0, static_cast<char>(size >> 24), static_cast<char>(size >> 16), static_cast<char>(size >> 8),
                        static_cast<char>(size)};
  return framed.append(message);
}

H2Connection::H2Connection(const std::string& address) : address_(address) {
  const size_t colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  if (colon == std::string::npos || inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr) != 1) {
    errno = EINVAL;
    Die("cannot connect to '" + address + "'");
  }
  to.sin_port = htons(static_cast<uint16_t>(std::atoi(address.c_str() + colon + 1)));
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0 || connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof(to)) != 0) Die("cannot connect to " + address);
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, OnHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, OnDataChunk);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, OnStreamClose);
  nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}, {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 4 << 20}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, 2);
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, 64 << 20);
}

H2Connection::~H2Connection() {
  nghttp2_session_del(session_);
  close(fd_);
}

int32_t H2Connection::Start(const std::string& path, std::string framed, bool last, CallListener& listener) {
  const std::array<nghttp2_nv, 7> headers = {Header(":method", "POST"), Header(":scheme", "http"), Header(":path", path),
                                             Header(":authority", address_), Header("content-type", "application/grpc"),
                                             Header("te", "trailers"), Header("grpc-timeout", "20S")};
  auto call = std::make_unique<Call>();
  call->listener = &listener;
  call->out = std::move(framed);
  call->last = last;
  nghttp2_data_provider provider{.source = {.ptr = call.get()}, .read_callback = ReadOut};
  const int32_t stream = nghttp2_submit_request(session_, nullptr, headers.data(), headers.size(), &provider, call.get());
  if (stream < 0) {
    errno = EPROTO;
    Die(std::string("cannot start a call: ") + nghttp2_strerror(stream));
  }
  calls_.emplace(stream, std::move(call));
  return stream;
}

void H2Connection::Send(int32_t stream, std::string_view framed, bool last) {
  Call& call = *calls_.at(stream);
  call.out.erase(0, std::exchange(call.sent, 0));
  call.out.append(framed);
  call.last = last;
  if (std::exchange(call.deferred, false)) nghttp2_session_resume_data(session_, stream);
}

void H2Connection::Cancel(int32_t stream) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
  // The call stays until the stream is closed: nghttp2 may still ask it for data.
  const auto it = calls_.find(stream);
  if (it == calls_.end() || it->second->listener == nullptr) return;
  std::exchange(it->second->listener, nullptr)->OnEnd(-1 - NGHTTP2_CANCEL);
}

void H2Connection::Flush() {
  while (!broken_ && Gather()) {
    size_t sent = 0;
    while (sent < out_.size()) {
      const ssize_t size = send(fd_, out_.data() + sent, out_.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (size > 0) {
        sent += static_cast<size_t>(size);
      } else if (errno == EAGAIN) {
        // The server must not wait for us while we wait for it. What is read may lead to more that is to be sent.
        if (!Read()) return;
        pollfd ready{.fd = fd_, .events = POLLOUT | POLLIN, .revents = 0};
        poll(&ready, 1, 100);
      } else {
        return;
      }
    }
  }
}

bool H2Connection::Gather() {
  out_.clear();
  const uint8_t* data = nullptr;
  for (ssize_t size; (size = nghttp2_session_mem_send(session_, &data)) > 0;) {
    out_.append(reinterpret_cast<const char*>(data), static_cast<size_t>(size));
  }
  return !out_.empty();
}

bool H2Connection::Read() {
  // One for all connections, of which there may be ten thousand.
  static std::array<uint8_t, 256 << 10> in;
  while (true) {
    const ssize_t size = recv(fd_, in.data(), in.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return true;
    if (size <= 0 || nghttp2_session_mem_recv(session_, in.data(), static_cast<size_t>(size)) < 0) break;
    if (static_cast<size_t>(size) < in.size()) return true;
  }
  // nghttp2 must not be asked to send any more: the calls that it would read from are gone.
  broken_ = true;
  for (auto& [stream, call] : std::exchange(calls_, {})) {
    if (call->listener != nullptr) call->listener->OnEnd(CallListener::kConnectionBroke);
  }
  return false;
}

int H2Connection::OnHeader(nghttp2_session* session, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                           const uint8_t* value, size_t value_size, uint8_t, void*) {
  static constexpr std::string_view kStatus = "grpc-status";
  if (name_size != kStatus.size() || std::memcmp(name, kStatus.data(), name_size) != 0) return 0;
  auto* call = static_cast<Call*>(nghttp2_session_get_stream_user_data(session, frame->hd.stream_id));
  if (call != nullptr) call->status = std::atoi(std::string(reinterpret_cast<const char*>(value), value_size).c_str());
  return 0;
}

int H2Connection::OnDataChunk(nghttp2_session* session, uint8_t, int32_t stream, const uint8_t* data, size_t size, void*) {
  auto* call = static_cast<Call*>(nghttp2_session_get_stream_user_data(session, stream));
  if (call == nullptr) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (call->in.empty()) {
    // Whole messages need no copy.
    call->in = bytes.substr(TellMessages(*call, bytes));
  } else {
    call->in.append(bytes);
    call->in.erase(0, TellMessages(*call, call->in));
  }
  return 0;
}

size_t H2Connection::TellMessages(Call& call, std::string_view bytes) {
  size_t at = 0;
  while (bytes.size() - at >= 5) {
    const auto* head = reinterpret_cast<const uint8_t*>(bytes.data() + at);
    const size_t length = static_cast<size_t>(head[1]) << 24 | static_cast<size_t>(head[2]) << 16 | static_cast<size_t>(head[3]) << 8 | head[4];
    if (bytes.size() - at - 5 < length) break;
    // The listener may have cancelled the call.
    if (call.listener != nullptr) call.listener->OnMessage(bytes.substr(at + 5, length));
    at += 5 + length;
  }
  return at;
}

int H2Connection::OnStreamClose(nghttp2_session*, int32_t stream, uint32_t error, void* user_data) {
  auto& self = *static_cast<H2Connection*>(user_data);
  const auto call = self.calls_.extract(stream);
  if (call.empty() || call.mapped()->listener == nullptr) return 0;
  call.mapped()->listener->OnEnd(error == NGHTTP2_NO_ERROR ? call.mapped()->status : -1 - static_cast<int>(error));
  return 0;
}

ssize_t H2Connection::ReadOut(nghttp2_session*, int32_t, uint8_t* buffer, size_t length, uint32_t* flags, nghttp2_data_source* source,
                              void*) {
  Call& call = *static_cast<Call*>(source->ptr);
  const size_t size = std::min(length, call.out.size() - call.sent);
  std::memcpy(buffer, call.out.data() + call.sent, size);
  call.sent += size;
  if (call.sent == call.out.size() && call.last) *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (size > 0 || call.last) return static_cast<ssize_t>(size);
  call.deferred = true;
  return NGHTTP2_ERR_DEFERRED;
}

Poll::Poll() : fd_(epoll_create1(EPOLL_CLOEXEC)) {}

Poll::~Poll() { close(fd_); }

void Poll::Add(H2Connection& connection) {
  epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
  if (epoll_ctl(fd_, EPOLL_CTL_ADD, connection.fd(), &event) != 0) Die("epoll_ctl");
}

void Poll::Wait(int timeout_ms, const std::function<void(H2Connection&)>& on_broken) {
  std::array<epoll_event, 256> events;
  const int count = epoll_wait(fd_, events.data(), static_cast<int>(events.size()), timeout_ms);
  for (int i = 0; i < count; ++i) {
    auto& connection = *static_cast<H2Connection*>(events[static_cast<size_t>(i)].data.ptr);
    if (connection.Read()) {
      connection.Flush();
    } else {
      epoll_ctl(fd_, EPOLL_CTL_DEL, connection.fd(), nullptr);
      on_broken(connection);
    }
  }
}

}  // namespace benchmarks
