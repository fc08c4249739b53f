#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "framework/base/ref.h"
#include "framework/context/request_context.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

const ContextKey<int> kRequest;

// Requests that hop at random over the ways of scheduling and check at each hop whose context they are in.
class Interleaving {
 public:
  explicit Interleaving(uint64_t seed) : random_(seed) {}

  void Start(int request) {
    RequestContext::Start start;
    start.id = std::to_string(request);
    const auto context = MakeRef<RequestContext>(loop_, std::move(start));
    context->Set(kRequest, request);
    const ContextScope scope(context.get());
    Hop(request, 20);
  }
  void Run() { loop_.Run(); }

  int finished = 0;
  int hops = 0;
  int strangers = 0;

 private:
  void Hop(int request, int left) {
    ++hops;
    RequestContext* current = RequestContext::Current();
    if (current == nullptr || *current->Get(kRequest) != request || current->id() != std::to_string(request)) ++strangers;
    if (left == 0) {
      ++finished;
      return;
    }
    auto next = [this, request, left] { Hop(request, left - 1); };
    switch (random_() % 5) {
      case 0: loop_.SetTimeout(std::chrono::milliseconds(random_() % 7), next); break;
      case 1: loop_.SetImmediate(next); break;
      case 2: loop_.NextTick(next); break;
      case 3: loop_.QueueMicrotask(next); break;
      default: {
        // A completion of the poller: it enters from outside of any context.
        auto operation = std::make_shared<Operation>(loop_, RefKind::kIo);
        loop_.Post([this, operation, next] { loop_.RunCompletion(std::move(*operation), next); });
      }
    }
  }

  std::mt19937_64 random_;
  ManualClock clock_;
  EventLoop loop_{clock_, {.poll_budget_callbacks = 64}};
};

TEST(InterleavingTest, NoRequestEverSeesTheContextOfAnother) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Interleaving interleaving(seed);
    constexpr int kRequests = 4000;
    for (int request = 0; request < kRequests; ++request) interleaving.Start(request);
    interleaving.Run();
    EXPECT_EQ(interleaving.finished, kRequests);
    EXPECT_EQ(interleaving.hops, kRequests * 21);
    EXPECT_EQ(interleaving.strangers, 0);
  }
}

}  // namespace
}  // namespace rota
