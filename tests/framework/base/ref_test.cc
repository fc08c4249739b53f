#include "framework/base/ref.h"

#include <utility>

#include "gtest/gtest.h"

namespace rota {
namespace {

class Base : public RefCounted {
 public:
  explicit Base(int* alive) : alive_(alive) { ++*alive_; }

 protected:
  ~Base() override { --*alive_; }

 private:
  int* alive_;
};
class Derived final : public Base {
 public:
  using Base::Base;
};

TEST(RefTest, TheLastReferenceDeletesTheObject) {
  int alive = 0;
  Ref<Derived> first = MakeRef<Derived>(&alive);
  EXPECT_EQ(first->references(), 1u);
  {
    const Ref<Derived> second = first;
    EXPECT_EQ(first->references(), 2u);
    EXPECT_TRUE(second == first);
  }
  EXPECT_EQ(first->references(), 1u);
  first = nullptr;
  EXPECT_EQ(alive, 0);
  EXPECT_FALSE(first);
}

class Counted final : public CountedAs<Counted> {
 public:
  explicit Counted(int* alive) : alive_(alive) { ++*alive_; }
  ~Counted() { --*alive_; }

 private:
  int* alive_;
};

TEST(RefTest, ACountedObjectWithoutVirtualFunctionsIsDeletedByItsLastReference) {
  static_assert(sizeof(Counted) == 2 * sizeof(void*));
  int alive = 0;
  Ref<Counted> first = MakeRef<Counted>(&alive);
  Ref<Counted> second = first;
  EXPECT_EQ(first->references(), 2u);
  first = nullptr;
  EXPECT_EQ(alive, 1);
  second = nullptr;
  EXPECT_EQ(alive, 0);
}

TEST(RefTest, MovingCountsNothing) {
  int alive = 0;
  Ref<Derived> from = MakeRef<Derived>(&alive);
  const Ref<Base> to = std::move(from);
  EXPECT_FALSE(from);
  EXPECT_EQ(to->references(), 1u);
}

TEST(RefTest, AssigningItselfKeepsTheObject) {
  int alive = 0;
  Ref<Derived> ref = MakeRef<Derived>(&alive);
  const Ref<Derived>& same = ref;
  ref = same;
  EXPECT_EQ(alive, 1);
  EXPECT_EQ(ref->references(), 1u);
}

TEST(RefTest, ADetachedReferenceIsTakenUpAgain) {
  int alive = 0;
  Derived* const bare = MakeRef<Derived>(&alive).Detach();
  EXPECT_EQ(bare->references(), 1u);
  { const Ref<Derived> again = Ref<Derived>::Adopt(bare); }
  EXPECT_EQ(alive, 0);
}

}  // namespace
}  // namespace rota
