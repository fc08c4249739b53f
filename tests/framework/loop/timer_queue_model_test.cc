// The queue beside a model of the lists of Node, which is slow and plain: both are driven by the same script, from outside and from within
// callbacks, drains and destructors of callbacks, and must do the same at the same moments.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

#include "framework/base/clock.h"
#include "framework/base/ref.h"
#include "framework/loop/compatibility.h"
#include "framework/loop/refs.h"
#include "framework/loop/timer_queue.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::milliseconds;

// G. L. Steele, D. Lea, C. H. Flood, "Fast Splittable Pseudorandom Number Generators", 2014: a number that is spread over all 64 bits.
uint64_t Mixed(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

// What is done to timers, by number; and the log of what runs. Time is in milliseconds.
class Side {
 public:
  static constexpr size_t kMostTimers = 1500;

  explicit Side(const std::vector<int32_t>& delays, uint64_t seed) : delays_(delays), seed_(seed) {}
  virtual ~Side() = default;

  virtual void Start(int32_t delay_ms, bool repeats) = 0;
  virtual void Clear(size_t timer) = 0;
  virtual void Refresh(size_t timer) = 0;
  virtual void SetRef(size_t timer, bool has_ref) = 0;
  virtual void RunExpired() = 0;
  // In milliseconds; negative when there is none.
  virtual int64_t next_wake() const = 0;
  virtual size_t refs() const = 0;
  virtual size_t armed() const = 0;
  virtual size_t timers() const = 0;

  void StartOne(uint64_t choice) {
    if (timers() < kMostTimers) Start(delays_[choice % delays_.size()], choice % 31 == 0 && timers() < 100);
  }
  // Anything, mostly with one of the last timers.
  void DoOne(uint64_t choice) {
    if (timers() == 0 || choice % 8 < 2) return StartOne(choice >> 8);
    const size_t back = choice % 3 == 0 ? timers() : std::min<size_t>(timers(), 8);
    const size_t timer = timers() - 1 - (choice >> 8) % back;
    switch (choice % 8) {
      case 2:
      case 3:
      case 4:
        return Clear(timer);
      case 5:
      case 6:
        return Refresh(timer);
      default:
        return SetRef(timer, (choice >> 40) % 2 == 0);
    }
  }

  int64_t now = 0;
  std::vector<int64_t> log;

 protected:
  StepEnd Ran(size_t timer, int64_t lateness) {
    log.push_back(static_cast<int64_t>(timer));
    log.push_back(lateness);
    const uint64_t choice = Next();
    now += choice % 5 == 0 ? static_cast<int64_t>(choice % 40) : 0;
    if (choice % 7 == 1) Clear(timer);
    if (choice % 7 == 2) Refresh(timer);
    for (uint64_t i = 0; i < choice % 3; ++i) DoOne(Next());
    return choice % 17 == 0 ? StepEnd::kThrew : StepEnd::kDone;
  }
  StepEnd Drained() {
    log.push_back(-1);
    const uint64_t choice = Next();
    for (uint64_t i = 0; i < choice % 4; ++i) DoOne(Next());
    return choice % 23 == 0 ? StepEnd::kThrew : StepEnd::kDone;
  }
  void DestroyedCallback(size_t timer) {
    log.push_back(-2 - static_cast<int64_t>(timer));
    if (Next() % 3 == 0) DoOne(Next());
  }

 private:
  uint64_t Next() { return Mixed(seed_ * 1'000'003 + ++events_); }

  const std::vector<int32_t>& delays_;
  const uint64_t seed_;
  uint64_t events_ = 0;
};

class QueueSide final : public Side {
 public:
  using Side::Side;
  ~QueueSide() override { ends_ = true; }

  void Start(int32_t delay_ms, bool repeats) override {
    timers_.push_back(queue_.Make(Callable(*this, timers_.size()), nullptr, delay_ms, repeats));
    const Ref<TimerNode> node = timers_.back();
    numbers_[node.get()] = timers_.size() - 1;
    queue_.Start(*node, At());
  }
  void Clear(size_t timer) override { queue_.Clear(*Held(timer)); }
  void Refresh(size_t timer) override { queue_.Arm(*Held(timer), At()); }
  void SetRef(size_t timer, bool has_ref) override { queue_.SetRef(*Held(timer), has_ref); }
  void RunExpired() override { queue_.RunExpired(At(), Steps{*this}); }
  int64_t next_wake() const override {
    const TimePoint wake = queue_.next_wake();
    return wake == kNoDeadline ? -1 : std::chrono::duration_cast<milliseconds>(wake.time_since_epoch()).count();
  }
  size_t refs() const override { return refs_.total(); }
  size_t armed() const override {
    size_t count = 0;
    queue_.ForEach([&count](const TimerNode&) { ++count; });
    return count;
  }
  size_t timers() const override { return timers_.size(); }

 private:
  // Tells when it is destroyed.
  class Callable {
   public:
    Callable(QueueSide& side, size_t timer) : side_(&side), timer_(timer) {}
    Callable(Callable&& other) noexcept : side_(std::exchange(other.side_, nullptr)), timer_(other.timer_) {}
    Callable& operator=(Callable&&) = delete;
    ~Callable() {
      if (side_ != nullptr && !side_->ends_) side_->DestroyedCallback(timer_);
    }
    void operator()() const {}

   private:
    QueueSide* side_;
    const size_t timer_;
  };
  struct Steps {
    StepEnd Run(TimerNode& node, Duration lateness) {
      return side.Ran(side.numbers_.at(&node), std::chrono::duration_cast<milliseconds>(lateness).count());
    }
    StepEnd Drain() { return side.Drained(); }
    TimePoint Now() { return side.At(); }
    TimePoint LastNow() { return side.At(); }
    QueueSide& side;
  };

  TimePoint At() const { return TimePoint(milliseconds(now)); }
  // A copy, as the vector may grow meanwhile.
  Ref<TimerNode> Held(size_t timer) const { return timers_[timer]; }

  RefCounts refs_;
  std::map<const TimerNode*, size_t> numbers_;
  bool ends_ = false;
  std::vector<Ref<TimerNode>> timers_;
  TimerQueue queue_{refs_};
};

// As lib/internal/timers.js of Node 20 does it; what is not Node's is that a cleared timer stays cleared, and that a callback that throws
// is followed by the phase anew at once.
class NodeSide final : public Side {
 public:
  using Side::Side;

  void Start(int32_t delay_ms, bool repeats) override {
    timers_.push_back({.delay_ms = delay_ms, .repeats = repeats});
    Insert(timers_.size() - 1, now);
    SetActive(timers_.size() - 1, true);
  }
  void Clear(size_t timer) override {
    if (timers_[timer].cleared) return;
    timers_[timer].cleared = true;
    if (timers_[timer].active) {
      TakeOut(timer);
      const auto list = lists_.find(timers_[timer].delay_ms);
      if (timers_[timer].has_ref && list != lists_.end() && list->second->timers.empty()) lists_.erase(list);
      SetActive(timer, false);
    }
    if (!timers_[timer].running) DestroyCallback(timer);
  }
  void Refresh(size_t timer) override {
    if (timers_[timer].cleared) return;
    Insert(timer, now);
    SetActive(timer, true);
  }
  void SetRef(size_t timer, bool has_ref) override {
    const bool active = timers_[timer].active;
    SetActive(timer, false);
    timers_[timer].has_ref = has_ref;
    SetActive(timer, active);
  }
  void RunExpired() override {
    const int64_t began = now;
    while (RunLists(began) == StepEnd::kThrew) {
    }
    const auto first = First();
    next_wake_ = first == nullptr ? -1 : first->expiry;
  }
  int64_t next_wake() const override { return next_wake_; }
  size_t refs() const override { return refs_; }
  size_t armed() const override {
    size_t count = 0;
    for (const auto& [delay_ms, list] : lists_) count += list->timers.size();
    return count;
  }
  size_t timers() const override { return timers_.size(); }

 private:
  struct List {
    const int32_t delay_ms;
    int64_t expiry;
    uint64_t id;
    std::vector<size_t> timers;
  };
  struct Timer {
    int32_t delay_ms;
    bool repeats;
    int64_t start = 0;
    bool has_ref = true, active = false, running = false, cleared = false, has_callback = true;
    std::shared_ptr<List> list = nullptr;
  };

  void TakeOut(size_t timer) {
    if (const auto list = std::exchange(timers_[timer].list, nullptr)) std::erase(list->timers, timer);
  }
  void Insert(size_t timer, int64_t start) {
    TakeOut(timer);
    Timer& inserted = timers_[timer];
    inserted.start = start;
    auto& list = lists_[inserted.delay_ms];
    if (list == nullptr) {
      list = std::make_shared<List>(List{inserted.delay_ms, start + inserted.delay_ms, next_id_++, {}});
      if (next_wake_ < 0 || list->expiry < next_wake_) next_wake_ = list->expiry;
    }
    list->timers.push_back(timer);
    inserted.list = list;
  }
  void SetActive(size_t timer, bool active) {
    if (timers_[timer].active == active) return;
    timers_[timer].active = active;
    if (timers_[timer].has_ref) refs_ += active ? 1 : -1;
  }
  void DestroyCallback(size_t timer) {
    if (std::exchange(timers_[timer].has_callback, false)) DestroyedCallback(timer);
  }
  std::shared_ptr<List> First() const {
    std::shared_ptr<List> first;
    for (const auto& [delay_ms, list] : lists_) {
      if (first == nullptr || std::pair(list->expiry, list->id) < std::pair(first->expiry, first->id)) first = list;
    }
    return first;
  }
  StepEnd RunLists(int64_t began) {
    for (bool is_first = true;; is_first = false) {
      const auto list = First();
      if (list == nullptr || list->expiry > began) return StepEnd::kDone;
      if (!is_first) {
        if (const StepEnd end = Drained(); end != StepEnd::kDone) return end;
      }
      if (const StepEnd end = RunList(*list, began); end != StepEnd::kDone) return end;
    }
  }
  StepEnd RunList(List& list, int64_t began) {
    for (bool is_first = true; !list.timers.empty(); is_first = false) {
      const size_t timer = list.timers.front();
      if (began - timers_[timer].start < list.delay_ms) {
        list.expiry = timers_[timer].start + list.delay_ms;
        list.id = next_id_++;
        return StepEnd::kDone;
      }
      if (!is_first) {
        if (const StepEnd end = Drained(); end != StepEnd::kDone) return end;
      }
      TakeOut(timer);
      if (timers_[timer].cleared) continue;
      const int64_t started = now;
      timers_[timer].running = true;
      const StepEnd end = Ran(timer, std::max<int64_t>(0, began - timers_[timer].start - list.delay_ms));
      timers_[timer].running = false;
      if (timers_[timer].repeats && !timers_[timer].cleared) {
        Insert(timer, started);
      } else if (timers_[timer].list == nullptr) {
        SetActive(timer, false);
        if (timers_[timer].cleared) DestroyCallback(timer);
      }
      if (end != StepEnd::kDone) return end;
    }
    if (const auto found = lists_.find(list.delay_ms); found != lists_.end() && found->second.get() == &list) lists_.erase(found);
    return StepEnd::kDone;
  }

  std::vector<Timer> timers_;
  std::map<int32_t, std::shared_ptr<List>> lists_;
  uint64_t next_id_ = 1;
  size_t refs_ = 0;
  int64_t next_wake_ = -1;
};

class TimerQueueModelTest : public testing::TestWithParam<uint64_t> {
 protected:
  // Few delays, or many: short ones, long ones, and those about where their lists are kept in another table.
  std::vector<int32_t> Delays() {
    std::vector<int32_t> delays(size_t{1} << random_() % 7);
    for (int32_t& delay_ms : delays) {
      const auto kind = random_() % 20;
      delay_ms = static_cast<int32_t>(kind == 0 ? 65'530 + random_() % 12 : kind < 10 ? 1 + random_() % 30 : 80 + random_() % 120);
    }
    return delays;
  }

  std::mt19937_64 random_{GetParam()};
  const std::vector<int32_t> delays_ = Delays();
  QueueSide queue_{delays_, GetParam()};
  NodeSide node_{delays_, GetParam()};
};

TEST_P(TimerQueueModelTest, DoesWhatNodesListsDoAtTheSameMoments) {
  for (int step = 0; step < 1500; ++step) {
    const uint64_t choice = random_(), value = random_();
    for (Side* side : {static_cast<Side*>(&queue_), static_cast<Side*>(&node_)}) {
      if (choice % 8 < 3) {
        side->now += static_cast<int64_t>(value % 3);
        side->StartOne(value >> 8);
      } else if (choice % 8 < 6) {
        side->DoOne(value);
      } else {
        side->now += static_cast<int64_t>(choice % 512 == 7 ? 66'000 : choice % 64 == 7 ? value % 300 : value % 12);
        if (side->next_wake() >= 0 && side->next_wake() <= side->now) side->RunExpired();
      }
    }
    ASSERT_EQ(queue_.log, node_.log) << "step " << step;
    ASSERT_EQ(queue_.now, node_.now) << "step " << step;
    ASSERT_EQ(queue_.refs(), node_.refs()) << "step " << step;
    ASSERT_EQ(queue_.armed(), node_.armed()) << "step " << step;
    ASSERT_EQ(queue_.next_wake(), node_.next_wake()) << "step " << step;
  }
  EXPECT_GT(queue_.log.size(), 50u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, TimerQueueModelTest, testing::Range<uint64_t>(1, 121));

}  // namespace
}  // namespace rota
