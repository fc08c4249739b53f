// Threads that do nothing but sleep, 5 ms at a time: what it costs to wake up threads on the core of a server, and nothing else.
// Usage: sleepers THREADS, which ends with its standard input.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

int main(int argc, char** argv) {
  const int threads = argc == 2 ? std::atoi(argv[1]) : 0;
  if (threads < 1) return std::fprintf(stderr, "usage: sleepers THREADS\n"), 2;
  constexpr std::chrono::microseconds kSleep(5000);
  for (int i = 0; i < threads; ++i) {
    // Spread over the time of one sleep, so that they do not wake up together.
    std::thread([delay = kSleep * i / threads, kSleep] {
      for (std::this_thread::sleep_for(delay);;) std::this_thread::sleep_for(kSleep);
    }).detach();
  }
  while (std::getchar() != EOF) {
  }
  std::_Exit(0);
}
