#include "tests/framework/transport/native/wire_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>

namespace rota::native {
namespace {

constexpr std::chrono::seconds kLimit(30);
constexpr int kStepMs = 20;

}  // namespace

struct WireClient::Callbacks {
  static WireClient& Of(void* user) { return *static_cast<WireClient*>(user); }

  static int Header(nghttp2_session*, const nghttp2_frame*, const uint8_t* name, size_t name_size, const uint8_t* value,
                    size_t value_size, uint8_t, void* user) {
    Of(user).fields_ += " " + std::string(reinterpret_cast<const char*>(name), name_size) + "=" +
                        std::string(reinterpret_cast<const char*>(value), value_size);
    return 0;
  }
  static int Frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    WireClient& client = Of(user);
    const std::string stream = " " + std::to_string(frame->hd.stream_id);
    const std::string end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 ? " end" : "";
    const bool ack = (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0;
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
        client.frames_.push_back("HEADERS" + stream + end + std::exchange(client.fields_, ""));
        break;
      case NGHTTP2_DATA:
        client.frames_.push_back("DATA" + stream + " " + std::to_string(frame->hd.length) + end);
        break;
      case NGHTTP2_RST_STREAM:
        client.frames_.push_back("RST_STREAM" + stream + " " + std::to_string(frame->rst_stream.error_code));
        break;
      case NGHTTP2_GOAWAY:
        client.frames_.push_back("GOAWAY " + std::to_string(frame->goaway.last_stream_id) + " " + std::to_string(frame->goaway.error_code) + " " +
                                 std::string(reinterpret_cast<const char*>(frame->goaway.opaque_data), frame->goaway.opaque_data_len));
        break;
      case NGHTTP2_PING:
        client.frames_.push_back(ack ? "PING ack" : "PING");
        if (!ack) client.unanswered_.assign(reinterpret_cast<const char*>(frame->ping.opaque_data), 8);
        if (!ack && client.answers_) client.Answer();
        break;
      case NGHTTP2_SETTINGS:
        client.frames_.push_back(ack ? "SETTINGS ack" : "SETTINGS");
        break;
      default:
        break;
    }
    return 0;
  }
  static ssize_t Read(nghttp2_session*, int32_t, uint8_t* buffer, size_t size, uint32_t* flags, nghttp2_data_source* source, void*) {
    Body& body = *static_cast<Body*>(source->ptr);
    const size_t count = std::min(size, body.text.size() - body.sent);
    std::memcpy(buffer, body.text.data() + body.sent, count);
    body.sent += count;
    if (body.sent == body.text.size()) {
      if (!body.end && count == 0) return NGHTTP2_ERR_DEFERRED;
      if (body.end) *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    return static_cast<ssize_t>(count);
  }
};

WireClient::WireClient(const std::string& address, bool speaks) : speaks_(speaks) {
  const size_t colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  fd_ = socket(AF_INET, SOCK_STREAM, 0);
  // What follows a frame that the server has not acknowledged would wait for its delayed acknowledgement.
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ended_ = connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0;

  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, &Callbacks::Header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, &Callbacks::Frame);
  nghttp2_option* options = nullptr;
  nghttp2_option_new(&options);
  nghttp2_option_set_no_http_messaging(options, 1);
  nghttp2_option_set_no_auto_ping_ack(options, 1);
  nghttp2_session_client_new2(&session_, callbacks, this, options);
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
  Flush();
}

WireClient::~WireClient() {
  nghttp2_session_del(session_);
  close(fd_);
}

Fields WireClient::Request(const std::string& path, const Fields& changes) {
  Fields fields = {{":method", "POST"}, {":scheme", "http"}, {":path", path}, {":authority", "test"}, {"te", "trailers"}, {"content-type", "application/grpc"}};
  for (const auto& change : changes) {
    const auto same = [&](const auto& field) { return field.first == change.first; };
    const auto found = std::find_if(fields.begin(), fields.end(), same);
    if (found == fields.end()) {
      fields.push_back(change);
    } else if (change.second.empty()) {
      fields.erase(found);
    } else {
      found->second = change.second;
    }
  }
  return fields;
}

std::string WireClient::Message(const std::string& bytes) {
  const size_t size = bytes.size();
  return std::string{'\0', static_cast<char>(size >> 24), static_cast<char>(size >> 16), static_cast<char>(size >> 8), static_cast<char>(size)} + bytes;
}

int32_t WireClient::Open(const Fields& fields, std::string body, bool end) {
  std::vector<nghttp2_nv> list;
  for (const auto& [name, value] : fields) {
    list.push_back({reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())), reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())),
                    name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  const auto stream = static_cast<int32_t>(nghttp2_session_get_next_stream_id(session_));
  Body& kept = bodies_[stream];
  kept = {std::move(body), 0, end};
  nghttp2_data_provider provider{};
  provider.source.ptr = &kept;
  provider.read_callback = &Callbacks::Read;
  nghttp2_submit_request(session_, nullptr, list.data(), list.size(), &provider, nullptr);
  Flush();
  return stream;
}

void WireClient::Reset(int32_t stream, uint32_t code) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, code);
  Flush();
}

void WireClient::Ping() {
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr);
  Flush();
}

void WireClient::LimitTable(uint32_t bytes) {
  const nghttp2_settings_entry limit = {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, bytes};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &limit, 1);
  Flush();
}

void WireClient::SendRaw(const std::string& bytes) { EXPECT_EQ(send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size())); }

void WireClient::StopAnswering() { answers_ = false; }

void WireClient::Answer() {
  answers_ = true;
  if (unanswered_.empty()) return;
  nghttp2_submit_ping(session_, NGHTTP2_FLAG_ACK, reinterpret_cast<const uint8_t*>(unanswered_.data()));
  unanswered_.clear();
}

void WireClient::Flush() {
  if (!speaks_) return;
  for (;;) {
    const uint8_t* bytes = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &bytes);
    if (size <= 0) return;
    for (ssize_t sent = 0; sent < size;) {
      const ssize_t count = send(fd_, bytes + sent, static_cast<size_t>(size - sent), MSG_NOSIGNAL);
      if (count < 0) return;
      sent += count;
    }
  }
}

bool WireClient::Step() {
  Flush();
  pollfd ready{fd_, POLLIN, 0};
  if (ended_ || poll(&ready, 1, kStepMs) <= 0) return !ended_;
  uint8_t buffer[65536];
  const ssize_t size = recv(fd_, buffer, sizeof(buffer), 0);
  if (size <= 0) {
    ended_ = true;
    return false;
  }
  nghttp2_session_mem_recv(session_, buffer, static_cast<size_t>(size));
  Flush();
  return true;
}

bool WireClient::WaitUntil(const std::function<bool()>& happened) {
  const auto limit = std::chrono::steady_clock::now() + kLimit;
  while (!happened()) {
    if (!Step() || std::chrono::steady_clock::now() > limit) return happened();
  }
  return true;
}

bool WireClient::WaitFor(const std::string& text) {
  return WaitUntil([&] {
    return std::any_of(frames_.begin(), frames_.end(), [&](const std::string& frame) { return frame.find(text) != std::string::npos; });
  });
}

bool WireClient::WaitForEnd() {
  return WaitUntil([&] { return ended_; });
}

std::vector<std::string> WireClient::FramesOf(int32_t stream) const {
  std::vector<std::string> lines;
  for (const std::string& frame : frames_) {
    const std::string id = " " + std::to_string(stream);
    const size_t space = frame.find(' ');
    if (space == std::string::npos || frame.starts_with("GOAWAY")) continue;
    const std::string rest = frame.substr(space);
    if (rest == id || rest.starts_with(id + " ")) lines.push_back(frame);
  }
  return lines;
}

}  // namespace rota::native
