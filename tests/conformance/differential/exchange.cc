#include "tests/conformance/differential/exchange.h"

#include <zlib.h>

#include <algorithm>
#include <map>
#include <random>
#include <string_view>
#include <utility>

#include "grpc/testing/messages.pb.h"

namespace rota::differential {
namespace {

using faults::Answer;
using faults::Fields;
using faults::Message;

constexpr std::string_view kService = "/grpc.testing.TestService/";

std::string Gzip(const std::string& bytes) {
  z_stream stream{};
  deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

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

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  Exchange Make() {
    const std::string path = Path();
    exchange_.fields = {{":method", "POST"}, {":scheme", "http"}, {":path", path}, {":authority", "localhost"}};
    Protocol();
    Timeout();
    Metadata();
    const bool gzip = Encoding();
    std::string bytes;
    for (size_t i = Count(path); i > 0; --i) bytes += OneMessage(path, gzip);
    if (Chance(3)) {
      exchange_.traits.push_back("message cut off");
      bytes += Message("0123456789").substr(0, 1 + Below(9));
    }
    Chop(bytes);
    return std::move(exchange_);
  }

 private:
  uint64_t Below(uint64_t limit) { return random_() % limit; }
  bool Chance(uint64_t percent) { return Below(100) < percent; }
  template <typename T>
  const T& Pick(const std::vector<T>& from) {
    return from[Below(from.size())];
  }
  void Add(const std::string& name, const std::string& value) { exchange_.fields.emplace_back(name, value); }

  std::string Path() {
    if (Chance(10)) {
      exchange_.traits.push_back("path of nowhere");
      return Pick<std::string>({"/grpc.testing.TestService/NoSuchCall", "/no.such.Service/EmptyCall", "/grpc.testing.testservice/EmptyCall",
                                "/grpc.testing.TestService/emptycall", "/grpc.testing.UnimplementedService/UnimplementedCall", "/", "/EmptyCall",
                                "/grpc.testing.TestService/", "/grpc.testing.TestService/EmptyCall/"});
    }
    return std::string(kService) + Pick<std::string>({"EmptyCall", "UnaryCall", "UnaryCall", "CacheableUnaryCall", "StreamingOutputCall",
                                                      "StreamingInputCall", "FullDuplexCall", "HalfDuplexCall", "UnimplementedCall"});
  }

  void Protocol() {
    if (!Chance(4)) {
      Add("te", "trailers");
    } else {
      exchange_.traits.push_back("te missing");
    }
    if (Chance(5)) {
      const std::string type = Pick<std::string>({"application/json", "text/plain", "application/grpc-web", "application/grpcx", ""});
      exchange_.traits.push_back("content-type '" + type + "'");
      if (!type.empty()) Add("content-type", type);
    } else {
      Add("content-type", Pick<std::string>({"application/grpc", "application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"}));
    }
    if (Chance(30)) Add("user-agent", "differential/1.0");
  }

  void Timeout() {
    if (Chance(20)) Add("grpc-timeout", Pick<std::string>({"1H", "10M", "99S", "60000m", "60000000u", "99999999n", "99999999H"}));
    if (Chance(4)) {
      exchange_.traits.push_back("grpc-timeout malformed");
      Add("grpc-timeout", Pick<std::string>({"", "S", "10", "10x", "-1S", "1.5S", "123456789S", "10 S", "ten S"}));
    }
  }

  void Metadata() {
    if (Chance(40)) Add("x-grpc-test-echo-initial", Pick<std::string>({"plain", "with space inside", "a,b,c", "%25%zz", "~!@#$^&*()_+"}));
    if (Chance(40)) {
      Add("x-grpc-test-echo-trailing-bin", Pick<std::string>({"q6ur", "AAECAw==", "AAECAw", "/+8=", "/+8", "", "YQ==", "YQ"}));
    }
    if (Chance(10)) Add("x-other", "1");
    if (Chance(5)) Add("x-other-bin", "AAEC");
    if (Chance(5)) {
      exchange_.traits.push_back("-bin list");
      Add("x-other-bin", "AAEC,AwQF");
    }
    if (Chance(4)) {
      exchange_.traits.push_back("-bin not base64");
      Add("x-grpc-test-echo-trailing-bin", Pick<std::string>({"!!!!", "q6u", "q", "q6ur=", "a b c d"}));
    }
    if (Chance(3)) {
      exchange_.traits.push_back("value not ASCII");
      Add("x-grpc-test-echo-initial", Pick<std::string>({"caf\xc3\xa9", "\xff\xfe", "\x80"}));
    }
    if (Chance(5)) Add(Pick<std::string>({"grpc-unknown", "grpc-trace-bin", "traceparent", "x-request-id"}), "AAEC");
  }

  // Whether messages may be compressed.
  bool Encoding() {
    if (Chance(30)) Add("grpc-accept-encoding", Pick<std::string>({"identity", "gzip", "identity,deflate,gzip", "identity, gzip", "snappy"}));
    if (Chance(4)) {
      exchange_.traits.push_back("grpc-encoding unknown");
      Add("grpc-encoding", Pick<std::string>({"snappy", "GZIP", "x"}));
      return false;
    }
    if (Chance(5)) Add("grpc-encoding", "identity");
    const bool gzip = Chance(15);
    if (gzip) Add("grpc-encoding", "gzip");
    return gzip;
  }

  size_t Count(const std::string& path) {
    const bool streams = path.find("Input") != std::string::npos || path.find("Duplex") != std::string::npos;
    if (streams) return Below(4);
    if (!Chance(10)) return 1;
    const size_t count = Pick<size_t>({0, 2, 3});
    exchange_.traits.push_back(count == 0 ? "no request" : "more than one request");
    return count;
  }

  std::string OneMessage(const std::string& path, bool gzip) {
    std::string bytes = Request(path);
    if (Chance(4)) {
      exchange_.traits.push_back("malformed protobuf");
      bytes = Pick<std::string>({"\xff\xff\xff", "\x0a\x7f", std::string("\x00\x00", 2)});
    }
    if (Chance(3)) {
      exchange_.traits.push_back("message too large");
      grpc::testing::SimpleRequest large;
      large.mutable_payload()->set_body(std::string(70000, 'l'));
      bytes = large.SerializeAsString();
    }
    if (gzip && Chance(70)) {
      if (!Chance(10)) return Message(Gzip(bytes), true);
      exchange_.traits.push_back("malformed gzip");
      return Message(bytes + "?", true);
    }
    if (Chance(2)) {
      exchange_.traits.push_back(gzip ? "malformed gzip" : "flag without encoding");
      return Message(bytes, true);
    }
    if (Chance(2)) {
      exchange_.traits.push_back("flag unknown");
      std::string message = Message(bytes);
      message[0] = static_cast<char>(2 + Below(254));
      return message;
    }
    return Message(bytes);
  }

  std::string Request(const std::string& path) {
    if (path.find("Output") != std::string::npos || path.find("Duplex") != std::string::npos) {
      grpc::testing::StreamingOutputCallRequest request;
      for (size_t i = Below(4); i > 0; --i) {
        auto* const wanted = request.add_response_parameters();
        wanted->set_size(static_cast<int32_t>(Chance(3) ? -1 : Below(20000)));
        if (Chance(20)) wanted->mutable_compressed()->set_value(Chance(50));
      }
      if (Chance(10)) Status(request.mutable_response_status());
      return request.SerializeAsString();
    }
    if (path.find("Input") != std::string::npos) {
      grpc::testing::StreamingInputCallRequest request;
      request.mutable_payload()->set_body(std::string(Below(20000), 'i'));
      if (Chance(10)) request.mutable_expect_compressed()->set_value(Chance(50));
      return request.SerializeAsString();
    }
    if (path.find("Empty") != std::string::npos) return "";
    grpc::testing::SimpleRequest request;
    request.set_response_size(static_cast<int32_t>(Chance(3) ? -1 : Below(40000)));
    request.mutable_payload()->set_body(std::string(Below(20000), 'u'));
    if (Chance(10)) request.mutable_expect_compressed()->set_value(Chance(50));
    if (Chance(10)) request.mutable_response_compressed()->set_value(Chance(50));
    if (Chance(20)) Status(request.mutable_response_status());
    return request.SerializeAsString();
  }

  void Status(grpc::testing::EchoStatus* status) {
    status->set_code(static_cast<int32_t>(Below(18)));
    status->set_message(Pick<std::string>({"", "plain", "100 % sure", "\t\nwith whitespace \r\n", "\u263A \U0001F608", std::string(3000, 'm')}));
  }

  void Chop(std::string_view bytes) {
    while (!bytes.empty() && Chance(60)) {
      const size_t size = 1 + Below(std::min<size_t>(bytes.size(), 9000));
      exchange_.data.emplace_back(bytes.substr(0, size));
      bytes.remove_prefix(size);
    }
    for (; bytes.size() > faults::kMaxFrameBytes; bytes.remove_prefix(faults::kMaxFrameBytes)) {
      exchange_.data.emplace_back(bytes.substr(0, faults::kMaxFrameBytes));
    }
    exchange_.data.emplace_back(bytes);
    if (Chance(20)) exchange_.data.emplace_back();
  }

  std::mt19937_64 random_;
  Exchange exchange_;
};

std::string Messages(const Answer& answer) {
  std::string text;
  std::string_view left = answer.data;
  while (!left.empty()) {
    if (left.size() < 5) return text + " cut off";
    const auto byte = [&](size_t at) { return static_cast<size_t>(static_cast<uint8_t>(left[at])); };
    const size_t size = byte(1) << 24 | byte(2) << 16 | byte(3) << 8 | byte(4);
    if (left.size() < 5 + size) return text + " cut off";
    const std::string bytes(left.substr(5, size));
    const std::string message = byte(0) == 1 ? Gunzip(bytes) : bytes;
    text += " " + std::to_string(message.size()) + "/" + std::to_string(crc32(0, reinterpret_cast<const Bytef*>(message.data()), static_cast<uInt>(message.size())));
    left.remove_prefix(5 + size);
  }
  return text;
}

std::string Values(const Fields& fields, const std::string& name) {
  std::string text;
  for (const auto& [key, value] : fields) {
    if (key == name) text += (text.empty() ? "" : ",") + value;
  }
  // Padding is a matter of taste.
  if (name.ends_with("-bin")) std::erase(text, '=');
  return text;
}

// Stands for the same status code with another text, and with headers or messages that had gone already or had not.
constexpr std::string_view kSameCode = "=";

// Where the two may differ, and what the native transport must answer there.
struct Rule {
  std::string_view trait;
  std::vector<std::string_view> native;
  const char* why;
};

const std::vector<Rule>& kRules = *new std::vector<Rule>{
    {"content-type", {"HTTP 415"}, "gRPC 1.51 serves whatever the content-type says"},
    {"te missing", {"status 13 'there is no header te"}, "INTERNAL, where gRPC 1.51 says UNKNOWN"},
    {"grpc-timeout malformed", {"status 13 'grpc-timeout"}, "gRPC 1.51 serves as if there were none"},
    {"grpc-encoding unknown", {"status 12 'grpc-encoding"}, "gRPC 1.51 minds only once a message comes compressed"},
    // What is no base64 strictly, but leaves no doubt (bits beyond the last byte), may pass.
    {"-bin not base64", {"status 13 'metadata", "status"}, "INTERNAL, where gRPC 1.51 says UNAVAILABLE"},
    {"-bin list", {"status"}, "gRPC 1.51 knows no lists in -bin values and fails the call"},
    {"value not ASCII", {"status"}, "what becomes of such a value is left open"},
    {"flag unknown", {"status 13 'the flag before a message"}, "gRPC 1.51 takes it for the end of the messages"},
    {"flag without encoding", {"status 13 'a message is compressed", kSameCode}, "another text, or told before a fault that came first"},
    {"malformed gzip", {"status 13 'a compressed message", kSameCode}, "another text, or told before a fault that came first"},
    {"message cut off", {"status 13 'the stream ends within a message", kSameCode}, "gRPC 1.51 drops the rest"},
    {"message too large", {"status 8 ", kSameCode}, "told before or after the handler has sent something, or a fault that came first"},
    {"malformed protobuf", {kSameCode}, "refused before or after the handler has sent headers and messages"},
};

std::string CodeOf(const std::string& answer) { return answer.substr(0, answer.find('\'')); }

}  // namespace

bool Exchange::Has(std::string_view trait) const {
  return std::any_of(traits.begin(), traits.end(), [&](const std::string& mine) { return mine.starts_with(trait); });
}

std::string Exchange::Text() const {
  std::string text;
  for (const auto& [name, value] : fields) text += name + ": " + value.substr(0, 60) + "\n";
  size_t bytes = 0;
  for (const std::string& part : data) bytes += part.size();
  text += std::to_string(bytes) + " bytes in " + std::to_string(data.size()) + " DATA frames;";
  for (const std::string& trait : traits) text += " [" + trait + "]";
  return text;
}

Exchange Generate(uint64_t seed) { return Generator(seed).Make(); }

std::string Answered(const std::string& address, const Exchange& exchange) {
  faults::RawConnection connection(address);
  connection.Start();
  const uint32_t stream = connection.NextStream();
  connection.Send(faults::HeadersFrames(stream, faults::Block(exchange.fields)));
  for (size_t i = 0; i < exchange.data.size(); ++i) {
    if (!connection.SendData(stream, exchange.data[i], i + 1 == exchange.data.size())) break;
  }
  const Answer& answer = connection.Await(stream, faults::RawConnection::Seconds(20));
  if (answer.reset && !answer.ended) return "reset " + std::to_string(*answer.reset);
  if (!answer.ended) return connection.closed() ? "closed" : "no answer";
  const std::string http = answer.Field(":status");
  if (http != "200") return "HTTP " + http;
  return "status " + std::to_string(answer.status()) + " '" + answer.message() + "'; initial '" + Values(answer.headers, "x-grpc-test-echo-initial") +
         "' '" + Values(answer.headers, "cache-control") + "'; trailing '" + Values(answer.trailers, "x-grpc-test-echo-trailing-bin") + "'; messages" +
         Messages(answer);
}

std::string KnownDifference(const Exchange& exchange, const std::string& native, const std::string& grpcpp) {
  for (const Rule& rule : kRules) {
    if (!exchange.Has(rule.trait)) continue;
    for (const std::string_view good : rule.native) {
      const bool alike = good == kSameCode && CodeOf(native) == CodeOf(grpcpp) && CodeOf(native).starts_with("status");
      if (alike || (good != kSameCode && native.starts_with(good))) return std::string(rule.trait) + ": " + rule.why;
    }
  }
  return "";
}

}  // namespace rota::differential
