#include "framework/transport/native/fixed_blocks.h"

#include <nghttp2/nghttp2.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace rota::native {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

// A peer that reads header blocks, one after the other, as any of a connection.
class Peer {
 public:
  Peer() { EXPECT_EQ(nghttp2_hd_inflate_new(&inflater_), 0); }
  ~Peer() { nghttp2_hd_inflate_del(inflater_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  Fields Read(std::string_view block) {
    Fields fields;
    auto* bytes = reinterpret_cast<uint8_t*>(const_cast<char*>(block.data()));
    size_t left = block.size();
    for (int flags = 0; (flags & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
      nghttp2_nv field{};
      const ssize_t used = nghttp2_hd_inflate_hd2(inflater_, &field, &flags, bytes, left, 1);
      if (used < 0) {
        ADD_FAILURE() << nghttp2_strerror(static_cast<int>(used));
        return fields;
      }
      bytes += used;
      left -= static_cast<size_t>(used);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0) {
        fields.emplace_back(std::string(field.name, field.name + field.namelen), std::string(field.value, field.value + field.valuelen));
      }
    }
    EXPECT_EQ(left, 0u);
    EXPECT_EQ(nghttp2_hd_inflate_end_headers(inflater_), 0);
    return fields;
  }
  size_t table_bytes() const { return nghttp2_hd_inflate_get_dynamic_table_size(inflater_); }

 private:
  nghttp2_hd_inflater* inflater_ = nullptr;
};

TEST(FixedBlocksTest, APeerReadsTheFieldsInThem) {
  Peer peer;
  EXPECT_EQ(peer.Read(kHeadersBlock), (Fields{{":status", "200"}, {"content-type", "application/grpc"}}));
  EXPECT_EQ(peer.Read(kOkBlock), (Fields{{"grpc-status", "0"}}));
}

TEST(FixedBlocksTest, TheyPutNothingIntoTheTableOfAConnection) {
  Peer peer;
  const size_t empty = peer.table_bytes();
  for (int i = 0; i < 3; ++i) {
    peer.Read(kHeadersBlock);
    peer.Read(kOkBlock);
  }
  EXPECT_EQ(peer.table_bytes(), empty);
}

TEST(FixedBlocksTest, TheHeaderOfAFrameIsInTheOrderOfTheWire) {
  std::array<uint8_t, kFrameHeaderBytes> frame{};
  WriteFrameHeader(frame.data(), 0x010203, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 0x7f060708);
  EXPECT_EQ(frame, (std::array<uint8_t, kFrameHeaderBytes>{1, 2, 3, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 0x7f, 6, 7, 8}));
  EXPECT_EQ(StreamOf(frame.data()), 0x7f060708);
  // The first bit is reserved, and a receiver ignores it (RFC 9113, section 4.1).
  frame[5] |= 0x80;
  EXPECT_EQ(StreamOf(frame.data()), 0x7f060708);
}

TEST(FixedBlocksTest, AfterSettingsTheTableWaitsForABlockOfTheLibrary) {
  HeaderTable table;
  EXPECT_FALSE(table.settled());
  table.OnBlockSent();
  EXPECT_TRUE(table.settled());
  table.OnSettings();
  EXPECT_FALSE(table.settled());
}

}  // namespace
}  // namespace rota::native
