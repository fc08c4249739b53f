#include "framework/transport/native/frame_scanner.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace rota::native {
namespace {

using Frames = std::vector<std::pair<int, int32_t>>;

constexpr uint8_t kEndHeaders = 4;

std::string Frame(uint8_t type, uint32_t stream, const std::string& payload) {
  const size_t size = payload.size();
  std::string bytes{static_cast<char>(size >> 16), static_cast<char>(size >> 8), static_cast<char>(size), static_cast<char>(type),
                    static_cast<char>(type == 1 ? kEndHeaders : 0)};
  for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>(stream >> shift));
  return bytes + payload;
}

class FrameScannerTest : public testing::Test {
 protected:
  // Also what is handed on.
  void Scan(std::string_view text) {
    std::string bytes(text);
    scanner_.Scan({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()}, [this](uint8_t& type, int32_t stream) {
      frames_.emplace_back(type, stream);
      if (type == hidden_) type = 0xf0;
      return true;
    });
    for (const auto part : {scanner_.head(), scanner_.rest()}) handed_on_.append(reinterpret_cast<const char*>(part.data()), part.size());
  }

  const std::string bytes_ = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + Frame(4, 0, "") + Frame(1, 1, std::string(300, 'h')) +
                             Frame(0, 0x80000001, std::string(70000, 'd')) + Frame(8, 3, "0001");
  const Frames all_ = {{4, 0}, {1, 1}, {0, 1}, {8, 3}};
  FrameScanner scanner_;
  Frames frames_;
  std::string handed_on_;
  int hidden_ = -1;
};

TEST_F(FrameScannerTest, EveryHeaderIsFound) {
  Scan(bytes_);
  EXPECT_EQ(frames_, all_);
}

TEST_F(FrameScannerTest, BytesMayComeInAnyPieces) {
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{9}, size_t{1000}}) {
    scanner_ = FrameScanner();
    frames_.clear();
    handed_on_.clear();
    for (size_t at = 0; at < bytes_.size(); at += piece) Scan(std::string_view(bytes_).substr(at, piece));
    EXPECT_EQ(frames_, all_) << piece;
    EXPECT_TRUE(handed_on_ == bytes_) << piece;
  }
}

TEST_F(FrameScannerTest, ATypeIsChangedInWhateverPiecesItCame) {
  const std::string reset = Frame(3, 5, "code");
  const std::string hidden = Frame(0xf0, 5, "code");
  hidden_ = 3;
  for (size_t piece = 1; piece <= reset.size(); ++piece) {
    scanner_ = FrameScanner();
    handed_on_.clear();
    const std::string all = bytes_ + reset + bytes_.substr(24);
    for (size_t at = 0; at < all.size(); at += piece) Scan(std::string_view(all).substr(at, piece));
    EXPECT_TRUE(handed_on_ == bytes_ + hidden + bytes_.substr(24)) << piece;
  }
}

TEST_F(FrameScannerTest, WhatIsKnownOfAFrameIsKnownWhenItBegins) {
  // Of four frames behind the 24 bytes of the preface, of which the second one has 300 bytes behind the 18 of two headers.
  const std::pair<size_t, std::vector<size_t>> leads_by_first_piece[] = {
      {0, {24, 24, 24, 24}}, {10, {14, 14, 14, 14}}, {24, {0, 0, 0, 0}}, {30, {0, 0, 0, 0}}, {100, {24, 24, 242, 242}}};
  for (const auto& [first, expected] : leads_by_first_piece) {
    scanner_ = FrameScanner();
    std::string bytes = bytes_;
    std::vector<size_t> leads;
    const std::span<uint8_t> all(reinterpret_cast<uint8_t*>(bytes.data()), bytes.size());
    for (const std::span<uint8_t> piece : {all.first(first), all.subspan(first)}) {
      scanner_.Scan(piece, [&](uint8_t& type, int32_t) {
        EXPECT_EQ(scanner_.flags(), type == 1 ? kEndHeaders : 0);
        leads.push_back(scanner_.lead());
        return true;
      });
    }
    EXPECT_EQ(leads, expected) << first;
  }
}

TEST_F(FrameScannerTest, ItIsWithinAFrameFromTheEndOfItsHeaderToItsLastByte) {
  size_t headers = 0, settings = 0;
  for (const char byte : bytes_) {
    Scan(std::string_view(&byte, 1));
    headers += scanner_.IsWithin(1) ? 1 : 0;
    settings += scanner_.IsWithin(4) ? 1 : 0;
  }
  EXPECT_EQ(headers, 300u);
  EXPECT_EQ(settings, 0u) << "it is whole with its header";
}

TEST_F(FrameScannerTest, ItStopsWhenItIsTold) {
  int seen = 0;
  std::string bytes = bytes_;
  EXPECT_FALSE(scanner_.Scan({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()}, [&](uint8_t&, int32_t) { return ++seen < 2; }));
  EXPECT_EQ(seen, 2);
}

}  // namespace
}  // namespace rota::native
