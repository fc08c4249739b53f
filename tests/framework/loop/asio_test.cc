#include "framework/loop/asio.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <deque>
#include <string>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect_pipe.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/writable_pipe.hpp>
#include <boost/asio/write.hpp>

#include "framework/base/ref.h"
#include "framework/base/steady_clock.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/event_loop.h"
#include "framework/loop/phase.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

class AsioContext final : public ContextBase {};

TEST(AsioTest, ReadKeepsTheLoopAliveAndCompletesUnderTheContextOfItsCaller) {
  SteadyClock clock;
  EventLoop loop(clock);
  boost::asio::readable_pipe reader(IoContext(loop));
  boost::asio::writable_pipe writer(IoContext(loop));
  boost::asio::connect_pipe(reader, writer);
  const auto context = MakeRef<AsioContext>();
  std::array<char, 8> buffer{};
  std::string received;
  {
    const ContextScope scope(context.get());
    reader.async_read_some(boost::asio::buffer(buffer), OnLoop(loop, [&](boost::system::error_code error, size_t size) {
      EXPECT_FALSE(error) << error.message();
      EXPECT_EQ(CurrentContext(), context.get());
      EXPECT_EQ(loop.refs().count(RefKind::kIo), 0u);
      received.assign(buffer.data(), size);
    }));
  }
  EXPECT_EQ(loop.refs().count(RefKind::kIo), 1u);
  loop.SetImmediate([&] { boost::asio::write(writer, boost::asio::buffer("hello", 5)); });
  loop.Run();
  EXPECT_EQ(received, "hello");
  EXPECT_EQ(context->references(), 1u);
}

TEST(AsioTest, TheTimeUntilAnOperationEndsIsIdleAndNoWork) {
  SteadyClock clock;
  EventLoop loop(clock);
  boost::asio::steady_timer timer(IoContext(loop), std::chrono::milliseconds(20));
  timer.async_wait(OnLoop(loop, [](boost::system::error_code) {}));
  loop.Run();
  EXPECT_GE(loop.stats().idle, std::chrono::milliseconds(15));
  EXPECT_LT(loop.stats().phase_duration[static_cast<size_t>(Phase::kPoll)].sum(), std::chrono::milliseconds(15));
}

TEST(AsioTest, TheBudgetOfPollDoesNotRunWhileItWaits) {
  SteadyClock clock;
  EventLoop loop(clock, {.poll_budget_time = std::chrono::milliseconds(100)});
  std::deque<boost::asio::steady_timer> timers;
  int ran = 0;
  const auto due = std::chrono::steady_clock::now() + std::chrono::milliseconds(120);
  for (int i = 0; i < 20; ++i) {
    timers.emplace_back(IoContext(loop), due).async_wait(OnLoop(loop, [&ran](boost::system::error_code) { ++ran; }));
  }
  loop.Run();
  EXPECT_EQ(ran, 20);
  EXPECT_EQ(loop.stats().deferred, 0u);
}

TEST(AsioTest, NamesAreNotResolvedByThreadsOfAsioForTheyWouldPostWithoutALock) {
  SteadyClock clock;
  EventLoop loop(clock);
  boost::asio::ip::tcp::resolver resolver(IoContext(loop));
  boost::system::error_code told;
  resolver.async_resolve("localhost", "1", OnLoop(loop, [&](boost::system::error_code error, const auto&) { told = error; }));
  loop.Run();
  EXPECT_EQ(told, boost::asio::error::operation_not_supported);
}

}  // namespace
}  // namespace rota
