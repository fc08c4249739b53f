// Eight threads post to a loop and ring a bell, eight workers run its jobs, and some of those are cancelled, for as long as
// ROTA_SOAK_SECONDS says (1 by default): nothing may be lost, run twice or come out of order. For the sanitizers, above all.

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "framework/base/clock.h"
#include "framework/base/status.h"
#include "framework/base/steady_clock.h"
#include "framework/loop/async_sender.h"
#include "framework/loop/event_loop.h"
#include "framework/worker/job.h"
#include "framework/worker/worker_pool.h"

namespace rota {
namespace {

constexpr size_t kThreads = 8;
constexpr size_t kJobsInFlight = 64;
// What one thread may have on its way, so that the inbox stays small.
constexpr uint64_t kMostUnseen = 2000;

Duration Length() {
  const char* const seconds = std::getenv("ROTA_SOAK_SECONDS");
  return std::chrono::seconds(seconds == nullptr ? 1 : std::atoi(seconds));
}

class Soak {
 public:
  int Run() {
    end_ = clock_.Now() + Length();
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kThreads; ++i) threads.emplace_back([this, i] { PostFrom(i); });
    for (size_t i = 0; i < kJobsInFlight; ++i) jobs_.push_back(std::make_unique<SoakJob>(*this, i));
    loop_.SetImmediate([this] {
      for (auto& job : jobs_) job->Start();
    });
    watch_ = loop_.SetInterval(std::chrono::milliseconds(1), [this] { Watch(); });
    const int code = loop_.Run();
    for (std::thread& thread : threads) thread.join();
    return code;
  }

  void Check() const {
    uint64_t posted = 0;
    for (size_t i = 0; i < kThreads; ++i) {
      EXPECT_GT(seen_[i].load(), 0u);
      EXPECT_EQ(seen_[i].load(), sent_[i].load()) << "of thread " << i;
      posted += seen_[i].load();
    }
    const WorkerStats& stats = pool_.stats();
    EXPECT_EQ(stats.submitted, stats.finished + stats.cancelled);
    EXPECT_EQ(stats.submitted, submitted_);
    EXPECT_EQ(stats.cancelled, cancelled_ + taken_back_);
    EXPECT_EQ(runs_.load(), stats.finished);
    EXPECT_EQ(from_jobs_, runs_.load());
    EXPECT_GT(rings_, 0u);
    EXPECT_EQ(loop_.refs().total(), 0u);
    std::printf("figure: %llu posts, %llu jobs (%llu cancelled), %llu rings, %llu timers\n", static_cast<unsigned long long>(posted),
                static_cast<unsigned long long>(stats.finished), static_cast<unsigned long long>(stats.cancelled),
                static_cast<unsigned long long>(rings_), static_cast<unsigned long long>(timers_));
  }

 private:
  class SoakJob final : public Job {
   public:
    SoakJob(Soak& soak, size_t number) : soak_(soak), number_(number) {}
    void Start() {
      if (soak_.over_) return;
      ++turns_;
      ASSERT_TRUE(soak_.pool_.Submit(*this, number_ % 4 == 0 ? JobKind::kSlow : JobKind::kFast).ok());
      ++soak_.submitted_;
      if ((turns_ + number_) % 5 == 0) {
        if (soak_.pool_.Cancel(*this)) ++soak_.cancelled_;
      } else if ((turns_ + number_) % 7 == 0 && soak_.pool_.TryCancel(*this)) {
        ++soak_.taken_back_;
        // Not from here: that could go on for ever.
        soak_.loop_.SetImmediate([this] { Start(); });
      }
    }
    void Run() override {
      ++soak_.runs_;
      soak_.loop_.Post([soak = &soak_] { ++soak->from_jobs_; });
    }
    void Done(const Status& status) override {
      EXPECT_TRUE(status.ok() || status.code() == StatusCode::kCancelled);
      Timer timer = soak_.loop_.SetTimeout(std::chrono::milliseconds(1 + number_ % 3), [this] {
        ++soak_.timers_;
        Start();
      });
      if (turns_ % 2 == 0) {
        timer.Clear();
        Start();
      }
    }

   private:
    Soak& soak_;
    const size_t number_;
    uint64_t turns_ = 0;
  };

  void PostFrom(size_t i) {
    while (clock_.Now() < end_) {
      if (sent_[i].load() - seen_[i].load() >= kMostUnseen) {
        std::this_thread::yield();
        continue;
      }
      const uint64_t number = sent_[i].fetch_add(1);
      loop_.Post([this, i, number] {
        EXPECT_EQ(seen_[i].load(), number) << "out of order";
        seen_[i].store(number + 1);
      });
      if (number % 16 == 0) bell_->Send();
    }
    ++ended_;
  }

  void Watch() {
    if (clock_.Now() < end_ || ended_.load() < kThreads) return;
    over_ = true;
    bell_->Close();
    watch_.Clear();
  }

  SteadyClock clock_;
  EventLoop loop_{clock_};
  WorkerPool pool_{loop_, {.threads = kThreads}};
  TimePoint end_{};
  Timer watch_;
  std::atomic<size_t> ended_ = 0;
  std::array<std::atomic<uint64_t>, kThreads> sent_{}, seen_{};
  std::atomic<uint64_t> runs_ = 0;
  // Loop thread only.
  bool over_ = false;
  uint64_t submitted_ = 0, cancelled_ = 0, taken_back_ = 0, from_jobs_ = 0, rings_ = 0, timers_ = 0;
  std::unique_ptr<AsyncSender> bell_ = std::make_unique<AsyncSender>(loop_, [this] { ++rings_; });
  std::vector<std::unique_ptr<SoakJob>> jobs_;
};

TEST(LoopSoak, NothingIsLostOrOutOfOrderBetweenEightThreadsAndEightWorkers) {
  Soak soak;
  EXPECT_EQ(soak.Run(), 0);
  soak.Check();
}

}  // namespace
}  // namespace rota
