#include "framework/actor/job_ask.h"

#include <chrono>
#include <memory>
#include <vector>

#include "framework/actor/actor_ref.h"
#include "framework/actor/actor_system.h"
#include "framework/actor/run_blocking.h"
#include "framework/actor/sleep.h"
#include "framework/actor/task.h"
#include "framework/actor/task_run.h"
#include "framework/context/request_context.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"
#include "framework/worker/worker_pool.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class Counter final : public Actor {
 public:
  Task<int> Next(RequestContext& context) {
    co_await Sleep(context, milliseconds(1));
    co_return ++count_;
  }

 private:
  int count_ = 0;
};

TEST(JobAskTest, AHundredJobsThatWaitForAnActorFinishOnTwoThreads) {
  ManualClock clock;
  EventLoop loop(clock);
  WorkerPool pool(loop, {.threads = 2});
  ActorSystem system(loop, &pool);
  KindOptions options;
  options.name = "counter";
  options.factory = [](const std::string&) { return std::make_unique<Counter>(); };
  ASSERT_TRUE(system.RegisterKind(std::move(options)).ok());
  const ActorRef<Counter> counter = system.Get<Counter>("counter");

  auto work = [&](RequestContext& context) -> Task<int> {
    co_return co_await context.RunBlocking([&]() -> StatusOr<int> {
      StatusOr<int> answer = AskFromJob(counter, [](Counter& actor, RequestContext& own) { return actor.Next(own); }, hours(1));
      // Each job is in its own request before and after the wait.
      if (CurrentContext() != &context) return InternalError("the job came back in another context");
      return answer;
    });
  };
  int sum = 0;
  int finished = 0;
  std::vector<Ref<RequestContext>> contexts;
  for (int i = 0; i < 100; ++i) {
    contexts.push_back(MakeRef<RequestContext>(loop, RequestContext::Start{.id = std::to_string(i), .workers = &pool}));
    const ContextScope scope(contexts.back().get());
    StartTask<int>(work(*contexts.back()), [&](StatusOr<int> answer) {
      ++finished;
      ASSERT_TRUE(answer.ok()) << answer.status().ToString();
      sum += *answer;
    });
  }
  loop.Run();
  EXPECT_EQ(finished, 100);
  EXPECT_EQ(sum, 5050);
  EXPECT_GE(pool.stats().loop_waits, 100u);
}

}  // namespace
}  // namespace rota
