#ifndef ROTA_TESTS_FRAMEWORK_ACTOR_TASK_PROBES_H_
#define ROTA_TESTS_FRAMEWORK_ACTOR_TASK_PROBES_H_

#include <string>
#include <utility>
#include <vector>

#include "framework/actor/waiter.h"
#include "framework/base/status.h"
#include "framework/loop/event_loop.h"

// What the tests of tasks put into coroutines to see them at work.
namespace rota {

// Writes a word when it is destroyed, so that a test sees the order of unwinding.
class Mark {
 public:
  Mark(std::vector<std::string>& words, std::string word) : words_(words), word_(std::move(word)) {}
  ~Mark() { words_.push_back(word_); }

 private:
  std::vector<std::string>& words_;
  const std::string word_;
};

// A wait that the test ends by hand.
class Gate final : public Waiter {
 public:
  Gate(EventLoop& loop, Gate*& opened) : Waiter(loop) { opened = this; }
  void Open() { Complete(); }
  void await_resume() {}

 private:
  Status Start() override { return OkStatus(); }
};

}  // namespace rota

#endif  // ROTA_TESTS_FRAMEWORK_ACTOR_TASK_PROBES_H_
