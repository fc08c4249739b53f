#include "framework/observe/loop_collector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/collectable.h>

#include <chrono>
#include <string>

#include "framework/observe/metrics_page.h"

namespace rota {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class LoopCollectorTest : public ::testing::Test {
 protected:
  LoopCollectorTest() {
    page_.Add(NewLoopCollector(stats_, refs_, [this] { return depths_; }));
  }

  LoopStats stats_;
  RefCounts refs_;
  LoopQueueDepths depths_;
  MetricsPage page_;
};

TEST_F(LoopCollectorTest, EachScrapeReadsTheNumbersAfresh) {
  EXPECT_THAT(page_.Text(), HasSubstr("\nrota_loop_iterations_total 0\n"));
  stats_.iterations = 7;
  EXPECT_THAT(page_.Text(), HasSubstr("\nrota_loop_iterations_total 7\n"));
}

TEST_F(LoopCollectorTest, PhasesAreToldApartByLabel) {
  stats_.callbacks[static_cast<size_t>(Phase::kCheck)] = 3;
  stats_.microtasks = 5;
  const std::string text = page_.Text();
  EXPECT_THAT(text, HasSubstr("rota_loop_callbacks_total{phase=\"check\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("rota_loop_callbacks_total{phase=\"timers\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("rota_loop_callbacks_total{phase=\"microtasks\"} 5\n"));
}

TEST_F(LoopCollectorTest, OverrunsAndStarvationsAreTold) {
  stats_.overruns[static_cast<size_t>(Phase::kPoll)] = 4;
  stats_.tick_starvations = 2;
  const std::string text = page_.Text();
  EXPECT_THAT(text, HasSubstr("rota_loop_overruns_total{phase=\"poll\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("\nrota_loop_tick_starvations_total 2\n"));
}

TEST_F(LoopCollectorTest, BucketsOfAPhaseAreCumulativeAndEndInInfinity) {
  auto& poll = stats_.phase_duration[static_cast<size_t>(Phase::kPoll)];
  poll.Record(std::chrono::nanoseconds(1000));
  poll.Record(std::chrono::nanoseconds(2000));
  poll.Record(std::chrono::minutes(1));
  const std::string text = page_.Text();
  EXPECT_THAT(text, HasSubstr("rota_loop_phase_duration_seconds_bucket{phase=\"poll\",le=\"1.024e-06\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("rota_loop_phase_duration_seconds_bucket{phase=\"poll\",le=\"2.048e-06\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("rota_loop_phase_duration_seconds_bucket{phase=\"poll\",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("rota_loop_phase_duration_seconds_count{phase=\"poll\"} 3\n"));
}

TEST_F(LoopCollectorTest, IdleTimeIsInSecondsAndApartFromWork) {
  stats_.idle = std::chrono::milliseconds(1500);
  const std::string text = page_.Text();
  EXPECT_THAT(text, HasSubstr("\nrota_loop_idle_seconds_total 1.5\n"));
  EXPECT_THAT(text, HasSubstr("\nrota_loop_iteration_duration_seconds_count 0\n"));
}

TEST_F(LoopCollectorTest, RefsAndQueuesAreGaugesThatGoDownAgain) {
  refs_.Add(RefKind::kJob);
  depths_.pending = 4;
  EXPECT_THAT(page_.Text(), HasSubstr("rota_loop_refs{kind=\"job\"} 1\n"));
  EXPECT_THAT(page_.Text(), HasSubstr("rota_loop_queue_depth{queue=\"pending\"} 4\n"));
  refs_.Remove(RefKind::kJob);
  depths_.pending = 0;
  EXPECT_THAT(page_.Text(), HasSubstr("rota_loop_refs{kind=\"job\"} 0\n"));
  EXPECT_THAT(page_.Text(), Not(HasSubstr("rota_loop_queue_depth{queue=\"pending\"} 4\n")));
}

}  // namespace
}  // namespace rota
