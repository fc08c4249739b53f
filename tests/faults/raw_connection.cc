#include "tests/faults/raw_connection.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

namespace rota::faults {
namespace {

using Clock = std::chrono::steady_clock;

int Milliseconds(RawConnection::Seconds left) { return std::max(0, static_cast<int>(left.count() * 1000)); }

uint32_t ReadNumber(std::string_view bytes) {
  uint32_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

}  // namespace

std::string Answer::Field(std::string_view name) const {
  for (const Fields* fields : {&trailers, &headers}) {
    for (const auto& [key, value] : *fields) {
      if (key == name) return value;
    }
  }
  return "";
}

int Answer::status() const {
  const std::string text = Field("grpc-status");
  return text.empty() ? -1 : std::stoi(text);
}

RawConnection::RawConnection(const std::string& address, int receive_buffer) {
  nghttp2_hd_inflate_new(&inflater_);
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer > 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  closed_ = connect(fd_, reinterpret_cast<sockaddr*>(&peer), sizeof(peer)) != 0;
}

RawConnection::~RawConnection() {
  nghttp2_hd_inflate_del(inflater_);
  if (fd_ >= 0) close(fd_);
}

void RawConnection::Start(const std::vector<std::pair<uint16_t, uint32_t>>& settings) {
  Send(std::string(kPreface) + SettingsFrame(settings) + WindowUpdateFrame(0, 0x7fffffff - 65535));
}

bool RawConnection::Send(std::string_view bytes, Seconds limit) {
  const auto end = Clock::now() + limit;
  while (!bytes.empty() && !closed()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
      continue;
    }
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
      refused_ = true;
      break;
    }
    pollfd room{.fd = fd_, .events = POLLOUT, .revents = 0};
    if (poll(&room, 1, Milliseconds(end - Clock::now())) == 0) return false;
  }
  return !closed();
}

bool RawConnection::SendData(uint32_t stream, std::string_view bytes, bool end_stream, Seconds limit) {
  const auto end = Clock::now() + limit;
  const Answer& answer = answers_[stream];
  while (!closed_ && !answer.ended && !answer.reset) {
    ReadReady();
    const int64_t room = std::min({connection_window_, initial_window_ + stream_windows_[stream], static_cast<int64_t>(kMaxFrameBytes)});
    const std::string_view part = bytes.substr(0, static_cast<size_t>(std::max<int64_t>(room, 0)));
    if (part.empty() && !bytes.empty()) {
      if (Clock::now() > end) return false;
      ReadSome(Seconds(0.1));
      continue;
    }
    bytes.remove_prefix(part.size());
    connection_window_ -= static_cast<int64_t>(part.size());
    stream_windows_[stream] -= static_cast<int64_t>(part.size());
    if (!Send(FrameBytes(kData, end_stream && bytes.empty() ? kEndStream : 0, stream, part))) return false;
    if (bytes.empty()) return true;
  }
  return false;
}

Answer RawConnection::Call(std::string_view path, std::string_view message, const Fields& more) {
  const uint32_t stream = NextStream();
  Send(CallFrames(stream, path, more));
  SendData(stream, Message(message), true);
  return Await(stream);
}

uint32_t RawConnection::NextStream() { return std::exchange(next_stream_, next_stream_ + 2); }

const Answer& RawConnection::Await(uint32_t stream, Seconds limit) {
  const auto end = Clock::now() + limit;
  const Answer& answer = answers_[stream];
  while (!answer.ended && !answer.reset && !closed_ && Clock::now() < end) ReadSome(end - Clock::now());
  return answer;
}

bool RawConnection::AwaitSettingsAcks(uint64_t count, Seconds limit) {
  const auto end = Clock::now() + limit;
  while (settings_acked_ < count && !closed_ && Clock::now() < end) ReadSome(end - Clock::now());
  return settings_acked_ >= count;
}

bool RawConnection::AwaitClose(Seconds limit) {
  ReadFor(limit);
  return closed_;
}

void RawConnection::ReadFor(Seconds time) {
  const auto end = Clock::now() + time;
  while (!closed_ && ReadSome(end - Clock::now())) {
  }
}

// False: nothing came in time, or nothing can come any more.
bool RawConnection::ReadSome(Seconds limit) {
  pollfd ready{.fd = fd_, .events = POLLIN, .revents = 0};
  if (closed_ || poll(&ready, 1, Milliseconds(limit)) <= 0) return false;
  char bytes[65536];
  const ssize_t n = recv(fd_, bytes, sizeof(bytes), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (n <= 0) {
    closed_ = true;
    return false;
  }
  bytes_read_ += static_cast<uint64_t>(n);
  incoming_.append(bytes, static_cast<size_t>(n));
  TakeFrames();
  return true;
}

void RawConnection::TakeFrames() {
  size_t at = 0;
  while (incoming_.size() - at >= 9) {
    const std::string_view head = std::string_view(incoming_).substr(at, 9);
    const size_t size = ReadNumber(head.substr(0, 3));
    if (incoming_.size() - at - 9 < size) break;
    TakeFrame(static_cast<uint8_t>(head[3]), static_cast<uint8_t>(head[4]), ReadNumber(head.substr(5)) & 0x7fffffff,
              std::string_view(incoming_).substr(at + 9, size));
    at += 9 + size;
  }
  incoming_.erase(0, at);
}

void RawConnection::TakeFrame(uint8_t type, uint8_t flags, uint32_t stream, std::string_view payload) {
  switch (type) {
    case kData:
      answers_[stream].data += payload;
      if (flags & kEndStream) answers_[stream].ended = answers_[stream].ended_by_data = true;
      break;
    case kHeaders:
      block_flags_ = flags;
      block_ = payload;
      if (flags & kEndHeaders) TakeHeaders(flags, stream);
      break;
    case kContinuation:
      block_ += payload;
      if (flags & kEndHeaders) TakeHeaders(block_flags_, stream);
      break;
    case kRstStream:
      answers_[stream].reset = ReadNumber(payload);
      break;
    case kSettings:
      if (flags & kAck) {
        ++settings_acked_;
      } else {
        for (size_t at = 0; at + 6 <= payload.size(); at += 6) {
          if (ReadNumber(payload.substr(at, 2)) == 4) initial_window_ = ReadNumber(payload.substr(at + 2, 4));
        }
        Send(FrameBytes(kSettings, kAck, 0, ""));
      }
      break;
    case kPing:
      if (flags & kAck) {
        ++pings_answered_;
      } else {
        Send(FrameBytes(kPing, kAck, 0, payload));
      }
      break;
    case kWindowUpdate:
      (stream == 0 ? connection_window_ : stream_windows_[stream]) += ReadNumber(payload) & 0x7fffffff;
      break;
    case kGoAway:
      go_away_ = ReadNumber(payload.substr(4, 4));
      break;
    default:
      break;
  }
}

void RawConnection::TakeHeaders(uint8_t flags, uint32_t stream) {
  Answer& answer = answers_[stream];
  const bool end = (flags & kEndStream) != 0;
  Fields& to = end ? answer.trailers : answer.headers;
  auto* in = reinterpret_cast<uint8_t*>(block_.data());
  size_t left = block_.size();
  for (;;) {
    nghttp2_nv field;
    int inflated = 0;
    const ssize_t used = nghttp2_hd_inflate_hd2(inflater_, &field, &inflated, in, left, 1);
    ASSERT_GE(used, 0) << "the server sent a header block that is malformed";
    in += used;
    left -= static_cast<size_t>(used);
    if (inflated & NGHTTP2_HD_INFLATE_EMIT) {
      to.emplace_back(std::string(reinterpret_cast<char*>(field.name), field.namelen), std::string(reinterpret_cast<char*>(field.value), field.valuelen));
    }
    if (inflated & NGHTTP2_HD_INFLATE_FINAL) break;
    if (!(inflated & NGHTTP2_HD_INFLATE_EMIT) && left == 0) break;
  }
  nghttp2_hd_inflate_end_headers(inflater_);
  if (end) answer.ended = true;
}

bool RawConnection::IsCut() const {
  pollfd end{.fd = fd_, .events = POLLRDHUP, .revents = 0};
  return closed_ || poll(&end, 1, 0) > 0;
}

void RawConnection::Abort() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  close(std::exchange(fd_, -1));
  closed_ = true;
}

void RawConnection::HalfClose() { shutdown(fd_, SHUT_WR); }

void RawConnection::GoDark() {
  // A filter of the socket decides before TCP sees a segment (packet(7), SO_ATTACH_FILTER); this one takes 0 bytes of each.
  sock_filter take_nothing[] = {BPF_STMT(BPF_RET | BPF_K, 0)};
  const sock_fprog program{.len = 1, .filter = take_nothing};
  EXPECT_EQ(setsockopt(fd_, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
}

}  // namespace rota::faults
