#include "framework/base/steady_clock.h"
#include "tests/conformance/nodediff/scenario.h"

#include <chrono>
#include <cmath>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <variant>

#include "framework/base/clock.h"
#include "framework/base/ref.h"
#include "framework/base/status.h"
#include "framework/loop/compatibility.h"
#include "framework/loop/context_slot.h"
#include "framework/loop/event_loop.h"
#include "framework/testing/manual_clock.h"
#include "framework/worker/job.h"
#include "framework/worker/worker_pool.h"
#include "tests/conformance/nodediff/gates.h"

namespace rota::nodediff {
namespace {

using nlohmann::json;

// An Error of a scenario; the message is what its trace shows.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The value of AsyncLocalStorage.
class Store final : public ContextBase {
 public:
  explicit Store(std::string text) : text(std::move(text)) {}
  const std::string text;
};

// As Array.join() of JavaScript shows a value.
std::string Text(const json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  return value.dump();
}

std::string TextOf(const json& op, const char* name) {
  const auto it = op.find(name);
  return it == op.end() ? "" : Text(*it);
}

// As JavaScript makes a number of a value.
double NumberOf(const json& op, const char* name) {
  const auto it = op.find(name);
  if (it == op.end()) return NAN;
  if (it->is_number()) return it->get<double>();
  if (it->is_boolean()) return it->get<bool>() ? 1 : 0;
  if (it->is_null()) return 0;
  if (!it->is_string()) return NAN;
  const std::string text = it->get<std::string>();
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  return end == text.c_str() + text.size() ? number : NAN;
}

Duration Milliseconds(double ms) {
  constexpr double kMost = 1e12;  // Far beyond the longest delay, far below what a Duration can hold.
  if (!(ms > 0)) return Duration::zero();
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::milli>(std::min(ms, kMost)));
}

struct Snapshot {
  Ref<ContextBase> context;
};

// What an operation can name later.
struct Object {
  std::variant<Timer, Immediate, Ref<Handle>, Snapshot> what;
  bool closed = false;
};

class PlainJob final : public Job {
 public:
  PlainJob(std::function<void()> run, Callback done) : run_(std::move(run)), done_(std::move(done)) {}
  void Run() override {
    if (run_) run_();
  }
  void Done(const Status& status) override {
    const std::unique_ptr<PlainJob> self(this);
    if (status.ok()) done_();
  }

 private:
  std::function<void()> run_;
  Callback done_;
};

class ScenarioRun {
 public:
  ScenarioRun(const json& scenario, ScenarioClock kind, Compatibility way)
      : scenario_(scenario),
        threads_(scenario.contains("pool") ? scenario["pool"].get<size_t>() : 4),
        manual_(kind == ScenarioClock::kManual),
        loop_(manual_ ? static_cast<Clock&>(manual_clock_) : steady_clock_, {.compatibility = way}) {}

  std::string Run() {
    loop_.SetUncaughtHandler([this](std::exception_ptr error) { TraceError("uncaught", error); });
    loop_.SetUnhandledHandler([this](std::exception_ptr error) { TraceError("unhandled", error); });
    loop_.OnExit([this](int code) {
      Trace("exit " + std::to_string(code));
      for (; gates_ > 0; --gates_) gate_.Open();
    });
    loop_.Run([this] {
      Trace("main start");
      Body(Find(scenario_, "ops"));
      if (!loop_.exiting()) Trace("main end");
    });
    over_ = true;
    return std::move(trace_);
  }

 private:
  using Operation = void (ScenarioRun::*)(const json& op);

  void Trace(const std::string& what) {
    const auto* const store = static_cast<const Store*>(CurrentContext());
    trace_.append(what).append(" [").append(store == nullptr ? "-" : store->text).append("]\n");
  }
  void TraceError(const char* kind, const std::exception_ptr& error) {
    try {
      std::rethrow_exception(error);
    } catch (const Failure& failure) {
      Trace(std::string(kind) + " " + failure.what());
    }
  }

  static const json* Find(const json& op, const char* name) {
    const auto it = op.find(name);
    return it == op.end() || it->is_null() ? nullptr : &*it;
  }

  void Body(const json* ops) {
    if (ops == nullptr) return;
    for (const json& op : *ops) {
      const auto it = Operations().find(TextOf(op, "op"));
      if (it == Operations().end()) throw Failure("OPS[o.op] is not a function");
      (this->*it->second)(op);
      // exit() does not return in Node.
      if (loop_.exiting()) return;
    }
  }

  Callback BodyOf(const json& op, std::string kind) {
    return [this, &op, kind = std::move(kind)] {
      if (over_) return;
      Trace(kind + " " + TextOf(op, "id"));
      Body(Find(op, "body"));
    };
  }
  Callback BodyOf(const json& op) { return BodyOf(op, TextOf(op, "op")); }

  // Whether an operation with a bound may take place once more.
  bool Bounded(const json& op) {
    const int count = ++times_[&op];
    const auto it = op.find("max");
    return it == op.end() || count <= it->get<double>();
  }

  Object* Named(const json& op) {
    const auto it = op.find("of");
    if (it == op.end()) return nullptr;
    const auto object = objects_.find(it->dump());
    return object == objects_.end() ? nullptr : &object->second;
  }
  void Name(const json& op, Object object) {
    const auto it = op.find("id");
    objects_.insert_or_assign(it == op.end() ? "undefined" : it->dump(), std::move(object));
  }
  template <typename T>
  static T* As(Object* object) {
    return object == nullptr ? nullptr : std::get_if<T>(&object->what);
  }

  // ---- Operations.

  void Log(const json& op) { Trace("log " + TextOf(op, "id")); }
  void Block(const json& op) {
    const Duration duration = Milliseconds(NumberOf(op, "ms"));
    if (manual_) return manual_clock_.Advance(duration);
    std::this_thread::sleep_until(steady_clock_.Now() + duration);
  }
  void Timeout(const json& op) { Name(op, {loop_.SetTimeout(Milliseconds(NumberOf(op, "ms")), BodyOf(op))}); }
  void Interval(const json& op) {
    Timer& timer = intervals_.emplace_back();
    timer = loop_.SetInterval(Milliseconds(NumberOf(op, "ms")), [this, &op, &timer, n = 0]() mutable {
      ++n;
      Trace("interval " + TextOf(op, "id") + " " + std::to_string(n));
      if (n >= NumberOf(op, "n")) timer.Clear();
      Body(Find(op, "body"));
    });
    Name(op, {timer});
  }
  void Immediately(const json& op) { Name(op, {loop_.SetImmediate(BodyOf(op))}); }
  void Tick(const json& op) { loop_.NextTick(BodyOf(op)); }
  void Micro(const json& op) { loop_.QueueMicrotask(BodyOf(op)); }
  // Promise.resolve().then(): what the callback throws rejects a promise that nobody looks at.
  void Promise(const json& op) {
    loop_.QueueMicrotask([this, run = BodyOf(op)]() mutable {
      try {
        run();
      } catch (...) {
        loop_.ReportUnhandled(std::current_exception());
      }
    });
  }
  void Work(const json& op) {
    Submit({}, BodyOf(op));
    Settle();
  }
  void Gate(const json& op) {
    ++gates_;
    Submit([this] { gate_.Pass(); }, BodyOf(op));
    Settle();
  }
  void Release(const json&) {
    if (gates_ == 0) return;
    --gates_;
    gate_.Open();
    Settle();
  }
  void Open(const json& op) { Name(op, {loop_.OpenHandle()}); }
  void Close(const json& op) {
    const auto of = op.find("of");
    if (of == op.end() || Text(*of).empty()) return loop_.OpenHandle()->Close(BodyOf(op));
    Object* const object = Named(op);
    if (object == nullptr || std::exchange(object->closed, true)) return;
    if (Timer* const timer = As<Timer>(object)) return timer->Clear();
    if (As<Ref<Handle>>(object) == nullptr) throw Failure("h.close is not a function");
    (*As<Ref<Handle>>(object))->Close(BodyOf(op));
  }
  void Clear(const json& op) {
    Object* const object = Named(op);
    if (Timer* const timer = As<Timer>(object)) timer->Clear();
    if (Immediate* const immediate = As<Immediate>(object)) immediate->Clear();
  }
  void SetRef(const json& op, bool has_ref) {
    Object* const object = Named(op);
    if (object == nullptr || object->closed) return;
    if (Timer* const timer = As<Timer>(object)) return timer->SetRef(has_ref);
    if (Immediate* const immediate = As<Immediate>(object)) return immediate->SetRef(has_ref);
    if (Ref<Handle>* const handle = As<Ref<Handle>>(object)) return (*handle)->SetRef(has_ref);
    throw Failure(has_ref ? "h.ref is not a function" : "h.unref is not a function");
  }
  void Unref(const json& op) { SetRef(op, false); }
  void SetRefd(const json& op) { SetRef(op, true); }
  void HasRef(const json& op) {
    Object* const object = Named(op);
    if (object == nullptr || object->closed) return;
    bool has_ref = false;
    if (const Timer* const timer = As<Timer>(object)) {
      has_ref = timer->has_ref();
    } else if (const Immediate* const immediate = As<Immediate>(object)) {
      has_ref = immediate->has_ref();
    } else if (const Ref<Handle>* const handle = As<Ref<Handle>>(object)) {
      has_ref = (*handle)->has_ref();
    } else {
      throw Failure("h.hasRef is not a function");
    }
    Trace("hasref " + TextOf(op, "of") + (has_ref ? " true" : " false"));
  }
  void Refresh(const json& op) {
    if (Timer* const timer = As<Timer>(Named(op)); timer != nullptr && Bounded(op)) timer->Refresh();
  }
  Ref<ContextBase> StoreOf(const json& op) {
    const json* const value = Find(op, "value");
    return value == nullptr ? nullptr : Ref<ContextBase>(MakeRef<Store>(Text(*value)));
  }
  void Als(const json& op) {
    const Ref<ContextBase> store = StoreOf(op);
    const ContextScope scope(store.get());
    Body(Find(op, "body"));
  }
  void Enter(const json& op) { loop_.EnterWith(StoreOf(op)); }
  void Snap(const json& op) { Name(op, {Snapshot{CaptureContext()}}); }
  void Restore(const json& op) {
    const Snapshot* const snapshot = As<Snapshot>(Named(op));
    if (snapshot == nullptr) return;
    // Kept here: the body may give the name to another.
    const Ref<ContextBase> context = snapshot->context;
    const ContextScope scope(context.get());
    Body(Find(op, "body"));
  }
  void Throw(const json& op) {
    if (Bounded(op)) throw Failure(TextOf(op, "id"));
  }
  void Reject(const json& op) { loop_.ReportUnhandled(std::make_exception_ptr(Failure(TextOf(op, "id")))); }
  void Exit(const json& op) {
    const double code = NumberOf(op, "code");
    loop_.Exit(std::isfinite(code) ? static_cast<int>(code) : 0);
  }
  // process.once('beforeExit').
  void OnBeforeExit(const json& op) {
    loop_.OnBeforeExit([run = BodyOf(op, "beforeexit"), done = false]() mutable {
      if (!std::exchange(done, true)) run();
    });
  }

  static const std::map<std::string, Operation>& Operations() {
    using S = ScenarioRun;
    static const auto* const operations = new std::map<std::string, Operation>{
        {"log", &S::Log},           {"block", &S::Block},     {"timeout", &S::Timeout},   {"interval", &S::Interval},
        {"immediate", &S::Immediately}, {"tick", &S::Tick},    {"micro", &S::Micro},       {"promise", &S::Promise},
        {"work", &S::Work},         {"gate", &S::Gate},       {"release", &S::Release},   {"open", &S::Open},
        {"close", &S::Close},       {"clear", &S::Clear},     {"unref", &S::Unref},       {"ref", &S::SetRefd},
        {"hasref", &S::HasRef},     {"refresh", &S::Refresh}, {"als", &S::Als},           {"enter", &S::Enter},
        {"snap", &S::Snap},         {"restore", &S::Restore}, {"throw", &S::Throw},       {"reject", &S::Reject},
        {"exit", &S::Exit},         {"onbeforeexit", &S::OnBeforeExit},
    };
    return *operations;
  }

  // ---- Jobs.

  void Submit(std::function<void()> run, Callback done) {
    if (!pool_) {
      pool_.emplace(loop_, WorkerPool::Options{.threads = threads_, .queue_capacity = 1u << 20, .holds_time = false});
    }
    const Status status = pool_->Submit(*new PlainJob(std::move(run), std::move(done)));
    if (!status.ok()) throw std::runtime_error(status.ToString());
  }
  // Waits until no thread can get on: each is idle or at a gate, and the loop has been told of all that has ended.
  void Settle() {
    for (;;) {
      const WorkerStats& stats = pool_->stats();
      if (gate_.blocked() == stats.running && stats.posting == 0 && (stats.queued == 0 || stats.running == threads_)) return;
      std::this_thread::yield();
    }
  }

  const json& scenario_;
  const size_t threads_;
  const bool manual_;
  ManualClock manual_clock_;
  SteadyClock steady_clock_;
  std::string trace_;
  std::unordered_map<const json*, int> times_;
  Gates gate_;
  size_t gates_ = 0;
  bool over_ = false;
  EventLoop loop_;
  std::map<std::string, Object> objects_;
  std::deque<Timer> intervals_;
  std::optional<WorkerPool> pool_;
};

}  // namespace

std::string RunScenario(const json& scenario, ScenarioClock clock, Compatibility way) {
  return ScenarioRun(scenario, clock, way).Run();
}

}  // namespace rota::nodediff
