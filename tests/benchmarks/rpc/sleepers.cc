// Threads that do nothing but sleep, some milliseconds at a time: what it costs to wake up threads on the core of a server, and nothing
// else. Usage: sleepers THREADS MILLISECONDS, which ends with its standard input.

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

int main(int argc, char** argv) {
  const int threads = argc == 3 ? std::atoi(argv[1]) : 0;
  const std::chrono::microseconds sleep = std::chrono::milliseconds(argc == 3 ? std::atoi(argv[2]) : 0);
  if (threads < 1 || sleep.count() < 1) return std::fprintf(stderr, "usage: sleepers THREADS MILLISECONDS\n"), 2;
  for (int i = 0; i < threads; ++i) {
    // Spread over the time of one sleep, so that they do not wake up together.
    std::thread([delay = sleep * i / threads, sleep] {
      for (std::this_thread::sleep_for(delay);;) std::this_thread::sleep_for(sleep);
    }).detach();
  }
  while (std::getchar() != EOF) {
  }
  std::_Exit(0);
}
