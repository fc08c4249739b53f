#include "framework/transport/native/request_headers.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "framework/base/status.h"
#include "framework/rpc/transport.h"
#include "gtest/gtest.h"

namespace rota::native {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

class RequestHeadersTest : public testing::Test {
 protected:
  // The fields of a good request with `changes`, in their places or at the end: an empty value removes one.
  std::optional<RequestHeaders::Refusal> Read(const Fields& changes = {}, size_t limit = 8192) {
    Fields fields = {{":method", "POST"}, {":scheme", "http"}, {":path", "/a.B/C"}, {":authority", "here:1"},
                     {"te", "trailers"},  {"content-type", "application/grpc"}};
    for (const auto& [name, value] : changes) {
      const auto place = std::find_if(fields.begin(), fields.end(), [&key = name](const auto& field) { return field.first == key; });
      if (place == fields.end()) {
        if (!value.empty()) fields.emplace_back(name, value);
      } else if (value.empty()) {
        fields.erase(place);
      } else {
        place->second = value;
      }
    }
    start_ = CallStart();
    headers_.Reset(limit);
    well_formed_ = true;
    for (const auto& [name, value] : fields) well_formed_ = headers_.Add(RequestField(name, value), start_) && well_formed_;
    well_formed_ = headers_.End() && well_formed_;
    return headers_.Judge(start_);
  }
  // "malformed", "200 INTERNAL: text", or "fine".
  std::string Judged(const Fields& changes, size_t limit = 8192) {
    const std::optional<RequestHeaders::Refusal> refusal = Read(changes, limit);
    if (!well_formed_) return "malformed";
    return refusal ? std::to_string(refusal->http_status) + " " + refusal->status.ToString() : "fine";
  }

  RequestHeaders headers_;
  CallStart start_;
  bool well_formed_ = true;
};

TEST_F(RequestHeadersTest, AGoodRequestFillsTheStart) {
  EXPECT_EQ(Judged({{"x-key", "one"}, {"x-raw-bin", "Zm8"}, {"user-agent", "me"}}), "fine");
  EXPECT_EQ(start_.path, "/a.B/C");
  EXPECT_EQ(start_.authority, "here:1");
  EXPECT_EQ(start_.metadata.Get("x-key"), "one");
  EXPECT_EQ(start_.metadata.Get("x-raw-bin"), "fo");
  EXPECT_EQ(start_.metadata.Get("user-agent"), "me");
  EXPECT_EQ(start_.metadata.size(), 3u);
  EXPECT_EQ(headers_.timeout(), std::nullopt);
}

TEST_F(RequestHeadersTest, HostStandsInForTheAuthority) {
  EXPECT_EQ(Judged({{":authority", ""}, {"host", "there:2"}}), "fine");
  EXPECT_EQ(start_.authority, "there:2");
}

TEST_F(RequestHeadersTest, OnlyPostIsServed) {
  EXPECT_EQ(Judged({{":method", "GET"}}), "405 INTERNAL: the method of HTTP is not POST");
  EXPECT_EQ(Judged({{":method", "post"}}).substr(0, 3), "405");
}

TEST_F(RequestHeadersTest, ContentTypesOfGrpcAreServedAndOthersGet415) {
  for (const char* type : {"application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8",
                           "application/grpc+proto;charset=utf-8"}) {
    EXPECT_EQ(Judged({{"content-type", type}}), "fine") << type;
  }
  for (const char* type : {"", "application/json", "application/grpcweb", "application/grpc-web", "text/application/grpc",
                           "application/grpc+json", "application/grpc+", "application/grpc+protobuf", "application/grpc+proto+gzip",
                           "application/grpcproto"}) {
    EXPECT_EQ(Judged({{"content-type", type}}).substr(0, 3), "415") << type;
  }
}

TEST_F(RequestHeadersTest, TheTeHeaderIsRequired) {
  EXPECT_EQ(Judged({{"te", ""}}), "200 INTERNAL: there is no header te: trailers");
  EXPECT_EQ(Judged({{"te", "gzip"}}), "malformed");
  EXPECT_EQ(Judged({{"te", "Trailers"}}), "200 INTERNAL: there is no header te: trailers");
}

TEST_F(RequestHeadersTest, TimeoutsAreReadAndMalformedOnesFail) {
  EXPECT_EQ(Judged({{"grpc-timeout", "5S"}}), "fine");
  EXPECT_EQ(headers_.timeout(), std::chrono::seconds(5));
  EXPECT_EQ(Judged({{"grpc-timeout", "5x"}}), "200 INTERNAL: grpc-timeout '5x' is malformed");
}

TEST_F(RequestHeadersTest, EncodingsAreReadAndUnknownOnesAreUnimplemented) {
  EXPECT_EQ(Judged({{"grpc-encoding", "gzip"}, {"grpc-accept-encoding", "identity,gzip"}}), "fine");
  EXPECT_EQ(headers_.encoding(), Encoding::kGzip);
  EXPECT_TRUE(headers_.accepts_gzip());
  EXPECT_EQ(Judged({{"grpc-accept-encoding", "identity"}}), "fine");
  EXPECT_EQ(headers_.encoding(), Encoding::kIdentity);
  EXPECT_FALSE(headers_.accepts_gzip());
  EXPECT_EQ(Judged({{"grpc-encoding", "snappy"}}), "200 UNIMPLEMENTED: grpc-encoding 'snappy' is not supported");
}

TEST_F(RequestHeadersTest, MetadataThatIsNotBase64Fails) {
  EXPECT_EQ(Judged({{"x-raw-bin", "!"}}), "200 INTERNAL: metadata x-raw-bin is not base64");
}

TEST_F(RequestHeadersTest, ReservedNamesAreNotMetadata) {
  EXPECT_EQ(Judged({{"grpc-anything", "x"}, {"content-length", "5"}, {"grpc-trace-bin", "Zm8"}}), "fine");
  EXPECT_EQ(start_.metadata.size(), 1u);
}

TEST_F(RequestHeadersTest, ValuesOutsideOfAsciiAreTakenAsTheyAre) {
  EXPECT_EQ(Judged({{"x-key", "\xff\xc3\t\xa4"}}), "fine");
  EXPECT_EQ(start_.metadata.Get("x-key"), "\xff\xc3\t\xa4");
}

TEST_F(RequestHeadersTest, AListOverTheLimitIsRefusedAndNotKept) {
  const std::string big(1000, 'a');
  EXPECT_EQ(Judged({{"x-big", big}}, 2000), "fine");
  EXPECT_EQ(Judged({{"x-big", big}, {"x-more", big}}, 2000), "200 RESOURCE_EXHAUSTED: the header fields are larger than the limit of 2000");
  EXPECT_EQ(start_.metadata.Get("x-more"), std::nullopt);
}

TEST_F(RequestHeadersTest, ARequestOfHttpHasItsPseudoHeaderFieldsOnceAndFirst) {
  for (const char* name : {":method", ":scheme", ":path"}) EXPECT_EQ(Judged({{name, ""}}), "malformed") << name;
  EXPECT_EQ(Judged({{":authority", ""}}), "malformed") << "and no host";
  for (const char* name : {":method", ":scheme", ":path", ":authority"}) {
    Read();
    EXPECT_FALSE(headers_.Add(RequestField(name, "/x"), start_)) << name << " in trailers";
  }
  EXPECT_EQ(Judged({{":status", "200"}}), "malformed");
  for (const char* name : {":method", ":scheme", ":path", ":authority", "host", "content-length"}) {
    headers_.Reset(8192);
    const std::string good = std::string(name) == ":path" ? "/a" : std::string(name) == "content-length" ? "1" : "a";
    EXPECT_TRUE(headers_.Add(RequestField(name, good), start_)) << name;
    EXPECT_FALSE(headers_.Add(RequestField(name, good), start_)) << name;
  }
}

TEST_F(RequestHeadersTest, AConnectHasNeitherSchemeNorPath) {
  headers_.Reset(8192);
  EXPECT_TRUE(headers_.Add(RequestField(":method", "CONNECT"), start_));
  EXPECT_FALSE(headers_.End());
  headers_.Reset(8192);
  EXPECT_TRUE(headers_.Add(RequestField(":method", "CONNECT"), start_));
  EXPECT_TRUE(headers_.Add(RequestField(":authority", "here:1"), start_));
  EXPECT_TRUE(headers_.End());
  EXPECT_EQ(headers_.Judge(start_)->http_status, 405);
}

TEST_F(RequestHeadersTest, TheBodyIsAsLongAsContentLengthSays) {
  Read({{"content-length", "5"}});
  EXPECT_FALSE(headers_.IsBodyWhole());
  EXPECT_TRUE(headers_.AddBody(3));
  EXPECT_FALSE(headers_.IsBodyWhole());
  EXPECT_TRUE(headers_.AddBody(2));
  EXPECT_TRUE(headers_.IsBodyWhole());
  EXPECT_FALSE(headers_.AddBody(1));
  Read();
  EXPECT_TRUE(headers_.IsBodyWhole());
  EXPECT_TRUE(headers_.AddBody(1 << 20));
  EXPECT_TRUE(headers_.IsBodyWhole());
  for (const char* length : {"x", "-1", "1x", "99999999999999999999"}) EXPECT_EQ(Judged({{"content-length", length}}), "malformed") << length;
}

TEST_F(RequestHeadersTest, ContentLengthInTrailersCountsWhatHasCome) {
  Read();
  EXPECT_TRUE(headers_.AddBody(7));
  EXPECT_TRUE(headers_.Add(RequestField("content-length", "7"), start_));
  EXPECT_TRUE(headers_.IsBodyWhole());
  Read();
  EXPECT_TRUE(headers_.AddBody(7));
  EXPECT_FALSE(headers_.Add(RequestField("content-length", "6"), start_));
}

TEST_F(RequestHeadersTest, TrailersAreNotKept) {
  Read();
  EXPECT_TRUE(headers_.Add(RequestField("x-late", "1"), start_));
  EXPECT_EQ(start_.metadata.size(), 0u);
  EXPECT_FALSE(headers_.Add(RequestField("X-Late", "1"), start_));
  EXPECT_FALSE(headers_.Add(RequestField("connection", "close"), start_));
}

TEST_F(RequestHeadersTest, NothingOfOneRequestReachesTheNext) {
  Read({{"grpc-timeout", "5S"}, {"grpc-encoding", "gzip"}, {"x-raw-bin", "!"}, {"grpc-accept-encoding", "gzip"}});
  EXPECT_EQ(Judged({}), "fine");
  EXPECT_EQ(headers_.timeout(), std::nullopt);
  EXPECT_EQ(headers_.encoding(), Encoding::kIdentity);
  EXPECT_FALSE(headers_.accepts_gzip());
}

}  // namespace
}  // namespace rota::native
