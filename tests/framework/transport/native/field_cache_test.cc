#include "framework/transport/native/field_cache.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace rota::native {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

// A client and a server of nghttp2, without messaging rules, whose fields go through a cache.
class FieldCacheTest : public testing::Test {
 protected:
  FieldCacheTest() {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, [](nghttp2_session*, const nghttp2_frame*, void* user) {
      static_cast<FieldCacheTest*>(user)->cache_.Begin();
      return 0;
    });
    nghttp2_session_callbacks_set_on_header_callback2(
        callbacks, [](nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf* name, nghttp2_rcbuf* value, uint8_t, void* user) {
          static_cast<FieldCacheTest*>(user)->OnField(name, value);
          return 0;
        });
    nghttp2_option* options = nullptr;
    nghttp2_option_new(&options);
    nghttp2_option_set_no_http_messaging(options, 1);
    nghttp2_session_server_new2(&server_, callbacks, this, options);
    nghttp2_session_client_new2(&client_, callbacks, nullptr, options);
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(client_, NGHTTP2_FLAG_NONE, nullptr, 0);
  }
  ~FieldCacheTest() override {
    nghttp2_session_del(client_);
    nghttp2_session_del(server_);
  }

  static std::string Text(const nghttp2_vec& bytes) { return std::string(reinterpret_cast<const char*>(bytes.base), bytes.len); }
  void OnField(nghttp2_rcbuf* name, nghttp2_rcbuf* value) {
    const RequestField& field = cache_.Next(name, value);
    kinds_.push_back(field.kind);
    const nghttp2_vec true_name = nghttp2_rcbuf_get_buf(name), true_value = nghttp2_rcbuf_get_buf(value);
    EXPECT_EQ(field.list_bytes, true_name.len + true_value.len + 32);
    // What may be left out is taken as it should be.
    const bool left_out = SaysAll(field.kind);
    heard_.emplace_back(left_out ? Text(true_name) : std::string(field.name), left_out ? Text(true_value) : std::string(field.value));
  }
  // What the server hears of a list.
  Fields Hear(const Fields& fields) {
    std::vector<nghttp2_nv> list;
    for (const auto& [name, value] : fields) {
      list.push_back({reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())), reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())),
                      name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    nghttp2_submit_request(client_, nullptr, list.data(), list.size(), nullptr, nullptr);
    heard_.clear();
    kinds_.clear();
    const uint8_t* bytes = nullptr;
    for (ssize_t size; (size = nghttp2_session_mem_send(client_, &bytes)) > 0;) {
      EXPECT_EQ(nghttp2_session_mem_recv(server_, bytes, static_cast<size_t>(size)), size);
    }
    return heard_;
  }

  nghttp2_session* server_ = nullptr;
  nghttp2_session* client_ = nullptr;
  Fields heard_;
  std::vector<FieldKind> kinds_;
  // Holds memory of the heap, as nghttp2 does here.
  FieldCache cache_;
};

TEST_F(FieldCacheTest, AListIsHeardAsItIsEveryTime) {
  const Fields fields = {{":method", "POST"}, {":path", "/a/B"}, {"user-agent", "me"}, {"te", "trailers"}};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Hear(fields), fields);
    EXPECT_EQ(kinds_, (std::vector<FieldKind>{FieldKind::kPost, FieldKind::kPath, FieldKind::kMetadata, FieldKind::kTeTrailers}));
  }
}

TEST_F(FieldCacheTest, FieldsThatChangeAreReadAnew) {
  EXPECT_EQ(Hear({{"x-a", "1"}, {"te", "trailers"}}).size(), 2u);
  const Fields changed = {{"x-a", "2"}, {"te", "gzip"}, {"x-b", "3"}};
  EXPECT_EQ(Hear(changed), changed);
  EXPECT_EQ(kinds_, (std::vector<FieldKind>{FieldKind::kMetadata, FieldKind::kMalformed, FieldKind::kMetadata}));
  const Fields moved = {{"te", "trailers"}, {"x-a", "1"}};
  EXPECT_EQ(Hear(moved), moved);
  EXPECT_EQ(kinds_, (std::vector<FieldKind>{FieldKind::kTeTrailers, FieldKind::kMetadata}));
}

TEST_F(FieldCacheTest, LongListsAndLongFieldsAreReadEveryTime) {
  Fields fields = {{"x-long", std::string(FieldCache::kMaxBytes, 'a')}};
  for (size_t i = 0; i < 2 * FieldCache::kFields; ++i) fields.emplace_back("x-" + std::to_string(i), std::to_string(i));
  EXPECT_EQ(Hear(fields), fields);
  EXPECT_EQ(Hear(fields), fields);
}

TEST_F(FieldCacheTest, WhatNghttp2HasLetGoOfIsNotMistakenForAnotherField) {
  // Each value takes the memory that the last one had, were it not held.
  for (int i = 0; i < 100; ++i) {
    const Fields fields = {{":path", "/" + std::to_string(i)}, {"x-key", std::string(8, static_cast<char>('a' + i % 26))}};
    EXPECT_EQ(Hear(fields), fields);
  }
}

TEST_F(FieldCacheTest, AfterClearItReadsAnew) {
  const Fields fields = {{"user-agent", "me"}};
  Hear(fields);
  cache_.Clear();
  EXPECT_EQ(Hear(fields), fields);
}

}  // namespace
}  // namespace rota::native
