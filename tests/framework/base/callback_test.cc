#include "framework/base/callback.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace rota {
namespace {

TEST(UniqueFunctionTest, EmptyUntilItHoldsACallableAndAfterItWasMovedFrom) {
  UniqueFunction<int()> empty;
  EXPECT_FALSE(empty);
  UniqueFunction<int()> held = [] { return 7; };
  EXPECT_TRUE(held);
  UniqueFunction<int()> taken = std::move(held);
  EXPECT_FALSE(held);
  EXPECT_EQ(taken(), 7);
  taken = nullptr;
  EXPECT_FALSE(taken);
}

TEST(UniqueFunctionTest, ArgumentsAndResultsMayBeMoveOnly) {
  UniqueFunction<std::unique_ptr<int>(std::unique_ptr<int>)> more = [](std::unique_ptr<int> number) {
    ++*number;
    return number;
  };
  EXPECT_EQ(*more(std::make_unique<int>(41)), 42);
}

// A callable of each size that matters is destroyed exactly once, wherever it went.
template <size_t kBytes>
void DestroyedOnce() {
  int alive = 0;
  struct Counted {
    explicit Counted(int* alive) : alive(alive) { ++*alive; }
    Counted(Counted&& other) noexcept : alive(other.alive) { ++*alive; }
    ~Counted() { --*alive; }
    int operator()() { return *alive; }
    int* alive;
    std::array<char, kBytes> padding{};
  };
  {
    UniqueFunction<int()> first = Counted(&alive);
    EXPECT_EQ(alive, 1);
    UniqueFunction<int()> second = std::move(first);
    EXPECT_EQ(second(), 1);
    first = std::move(second);
    EXPECT_EQ(first(), 1);
    UniqueFunction<int()> other = [] { return 0; };
    other = std::move(first);
    EXPECT_EQ(other(), 1);
  }
  EXPECT_EQ(alive, 0);
}

TEST(UniqueFunctionTest, SmallAndLargeCallablesAreDestroyedOnce) {
  DestroyedOnce<1>();
  DestroyedOnce<UniqueFunction<int()>::kInlineBytes - sizeof(int*)>();
  DestroyedOnce<UniqueFunction<int()>::kInlineBytes>();
  DestroyedOnce<1000>();
}

TEST(UniqueFunctionTest, AssigningNothingDestroysTheCallable) {
  const auto held = std::make_shared<int>(0);
  Callback callback = [held] {};
  callback = nullptr;
  EXPECT_FALSE(callback);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(UniqueFunctionTest, AssigningAnotherCallableFromInsideOfADestructorIsSafe) {
  UniqueFunction<void()> function;
  struct Reentrant {
    explicit Reentrant(UniqueFunction<void()>* owner) : owner(owner) {}
    Reentrant(Reentrant&& other) noexcept : owner(std::exchange(other.owner, nullptr)) {}
    ~Reentrant() {
      if (owner != nullptr) {
        EXPECT_FALSE(*owner);
      }
    }
    void operator()() {}
    UniqueFunction<void()>* owner;
  };
  function = Reentrant(&function);
  function = nullptr;
}

TEST(UniqueFunctionTest, OneWithItsContextIsALineOfTheCache) { EXPECT_EQ(sizeof(Callback) + sizeof(void*), 64u); }

TEST(UniqueFunctionTest, ACallableThatAsksForMoreAlignmentIsKeptAligned) {
  struct alignas(64) Wide {
    void operator()() { EXPECT_EQ(reinterpret_cast<uintptr_t>(this) % 64, 0u); }
  };
  Callback callback = Wide();
  Callback moved = std::move(callback);
  moved();
}

}  // namespace
}  // namespace rota
