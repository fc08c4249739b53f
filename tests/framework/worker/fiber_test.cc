#include "framework/worker/fiber.h"

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace rota::internal {
namespace {

constexpr size_t kStackBytes = 128 << 10;

void Call(void* function) { (*static_cast<std::function<void()>*>(function))(); }

// A fiber and its function, on the thread of the test's own.
struct TestFiber {
  TestFiber(FiberHost& host, std::function<void()> body) : function(std::move(body)), fiber(host, kStackBytes, &Call, &function) {}
  std::function<void()> function;
  Fiber fiber;
};

// A host is once a thread, so each test has a thread.
template <typename F>
void OnOwnThread(F test) {
  std::thread([&] {
    FiberHost host;
    test(host);
  }).join();
}

TEST(FiberTest, RunsUntilItSuspendsAndGoesOnFromThere) {
  OnOwnThread([](FiberHost& host) {
    std::string trace;
    std::unique_ptr<TestFiber> first;
    first = std::make_unique<TestFiber>(host, [&] {
      trace += "a";
      first->fiber.Suspend();
      trace += "b";
    });
    EXPECT_EQ(trace, "");
    first->fiber.Resume();
    trace += "1";
    EXPECT_FALSE(first->fiber.ended());
    first->fiber.Resume();
    EXPECT_EQ(trace, "a1b");
    EXPECT_TRUE(first->fiber.ended());
  });
}

TEST(FiberTest, ManyFibersKeepTheirOwnStacks) {
  OnOwnThread([](FiberHost& host) {
    std::vector<std::unique_ptr<TestFiber>> fibers;
    std::vector<int> sums(50);
    for (int i = 0; i < 50; ++i) {
      fibers.push_back(std::make_unique<TestFiber>(host, [&, i] {
        int local[100];
        for (int& value : local) value = i;
        fibers[i]->fiber.Suspend();
        for (const int value : local) sums[i] += value;
      }));
    }
    for (int round = 0; round < 2; ++round) {
      for (const auto& fiber : fibers) fiber->fiber.Resume();
    }
    for (int i = 0; i < 50; ++i) EXPECT_EQ(sums[i], 100 * i);
  });
}

// Two fibers wait inside of catch blocks, and end them in the order in which they began, which does not nest.
TEST(FiberTest, AFiberMayWaitInsideOfACatchBlock) {
  OnOwnThread([](FiberHost& host) {
    std::vector<std::string> caught;
    std::vector<std::unique_ptr<TestFiber>> fibers;
    for (int i = 0; i < 2; ++i) {
      fibers.push_back(std::make_unique<TestFiber>(host, [&, i] {
        try {
          throw std::runtime_error("exception " + std::to_string(i));
        } catch (const std::exception&) {
          fibers[i]->fiber.Suspend();
          try {
            throw;
          } catch (const std::exception& again) {
            caught.push_back(again.what());
          }
        }
      }));
      fibers[i]->fiber.Resume();
      EXPECT_EQ(std::uncaught_exceptions(), 0);
      EXPECT_EQ(std::current_exception(), nullptr);
    }
    for (const auto& fiber : fibers) fiber->fiber.Resume();
    EXPECT_EQ(caught, (std::vector<std::string>{"exception 0", "exception 1"}));
  });
}

}  // namespace
}  // namespace rota::internal
