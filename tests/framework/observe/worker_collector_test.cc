#include "framework/observe/worker_collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "framework/base/clock.h"
#include "framework/base/status.h"
#include "framework/loop/event_loop.h"
#include "framework/observe/metrics_page.h"
#include "framework/worker/worker_pool.h"

namespace rota {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Nothing final : public Job {
 public:
  void Run() override {}
  void Done(const Status&) override {}
};

TEST(WorkerCollectorTest, JobsShowOnceTheyAreOver) {
  SteadyClock clock;
  EventLoop loop(clock);
  WorkerPool pool(loop, {.threads = 3, .queue_capacity = 17});
  MetricsPage page;
  page.Add(NewWorkerCollector(pool));
  EXPECT_THAT(page.Text(), AllOf(HasSubstr("\nrota_worker_threads 3\n"), HasSubstr("\nrota_worker_queue_capacity 17\n"),
                                 HasSubstr("rota_worker_jobs_total{outcome=\"finished\"} 0\n")));
  Nothing runs, expires;
  ASSERT_TRUE(pool.Submit(runs).ok());
  ASSERT_TRUE(pool.Submit(expires, JobKind::kFast, loop.Now()).ok());
  loop.Run();
  const std::string text = page.Text();
  EXPECT_THAT(text, HasSubstr("\nrota_worker_jobs_submitted_total 2\n"));
  EXPECT_THAT(text, HasSubstr("rota_worker_jobs_total{outcome=\"finished\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("rota_worker_jobs_total{outcome=\"expired\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nrota_worker_run_seconds_count 1\n"));
  EXPECT_THAT(text, HasSubstr("\nrota_worker_jobs_running 0\n"));
}

TEST(WorkerCollectorTest, AJobThatIsRefusedIsCounted) {
  SteadyClock clock;
  EventLoop loop(clock);
  WorkerPool pool(loop);
  MetricsPage page;
  page.Add(NewWorkerCollector(pool));
  pool.Stop();
  Nothing job;
  EXPECT_FALSE(pool.Submit(job).ok());
  EXPECT_THAT(page.Text(), HasSubstr("\nrota_worker_jobs_refused_total 1\n"));
}

}  // namespace
}  // namespace rota
