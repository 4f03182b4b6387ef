#include "sim/record/recorder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <new>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "rapidcheck/gtest.h"
#include "sim/record/byte_hash.h"

namespace edge::sim {
namespace {

class HandClock final : public Clock {
 public:
  Instant Now() const override { return now; }
  WallTime WallNow() const override { return WallTime(); }
  Instant now = Instant::FromNanoseconds(1'000'000'000);
};

EventInput Sample() {
  return {.kind = EventKind::kRequest,
          .actor = ActorId{2},
          .peer = ActorId{1},
          .label = "http.request",
          .key = 7,
          .message = 9,
          .value = 200,
          .text = "GET /a"};
}

// The hash after one event, which `prepare` may make different from Sample().
uint64_t HashAfter(const std::function<void(Recorder&, HandClock&, EventInput&)>& prepare, Keep keep = Keep::kHash) {
  HandClock clock;
  Recorder recorder(clock, keep);
  EventInput event = Sample();
  prepare(recorder, clock, event);
  recorder.Record(event);
  return recorder.hash();
}

TEST(Recorder, EveryFieldMovesTheHash) {
  const std::vector<std::function<void(Recorder&, HandClock&, EventInput&)>> changes = {
      [](Recorder&, HandClock&, EventInput&) {},
      [](Recorder&, HandClock& clock, EventInput&) { clock.now = clock.now + Duration::Nanoseconds(1); },
      [](Recorder&, HandClock&, EventInput& event) { event.kind = EventKind::kResponse; },
      [](Recorder&, HandClock&, EventInput& event) { event.actor = ActorId{3}; },
      [](Recorder&, HandClock&, EventInput& event) { event.peer = ActorId{3}; },
      [](Recorder&, HandClock&, EventInput& event) { std::swap(event.actor, event.peer); },
      [](Recorder&, HandClock&, EventInput& event) { event.label = "http.requesu"; },
      [](Recorder&, HandClock&, EventInput& event) { event.key = 8; },
      [](Recorder&, HandClock&, EventInput& event) { event.message = 10; },
      [](Recorder&, HandClock&, EventInput& event) { event.message = 0; },
      [](Recorder&, HandClock&, EventInput& event) { event.value = -200; },
      [](Recorder&, HandClock&, EventInput& event) { std::swap(event.message, reinterpret_cast<uint64_t&>(event.value)); },
      [](Recorder&, HandClock&, EventInput& event) { event.text = "GET /b"; },
      [](Recorder&, HandClock&, EventInput& event) { event.text = ""; },
      [](Recorder& recorder, HandClock&, EventInput&) { recorder.Absorb("x"); },
      [](Recorder& recorder, HandClock&, EventInput&) { recorder.Absorb("y"); },
      [](Recorder& recorder, HandClock&, EventInput&) { recorder.Absorb(""); },
      [](Recorder& recorder, HandClock&, EventInput&) {
        recorder.Absorb("x");
        recorder.Absorb("y");
      },
      [](Recorder& recorder, HandClock&, EventInput&) {
        recorder.Absorb("y");
        recorder.Absorb("x");
      },
      [](Recorder& recorder, HandClock&, EventInput&) { recorder.Record(Sample()); },
      [](Recorder& recorder, HandClock&, EventInput&) { recorder.AddActor("a", ActorKind::kNode); },
      [](Recorder& recorder, HandClock&, EventInput&) { recorder.AddActor("b", ActorKind::kNode); },
      [](Recorder& recorder, HandClock&, EventInput&) { recorder.AddActor("b", ActorKind::kClient); },
  };

  std::set<uint64_t> hashes;
  for (const auto& change : changes) hashes.insert(HashAfter(change));

  EXPECT_EQ(hashes.size(), changes.size());
}

TEST(Recorder, ANoteIsForPeopleAndMovesNothing) {
  const uint64_t without = HashAfter([](Recorder&, HandClock&, EventInput&) {});
  const uint64_t with = HashAfter([](Recorder&, HandClock&, EventInput& event) { event.note = "HTTP/1.1 200 OK"; });

  EXPECT_EQ(without, with);
}

TEST(Recorder, ANoteIsKeptInTheJournal) {
  const HandClock clock;
  Recorder recorder(clock, Keep::kJournal);
  EventInput event = Sample();
  event.note = "GET / HTTP/1.1";

  recorder.Record(event);

  ASSERT_EQ(recorder.journal().size(), 1u);
  EXPECT_EQ(recorder.journal()[0].note, "GET / HTTP/1.1");
}

TEST(Recorder, OrderMatters) {
  const HandClock clock;
  Recorder ab(clock, Keep::kHash);
  Recorder ba(clock, Keep::kHash);

  ab.Record({.kind = EventKind::kTurn, .label = "a"});
  ab.Record({.kind = EventKind::kTurn, .label = "b"});
  ba.Record({.kind = EventKind::kTurn, .label = "b"});
  ba.Record({.kind = EventKind::kTurn, .label = "a"});

  EXPECT_NE(ab.hash(), ba.hash());
}

TEST(Recorder, BytesBelongToTheEventThatFollowsThem) {
  const HandClock clock;
  Recorder first(clock, Keep::kJournal);
  Recorder second(clock, Keep::kJournal);

  first.Absorb("bytes");
  first.Record({.kind = EventKind::kTurn, .label = "a"});
  first.Record({.kind = EventKind::kTurn, .label = "a"});
  second.Record({.kind = EventKind::kTurn, .label = "a"});
  second.Absorb("bytes");
  second.Record({.kind = EventKind::kTurn, .label = "a"});

  EXPECT_NE(first.journal()[0].bytes_hash, 0u);
  EXPECT_EQ(first.journal()[1].bytes_hash, 0u);
  EXPECT_EQ(second.journal()[1].bytes_hash, first.journal()[0].bytes_hash);
  EXPECT_NE(first.hash(), second.hash());
}

TEST(Recorder, BytesAfterTheLastEventCountToo) {
  const HandClock clock;
  Recorder with(clock, Keep::kHash);
  Recorder without(clock, Keep::kHash);
  with.Record(Sample());
  without.Record(Sample());

  with.Absorb("late");

  EXPECT_NE(with.hash(), without.hash());
}

// An EventInput in memory full of `fill`, padding included; only the fields are set.
uint64_t HashOfEventOver(unsigned char fill) {
  alignas(EventInput) unsigned char memory[sizeof(EventInput)];
  std::memset(memory, fill, sizeof(memory));
  auto* const event = new (memory) EventInput;
  event->kind = EventKind::kSend;
  event->actor = ActorId{1};
  event->peer = ActorId{2};
  event->label = "network.send";
  event->key = 3;
  event->message = 4;
  event->value = 5;
  event->text = "abc";
  const HandClock clock;
  Recorder recorder(clock, Keep::kHash);
  recorder.Record(*event);
  return recorder.hash();
}

TEST(Recorder, PaddingIsNeverHashed) { EXPECT_EQ(HashOfEventOver(0x00), HashOfEventOver(0xA5)); }

TEST(Recorder, WhereTextsLieInMemoryDoesNotMatter) {
  const std::string padded = "xxxhttp.requestyyyyyyyyyyyyyyyy";
  const uint64_t here = HashAfter([](Recorder&, HandClock&, EventInput& event) { event.label = "http.request"; });
  const uint64_t there = HashAfter(
      [&](Recorder&, HandClock&, EventInput& event) { event.label = std::string_view(padded).substr(3, std::strlen("http.request")); });

  EXPECT_EQ(here, there);
}

RC_GTEST_PROP(Recorder, JournalAndHashModeGiveTheSameHashAndCheckpoints, ()) {
  const HandClock clock;
  Recorder hash_only(clock, Keep::kHash, {.events_per_checkpoint = 4});
  Recorder journal(clock, Keep::kJournal, {.events_per_checkpoint = 4, .journal_events_max = 10, .text_bytes_max = 3});
  const auto events = *rc::gen::container<std::vector<std::tuple<int, std::string, std::string, int64_t>>>(
      rc::gen::tuple(rc::gen::inRange(0, static_cast<int>(kEventKinds)), rc::gen::string<std::string>(), rc::gen::string<std::string>(),
                     rc::gen::arbitrary<int64_t>()));

  for (const auto& [kind, label, bytes, value] : events) {
    for (Recorder* recorder : {&hash_only, &journal}) {
      if (value % 3 == 0) recorder->Absorb(bytes);
      recorder->Record({.kind = static_cast<EventKind>(kind), .label = label, .value = value, .text = bytes});
    }
  }

  RC_ASSERT(hash_only.hash() == journal.hash());
  RC_ASSERT(hash_only.checkpoints() == journal.checkpoints());
  RC_ASSERT(hash_only.events() == journal.events());
  RC_ASSERT(journal.journal().size() == std::min<size_t>(events.size(), 10));
  RC_ASSERT(hash_only.journal().empty());
}

TEST(Recorder, TheJournalNumbersEventsFromOneAndKnowsTheHashAfterEach) {
  const HandClock clock;
  Recorder recorder(clock, Keep::kJournal);

  std::vector<uint64_t> hashes;
  for (int i = 0; i < 3; ++i) {
    recorder.Record(Sample());
    hashes.push_back(recorder.hash());
  }

  ASSERT_EQ(recorder.journal().size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(recorder.journal()[i].number, i + 1);
    EXPECT_EQ(recorder.journal()[i].hash, hashes[i]);
  }
  EXPECT_EQ(recorder.CountOf(EventKind::kRequest), 3u);
}

TEST(Recorder, AJournalThatIsFullSaysThatItIsCut) {
  const HandClock clock;
  Recorder recorder(clock, Keep::kJournal, {.journal_events_max = 2});

  for (int i = 0; i < 3; ++i) recorder.Record(Sample());

  EXPECT_EQ(recorder.events(), 3u);
  EXPECT_EQ(recorder.journal().size(), 2u);
  EXPECT_TRUE(recorder.journal_cut());
}

TEST(Recorder, ALongTextIsCutBetweenCharactersAndHashedWhole) {
  const HandClock clock;
  Recorder recorder(clock, Keep::kJournal, {.text_bytes_max = 4});
  Recorder other(clock, Keep::kJournal, {.text_bytes_max = 4});

  recorder.Record({.kind = EventKind::kLog, .label = "console.log", .text = "abc\xC3\xA9 one"});
  other.Record({.kind = EventKind::kLog, .label = "console.log", .text = "abc\xC3\xA9 two"});

  EXPECT_EQ(recorder.journal()[0].text, "abc");
  EXPECT_NE(recorder.hash(), other.hash());
}

TEST(Recorder, CheckpointsAreTheHashAfterEveryNthEvent) {
  const HandClock clock;
  Recorder recorder(clock, Keep::kJournal, {.events_per_checkpoint = 2});

  for (int i = 0; i < 5; ++i) recorder.Record(Sample());

  ASSERT_EQ(recorder.checkpoints().size(), 2u);
  EXPECT_EQ(recorder.checkpoints()[0], recorder.journal()[1].hash);
  EXPECT_EQ(recorder.checkpoints()[1], recorder.journal()[3].hash);
}

TEST(Recorder, StopsAtTheEventThatWasNamed) {
  const HandClock clock;
  Recorder recorder(clock, Keep::kHash);
  recorder.StopAt(2);

  recorder.Record(Sample());
  EXPECT_FALSE(recorder.reached_stop());
  recorder.Record(Sample());
  EXPECT_TRUE(recorder.reached_stop());
}

RC_GTEST_PROP(ByteHash, EveryByteAndTheLengthCount, (std::string text)) {
  const uint64_t hash = ByteHash(text);
  for (size_t i = 0; i < text.size(); ++i) {
    std::string other = text;
    other[i] = static_cast<char>(other[i] ^ 1);
    RC_ASSERT(ByteHash(other) != hash);
  }
  RC_ASSERT(ByteHash(text + std::string(1, '\0')) != hash);
}

TEST(ByteHash, EveryByteCountsAtEveryLengthUpToAHundred) {
  for (size_t length = 0; length <= 100; ++length) {
    std::string text(length, 'a');
    std::set<uint64_t> hashes = {ByteHash(text)};
    for (size_t i = 0; i < length; ++i) {
      text[i] = 'b';
      hashes.insert(ByteHash(text));
      text[i] = 'a';
    }
    EXPECT_EQ(hashes.size(), length + 1) << length;
  }
}

// Fixed values: two processes of different builds compare them.
TEST(ByteHash, IsTheSameEverywhere) {
  EXPECT_EQ(ByteHash("a"), 384934148004972525u);
  EXPECT_EQ(ByteHash("http.request"), 7107509442892954381u);
  EXPECT_EQ(ByteHash("The quick brown fox jumps over the lazy dog"), 8215863887300095459u);
}

}  // namespace
}  // namespace edge::sim
