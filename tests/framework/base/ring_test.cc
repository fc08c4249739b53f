#include "framework/base/ring.h"

#include <memory>
#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace rota {
namespace {

struct Element : RingLink {
  explicit Element(std::string name) : name(std::move(name)) {}
  const std::string name;
};

std::string Names(const Ring<Element>& ring) {
  std::string names;
  ring.ForEach([&names](Element& element) { names += element.name; });
  return names;
}

class RingTest : public testing::Test {
 protected:
  Ring<Element> ring_;
  Element a_{"a"}, b_{"b"}, c_{"c"};
};

TEST_F(RingTest, BeginsEmpty) {
  EXPECT_TRUE(ring_.empty());
  EXPECT_EQ(Names(ring_), "");
  EXPECT_FALSE(Ring<Element>::IsInOne(a_));
}

TEST_F(RingTest, KeepsTheOrderInWhichElementsAreAddedAtItsEnds) {
  ring_.PushBack(b_);
  ring_.PushBack(c_);
  ring_.PushFront(a_);
  EXPECT_EQ(Names(ring_), "abc");
  EXPECT_EQ(&ring_.front(), &a_);
  EXPECT_FALSE(ring_.empty());
  EXPECT_TRUE(Ring<Element>::IsInOne(c_));
}

TEST_F(RingTest, AnElementLeavesFromAnywhereAndMayComeBack) {
  for (Element* element : {&a_, &b_, &c_}) ring_.PushBack(*element);
  Ring<Element>::Remove(b_);
  EXPECT_EQ(Names(ring_), "ac");
  EXPECT_FALSE(Ring<Element>::IsInOne(b_));
  ring_.PushBack(b_);
  Ring<Element>::Remove(a_);
  EXPECT_EQ(Names(ring_), "cb");
}

TEST_F(RingTest, AnElementMovesToTheEnds) {
  for (Element* element : {&a_, &b_, &c_}) ring_.PushBack(*element);
  ring_.MoveToBack(a_);
  EXPECT_EQ(Names(ring_), "bca");
  ring_.MoveToFront(c_);
  EXPECT_EQ(Names(ring_), "cba");
  ring_.MoveToFront(c_);
  ring_.MoveToBack(a_);
  EXPECT_EQ(Names(ring_), "cba");
}

TEST_F(RingTest, RemovingWhatIsInNoneDoesNothing) {
  ring_.PushBack(a_);
  Ring<Element>::Remove(b_);
  EXPECT_EQ(Names(ring_), "a");
}

TEST_F(RingTest, AnElementThatIsDestroyedLeaves) {
  ring_.PushBack(a_);
  auto gone = std::make_unique<Element>("gone");
  ring_.PushBack(*gone);
  ring_.PushBack(c_);
  gone.reset();
  EXPECT_EQ(Names(ring_), "ac");
}

TEST_F(RingTest, WhatIsLeftInARingThatIsDestroyedIsInNone) {
  {
    Ring<Element> other;
    other.PushBack(a_);
    other.PushBack(b_);
  }
  EXPECT_FALSE(Ring<Element>::IsInOne(a_));
  EXPECT_FALSE(Ring<Element>::IsInOne(b_));
  ring_.PushBack(a_);
  EXPECT_EQ(Names(ring_), "a");
}

TEST_F(RingTest, AnElementTakesThePlaceOfAnother) {
  for (Element* element : {&a_, &b_}) ring_.PushBack(*element);
  Ring<Element>::Replace(a_, c_);
  EXPECT_EQ(Names(ring_), "cb");
  EXPECT_FALSE(Ring<Element>::IsInOne(a_));
}

TEST_F(RingTest, ThePlaceOfWhatIsInNoneIsNone) {
  Ring<Element>::Replace(a_, b_);
  EXPECT_FALSE(Ring<Element>::IsInOne(b_));
}

}  // namespace
}  // namespace rota
