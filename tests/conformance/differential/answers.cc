#include "tests/conformance/differential/answers.h"

#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>

namespace rota::differential {
namespace {

using faults::Answer;
using faults::Fields;
using faults::RawConnection;

constexpr RawConnection::Seconds kLimit{20};
constexpr uint32_t kCancel = 8;

std::string Gunzip(const std::string& bytes) {
  z_stream stream{};
  inflateInit2(&stream, MAX_WBITS + 32);
  std::string out(8 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int result = inflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  inflateEnd(&stream);
  return result == Z_STREAM_END ? out : "malformed gzip";
}

std::vector<std::string> Messages(std::string_view data) {
  std::vector<std::string> messages;
  while (!data.empty()) {
    const auto byte = [&](size_t at) { return static_cast<size_t>(static_cast<uint8_t>(data[at])); };
    const size_t size = data.size() < 5 ? 0 : byte(1) << 24 | byte(2) << 16 | byte(3) << 8 | byte(4);
    if (data.size() < 5 + size) {
      messages.emplace_back("cut off");
      break;
    }
    const std::string bytes(data.substr(5, size));
    const std::string message = byte(0) == 1 ? Gunzip(bytes) : bytes;
    messages.push_back(std::to_string(message.size()) + "/" +
                       std::to_string(crc32(0, reinterpret_cast<const Bytef*>(message.data()), static_cast<uInt>(message.size()))));
    data.remove_prefix(5 + size);
  }
  return messages;
}

// The order of different names means nothing (RFC 9110, section 5.3).
void Insert(Fields& fields, const Fields::value_type& field) {
  fields.insert(std::find_if(fields.begin(), fields.end(), [&](const auto& other) { return other.first > field.first; }), field);
}

// Each request has an id of its own.
std::string WithoutRequestId(std::string text) {
  constexpr std::string_view kBefore = "of request '";
  const size_t at = text.find(kBefore);
  if (at == std::string::npos) return text;
  const size_t end = std::min(text.find('\'', at + kBefore.size()), text.size());
  return text.erase(at + kBefore.size(), end - at - kBefore.size());
}

// Without what means the same in more than one form. All else is compared.
Fields Meaning(const Fields& fields) {
  Fields meaning;
  for (auto [name, value] : fields) {
    // gRPC says in all headers what it takes, deflate among it; the native transport where it has refused an encoding.
    if (name == "grpc-accept-encoding") continue;
    // The same as none (PROTOCOL-HTTP2, "Message-Encoding").
    if (name == "grpc-encoding" && value == "identity") continue;
    // Padding of base64 is left to the sender.
    if (name.ends_with("-bin")) std::erase(value, '=');
    if (name == "grpc-message") value = WithoutRequestId(value);
    Insert(meaning, {name, value});
  }
  return meaning;
}

std::string Text(const Fields& fields) {
  std::string text;
  for (const auto& [name, value] : fields) text += " " + name + "=" + value.substr(0, 200);
  return text;
}

// Waits for as many messages, or for the end of the stream.
void AwaitMessages(RawConnection& connection, uint32_t stream, size_t count) {
  const auto end = std::chrono::steady_clock::now() + kLimit;
  for (;;) {
    const Answer& answer = connection.Await(stream, RawConnection::Seconds(0.01));
    const std::vector<std::string> messages = Messages(answer.data);
    if (messages.size() > count || (messages.size() == count && (count == 0 || messages.back() != "cut off"))) return;
    if (answer.ended || answer.reset || connection.closed() || std::chrono::steady_clock::now() > end) return;
  }
}

void SendAll(RawConnection& connection, const std::vector<Exchange>& exchanges, const std::vector<uint32_t>& streams) {
  for (size_t i = 0; i < exchanges.size(); ++i) connection.Send(faults::HeadersFrames(streams[i], faults::Block(exchanges[i].fields)));
  bool more = true;
  for (size_t frame = 0; std::exchange(more, false); ++frame) {
    for (size_t i = 0; i < exchanges.size(); ++i) {
      const std::vector<std::string>& data = exchanges[i].data;
      if (frame >= data.size()) continue;
      const bool last = frame + 1 == data.size();
      connection.SendData(streams[i], data[frame], last && exchanges[i].half_closes);
      more = more || !last;
    }
  }
}

// What became of the connection, after all that was sent on it.
std::string Connection(RawConnection& connection) {
  const Answer after = connection.Call("/grpc.testing.TestService/EmptyCall");
  if (after.ended && after.status() == 0) return "connection lives";
  return "connection is over" + (connection.go_away() ? ", GOAWAY " + std::to_string(*connection.go_away()) : std::string());
}

std::string StatusText(const Answer& answer) { return "status " + std::to_string(answer.status()) + " '" + WithoutRequestId(answer.message()) + "'"; }

std::string End(const Answer& answer) {
  if (!answer.ended) return "no end";
  std::string end = answer.ended_by_data ? "data" : answer.headers.empty() ? "trailers alone" : "trailers";
  // RFC 9113, section 8.1: a server that needs no more of the request may say so behind its answer; it depends on what has come by then.
  if (answer.reset && *answer.reset != 0) end += ", reset " + std::to_string(*answer.reset);
  return end;
}

std::string_view Connection(const Answered& answer) { return std::string_view(answer.end).substr(answer.end.find(';')); }

}  // namespace

Answered Describe(const Answer& answer, const std::string& connection) {
  Answered said{.end = End(answer) + "; " + connection, .headers = Meaning(answer.headers), .trailers = Meaning(answer.trailers)};
  const std::string http = answer.Field(":status");
  if (answer.reset && !answer.ended) {
    said.outcome = "reset " + std::to_string(*answer.reset);
  } else if (answer.ended && http != "200") {
    said.outcome = "HTTP " + http;
  } else {
    said.outcome = answer.ended ? StatusText(answer) : connection == "connection lives" ? "no answer" : "closed";
  }
  // No frames of gRPC are in the text of an error of HTTP.
  if (http == "200") said.messages = Messages(answer.data);
  return said;
}

std::vector<Answered> Ask(const std::string& address, const std::vector<Exchange>& exchanges) {
  RawConnection connection(address);
  connection.Start();
  std::vector<uint32_t> streams;
  for (size_t i = 0; i < exchanges.size(); ++i) streams.push_back(connection.NextStream());
  SendAll(connection, exchanges, streams);
  std::vector<bool> reset(exchanges.size());
  for (size_t i = 0; i < exchanges.size(); ++i) {
    if (!exchanges[i].resets_after) {
      connection.Await(streams[i], kLimit);
      continue;
    }
    AwaitMessages(connection, streams[i], *exchanges[i].resets_after);
    const Answer& so_far = connection.Await(streams[i], RawConnection::Seconds(0));
    reset[i] = !so_far.ended && !so_far.reset;
    if (reset[i]) connection.Send(faults::RstStreamFrame(streams[i], kCancel));
  }
  // What the server still sends on a stream that has ended, or was reset, comes before this.
  const std::string state = Connection(connection);
  std::vector<Answered> answers;
  for (size_t i = 0; i < exchanges.size(); ++i) {
    const Answer& answer = connection.Await(streams[i], RawConnection::Seconds(0));
    answers.push_back(Describe(answer, state));
    if (reset[i] && !answer.ended && !answer.reset) answers.back().outcome = "reset by the client";
  }
  return answers;
}

std::string Answered::Text() const {
  std::string text = outcome + "; " + end + "; headers" + differential::Text(headers) + "; trailers" + differential::Text(trailers);
  text += "; messages";
  for (const std::string& message : messages) text += " " + message;
  return text;
}

bool Alike(const Answered& a, const Answered& b) {
  return a.outcome == b.outcome && a.end == b.end && a.headers == b.headers && a.trailers == b.trailers && a.messages == b.messages;
}

bool AlikeInTotal(const Answered& a, const Answered& b) {
  const auto all = [](const Answered& answer) {
    Fields fields = answer.headers;
    for (const auto& field : answer.trailers) Insert(fields, field);
    return fields;
  };
  return a.outcome == b.outcome && Connection(a) == Connection(b) && all(a) == all(b) && a.messages == b.messages;
}

bool AlikeSoFar(const Answered& a, const Answered& b) {
  const auto code = [](const Answered& answer) { return answer.outcome.substr(0, answer.outcome.find('\'')); };
  const size_t both = std::min(a.messages.size(), b.messages.size());
  return code(a) == code(b) && Connection(a) == Connection(b) && (a.headers.empty() || b.headers.empty() || a.headers == b.headers) &&
         std::equal(a.messages.begin(), a.messages.begin() + static_cast<ptrdiff_t>(both), b.messages.begin());
}

}  // namespace rota::differential
