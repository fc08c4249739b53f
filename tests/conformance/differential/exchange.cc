#include "tests/conformance/differential/exchange.h"

#include <zlib.h>

#include <algorithm>
#include <random>
#include <string_view>
#include <utility>

#include "grpc/testing/messages.pb.h"

namespace rota::differential {
namespace {

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

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) {}

  Exchange Make() {
    if (Chance(4)) return MakeReset();
    if (Chance(4)) return MakeExpiring();
    const std::string path = Path();
    Begin(Method(), path);
    Protocol();
    Timeout();
    Metadata();
    OddMetadata();
    const bool gzip = Encoding();
    for (size_t i = Count(path); i > 0; --i) body_ += OneMessage(path, gzip);
    if (Chance(3)) {
      Fault("message cut off");
      body_ += Message("0123456789").substr(0, 1 + Below(9));
    }
    Chop(body_);
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
  // A field that makes the trait; `instead` stands in its place where there is none.
  void AddTrait(const std::string& trait, const std::string& name, const std::string& value, faults::Fields instead = {}) {
    Add(name, value);
    exchange_.traits.push_back({.name = trait, .field = exchange_.fields.back(), .instead = std::move(instead)});
  }

  // Of the message that comes next, and without which all ends before it, or with `then`.
  void Fault(const std::string& trait, const std::string& then = "") {
    exchange_.traits.push_back({.name = trait, .body_bytes = body_.size(), .then = then});
  }

  void Begin(const std::string& method, const std::string& path) {
    exchange_.fields.insert(exchange_.fields.begin(), {{":method", method}, {":scheme", "http"}, {":path", path}, {":authority", "localhost"}});
  }

  // The client resets the stream while the handler waits for more of it.
  Exchange MakeReset() {
    exchange_.traits.push_back({.name = "reset by the client"});
    const std::string call = Pick<std::string>({"StreamingInputCall", "FullDuplexCall", "FullDuplexCall", "HalfDuplexCall"});
    BeginGood(std::string(kService) + call);
    exchange_.half_closes = false;
    exchange_.resets_after = 0;
    for (size_t requests = Below(4); requests > 0; --requests) {
      grpc::testing::StreamingOutputCallRequest request;
      for (size_t i = Below(4); i > 0; --i) request.add_response_parameters()->set_size(static_cast<int32_t>(Below(20000)));
      // The others answer after the half-close, which does not come.
      if (call == "FullDuplexCall") *exchange_.resets_after += static_cast<size_t>(request.response_parameters_size());
      body_ += Message(call == "StreamingInputCall" ? "" : request.SerializeAsString());
    }
    Chop(body_);
    return std::move(exchange_);
  }

  // Nothing but its deadline ends the call.
  Exchange MakeExpiring() {
    exchange_.traits.push_back({.name = "deadline expires"});
    const std::string call = Pick<std::string>({"UnaryCall", "StreamingOutputCall", "StreamingInputCall", "FullDuplexCall", "HalfDuplexCall"});
    BeginGood(std::string(kService) + call);
    Add("grpc-timeout", Pick<std::string>({"1n", "1m", "20m", "20000u", "30000000n"}));
    exchange_.half_closes = call == "StreamingOutputCall";
    if (exchange_.half_closes || (call == "FullDuplexCall" && Chance(50))) {
      grpc::testing::StreamingOutputCallRequest request;
      auto* const wanted = request.add_response_parameters();
      wanted->set_size(10);
      wanted->set_interval_us(60'000'000);
      body_ = Message(request.SerializeAsString());
    }
    Chop(body_);
    return std::move(exchange_);
  }

  void BeginGood(const std::string& path) {
    Begin("POST", path);
    Add("te", "trailers");
    Add("content-type", "application/grpc");
    Metadata();
  }

  std::string Method() {
    if (!Chance(2)) return "POST";
    const std::string method = Pick<std::string>({"GET", "PUT", "OPTIONS", "post", "X"});
    exchange_.traits.push_back({.name = "method is not POST", .field = std::pair(std::string(":method"), method), .instead = {{":method", "POST"}}});
    return method;
  }

  std::string Path() {
    if (Chance(10)) {
      exchange_.traits.push_back({.name = "path of nowhere"});
      return Pick<std::string>({"/grpc.testing.TestService/NoSuchCall", "/no.such.Service/EmptyCall", "/grpc.testing.testservice/EmptyCall",
                                "/grpc.testing.TestService/emptycall", "/grpc.testing.UnimplementedService/UnimplementedCall", "/", "/EmptyCall",
                                "/grpc.testing.TestService/", "/grpc.testing.TestService/EmptyCall/"});
    }
    return std::string(kService) + Pick<std::string>({"EmptyCall", "UnaryCall", "UnaryCall", "CacheableUnaryCall", "StreamingOutputCall",
                                                      "StreamingInputCall", "FullDuplexCall", "HalfDuplexCall", "UnimplementedCall"});
  }

  void Protocol() {
    if (!Chance(3)) {
      Add("te", "trailers");
    } else {
      exchange_.traits.push_back({.name = "te missing", .instead = {{"te", "trailers"}}});
    }
    if (Chance(3)) {
      const std::string type = Pick<std::string>({"application/json", "text/plain", "application/grpc-web", "application/grpcx", "application/grpc+json", "", ""});
      const std::pair<std::string, std::string> good("content-type", "application/grpc");
      if (type.empty()) {
        exchange_.traits.push_back({.name = "content-type missing", .instead = {good}});
      } else {
        AddTrait("content-type '" + type + "'", "content-type", type, {good});
      }
    } else {
      Add("content-type", Pick<std::string>({"application/grpc", "application/grpc", "application/grpc+proto",
                                              "application/grpc;charset=utf-8", "application/grpc+proto;charset=utf-8"}));
    }
    if (Chance(30)) Add("user-agent", "differential/1.0");
  }

  void Timeout() {
    if (Chance(20)) Add("grpc-timeout", Pick<std::string>({"1H", "10M", "99S", "60000m", "60000000u", "99999999n", "99999999H"}));
    if (Chance(3)) {
      AddTrait("grpc-timeout malformed", "grpc-timeout", Pick<std::string>({"", "S", "10", "10x", "-1S", "1.5S", "123456789S", "10 S", "ten S"}));
    }
  }

  void Metadata() {
    if (Chance(40)) Add("x-grpc-test-echo-initial", Pick<std::string>({"plain", "with space inside", "a,b,c", "%25%zz", "~!@#$^&*()_+"}));
    if (Chance(40)) {
      Add("x-grpc-test-echo-trailing-bin", Pick<std::string>({"q6ur", "AAECAw==", "AAECAw", "/+8=", "/+8", "", "YQ==", "YQ"}));
    }
    if (Chance(10)) Add("x-other", "1");
    if (Chance(5)) Add("x-other-bin", "AAEC");
    if (Chance(5)) Add(Pick<std::string>({"grpc-unknown", "grpc-trace-bin", "traceparent", "x-request-id"}), "AAEC");
    if (Chance(15)) Add("x-rota-test-status-details-bin", Pick<std::string>({"q6ur", "AAECAw", "CAUSBHRleHQ="}));
  }

  void OddMetadata() {
    constexpr const char* kTrailing = "x-grpc-test-echo-trailing-bin";
    if (Chance(3)) AddTrait("-bin list", kTrailing, "AAEC,AwQF", {{kTrailing, "AAEC"}, {kTrailing, "AwQF"}});
    if (Chance(2)) AddTrait("-bin with stray bits", kTrailing, "q6u", {{kTrailing, "q6s"}});
    if (Chance(2)) AddTrait("-bin not base64", kTrailing, Pick<std::string>({"!!!!", "q", "a b c d"}));
    if (Chance(2)) AddTrait("-bin padded amiss", kTrailing, "q6ur=", {{kTrailing, "q6ur"}});
    if (Chance(3)) AddTrait("value not ASCII", "x-grpc-test-echo-initial", Pick<std::string>({"caf\xc3\xa9", "\xff\xfe", "\x80"}));
  }

  // Whether messages may be compressed.
  bool Encoding() {
    if (Chance(30)) Add("grpc-accept-encoding", Pick<std::string>({"identity", "gzip", "identity,deflate,gzip", "identity, gzip", "snappy"}));
    if (Chance(4)) {
      AddTrait("grpc-encoding unknown", "grpc-encoding", Pick<std::string>({"snappy", "GZIP", "x"}));
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
    exchange_.traits.push_back({.name = count == 0 ? "no request" : "more than one request"});
    return count;
  }

  std::string OneMessage(const std::string& path, bool gzip) {
    std::string bytes = Request(path);
    if (Chance(4)) {
      Fault("malformed protobuf");
      bytes = Pick<std::string>({"\xff\xff\xff", "\x0a\x7f", std::string("\x00\x00", 2)});
    }
    if (Chance(3)) {
      Fault("message too large");
      grpc::testing::SimpleRequest large;
      large.mutable_payload()->set_body(std::string(70000, 'l'));
      bytes = large.SerializeAsString();
    }
    if (gzip && Chance(70)) {
      if (!Chance(10)) return Message(Gzip(bytes), true);
      Fault("malformed gzip");
      return Message(bytes + "?", true);
    }
    if (Chance(2)) {
      Fault(gzip ? "malformed gzip" : "flag without encoding");
      return Message(bytes, true);
    }
    if (Chance(2)) {
      Fault("flag unknown", Message(""));
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
  std::string body_;
  Exchange exchange_;
};

}  // namespace

bool Exchange::Has(std::string_view trait) const {
  return std::any_of(traits.begin(), traits.end(), [&](const Trait& mine) { return mine.name.starts_with(trait); });
}

Exchange Exchange::Without(const Trait& trait) const {
  Exchange other = *this;
  std::erase_if(other.traits, [&](const Trait& mine) { return mine.name == trait.name; });
  // Of two alike the later one: the earlier one was there before the trait.
  auto place = other.fields.end();
  for (auto at = other.fields.begin(); trait.field && at != other.fields.end(); ++at) {
    if (*at == *trait.field) place = at;
  }
  if (place != other.fields.end()) place = other.fields.erase(place);
  other.fields.insert(place, trait.instead.begin(), trait.instead.end());
  if (!trait.body_bytes) return other;
  size_t left = *trait.body_bytes;
  for (std::string& part : other.data) {
    part.resize(std::min(part.size(), left));
    left -= part.size();
  }
  other.data.back() += trait.then;
  return other;
}

std::string Exchange::Text() const {
  std::string text;
  for (const auto& [name, value] : fields) text += name + ": " + value.substr(0, 60) + "\n";
  size_t bytes = 0;
  for (const std::string& part : data) bytes += part.size();
  text += std::to_string(bytes) + " bytes in " + std::to_string(data.size()) + " DATA frames;";
  if (resets_after) text += " reset after " + std::to_string(*resets_after) + " messages;";
  if (!half_closes) text += " no half-close;";
  for (const Trait& trait : traits) text += " [" + trait.name + "]";
  return text;
}

Exchange Generate(uint64_t seed) { return Generator(seed).Make(); }

}  // namespace rota::differential
