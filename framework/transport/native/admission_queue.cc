#include "framework/transport/native/admission_queue.h"

#include <chrono>
#include <cstddef>

#include "framework/base/clock.h"
#include "framework/loop/context_slot.h"

namespace rota::native {
namespace {

// A few of the turns: to accept a connection takes some 25 us, to read its first words or to let go of it nearly as much.
constexpr Duration kRun = std::chrono::microseconds(50);

}  // namespace

void AdmissionQueue::Add(Entry& entry) {
  if (Ring<Entry>::IsInOne(entry)) return;
  waiting_.PushBack(entry);
  // Otherwise it is seen at the end of the run whether anybody waits.
  if (!runs_) Schedule();
}

void AdmissionQueue::Schedule() {
  if (due_.has_ref()) return;
  // Of no request, whoever has brought it up.
  const ContextScope scope(nullptr);
  due_ = loop_.SetImmediate([this] { RunSome(); });
}

void AdmissionQueue::RunSome() {
  // Also after an exception.
  const struct Rest {
    ~Rest() {
      queue.runs_ = false;
      if (!queue.waiting_.empty()) queue.Schedule();
    }
    AdmissionQueue& queue;
  } rest{*this};
  runs_ = true;
  const TimePoint end = loop_.Now() + kRun;
  for (size_t left = kTurns; left > 0 && !waiting_.empty(); --left) {
    Entry& entry = waiting_.front();
    Remove(entry);
    entry.OnTurn();
    if (loop_.Now() >= end || !loop_.RunTicks()) return;
  }
}

}  // namespace rota::native
