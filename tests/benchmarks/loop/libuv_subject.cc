// The loop of libuv, used as its documentation says and wherever there is a choice in the way that costs libuv least:
// handles lie in arrays and are used again, nothing is allocated for a callback, small writes are tried at once.
#include <netinet/in.h>
#include <uv.h>

#include <cstdlib>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/benchmarks/loop/subject.h"

namespace rota::bench {
namespace {

void Ok(int status) {
  if (status < 0) Fail(uv_strerror(status));
}

struct Subject {
  Subject() { Ok(uv_loop_init(&loop)); }
  ~Subject() {
    uv_walk(&loop, [](uv_handle_t* handle, void*) { if (!uv_is_closing(handle)) uv_close(handle, nullptr); }, nullptr);
    uv_run(&loop, UV_RUN_DEFAULT);
    Ok(uv_loop_close(&loop));
  }
  void Run() { uv_run(&loop, UV_RUN_DEFAULT); }
  uv_loop_t loop;
};

// Runs `callback` in each iteration, which does not wait: a check handle with an idle handle beside it, as Node makes its
// immediates.
template <typename Callback>
class EachIteration {
 public:
  EachIteration(uv_loop_t& loop, Callback callback) : callback_(std::move(callback)) {
    Ok(uv_idle_init(&loop, &idle_));
    Ok(uv_idle_start(&idle_, [](uv_idle_t*) {}));
    Ok(uv_check_init(&loop, &check_));
    check_.data = this;
    Ok(uv_check_start(&check_, [](uv_check_t* check) {
      auto& self = *static_cast<EachIteration*>(check->data);
      if (self.callback_()) return;
      uv_check_stop(&self.check_);
      uv_idle_stop(&self.idle_);
    }));
  }

 private:
  // True while there is more to do.
  Callback callback_;
  uv_idle_t idle_;
  uv_check_t check_;
};

// What every server has.
class Listener {
 public:
  explicit Listener(uv_loop_t& loop) {
    Ok(uv_tcp_init(&loop, &tcp_));
    Ok(uv_tcp_open(&tcp_, ListeningSocket()));
    Ok(uv_listen(reinterpret_cast<uv_stream_t*>(&tcp_), 1, [](uv_stream_t*, int) { Fail("somebody connects"); }));
  }
  void Close() { uv_close(reinterpret_cast<uv_handle_t*>(&tcp_), nullptr); }

 private:
  uv_tcp_t tcp_;
};

Result Immediates(uint64_t count, bool listens) {
  uint64_t ran = 0;
  std::optional<Listener> listener;
  auto step = [&] {
    if (++ran < count) return true;
    if (listener) listener->Close();
    return false;
  };
  EachIteration<decltype(step)>* immediates = nullptr;
  double seconds = 0;
  {
    Subject subject;
    if (listens) listener.emplace(subject.loop);
    immediates = new EachIteration(subject.loop, step);
    const CpuWatch watch;
    subject.Run();
    seconds = watch.Seconds();
  }
  delete immediates;
  return {ran, seconds};
}

// libuv has no ticks. The cheapest way to have callbacks run after this one is a batch of idle handles.
Result Ticks(uint64_t count) {
  std::vector<uv_idle_t> ticks(kTicksPerCallback);
  struct Rounds {
    uint64_t ran = 0;
    uint64_t count = 0;
    std::vector<uv_idle_t>* ticks = nullptr;
  } rounds{0, count, &ticks};
  const auto start_round = [](Rounds& state) {
    for (uv_idle_t& tick : *state.ticks) {
      Ok(uv_idle_start(&tick, [](uv_idle_t* self) {
        ++static_cast<Rounds*>(self->data)->ran;
        uv_idle_stop(self);
      }));
    }
  };
  auto step = [&] {
    if (rounds.ran >= count) return false;
    start_round(rounds);
    return true;
  };
  EachIteration<decltype(step)>* starter = nullptr;
  double seconds = 0;
  {
    Subject subject;
    for (uv_idle_t& tick : ticks) {
      Ok(uv_idle_init(&subject.loop, &tick));
      tick.data = &rounds;
    }
    starter = new EachIteration(subject.loop, step);
    const CpuWatch watch;
    subject.Run();
    seconds = watch.Seconds();
  }
  delete starter;
  return {rounds.ran, seconds};
}

Result TimersFire(uint64_t count) {
  Random random{};
  uint64_t fired = 0;
  double seconds = 0;
  std::unique_ptr<uv_timer_t[]> timers;
  {
    Subject subject;
    uv_update_time(&subject.loop);
    const CpuWatch watch;
    timers = std::make_unique_for_overwrite<uv_timer_t[]>(count);
    for (uint64_t i = 0; i < count; ++i) {
      Ok(uv_timer_init(&subject.loop, &timers[i]));
      timers[i].data = &fired;
      const auto fire = [](uv_timer_t* timer) { ++*static_cast<uint64_t*>(timer->data); };
      Ok(uv_timer_start(&timers[i], fire, static_cast<uint64_t>(FiringDelay(random)), 0));
    }
    subject.Run();
    seconds = watch.Seconds();
  }
  return {fired, seconds};
}

struct Deadlines {
  static void Fire(uv_timer_t* timer) { ++static_cast<Deadlines*>(timer->data)->fired; }
  void Init(uv_loop_t& loop) {
    for (std::vector<uv_timer_t>* timers : {&open, &expiring}) {
      for (uv_timer_t& timer : *timers) {
        Ok(uv_timer_init(&loop, &timer));
        timer.data = this;
      }
    }
  }
  bool Round() {
    for (uint64_t i = 0; i < kStartsPerCallback; ++i, ++started) {
      if (started % kStartsPerExpiry == 0) {
        uv_timer_t& timer = expiring[started / kStartsPerExpiry];
        Ok(uv_timer_start(&timer, Fire, static_cast<uint64_t>(ExpiryDelay(random)), 0));
        continue;
      }
      uv_timer_t& slot = open[started % kOpenDeadlines];
      Cancel(slot);
      Ok(uv_timer_start(&slot, Fire, static_cast<uint64_t>(DeadlineDelay(random)), 0));
    }
    if (started < count) return true;
    seconds = watch.Seconds();
    for (uv_timer_t& timer : open) Cancel(timer);
    return false;
  }
  void Cancel(uv_timer_t& timer) {
    if (!uv_is_active(reinterpret_cast<uv_handle_t*>(&timer))) return;
    Ok(uv_timer_stop(&timer));
    ++cancelled;
  }

  const uint64_t count;
  Random random{};
  std::vector<uv_timer_t> open = std::vector<uv_timer_t>(kOpenDeadlines);
  std::vector<uv_timer_t> expiring = std::vector<uv_timer_t>(count / kStartsPerExpiry + kStartsPerCallback);
  CpuWatch watch{};
  uint64_t started = 0;
  uint64_t fired = 0;
  uint64_t cancelled = 0;
  double seconds = 0;
};

Result TimersCancel(uint64_t count) {
  Deadlines deadlines{count};
  auto step = [&] { return deadlines.Round(); };
  EachIteration<decltype(step)>* rounds = nullptr;
  {
    Subject subject;
    deadlines.Init(subject.loop);
    rounds = new EachIteration(subject.loop, step);
    deadlines.watch = CpuWatch();
    subject.Run();
  }
  delete rounds;
  Check(deadlines.fired >= deadlines.started / kStartsPerExpiry, "deadlines that nobody cancelled did not fire");
  return {deadlines.fired + deadlines.cancelled, deadlines.seconds};
}

// uv_async_send() joins what is sent together, so callbacks from other threads need a queue beside it.
class PostQueue {
 public:
  explicit PostQueue(uv_loop_t& loop) {
    Ok(uv_async_init(&loop, &async_, [](uv_async_t* async) { static_cast<PostQueue*>(async->data)->Run(); }));
    async_.data = this;
  }
  void Post(std::function<void()> callback) {
    {
      const std::lock_guard lock(mutex_);
      incoming_.push_back(std::move(callback));
    }
    uv_async_send(&async_);
  }
  void Close() { uv_close(reinterpret_cast<uv_handle_t*>(&async_), nullptr); }

 private:
  void Run() {
    {
      const std::lock_guard lock(mutex_);
      batch_.swap(incoming_);
    }
    for (std::function<void()>& callback : batch_) callback();
    batch_.clear();
  }

  uv_async_t async_;
  std::vector<std::function<void()>> batch_;
  std::mutex mutex_;
  std::vector<std::function<void()>> incoming_;  // Guarded by mutex_.
};

Result PostFrom(size_t threads, uint64_t count) {
  Subject subject;
  PostQueue queue(subject.loop);
  struct Count {
    uint64_t ran = 0;
    uint64_t expected = 0;
    PostQueue* queue = nullptr;
  } state{0, count, &queue};
  const Stopwatch watch;
  const Posters posters(count, threads, [&queue, &state] {
    queue.Post([&state] {
      if (++state.ran == state.expected) state.queue->Close();
    });
  });
  subject.Run();
  return {state.ran, watch.Seconds()};
}

struct JobRounds {
  void Submit(uv_work_t& job) {
    ++submitted;
    job.data = this;
    Ok(uv_queue_work(&loop, &job, [](uv_work_t*) {}, [](uv_work_t* done_job, int status) {
      Ok(status);
      auto& self = *static_cast<JobRounds*>(done_job->data);
      ++self.done;
      if (self.submitted < self.count) self.Submit(*done_job);
    }));
  }
  uv_loop_t& loop;
  const uint64_t count;
  uint64_t submitted = 0;
  uint64_t done = 0;
};

Result Jobs(size_t in_flight, uint64_t count) {
  setenv("UV_THREADPOOL_SIZE", std::to_string(JobThreads()).c_str(), 1);
  Subject subject;
  JobRounds rounds{subject.loop, count};
  std::vector<uv_work_t> jobs(in_flight);
  const Stopwatch watch;
  for (uv_work_t& job : jobs) rounds.Submit(job);
  subject.Run();
  return {rounds.done, watch.Seconds()};
}

struct EchoServer;

struct EchoConnection {
  EchoServer* server;
  uv_tcp_t socket;
  char buffer[kBufferBytes];
};

struct EchoServer {
  void Accept() {
    auto& connection = *connections.emplace_back(std::make_unique<EchoConnection>());
    connection.server = this;
    Ok(uv_tcp_init(listener.loop, &connection.socket));
    connection.socket.data = &connection;
    Ok(uv_accept(reinterpret_cast<uv_stream_t*>(&listener), reinterpret_cast<uv_stream_t*>(&connection.socket)));
    Ok(uv_tcp_nodelay(&connection.socket, 1));
    Ok(uv_read_start(reinterpret_cast<uv_stream_t*>(&connection.socket), OnAllocate, OnRead));
    if (connections.size() == expected) uv_close(reinterpret_cast<uv_handle_t*>(&listener), nullptr);
  }
  static void OnAllocate(uv_handle_t* handle, size_t, uv_buf_t* buffer) {
    *buffer = uv_buf_init(static_cast<EchoConnection*>(handle->data)->buffer, kBufferBytes);
  }
  static void OnRead(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
    if (size == UV_EOF) return uv_close(reinterpret_cast<uv_handle_t*>(stream), nullptr);
    Ok(static_cast<int>(size));
    const uv_buf_t answer = uv_buf_init(buffer->base, static_cast<unsigned>(size));
    Check(uv_try_write(stream, &answer, 1) == size, "a write was short");
    static_cast<EchoConnection*>(stream->data)->server->echoed += static_cast<uint64_t>(size);
  }
  const uint64_t expected;
  uv_tcp_t listener{};
  std::vector<std::unique_ptr<EchoConnection>> connections{};
  uint64_t echoed = 0;
};

Result Echo(uint64_t connections) {
  EchoServer server{connections};
  double seconds = 0;
  {
    Subject subject;
    sockaddr_in address;
    Ok(uv_ip4_addr("127.0.0.1", 0, &address));
    Ok(uv_tcp_init(&subject.loop, &server.listener));
    server.listener.data = &server;
    Ok(uv_tcp_bind(&server.listener, reinterpret_cast<sockaddr*>(&address), 0));
    Ok(uv_listen(reinterpret_cast<uv_stream_t*>(&server.listener), 128, [](uv_stream_t* listener, int status) {
      Ok(status);
      static_cast<EchoServer*>(listener->data)->Accept();
    }));
    int size = sizeof(address);
    Ok(uv_tcp_getsockname(&server.listener, reinterpret_cast<sockaddr*>(&address), &size));
    AnnouncePort(ntohs(address.sin_port));
    const Stopwatch watch;
    subject.Run();
    seconds = watch.Seconds();
  }
  return {server.echoed / kMessageBytes, seconds};
}

Result IdleIteration(uint64_t count, bool listens) {
  std::optional<Listener> listener;
  uv_timer_t far;
  uv_prepare_t counter;
  uint64_t iterations = 0;
  double seconds = 0;
  {
    Subject subject;
    if (listens) listener.emplace(subject.loop);
    // Ref'd: a loop of libuv that is not alive skips the iteration.
    Ok(uv_timer_init(&subject.loop, &far));
    Ok(uv_timer_start(&far, [](uv_timer_t*) { Fail("the far timer fired"); }, 3'600'000, 0));
    const CpuWatch watch;
    for (uint64_t i = 0; i < count; ++i) uv_run(&subject.loop, UV_RUN_NOWAIT);
    seconds = watch.Seconds();
    // libuv 1.44 counts no iterations: that such a call is one is checked beside the measurement.
    Ok(uv_prepare_init(&subject.loop, &counter));
    counter.data = &iterations;
    Ok(uv_prepare_start(&counter, [](uv_prepare_t* self) { ++*static_cast<uint64_t*>(self->data); }));
    uv_run(&subject.loop, UV_RUN_NOWAIT);
    Check(iterations == 1, "uv_run() did not run one iteration");
  }
  return {count, seconds};
}

Result TimerBytes(uint64_t count) {
  Random random{};
  std::unique_ptr<uv_timer_t[]> timers;
  size_t before = 0;
  size_t after = 0;
  {
    Subject subject;
    before = ResidentBytes();
    timers = std::make_unique_for_overwrite<uv_timer_t[]>(count);
    for (uint64_t i = 0; i < count; ++i) {
      Ok(uv_timer_init(&subject.loop, &timers[i]));
      timers[i].data = &subject;
      const auto fire = [](uv_timer_t* timer) { uv_stop(timer->loop); };
      Ok(uv_timer_start(&timers[i], fire, static_cast<uint64_t>(DeadlineDelay(random)), 0));
    }
    after = ResidentBytes();
    Check(uv_is_active(reinterpret_cast<uv_handle_t*>(&timers[count - 1])) != 0, "the last timer is not armed");
  }
  return {count, static_cast<double>(after - before)};
}

}  // namespace
}  // namespace rota::bench

int main(int argc, char** argv) {
  using namespace rota::bench;
  return RunSubject(argc, argv,
                    {
                        {"immediates", [](uint64_t count) { return Immediates(count, false); }},
                        {"immediates_io", [](uint64_t count) { return Immediates(count, true); }},
                        {"ticks", Ticks},
                        {"timers_fire", TimersFire},
                        {"timers_cancel", TimersCancel},
                        {"timeouts_cancel", TimersCancel},
                        {"post_1", [](uint64_t count) { return PostFrom(1, count); }},
                        {"post_4", [](uint64_t count) { return PostFrom(4, count); }},
                        {"job_1", [](uint64_t count) { return Jobs(1, count); }},
                        {"job_64", [](uint64_t count) { return Jobs(64, count); }},
                        {"echo", Echo},
                        {"idle_iteration", [](uint64_t count) { return IdleIteration(count, false); }},
                        {"idle_iteration_io", [](uint64_t count) { return IdleIteration(count, true); }},
                        {"timer_bytes", TimerBytes},
                    });
}
