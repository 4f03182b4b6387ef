#include "sim/network/pipe.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "rapidcheck/gtest.h"

namespace edge::sim {
namespace {

Instant At(int64_t ns) { return Instant::FromNanoseconds(ns); }

void Send(Pipe& pipe, std::string_view bytes, Instant arrival) {
  pipe.Append(bytes);
  pipe.Push({.kind = Segment::Kind::kBytes, .bytes = bytes.size(), .arrival = arrival});
}

std::string TakeAll(Pipe& pipe) {
  std::array<char, 1000> buffer;
  return std::string(buffer.data(), pipe.Take(buffer));
}

TEST(Pipe, GivesOutWhatHasArrivedAndNothingElse) {
  Pipe pipe;
  Send(pipe, "abc", At(5));
  Send(pipe, "de", At(6));
  EXPECT_EQ(TakeAll(pipe), "");
  EXPECT_EQ(pipe.next()->arrival, At(5));

  EXPECT_EQ(pipe.Arrive(), "abc");
  EXPECT_EQ(pipe.arrived(), 3u);
  EXPECT_EQ(pipe.in_flight(), 2u);
  char one = 0;
  EXPECT_EQ(pipe.Take(std::span(&one, 1)), 1u);
  EXPECT_EQ(one, 'a');
  EXPECT_EQ(TakeAll(pipe), "bc");

  EXPECT_EQ(pipe.Arrive(), "de");
  EXPECT_EQ(pipe.next(), nullptr);
  EXPECT_EQ(TakeAll(pipe), "de");
  EXPECT_EQ(pipe.held(), 0u);
}

TEST(Pipe, LosesEitherPartAlone) {
  Pipe pipe;
  Send(pipe, "abc", At(5));
  Send(pipe, "de", At(6));
  pipe.Arrive();
  pipe.DropArrived();
  EXPECT_EQ(pipe.arrived(), 0u);
  EXPECT_EQ(pipe.Arrive(), "de");
  EXPECT_EQ(TakeAll(pipe), "de");

  Send(pipe, "fg", At(7));
  pipe.Arrive();
  Send(pipe, "hi", At(900));
  pipe.DropInFlight();
  EXPECT_EQ(pipe.next(), nullptr);
  EXPECT_EQ(TakeAll(pipe), "fg");
  // What was lost holds up nothing.
  EXPECT_LT(pipe.last_arrival(), At(900));
}

TEST(Pipe, HurriesUpWhatIsLate) {
  Pipe pipe;
  Send(pipe, "a", At(5));
  Send(pipe, "b", At(1'000));
  pipe.HurryUp(At(10));
  pipe.Arrive();
  EXPECT_EQ(pipe.next()->arrival, At(10));
  EXPECT_EQ(pipe.last_arrival(), At(10));
}

RC_GTEST_PROP(Pipe, IsAQueueOfBytes, ()) {
  Pipe pipe;
  std::string sent;
  std::string got;
  int64_t now = 0;
  const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 40'000));
  for (const int step : steps) {
    if (step % 3 == 0) {
      const std::string bytes(static_cast<size_t>(step), static_cast<char>('a' + step % 26));
      Send(pipe, bytes, At(++now));
      sent += bytes;
    } else if (step % 3 == 1) {
      if (pipe.next() != nullptr) pipe.Arrive();
    } else {
      std::string buffer(static_cast<size_t>(step), '\0');
      buffer.resize(pipe.Take(buffer));
      got += buffer;
    }
    RC_ASSERT(pipe.held() == sent.size() - got.size());
  }
  while (pipe.next() != nullptr) pipe.Arrive();
  std::string rest(pipe.arrived(), '\0');
  pipe.Take(rest);
  RC_ASSERT(got + rest == sent);
}

}  // namespace
}  // namespace edge::sim
