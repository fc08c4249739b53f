#include "framework/worker/job_list.h"

#include <string>
#include <utility>

#include "framework/base/status.h"
#include "framework/worker/job.h"
#include "gtest/gtest.h"

namespace rota::internal {
namespace {

class NamedJob final : public Job {
 public:
  explicit NamedJob(char name) : name(name) {}
  void Run() override {}
  void Done(const Status&) override {}
  const char name;
};

std::string Drain(JobList& list) {
  std::string names;
  while (!list.empty()) names += static_cast<NamedJob&>(list.PopFront()).name;
  return names;
}

class JobListTest : public testing::Test {
 protected:
  NamedJob a_{'a'}, b_{'b'}, c_{'c'}, d_{'d'};
  JobList list_;
};

TEST_F(JobListTest, JobsLeaveInTheOrderInWhichTheyCame) {
  for (NamedJob* job : {&a_, &b_, &c_}) list_.PushBack(*job);
  EXPECT_EQ(list_.size(), 3u);
  EXPECT_EQ(list_.front(), &a_);
  EXPECT_EQ(Drain(list_), "abc");
  EXPECT_EQ(list_.size(), 0u);
}

TEST_F(JobListTest, AJobIsTakenOutFromAnyPlace) {
  for (NamedJob* out : {&a_, &b_, &c_}) {
    for (NamedJob* job : {&a_, &b_, &c_}) list_.PushBack(*job);
    list_.Remove(*out);
    list_.PushBack(d_);
    std::string expected = "abcd";
    expected.erase(expected.find(out->name), 1);
    EXPECT_EQ(Drain(list_), expected);
  }
}

TEST_F(JobListTest, AppendMovesAllBehindTheOthers) {
  JobList other;
  list_.Append(std::move(other));
  EXPECT_TRUE(list_.empty());
  other.PushBack(a_);
  list_.Append(std::move(other));
  EXPECT_TRUE(other.empty());
  other.PushBack(b_);
  other.PushBack(c_);
  list_.Append(std::move(other));
  list_.PushBack(d_);
  EXPECT_EQ(other.size(), 0u);
  EXPECT_EQ(list_.size(), 4u);
  list_.Remove(b_);
  EXPECT_EQ(Drain(list_), "acd");
}

struct Item {
  int value;
  Item* next = nullptr;
};

TEST(LinkQueueTest, ItemsLeaveInTheOrderInWhichTheyCameAlsoAfterAppend) {
  Item items[] = {{1}, {2}, {3}, {4}};
  LinkQueue<Item> queue;
  LinkQueue<Item> other;
  EXPECT_EQ(queue.PopFront(), nullptr);
  queue.PushBack(items[0]);
  other.PushBack(items[1]);
  other.PushBack(items[2]);
  queue.Append(std::move(other));
  EXPECT_TRUE(other.empty());
  queue.PushBack(items[3]);
  for (Item& item : items) EXPECT_EQ(queue.PopFront(), &item);
  EXPECT_TRUE(queue.empty());
  queue.PushBack(items[2]);
  EXPECT_EQ(queue.front(), &items[2]);
}

}  // namespace
}  // namespace rota::internal
