#include "framework/transport/native/output.h"

#include <cstdint>
#include <memory>
#include <string>

#include "framework/rpc/payload.h"
#include "gtest/gtest.h"

namespace rota::native {
namespace {

const uint8_t* Bytes(const std::string& text) { return reinterpret_cast<const uint8_t*>(text.data()); }

std::string Left(const Output& output) {
  std::string text;
  for (const iovec& piece : output.pieces()) text.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  return text;
}

TEST(OutputTest, ShortPiecesShareOneAndLongOnesStayWhereTheyAre) {
  const auto output = std::make_unique<Output>();
  const std::string a = "one", b = "two", c(5000, 'c'), d = "end";
  output->Append(Bytes(a), a.size());
  output->Append(Bytes(b), b.size());
  output->Append(Bytes(c), c.size());
  output->Append(Bytes(d), d.size());
  ASSERT_EQ(output->pieces().size(), 3u);
  EXPECT_EQ(output->pieces()[1].iov_base, c.data());
  EXPECT_EQ(Left(*output), "onetwo" + c + "end");
  EXPECT_EQ(output->size(), Left(*output).size());
}

TEST(OutputTest, WhatIsWrittenInPartGoesOnWhereItStopped) {
  const std::string a = "head", b(3000, 'b'), c = "tail";
  const std::string all = a + b + c;
  for (const size_t first : {size_t{1}, size_t{4}, size_t{5}, size_t{3003}, size_t{3004}, size_t{3007}}) {
    const auto output = std::make_unique<Output>();
    for (const std::string* piece : {&a, &b, &c}) output->Append(Bytes(*piece), piece->size());
    output->Advance(first);
    EXPECT_EQ(Left(*output), all.substr(first));
    EXPECT_FALSE(output->empty());
    output->Advance(all.size() - first);
    EXPECT_TRUE(output->empty());
    EXPECT_EQ(output->size(), 0u);
  }
}

TEST(OutputTest, KeptMemoryLivesUntilAllIsWritten) {
  const auto output = std::make_unique<Output>();
  Payload message = Payload::Copy(std::string(5000, 'm'));
  output->Refer(message.data(), message.size());
  output->Keep(std::move(message));
  output->Advance(4999);
  EXPECT_EQ(Left(*output), "m");
  output->Advance(1);
  EXPECT_TRUE(output->empty());
}

TEST(OutputTest, ThereIsRoomForFramesUntilItIsFull) {
  const auto output = std::make_unique<Output>();
  const std::string frame((16 << 10) + 9, 'f');
  int frames = 0;
  for (; output->HasRoom(); ++frames) output->Copy(Bytes(frame), frame.size());
  EXPECT_EQ(frames, 4);
  output->Clear();
  EXPECT_TRUE(output->HasRoom());
  const std::string large(16 << 10, 'l');
  for (frames = 0; output->HasRoom(); ++frames) output->Append(Bytes(large), large.size());
  EXPECT_EQ(frames, 16);
}

}  // namespace
}  // namespace rota::native
