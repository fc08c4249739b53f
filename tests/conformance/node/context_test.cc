// Statement 28: the context of callbacks.

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/node/loop_case.h"

namespace rota {
namespace {

class ContextTest : public BothWays {
 protected:
  // Runs `body` under the store `name`, as AsyncLocalStorage.run() does.
  template <typename Body>
  static void With(const char* name, Body body) {
    const auto store = MakeRef<Store>(name);
    const ContextScope scope(store.get());
    body();
  }
  Callback NoteStore(std::string what) {
    return [this, what = std::move(what)] { Add(what + " " + CurrentStore()); };
  }
};
ROTA_BOTH_WAYS(ContextTest);
class ContextNodesWayTest : public NodesWay {};
class ContextRotasWayTest : public RotasWay {};

// async-hooks/test-async-local-storage-async-functions
TEST_P(ContextTest, Rule28EverySchedulingCallCapturesTheContext) {
  With("A", [this] {
    loop_.SetTimeout(milliseconds(1), NoteStore("timeout"));
    Timer* const interval = new Timer;
    *interval = loop_.SetInterval(milliseconds(2), [this, interval] {
      Add("interval " + CurrentStore());
      interval->Clear();
      delete interval;
    });
    loop_.SetImmediate(NoteStore("immediate"));
    loop_.NextTick(NoteStore("tick"));
    loop_.QueueMicrotask(NoteStore("microtask"));
    loop_.ReportUnhandled(std::make_exception_ptr(std::runtime_error("x")));
  });
  loop_.SetUnhandledHandler([this](std::exception_ptr) { Add("unhandled " + CurrentStore()); });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"tick A", "microtask A", "unhandled A", "immediate A", "timeout A", "interval A"}));
}

// async-hooks/test-async-local-storage-no-mix-contexts
TEST_P(ContextTest, Rule28ContextsDoNotMixBetweenTwoCallbacks) {
  With("A", [this] { loop_.SetImmediate([this] { loop_.NextTick(NoteStore("tick")); }); });
  loop_.SetImmediate(NoteStore("without"));
  With("B", [this] { loop_.SetImmediate(NoteStore("with")); });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"tick A", "without -", "with B"}));
}

// async-hooks/test-async-local-storage-nested
TEST_P(ContextTest, Rule28ScopeRestoresOnReturn) {
  With("outer", [this] {
    With("inner", [this] {
      Add(CurrentStore());
      loop_.SetImmediate(NoteStore("immediate"));
    });
    Add(CurrentStore());
  });
  Add(CurrentStore());
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"inner", "outer", "-", "immediate inner"}));
}

// async-hooks/test-async-local-storage-errors
TEST_P(ContextTest, Rule28ScopeRestoresOnThrow) {
  With("outer", [this] {
    try {
      With("inner", [] { throw std::runtime_error("x"); });
    } catch (const std::runtime_error&) {
      Add(CurrentStore());
    }
  });
  EXPECT_EQ(trace_, (Trace{"outer"}));
}

TEST_P(ContextTest, Rule28UncaughtErrorIsHandledInTheContextOfTheThrower) {
  loop_.SetUncaughtHandler([this](std::exception_ptr) { Add("handler " + CurrentStore()); });
  With("A", [this] {
    loop_.SetImmediate([] { throw std::runtime_error("x"); });
    loop_.SetTimeout(milliseconds(1), [this] { loop_.NextTick([] { throw std::runtime_error("x"); }); });
  });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"handler A", "handler A"}));
}

TEST_F(ContextRotasWayTest, Rule28ErrorOfAMicrotaskIsHandledInItsContextToo) {
  loop_.SetUncaughtHandler([this](std::exception_ptr) { Add("handler " + CurrentStore()); });
  const auto a = MakeRef<Store>("A");
  const ContextScope scope(a.get());
  loop_.QueueMicrotask([] { throw std::runtime_error("x"); });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"handler A"}));
}

TEST_F(ContextNodesWayTest, Rule28NodeLosesTheContextOfAMicrotaskThatThrows) {
  loop_.SetUncaughtHandler([this](std::exception_ptr) { Add("handler " + CurrentStore()); });
  const auto a = MakeRef<Store>("A");
  const ContextScope scope(a.get());
  loop_.QueueMicrotask([] { throw std::runtime_error("x"); });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"handler -"}));
}

// async-hooks/test-async-local-storage-enter-with
TEST_P(ContextTest, Rule28EnterWithLastsForTheCallbackAndWhatItSchedules) {
  loop_.SetImmediate([this] {
    Add(CurrentStore());
    loop_.EnterWith(MakeRef<Store>("V"));
    Add(CurrentStore());
    loop_.NextTick(NoteStore("tick"));
    loop_.SetImmediate(NoteStore("immediate"));
  });
  loop_.SetImmediate(NoteStore("next"));
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"-", "V", "tick V", "next -", "immediate V"}));
}

TEST_P(ContextTest, Rule28EnterWithInsideOfAScopeEndsWithTheScope) {
  loop_.SetImmediate([this] {
    With("A", [this] {
      loop_.EnterWith(MakeRef<Store>("V"));
      Add(CurrentStore());
    });
    Add(CurrentStore());
  });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"V", "-"}));
}

TEST_P(ContextTest, Rule28EnterWithInAnIntervalDoesNotLeakIntoItsNextRun) {
  int runs = 0;
  Timer interval;
  interval = loop_.SetInterval(milliseconds(1), [&] {
    Add(CurrentStore());
    loop_.EnterWith(MakeRef<Store>("V"));
    if (++runs == 2) interval.Clear();
  });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"-", "-"}));
}

TEST_P(ContextTest, Rule28EnterWithLetsGoOfItsContextWhenTheIterationEnds) {
  const auto store = MakeRef<Store>("V");
  loop_.SetImmediate([&] { loop_.EnterWith(store); });
  loop_.Run();
  EXPECT_EQ(store->references(), 1u);
}

TEST_P(ContextTest, Rule28HandleHasTheContextOfItsCreationAlsoAtItsClose) {
  Ref<Handle> handle;
  With("A", [&] { handle = loop_.OpenHandle(); });
  With("B", [&] { handle->Close(NoteStore("close")); });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"close A"}));
}

TEST_P(ContextTest, Rule28CompletionHasTheContextOfTheCallThatBeganIt) {
  std::vector<Operation> reads;
  With("A", [&] { reads.emplace_back(loop_, RefKind::kIo); });
  With("B", [&] {
    loop_.Post([&] { loop_.RunCompletion(std::move(reads[0]), NoteStore("read")); });
  });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"read A"}));
}

// test-async-local-storage-bind, test-async-local-storage-snapshot
TEST_P(ContextTest, Rule28SnapshotBringsItsContextBack) {
  Ref<ContextBase> snapshot;
  With("A", [&] { snapshot = CaptureContext(); });
  With("B", [&] {
    {
      const ContextScope scope(snapshot.get());
      Add(CurrentStore());
      loop_.SetImmediate(NoteStore("immediate"));
    }
    Add(CurrentStore());
  });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"A", "B", "immediate A"}));
}

// test-async-local-storage-deep-stack
TEST_P(ContextTest, Rule28ChainOfAThousandCallbacksKeepsItsContext) {
  int left = 1000;
  std::function<void()> next = [&] {
    EXPECT_EQ(CurrentStore(), "A");
    if (--left == 0) return;
    switch (left % 4) {
      case 0: loop_.SetImmediate(next); break;
      case 1: loop_.NextTick(next); break;
      case 2: loop_.QueueMicrotask(next); break;
      default: loop_.SetTimeout(milliseconds(1), next);
    }
  };
  With("A", [&] { loop_.SetImmediate(next); });
  loop_.Run();
  EXPECT_EQ(left, 0);
}

// test-async-local-storage-isolation, test-async-local-storage-contexts
TEST_P(ContextTest, Rule28InterleavedRequestsNeverSeeEachOther) {
  constexpr int kRequests = 50;
  int done = 0;
  std::function<void(int, int)> step = [&](int request, int left) {
    EXPECT_EQ(CurrentStore(), std::to_string(request));
    if (left == 0) {
      ++done;
      return;
    }
    const auto go_on = [&step, request, left] { step(request, left - 1); };
    switch ((request * 7 + left) % 4) {
      case 0: loop_.SetTimeout(milliseconds(1 + request % 3), go_on); break;
      case 1: loop_.SetImmediate(go_on); break;
      case 2: loop_.QueueMicrotask(go_on); break;
      default: loop_.NextTick(go_on);
    }
  };
  for (int i = 0; i < kRequests; ++i) With(std::to_string(i).c_str(), [&] { step(i, 20); });
  loop_.Run();
  EXPECT_EQ(done, kRequests);
}

// async-hooks/test-async-local-storage-gcable
TEST_P(ContextTest, Rule28ContextIsFreedWithTheLastCallbackThatHasIt) {
  const auto store = MakeRef<Store>("A");
  Timer cleared;
  {
    const ContextScope scope(store.get());
    loop_.SetImmediate([] {});
    loop_.SetTimeout(milliseconds(1), [] {});
    cleared = loop_.SetTimeout(milliseconds(1), [] {});
  }
  EXPECT_EQ(store->references(), 4u);
  cleared.Clear();
  cleared = Timer();
  loop_.Run();
  EXPECT_EQ(store->references(), 1u);
}

// ---- What Node loses and Rota cannot.

TEST_P(ContextTest, LossOfPooledObjectsCannotHappenBecauseEachUseCapturesAnew) {
  // In Node a socket or parser that is used again calls back in the context of who made it.
  struct Connection {
    explicit Connection(EventLoop& loop) : loop(loop) {}
    void Request(Callback done) {
      auto operation = std::make_shared<Operation>(loop, RefKind::kIo);
      loop.Post([this, operation, done = std::move(done)]() mutable { loop.RunCompletion(std::move(*operation), std::move(done)); });
    }
    EventLoop& loop;
  };
  Connection pooled(loop_);
  With("A", [&] { pooled.Request([&] { Add("first " + CurrentStore()); }); });
  With("B", [&] { pooled.Request([&] { Add("second " + CurrentStore()); }); });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"first A", "second B"}));
}

TEST_P(ContextTest, LossOfHandMadeQueuesCannotHappenBecauseSchedulingIsTheOnlyWayOut) {
  // In Node what a queue of callbacks calls later runs in the context of who empties it. Here a queue of operations gives
  // each of its entries its own context back.
  std::vector<Operation> waiting;
  for (const char* name : {"A", "B"}) With(name, [&] { waiting.emplace_back(loop_, RefKind::kIo); });
  With("who empties the queue", [&] {
    loop_.SetImmediate([&] {
      for (Operation& operation : waiting) loop_.RunCompletion(std::move(operation), NoteStore("entry"));
      waiting.clear();
    });
  });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"entry A", "entry B"}));
}

TEST_P(ContextTest, LossByPostCannotHappenBecauseItHasNoContextToMistake) {
  With("A", [&] { loop_.Post(NoteStore("posted")); });
  loop_.Run();
  EXPECT_EQ(trace_, (Trace{"posted -"}));
}

}  // namespace
}  // namespace rota
