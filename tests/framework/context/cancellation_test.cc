#include "framework/context/cancellation.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "framework/base/status.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

class Node final : public CancelNode {
 public:
  explicit Node(std::function<void(const Status&)> on_cancelled) : on_cancelled_(std::move(on_cancelled)) {}
  void OnCancelled(const Status& status) override {
    EXPECT_FALSE(linked());
    on_cancelled_(status);
  }

 private:
  std::function<void(const Status&)> on_cancelled_;
};

TEST(CancelListTest, EveryNodeHearsOnceInTheOrderInWhichTheyCame) {
  CancelList list;
  std::string heard;
  Node first([&](const Status& status) { heard += "1 " + std::string(status.message()) + " "; });
  Node second([&](const Status&) { heard += "2 "; });
  Node third([&](const Status&) { heard += "3 "; });
  for (Node* node : {&first, &second, &third}) list.Add(*node);
  second.Unlink();
  second.Unlink();
  list.Cancel(CancelledError("why"));
  list.Cancel(CancelledError("again"));
  EXPECT_EQ(heard, "1 why 3 ");
}

TEST(CancelListTest, ANodeMayDestroyItselfAndOthers) {
  CancelList list;
  std::vector<std::unique_ptr<Node>> nodes;
  int heard = 0;
  for (int i = 0; i < 5; ++i) {
    nodes.push_back(std::make_unique<Node>([&](const Status&) {
      ++heard;
      nodes.clear();
    }));
    list.Add(*nodes.back());
  }
  list.Cancel(CancelledError("x"));
  EXPECT_EQ(heard, 1);
}

TEST(CancelListTest, ANodeThatIsAddedWhileItIsCancelledHearsToo) {
  CancelList list;
  int heard = 0;
  Node late([&](const Status&) { ++heard; });
  Node first([&](const Status&) { list.Add(late); });
  list.Add(first);
  list.Cancel(CancelledError("x"));
  EXPECT_EQ(heard, 1);
}

TEST(CancelListTest, AListThatGoesLeavesItsNodesAlone) {
  Node node([](const Status&) { FAIL() << "nobody cancelled"; });
  {
    CancelList list;
    list.Add(node);
    EXPECT_TRUE(node.linked());
  }
  EXPECT_FALSE(node.linked());
}

TEST(CancelListTest, AddingANodeToAnotherListTakesItOutOfTheFirst) {
  CancelList first, second;
  int heard = 0;
  Node node([&](const Status&) { ++heard; });
  first.Add(node);
  second.Add(node);
  first.Cancel(CancelledError("x"));
  EXPECT_EQ(heard, 0);
  second.Cancel(CancelledError("x"));
  EXPECT_EQ(heard, 1);
}

}  // namespace
}  // namespace rota
