#include "framework/worker/loop_wait.h"

#include "framework/base/check.h"
#include "framework/worker/worker_core.h"

namespace rota {
namespace {

// Only its deadline ends it well.
class Sleep final : public internal::LoopWait {
 public:
  using LoopWait::LoopWait;
  void Begin(Ref<internal::PendingWait>) override {}
  void Fail(Status status) override { answer = std::move(status); }
  void Expire() override {}

  Status answer;
};

}  // namespace

Status SleepOnFiber(Duration duration) {
  internal::WorkerCore* const core = internal::CoreOfJob();
  ROTA_CHECK(core != nullptr, "only a job can wait for the loop");
  Sleep sleep(After(core->loop().Now(), duration));
  internal::SuspendJob(sleep);
  return std::move(sleep.answer);
}

bool InJob() { return internal::CoreOfJob() != nullptr; }

}  // namespace rota
