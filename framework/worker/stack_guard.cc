#include "framework/worker/stack_guard.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <mutex>

#include "framework/base/check.h"

namespace rota::internal {
namespace {

// Enough for the handler, and for those of the sanitizers that it may call on.
constexpr size_t kSignalStackBytes = 64 * 1024;

struct CurrentStack {
  uintptr_t bottom = 0;
  size_t guard_bytes = 0;
  size_t stack_bytes = 0;
  const char* name = nullptr;
};

thread_local CurrentStack current_stack;
struct sigaction previous_action;

// The two functions below run in a signal handler: no allocation, no lock.
void Write(const char* text) {
  [[maybe_unused]] const ssize_t ignored = write(STDERR_FILENO, text, std::strlen(text));
}

void WriteNumber(size_t number) {
  std::array<char, 24> digits{};
  size_t i = digits.size() - 1;
  do {
    digits[--i] = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number > 0 && i > 0);
  Write(&digits[i]);
}

void OnFault(int, siginfo_t* info, void*) {
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  const CurrentStack& stack = current_stack;
  if (stack.name != nullptr && address < stack.bottom && address >= stack.bottom - stack.guard_bytes) {
    Write("stack overflow in the job ");
    Write(stack.name);
    Write(" (c++filt reads the name): it has used up the ");
    WriteNumber(stack.stack_bytes / 1024);
    Write(" KiB of WorkerPool::Options::stack_bytes\n");
  }
  // The instruction is repeated, and what was to happen happens.
  sigaction(SIGSEGV, &previous_action, nullptr);
}

void InstallHandler() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action {};
    action.sa_sigaction = &OnFault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    ROTA_CHECK(sigaction(SIGSEGV, &action, &previous_action) == 0, "cannot handle SIGSEGV");
  });
}

}  // namespace

StackGuard::StackGuard() : signal_stack_(std::make_unique<std::byte[]>(kSignalStackBytes)) {
  stack_t stack{};
  stack.ss_sp = signal_stack_.get();
  stack.ss_size = kSignalStackBytes;
  ROTA_CHECK(sigaltstack(&stack, nullptr) == 0, "cannot set the signal stack of a worker thread");
  InstallHandler();
}

StackGuard::~StackGuard() {
  Leave();
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  sigaltstack(&none, nullptr);
}

void StackGuard::Enter(const void* bottom, size_t guard_bytes, size_t stack_bytes, const char* name) noexcept {
  current_stack = {reinterpret_cast<uintptr_t>(bottom), guard_bytes, stack_bytes, name};
}

void StackGuard::Leave() noexcept { current_stack.name = nullptr; }

}  // namespace rota::internal
