#include "framework/loop/asio.h"

#include <array>
#include <string>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect_pipe.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/asio/writable_pipe.hpp>
#include <boost/asio/write.hpp>

#include "framework/base/ref.h"
#include "framework/base/steady_clock.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/event_loop.h"
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
