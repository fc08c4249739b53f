#include "framework/transport/coding/compression.h"

#include <zlib.h>

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "framework/base/status.h"
#include "gtest/gtest.h"

namespace rota::coding {
namespace {

std::string Text() {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += std::to_string(i * i);
  return text;
}

std::optional<Payload> Pack(std::string_view message) {
  PackingStates states;
  return Pack(message, states);
}

// What gRPC calls deflate.
std::string Zlib(const std::string& text) {
  std::string packed(compressBound(text.size()), '\0');
  uLongf size = packed.size();
  EXPECT_EQ(compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(text.data()), text.size()), Z_OK);
  packed.resize(size);
  return packed;
}

TEST(CompressionTest, TextGoesThereAndBackUpToTheLimit) {
  const std::string text = Text();
  const std::optional<Payload> compressed = Pack(text);
  ASSERT_TRUE(compressed.has_value());
  EXPECT_LT(compressed->size(), text.size());
  for (const size_t limit : {text.size(), text.size() + 1, size_t{1} << 30}) {
    const StatusOr<Payload> plain = Unpack(compressed->view(), limit);
    ASSERT_TRUE(plain.ok()) << plain.status().ToString();
    EXPECT_EQ(plain->view(), text);
  }
}

TEST(CompressionTest, WhatIsLongerThanTheLimitIsRefusedByItsRealSize) {
  const std::string text = Text();
  const std::optional<Payload> compressed = Pack(text);
  for (const size_t limit : {text.size() - 1, size_t{1000}, size_t{0}}) {
    const StatusOr<Payload> plain = Unpack(compressed->view(), limit);
    EXPECT_EQ(plain.status().code(), StatusCode::kResourceExhausted) << plain.status().ToString();
  }
}

TEST(CompressionTest, ABombIsStoppedAtTheLimit) {
  const std::string zeros(64 << 20, '\0');
  const std::optional<Payload> bomb = Pack(zeros);
  ASSERT_LT(bomb->size(), size_t{1} << 20);
  EXPECT_EQ(Unpack(bomb->view(), 1 << 20).status(), ResourceExhaustedError("compressed message unpacks to more than the limit of 1048576"));
}

TEST(CompressionTest, TheEmptyMessageCanBeCompressedByAPeer) {
  // gzip of nothing, as other programs make it.
  const std::string empty("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);
  for (const size_t limit : {size_t{0}, size_t{100}}) {
    const StatusOr<Payload> plain = Unpack(empty, limit);
    ASSERT_TRUE(plain.ok()) << plain.status().ToString();
    EXPECT_EQ(plain->size(), 0u);
  }
}

TEST(CompressionTest, WhatIsNotGzipIsAnError) {
  std::string compressed(Pack(Text())->view());
  EXPECT_EQ(Unpack("", 100).status().code(), StatusCode::kInternal);
  EXPECT_EQ(Unpack("not gzip at all", 100).status().code(), StatusCode::kInternal);
  EXPECT_EQ(Unpack(compressed.substr(0, compressed.size() - 9), 1 << 20).status().code(), StatusCode::kInternal);
  compressed[compressed.size() - 6] ^= 1;  // the checksum
  EXPECT_EQ(Unpack(compressed, 1 << 20).status().code(), StatusCode::kInternal);
}

TEST(CompressionTest, WhatLiesAboutItsSizeIsAnError) {
  const std::string text = Text();
  const std::string compressed(Pack(text)->view());
  const auto says = [&](size_t size) {
    std::string lie = compressed;
    for (size_t i = 0; i < 4; ++i) lie[lie.size() - 4 + i] = static_cast<char>(size >> (8 * i));
    return lie;
  };
  ASSERT_TRUE(Unpack(says(text.size()), text.size()).ok());
  for (const size_t size : {size_t{0}, text.size() - 1, text.size() + 1, size_t{0xffffffff}}) {
    EXPECT_EQ(Unpack(says(size), 1 << 20).status().code(), StatusCode::kInternal) << size;
  }
  // One that is too long says so and is broken before it is.
  EXPECT_EQ(Unpack(says(2 << 20).substr(100), 1 << 20).status().code(), StatusCode::kInternal);
}

// No more of it is unpacked than its beginning, whatever the limit.
TEST(CompressionTest, WhatSaysThatItIsTooLongIsJudgedByItsBeginning) {
  std::string bomb(Pack(std::string(64 << 20, '\0'))->view());
  const size_t limit = 32 << 20;
  // Broken behind its first 2 MiB, where it was not looked at.
  bomb.replace(bomb.size() / 32, 100, 100, '\xff');
  EXPECT_EQ(Unpack(bomb, limit).status().code(), StatusCode::kResourceExhausted);
  bomb.replace(20, 100, 100, '\xff');
  EXPECT_EQ(Unpack(bomb, limit).status().code(), StatusCode::kInternal);
}

// However it is cut, what comes out is what comes out of the whole.
TEST(CompressionTest, AMessageCanBeUnpackedAPieceAtATime) {
  const std::string text = Text(), good(Pack(text)->view());
  std::string broken = good;
  broken[broken.size() / 2] ^= 1;
  for (const std::string& compressed : {good, broken, good.substr(0, good.size() - 9), good + "x", std::string("no gzip at all, but long")}) {
    const StatusOr<Payload> whole = Unpack(compressed, 1 << 20);
    for (const size_t work : {size_t{1}, size_t{700}, size_t{10'000}, text.size(), 100 * text.size()}) {
      Unpacking unpacking(compressed, 1 << 20);
      size_t steps = 1;
      while (!unpacking.Step(work)) ++steps;
      const StatusOr<Payload> plain = unpacking.Take();
      ASSERT_EQ(plain.ok(), whole.ok());
      if (whole.ok()) {
        EXPECT_EQ(plain->view(), text);
        EXPECT_GE(steps, text.size() / std::max<size_t>(work / 2, 1)) << "a step makes no more than it may";
      } else {
        EXPECT_EQ(plain.status(), whole.status());
      }
    }
  }
}

// Blocks of nothing: what is read costs, too. Said of a message before it is unpacked, and heeded in each step.
TEST(CompressionTest, AStepReadsNoMoreThanItMay) {
  std::string compressed("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10);
  for (int i = 0; i < 20000; ++i) compressed.append("\x00\x00\x00\xff\xff", 5);
  compressed.append("\x03\x00", 2).append(8, '\0');
  EXPECT_GE(UnpackingWork(compressed, 1 << 20), 40 * compressed.size());
  EXPECT_LT(UnpackingWork(Pack(std::string(1 << 20, '\0'))->view(), 1 << 20), size_t{2} << 20);
  constexpr size_t kWork = 96 * 1000;
  Unpacking unpacking(compressed, 1 << 20);
  size_t steps = 1;
  while (!unpacking.Step(kWork)) ++steps;
  const StatusOr<Payload> plain = unpacking.Take();
  ASSERT_TRUE(plain.ok()) << plain.status().ToString();
  EXPECT_EQ(plain->size(), 0u);
  EXPECT_GE(steps, compressed.size() / 1000);
}

TEST(CompressionTest, ZlibIsUnpackedWhereItIsExpected) {
  const std::string text = Text();
  for (const std::string& compressed : {Zlib(text), std::string(Pack(text)->view())}) {
    const StatusOr<Payload> plain = Unpack(compressed, text.size(), Form::kGzipOrZlib);
    ASSERT_TRUE(plain.ok()) << plain.status().ToString();
    EXPECT_EQ(plain->view(), text);
  }
  const StatusOr<Payload> empty = Unpack(Zlib(""), 0, Form::kGzipOrZlib);
  ASSERT_TRUE(empty.ok()) << empty.status().ToString();
  EXPECT_EQ(empty->size(), 0u);
  EXPECT_EQ(Unpack(Zlib(text), text.size()).status(), InternalError("a compressed message is not gzip"));
}

TEST(CompressionTest, ZlibIsHeldToTheLimitByItsRealSize) {
  const std::string text = Text();
  for (const size_t limit : {text.size() - 1, size_t{1000}, size_t{0}}) {
    EXPECT_EQ(Unpack(Zlib(text), limit, Form::kGzipOrZlib).status(),
              ResourceExhaustedError("compressed message unpacks to more than the limit of " + std::to_string(limit)));
  }
}

TEST(CompressionTest, ZlibCanBeUnpackedAPieceAtATime) {
  const std::string text = Text(), good = Zlib(text);
  std::string broken = good;
  std::fill(broken.begin() + 100, broken.begin() + 200, '\xff');
  for (const std::string& compressed : {good, broken, good.substr(0, good.size() - 1), good + "x", std::string(), std::string("no stream at all")}) {
    for (const size_t work : {size_t{1}, size_t{700}, size_t{10'000}, text.size(), 100 * text.size()}) {
      Unpacking unpacking(compressed, 1 << 20, Form::kGzipOrZlib);
      size_t steps = 1;
      while (!unpacking.Step(work)) ++steps;
      const StatusOr<Payload> plain = unpacking.Take();
      if (compressed == good) {
        ASSERT_TRUE(plain.ok()) << plain.status().ToString();
        EXPECT_EQ(plain->view(), text);
        EXPECT_GE(steps, text.size() / std::max<size_t>(work / 2, 1)) << "a step makes no more than it may";
        EXPECT_LE(text.size(), UnpackingWork(compressed, 1 << 20, Form::kGzipOrZlib) / 2);
      } else {
        EXPECT_EQ(plain.status(), InternalError("a compressed message is malformed"));
      }
    }
  }
}

TEST(CompressionTest, AMessageCanBePackedAPieceAtATime) {
  PackingStates states;
  const std::string text = Text();
  for (const size_t bytes : {size_t{1}, size_t{7}, size_t{1000}, text.size() - 1, text.size()}) {
    Packing packing(text, states);
    size_t steps = 1;
    while (!packing.Step(PackingWork(std::string_view(text).substr(0, bytes)))) ++steps;
    EXPECT_EQ(steps, (text.size() + bytes - 1) / bytes);
    const std::optional<Payload> compressed = packing.Take();
    ASSERT_TRUE(compressed.has_value());
    const StatusOr<Payload> plain = Unpack(compressed->view(), text.size());
    ASSERT_TRUE(plain.ok());
    EXPECT_EQ(plain->view(), text);
  }
  std::minstd_rand random(1);
  std::string noise(100'000, 'x');
  for (char& byte : noise) byte = static_cast<char>(random() >> 8);
  Packing packing(noise, states);
  while (!packing.Step(1000)) {
  }
  EXPECT_FALSE(packing.Take().has_value()) << "it is no shorter";
}

// Nothing of a message is in the next one, also when it was not packed to its end.
TEST(CompressionTest, AStateIsUsedAgainAsIfItWereNew) {
  const std::string text = Text(), wanted(Pack(text)->view());
  PackingStates states;
  const z_stream* first = nullptr;
  for (int i = 0; i < 3; ++i) {
    {
      Packing dropped(text, states);
      EXPECT_FALSE(dropped.Step(10'000));
    }
    EXPECT_EQ(Pack(text, states)->view(), wanted);
    PackingStates::State state = states.Take();
    if (first == nullptr) first = state.get();
    EXPECT_EQ(state.get(), first);
    states.GiveBack(std::move(state));
  }
}

TEST(CompressionTest, TwoMessagesArePackedAtTheSameTimeWithTwoStates) {
  const std::string text = Text();
  PackingStates states;
  {
    Packing one(text, states);
    one.Step(1000);
    EXPECT_EQ(Unpack(Pack("x" + text, states)->view(), 1 << 20)->view(), "x" + text);
    while (!one.Step(100'000)) {
    }
    EXPECT_EQ(Unpack(one.Take()->view(), 1 << 20)->view(), text);
  }
  states.Trim();
  EXPECT_EQ(Unpack(Pack(text, states)->view(), 1 << 20)->view(), text);
}

TEST(CompressionTest, BytesBehindTheMessageAreAnError) {
  const std::string compressed(Pack(Text())->view());
  EXPECT_EQ(Unpack(compressed + "x", 1 << 20).status().code(), StatusCode::kInternal);
  EXPECT_EQ(Unpack(compressed + compressed, 1 << 20).status().code(), StatusCode::kInternal);
}

TEST(CompressionTest, WhatWouldNotGetShorterStaysAsItIs) {
  EXPECT_FALSE(Pack("").has_value());
  EXPECT_FALSE(Pack("abc").has_value());
}

}  // namespace
}  // namespace rota::coding
