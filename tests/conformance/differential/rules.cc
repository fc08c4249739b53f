#include "tests/conformance/differential/rules.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace rota::differential {
namespace {

// What an answer is to be: text that it begins with, or one of these.
constexpr std::string_view kWithout = "-";  // what the same server answers to the same exchange without the trait
constexpr std::string_view kCut = "|";      // likewise, with nothing in the place of the message that the trait is of
constexpr std::string_view kEarlier = "<";  // what it answers to what comes before that message, and that is an error
constexpr std::string_view kSoFar = "=";    // AlikeSoFar() to the answer of the other one
// gRPC ends the connection.
constexpr std::string_view kBroken = "status 14 'Failed parsing HTTP/2'; trailers alone; connection is over";

struct Rule {
  std::string_view trait;
  // Either of several.
  std::vector<std::string_view> native, grpcpp;
  const char* why;
};

const std::vector<Rule>& kRules = *new std::vector<Rule>{
    {"method is not POST",
     {"HTTP 405; data; "},
     {"status 2 'Bad method header'; trailers alone; connection lives; "},
     "HTTP 405, where gRPC 1.51 says UNKNOWN"},
    {"content-type", {"HTTP 415; data; "}, {kWithout}, "gRPC 1.51 serves whatever the content-type says"},
    {"te missing",
     {"status 13 'there is no header te: trailers'; trailers alone; "},
     {"status 2 '"},
     "INTERNAL, where gRPC 1.51 says UNKNOWN"},
    {"grpc-timeout malformed", {"status 13 'grpc-timeout '"}, {kWithout}, "gRPC 1.51 serves as if there were none"},
    {"grpc-encoding unknown", {"status 12 'grpc-encoding '"}, {kWithout}, "gRPC 1.51 minds only once a message comes compressed"},
    {"-bin not base64",
     {"status 13 'metadata x-grpc-test-echo-trailing-bin is not base64'; trailers alone; "},
     {kBroken},
     "INTERNAL, where gRPC 1.51 says UNAVAILABLE and ends the connection"},
    {"-bin padded amiss",
     {"status 13 'metadata x-grpc-test-echo-trailing-bin is not base64'; trailers alone; "},
     {kWithout},
     "INTERNAL, where gRPC 1.51 does not mind"},
    {"-bin with stray bits", {kWithout}, {kBroken}, "bits behind the last byte leave no doubt; gRPC 1.51 ends the connection"},
    {"-bin list", {kWithout}, {kBroken}, "gRPC 1.51 knows no lists in -bin values and ends the connection"},
    {"value not ASCII", {kWithout}, {kWithout}, "where nothing else is in the headers, gRPC 1.51 leaves them out"},
    {"deadline expires",
     {"status 4 'the deadline of request '' has passed'; trailers",
      "status 4 'the deadline of request '' had passed when it arrived'; trailers alone; "},
     {"status 4 'Deadline Exceeded'; trailers alone; connection lives; ",
      "status 4 'the deadline of request '' has passed'; trailers alone; connection lives; ",
      "status 4 'the deadline of request '' has passed'; trailers; connection lives; ",
      "status 4 'the deadline of request '' had passed when it arrived'; trailers alone; connection lives; "},
     "gRPC 1.51 has a timer of its own, and may be first"},
    {"flag unknown",
     {"status 13 'the flag before a message", kEarlier},
     {kWithout, kCut},
     "gRPC 1.51 takes it for an empty one and the last, or for none"},
    {"flag without encoding",
     {"status 13 'a message is compressed", kEarlier},
     {kSoFar, kEarlier},
     "another text, or an earlier fault is told"},
    {"malformed gzip", {"status 13 'a compressed message", kEarlier}, {kSoFar, kEarlier}, "another text, or an earlier fault is told"},
    {"message cut off", {"status 13 'the stream ends within a message", kEarlier}, {kWithout, kSoFar}, "gRPC 1.51 drops the rest"},
    {"message too large",
     {"status 8 ", kEarlier},
     {kSoFar, kEarlier},
     "before or after the handler has sent something, or an earlier fault is told"},
    {"malformed protobuf", {kSoFar, kEarlier}, {kSoFar, kEarlier}, "refused before or after the handler has sent headers and messages"},
};

// How much of a stream was answered before its fault was found is a matter of chance.
bool IsOpen(const Exchange& exchange) {
  return std::any_of(kRules.begin(), kRules.end(), [&](const Rule& rule) {
    return exchange.Has(rule.trait) && std::find(rule.grpcpp.begin(), rule.grpcpp.end(), kSoFar) != rule.grpcpp.end();
  });
}

struct Case {
  const Exchange& exchange;
  const Answered &mine, &other;
  const std::function<Answered(const Exchange&)>& server;
};

bool Fits(const std::vector<std::string_view>& allowed, const Trait& trait, const Case& that) {
  return std::any_of(allowed.begin(), allowed.end(), [&](std::string_view good) {
    if (good == kSoFar) return AlikeSoFar(that.mine, that.other);
    if (good != kWithout && good != kCut && good != kEarlier) return that.mine.Text().starts_with(good);
    Trait gone = trait;
    if (good != kWithout) gone.then.clear();
    const Answered without = that.server(that.exchange.Without(gone));
    if (good == kEarlier && without.outcome.starts_with("status 0")) return false;
    return AlikeInTotal(that.mine, without) || (IsOpen(that.exchange) && AlikeSoFar(that.mine, without));
  });
}

}  // namespace

bool EndsConnection(const Exchange& exchange) {
  return std::any_of(kRules.begin(), kRules.end(), [&](const Rule& rule) {
    return exchange.Has(rule.trait) && std::find(rule.grpcpp.begin(), rule.grpcpp.end(), kBroken) != rule.grpcpp.end();
  });
}

std::string KnownDifference(const Exchange& exchange, const Answered& native, const Answered& grpcpp, const Servers& servers) {
  std::string why;
  bool grpcpp_fits = false;
  for (const Trait& trait : exchange.traits) {
    for (const Rule& rule : kRules) {
      if (!trait.name.starts_with(rule.trait)) continue;
      if (why.empty() && Fits(rule.native, trait, {exchange, native, grpcpp, servers.native})) {
        why = std::string(rule.trait) + ": " + rule.why;
      }
      grpcpp_fits = grpcpp_fits || Fits(rule.grpcpp, trait, {exchange, grpcpp, native, servers.grpcpp});
    }
  }
  return grpcpp_fits ? why : "";
}

}  // namespace rota::differential
