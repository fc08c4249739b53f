#include "framework/observe/worker_collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "framework/observe/metrics_page.h"
#include "framework/worker/worker_stats.h"

namespace rota {
namespace {

using ::testing::HasSubstr;

TEST(WorkerCollectorTest, EachScrapeAsksAfresh) {
  WorkerStats stats;
  int asked = 0;
  MetricsPage page;
  page.Add(NewWorkerCollector([&]() -> const WorkerStats& {
    ++asked;
    return stats;
  }));
  EXPECT_THAT(page.Text(), HasSubstr("\nrota_worker_jobs_submitted_total 0\n"));
  stats.submitted = 9;
  EXPECT_THAT(page.Text(), HasSubstr("\nrota_worker_jobs_submitted_total 9\n"));
  EXPECT_EQ(asked, 2);
}

TEST(WorkerCollectorTest, EachNumberIsItsFamilyOrOutcome) {
  WorkerStats stats;
  stats.submitted = 1;
  stats.finished = 2;
  stats.cancelled = 3;
  stats.expired = 4;
  stats.rejected = 5;
  stats.loop_waits = 6;
  stats.batches = 7;
  stats.queued = 8;
  stats.running = 9;
  stats.waiting = 10;
  stats.threads = 11;
  stats.queue_capacity = 12;
  stats.run.Record(std::chrono::milliseconds(250));
  MetricsPage page;
  page.Add(NewWorkerCollector([&]() -> const WorkerStats& { return stats; }));
  const std::string text = page.Text();
  for (const char* line : {"rota_worker_jobs_submitted_total 1", "rota_worker_jobs_total{outcome=\"finished\"} 2",
                           "rota_worker_jobs_total{outcome=\"cancelled\"} 3", "rota_worker_jobs_total{outcome=\"expired\"} 4",
                           "rota_worker_jobs_refused_total 5", "rota_worker_loop_waits_total 6", "rota_worker_batches_total 7",
                           "rota_worker_queue_depth 8", "rota_worker_jobs_running 9", "rota_worker_jobs_suspended 10",
                           "rota_worker_threads 11", "rota_worker_queue_capacity 12", "rota_worker_run_seconds_sum 0.25",
                           "rota_worker_queue_wait_seconds_count 0"}) {
    EXPECT_THAT(text, HasSubstr("\n" + std::string(line) + "\n"));
  }
}

}  // namespace
}  // namespace rota
