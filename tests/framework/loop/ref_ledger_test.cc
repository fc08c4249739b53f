#include "framework/loop/ref_ledger.h"

#include <optional>
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "framework/loop/event_loop.h"
#include "framework/loop/operation.h"
#include "framework/testing/manual_clock.h"
#include "gtest/gtest.h"

namespace rota {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string Here(int line) { return "tests/framework/loop/ref_ledger_test.cc:" + std::to_string(line); }

class RefLedgerTest : public testing::Test {
 protected:
  ManualClock clock_;
  EventLoop loop_{clock_};
};

TEST_F(RefLedgerTest, EmptyLoopIsKeptAliveByNothing) { EXPECT_TRUE(loop_.ListRefs().empty()); }

TEST_F(RefLedgerTest, EachRefIsToldWithItsKindItsSourceAndItsAge) {
  loop_.SetTimeout(seconds(10), [] {});
  const int timer = __LINE__ - 1;
  clock_.Advance(seconds(2));
  const Ref<Handle> handle = loop_.OpenHandle();
  loop_.SetImmediate([] {});
  loop_.SetImmediate([] {});
  const std::vector<RefEntry> refs = loop_.ListRefs();
  ASSERT_EQ(refs.size(), 3u);
  EXPECT_EQ(refs[0].kind, RefKind::kTimer);
  EXPECT_EQ(refs[0].owner, Here(timer));
  EXPECT_EQ(refs[0].age, seconds(2));
  EXPECT_EQ(refs[1].kind, RefKind::kHandle);
  EXPECT_EQ(refs[1].owner, Here(timer + 3));
  EXPECT_EQ(refs[2].kind, RefKind::kImmediate);
  EXPECT_EQ(refs[2].count, 2u);
}

TEST_F(RefLedgerTest, AgeOfAnOperationIsExactToAnIteration) {
  std::optional<Operation> read;
  loop_.SetTimeout(seconds(1), [&] { loop_.SetImmediate([&] { read.emplace(loop_, RefKind::kIo); }); });
  loop_.RunOnce();
  loop_.RunOnce();
  clock_.Advance(seconds(5));
  ASSERT_EQ(loop_.ListRefs().size(), 1u);
  EXPECT_EQ(loop_.ListRefs()[0].kind, RefKind::kIo);
  EXPECT_EQ(loop_.ListRefs()[0].age, seconds(5));
  read.reset();
  EXPECT_TRUE(loop_.ListRefs().empty());
}

TEST_F(RefLedgerTest, UnrefedOnesAreNotInIt) {
  loop_.SetTimeout(seconds(1), [] {}).SetRef(false);
  const Ref<Handle> handle = loop_.OpenHandle();
  handle->SetRef(false);
  Operation operation(loop_, RefKind::kIo);
  operation.SetRef(false);
  EXPECT_TRUE(loop_.ListRefs().empty());
  EXPECT_FALSE(loop_.alive());
  operation.SetRef(true);
  operation.SetRef(true);
  EXPECT_EQ(loop_.refs().count(RefKind::kIo), 1u);
  EXPECT_EQ(loop_.ListRefs().size(), 1u);
}

TEST_F(RefLedgerTest, ClosingHandleIsToldAsClosing) {
  const Ref<Handle> handle = loop_.OpenHandle();
  handle->SetRef(false);
  handle->Close();
  ASSERT_EQ(loop_.ListRefs().size(), 1u);
  EXPECT_EQ(loop_.ListRefs()[0].kind, RefKind::kClosing);
}

TEST_F(RefLedgerTest, MovedOperationIsToldOnceWhereverItLies) {
  std::vector<Operation> operations;
  for (int i = 0; i < 20; ++i) operations.emplace_back(loop_, RefKind::kIo);
  EXPECT_EQ(loop_.ListRefs().size(), 20u);
  Operation taken = std::move(operations[7]);
  EXPECT_EQ(loop_.ListRefs().size(), 20u);
  operations.clear();
  EXPECT_EQ(loop_.ListRefs().size(), 1u);
  EXPECT_EQ(loop_.refs().count(RefKind::kIo), 1u);
}

TEST_F(RefLedgerTest, EveryRefThatIsCountedIsToldOverRandomChanges) {
  std::vector<Timer> timers;
  std::vector<Ref<Handle>> handles;
  uint64_t random = 1;
  for (int step = 0; step < 2000; ++step) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const uint64_t pick = (random >> 33) % 6;
    if (pick == 0) timers.push_back(loop_.SetTimeout(milliseconds(1 + random % 7), [] {}));
    if (pick == 1) handles.push_back(loop_.OpenHandle());
    if (pick == 2 && !timers.empty()) timers[random % timers.size()].SetRef(random % 2 == 0);
    if (pick == 3 && !handles.empty()) handles[random % handles.size()]->SetRef(random % 2 == 0);
    if (pick == 4 && !handles.empty() && handles.back()->is_open()) handles.back()->Close();
    if (pick == 5) {
      loop_.Post([] {});  // Poll must not wait.
      loop_.RunOnce();
    }
    size_t told = 0;
    for (const RefEntry& entry : loop_.ListRefs()) told += entry.count;
    ASSERT_EQ(told, loop_.refs().total());
  }
}

}  // namespace
}  // namespace rota
