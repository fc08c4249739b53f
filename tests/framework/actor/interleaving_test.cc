#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "framework/actor/actor_ref.h"
#include "framework/actor/actor_system.h"
#include "framework/actor/job_ask.h"
#include "framework/actor/run_blocking.h"
#include "framework/actor/sleep.h"
#include "framework/actor/task.h"
#include "framework/actor/task_run.h"
#include "framework/actor/waiter.h"
#include "framework/base/ref.h"
#include "framework/context/request_context.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"
#include "framework/worker/loop_wait.h"
#include "framework/worker/worker_pool.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr int kRequests = 1000;
constexpr size_t kActors = 7;

const ContextKey<int> kRequest;

// Counts every place that ran in the context of another request than it was scheduled for. Any thread.
struct Witness {
  // In a task of the request itself or in what it waits for.
  void Look(int request) {
    ++looks;
    RequestContext* const current = RequestContext::Current();
    if (current == nullptr || current->id() != std::to_string(request)) ++strangers;
  }
  // Values may be read on the loop only.
  void LookAtValue(int request) {
    Look(request);
    RequestContext* const current = RequestContext::Current();
    const int* const value = current == nullptr ? nullptr : current->Get(kRequest);
    if (value == nullptr || *value != request) ++strangers;
  }

  std::atomic<int> looks = 0;
  std::atomic<int> strangers = 0;
};

// Waits for a callback of the loop of one kind.
class LoopCallback final : public Waiter {
 public:
  enum class Kind { kTimer, kImmediate, kTick, kMicrotask, kPost };
  LoopCallback(EventLoop& loop, Kind kind, Witness& witness, int request) : Waiter(loop), kind_(kind), witness_(witness), request_(request) {}
  void await_resume() {}

 private:
  Status Start() override {
    auto look = [this] {
      witness_.LookAtValue(request_);
      Complete();
    };
    switch (kind_) {
      case Kind::kTimer: loop().SetTimeout(milliseconds(request_ % 5), look); break;
      case Kind::kImmediate: loop().SetImmediate(look); break;
      case Kind::kTick: loop().NextTick(look); break;
      case Kind::kMicrotask: loop().QueueMicrotask(look); break;
      case Kind::kPost: {
        // A completion of the poller: it enters from outside of any context.
        auto operation = std::make_shared<Operation>(loop(), RefKind::kIo);
        loop().Post([this, operation, look] { loop().RunCompletion(std::move(*operation), look); });
      }
    }
    return OkStatus();
  }

  const Kind kind_;
  Witness& witness_;
  const int request_;
};

class Visited final : public Actor {
 public:
  Task<int> Visit(RequestContext& context, Witness& witness, int request) {
    witness.LookAtValue(request);
    co_await Sleep(context, milliseconds(request % 3));
    witness.LookAtValue(request);
    const int got = co_await context.RunBlocking([&] {
      witness.Look(request);
      return request;
    });
    witness.LookAtValue(request);
    co_return got;
  }
  // Nobody waits: the context is another one of the same request, without its values.
  Task<void> Note(RequestContext& context, Witness& witness, int request) {
    witness.Look(request);
    co_await Sleep(context, milliseconds(1));
    witness.Look(request);
    ++notes;
  }

  static int notes;
};
int Visited::notes = 0;

// Requests that hop at random over all that the layers offer, and look at each hop whose context they are in.
class Interleaving {
 public:
  explicit Interleaving(uint64_t seed) : random_(seed) {
    KindOptions options;
    options.name = "visited";
    options.factory = [](const std::string&) { return std::make_unique<Visited>(); };
    options.mailbox_capacity = 100000;
    options.interleave = seed % 2 == 0;
    EXPECT_TRUE(system_.RegisterKind(std::move(options)).ok());
    for (size_t i = 0; i < kActors; ++i) actors_.push_back(system_.Get<Visited>("visited", std::to_string(i)));
    Visited::notes = 0;
  }

  void Start(int request) {
    const auto context =
        MakeRef<RequestContext>(loop_, RequestContext::Start{.id = std::to_string(request), .workers = &pool_});
    context->Set(kRequest, request);
    const ContextScope scope(context.get());
    StartTask<int>(Walk(*context, request), [this, request](StatusOr<int> answer) {
      EXPECT_TRUE(answer.ok()) << answer.status().ToString();
      EXPECT_EQ(answer.ok() ? *answer : -1, request);
      ++finished;
    });
  }
  void Run() { loop_.Run(); }

  Witness witness;
  int finished = 0;
  int told = 0;

 private:
  Task<int> Walk(RequestContext& context, int request) {
    for (int left = 12; left > 0; --left) {
      co_await Hop(context, request);
      witness.LookAtValue(request);
      if (RequestContext::Current() != &context) ++witness.strangers;
    }
    co_return request;
  }

  Task<void> Hop(RequestContext& context, int request) {
    const ActorRef<Visited>& actor = actors_[random_() % kActors];
    Witness& seen = witness;
    const auto visit = [&seen, request](Visited& visited, RequestContext& own) { return visited.Visit(own, seen, request); };
    switch (const auto choice = random_() % 10) {
      case 0: {
        const int got = co_await actor.Ask(visit, hours(1000));
        if (got != request) ++seen.strangers;
        break;
      }
      case 1: {
        ++told;
        co_await actor.Tell([&seen, request](Visited& visited, RequestContext& own) { return visited.Note(own, seen, request); });
        break;
      }
      case 2:
        co_await context.RunBlocking([&seen, request] {
          seen.Look(request);
          const Status slept = SleepOnFiber(milliseconds(1 + request % 3));
          seen.Look(request);
          return slept;
        });
        break;
      case 3: {
        const int got = co_await context.RunBlocking([&seen, &actor, visit, request] {
          StatusOr<int> answer = AskFromJob(actor, visit, hours(1000));
          seen.Look(request);
          return answer;
        });
        if (got != request) ++seen.strangers;
        break;
      }
      case 4: co_await Sleep(context, milliseconds(random_() % 7)); break;
      default: co_await LoopCallback(loop_, static_cast<LoopCallback::Kind>(choice - 5), seen, request);
    }
  }

  std::mt19937_64 random_;
  ManualClock clock_;
  EventLoop loop_{clock_, {.poll_budget_callbacks = 64}};
  ActorSystem system_{loop_, &pool_};
  // A fiber for each request and more: were all of them to wait for actors that wait for jobs, nothing but time could go on.
  WorkerPool pool_{loop_, {.threads = 3, .queue_capacity = 100000, .max_fibers = kRequests + 100}};
  std::vector<ActorRef<Visited>> actors_;
};

TEST(InterleavingTest, NoRequestEverSeesTheContextOfAnotherOverJobsMessagesAndCoroutines) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Interleaving interleaving(seed);
    for (int request = 0; request < kRequests; ++request) interleaving.Start(request);
    interleaving.Run();
    EXPECT_EQ(interleaving.finished, kRequests);
    EXPECT_GT(interleaving.told, kRequests / 2);
    EXPECT_EQ(Visited::notes, interleaving.told);
    EXPECT_GT(interleaving.witness.looks, kRequests * 12);
    EXPECT_EQ(interleaving.witness.strangers, 0);
  }
}

}  // namespace
}  // namespace rota
