#ifndef ROTA_TESTS_CONFORMANCE_NODE_LOOP_CASE_H_
#define ROTA_TESTS_CONFORMANCE_NODE_LOOP_CASE_H_

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "framework/base/callback.h"
#include "framework/base/clock.h"
#include "framework/base/ref.h"
#include "framework/loop/compatibility.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/event_loop.h"
#include "framework/loop/hooks.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Trace = std::vector<std::string>;

// What the cases share: a loop under the manual clock, and a trace.
class LoopCase : public testing::Test {
 protected:
  explicit LoopCase(Compatibility compatibility) : loop_(clock_, {.compatibility = compatibility}) {}

  // A callback that only leaves its name.
  Callback Note(std::string text) {
    return [this, text = std::move(text)] { trace_.push_back(text); };
  }
  void Add(std::string text) { trace_.push_back(std::move(text)); }
  // As if the callback had worked for so long.
  void Block(Duration duration) { clock_.Advance(duration); }
  int64_t ElapsedMs() const { return (clock_.Now() - begin_) / milliseconds(1); }
  // Hands exceptions to the trace.
  void HandleErrors() {
    loop_.SetUncaughtHandler([this](std::exception_ptr error) { trace_.push_back("handler " + What(error)); });
  }
  static std::string What(const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& exception) {
      return exception.what();
    }
  }

  ManualClock clock_;
  const TimePoint begin_ = clock_.Now();
  EventLoop loop_;
  Trace trace_;
};

// For cases that are the same in Rota's own way and in Node's.
class BothWays : public LoopCase, public testing::WithParamInterface<Compatibility> {
 protected:
  BothWays() : LoopCase(GetParam()) {}
};

class NodesWay : public LoopCase {
 protected:
  NodesWay() : LoopCase(Compatibility::kNode) {}
};

class RotasWay : public LoopCase {
 protected:
  RotasWay() : LoopCase(Compatibility::kRota) {}
};

// The value of a context.
class Store final : public ContextBase {
 public:
  explicit Store(std::string name) : name(std::move(name)) {}
  const std::string name;
};

inline std::string CurrentStore() {
  const auto* const store = static_cast<const Store*>(CurrentContext());
  return store == nullptr ? "-" : store->name;
}

class FunctionHook final : public LoopHook {
 public:
  explicit FunctionHook(Callback run) : run_(std::move(run)) {}
  void RunHook() override { run_(); }

 private:
  Callback run_;
};

}  // namespace rota

// Runs the cases of a class that derives from BothWays twice.
#define ROTA_BOTH_WAYS(suite)                                                                                      \
  INSTANTIATE_TEST_SUITE_P(Ways, suite, testing::Values(Compatibility::kRota, Compatibility::kNode),               \
                           [](const auto& info) { return info.param == Compatibility::kNode ? "Node" : "Rota"; })

#endif  // ROTA_TESTS_CONFORMANCE_NODE_LOOP_CASE_H_
