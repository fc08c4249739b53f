#ifndef ROTA_BASE_RANDOM_H_
#define ROTA_BASE_RANDOM_H_

#include <array>
#include <bit>
#include <cstdint>
#include <random>

namespace rota {

// Random numbers for ids: a few instructions each, and 256 bits of state, so that the ids of many processes do not meet. Not
// for secrets: who sees some of them can tell the next.
// Thread: one for each object; ForThread() gives each thread its own.
// Source: xoshiro256++ 1.0, D. Blackman and S. Vigna, "Scrambled Linear Pseudorandom Number Generators", 2021.
class Random {
 public:
  // Seeded by the operating system.
  Random() {
    std::random_device device;
    for (uint64_t& word : state_) word = uint64_t{device()} << 32 | device();
  }
  // The one of this thread.
  static Random& ForThread() {
    static thread_local Random random;
    return random;
  }

  // 64 random bits.
  uint64_t Next() {
    const uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
    const uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }

 private:
  // All zeros would stay all zeros; 256 zeros in a row do not come out of a random device.
  std::array<uint64_t, 4> state_;
};

}  // namespace rota

#endif  // ROTA_BASE_RANDOM_H_
