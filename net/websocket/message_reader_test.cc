// The behaviours that the Autobahn test suite looks at, as rows.
#include "net/websocket/message_reader.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "rapidcheck/gtest.h"
#include "runtime/base/str_cat.h"

namespace edge::websocket {
namespace {

constexpr uint64_t kLimit = 1 << 20;
constexpr MaskKey kMask = {0x37, 0xfa, 0x21, 0x3d};

enum class Fin : uint8_t { kNo, kYes };

// A client's frame.
std::string Frame(int opcode, std::string payload, Fin fin = Fin::kYes) {
  std::string frame = FrameHeader(static_cast<Opcode>(opcode), payload.size(), &kMask);
  if (fin == Fin::kNo) frame[0] = static_cast<char>(frame[0] & 0x7f);
  ApplyMask({payload.data(), payload.size()}, kMask, 0);
  return frame + payload;
}
std::string CloseFrame(int code, std::string reason = {}) {
  return Frame(8, StrCat(std::string(1, static_cast<char>(code >> 8)), std::string(1, static_cast<char>(code & 0xff)), reason));
}

// What a server makes of the bytes, as text: messages in order, then how it ended.
std::string ReadIn(const std::vector<std::string>& pieces, Role role = Role::kServer, uint64_t limit = kLimit) {
  MessageReader reader(role, limit);
  std::string said;
  for (const std::string& piece : pieces) {
    std::string_view input = piece;
    for (;;) {
      const MessageReader::Step step = reader.Next(input);
      if (step == MessageReader::Step::kNeedMore) break;
      if (step == MessageReader::Step::kFailed) return StrCat(said, "fail ", reader.failure_code(), ": ", reader.failure());
      const Message message = reader.Take();
      if (step == MessageReader::Step::kPing) StrAppend(&said, "ping ", message.data, "|");
      if (step == MessageReader::Step::kPong) StrAppend(&said, "pong ", message.data, "|");
      if (step != MessageReader::Step::kMessage) continue;
      if (message.kind == Message::Kind::kClose) return StrCat(said, "close ", message.code, " ", message.data);
      StrAppend(&said, message.kind == Message::Kind::kText ? "text " : "binary ", message.data, "|");
    }
  }
  return said;
}
std::string ReadAll(std::string bytes) { return ReadIn({std::move(bytes)}); }
std::string ReadByteByByte(const std::string& bytes, Role role = Role::kServer) {
  std::vector<std::string> pieces;
  for (const char c : bytes) pieces.emplace_back(1, c);
  return ReadIn(pieces, role);
}

struct Row {
  const char* name;
  std::string bytes;
  std::string says;
};

const std::string kGreek = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";  // 1 and 3 byte characters
const std::string kEmoji = "\xf0\x9f\x98\x80";

std::vector<Row> Rows() {
  const auto no = Fin::kNo;
  std::vector<Row> rows = {
      // 1: framing
      {"empty text", Frame(1, ""), "text |"},
      {"text", Frame(1, "hello"), "text hello|"},
      {"binary", Frame(2, "\xff\xfe"), "binary \xff\xfe|"},
      {"two messages", Frame(1, "a") + Frame(2, "b"), "text a|binary b|"},
      // 2: pings and pongs
      {"empty ping", Frame(9, ""), "ping |"},
      {"ping", Frame(9, "p") + Frame(9, "q"), "ping p|ping q|"},
      {"ping of bytes", Frame(9, "\xff"), "ping \xff|"},
      {"ping of 125 bytes", Frame(9, std::string(125, 'x')), StrCat("ping ", std::string(125, 'x'), "|")},
      {"ping of 126 bytes", Frame(9, std::string(126, 'x')), "fail 1002: a control frame of more than 125 bytes"},
      {"pong that nobody asked for", Frame(10, "x") + Frame(1, "a"), "pong x|text a|"},
      // 3: reserved bits
      {"RSV1", "\xc1" + Frame(1, "a").substr(1), "fail 1002: a reserved bit is set"},
      {"RSV2", "\xa1" + Frame(1, "a").substr(1), "fail 1002: a reserved bit is set"},
      {"RSV3 of a ping", "\x99" + Frame(9, "a").substr(1), "fail 1002: a reserved bit is set"},
      {"RSV1 of a close", Frame(1, "a") + "\xc8" + Frame(8, "").substr(1), "text a|fail 1002: a reserved bit is set"},
      // 5: fragmentation
      {"fragments", Frame(1, "ab", no) + Frame(0, "cd", no) + Frame(0, "ef"), "text abcdef|"},
      {"empty fragments", Frame(2, "", no) + Frame(0, "", no) + Frame(0, ""), "binary |"},
      {"empty last fragment", Frame(1, "a", no) + Frame(0, ""), "text a|"},
      {"ping between fragments", Frame(1, "a", no) + Frame(9, "p") + Frame(0, "b"), "ping p|text ab|"},
      {"pong between fragments", Frame(1, "a", no) + Frame(10, "p") + Frame(0, "b"), "pong p|text ab|"},
      {"close between fragments", Frame(1, "a", no) + CloseFrame(1000), "close 1000 "},
      {"fragmented ping", Frame(9, "a", no) + Frame(0, "b"), "fail 1002: a fragmented control frame"},
      {"fragmented close", Frame(8, "", no), "fail 1002: a fragmented control frame"},
      {"continuation first", Frame(0, "a"), "fail 1002: a continuation of no message"},
      {"continuation after a message", Frame(1, "a") + Frame(0, "b"), "text a|fail 1002: a continuation of no message"},
      {"unfinished continuation first", Frame(0, "a", no) + Frame(1, "b"), "fail 1002: a continuation of no message"},
      {"text inside of a text", Frame(1, "a", no) + Frame(1, "b"), "fail 1002: a new message inside of another"},
      {"binary inside of a text", Frame(1, "a", no) + Frame(2, "b"), "fail 1002: a new message inside of another"},
      // 6: UTF-8
      {"characters", Frame(1, kGreek + kEmoji), StrCat("text ", kGreek, kEmoji, "|")},
      {"a character across fragments", Frame(1, kEmoji.substr(0, 1), no) + Frame(0, kEmoji.substr(1, 2), no) + Frame(0, kEmoji.substr(3)),
       StrCat("text ", kEmoji, "|")},
      {"a ping inside of a character", Frame(1, kEmoji.substr(0, 2), no) + Frame(9, "\xff") + Frame(0, kEmoji.substr(2)),
       StrCat("ping \xff|text ", kEmoji, "|")},
      {"NUL", Frame(1, std::string(1, '\0')), StrCat("text ", std::string(1, '\0'), "|")},
      {"U+10FFFF", Frame(1, "\xf4\x8f\xbf\xbf"), "text \xf4\x8f\xbf\xbf|"},
      {"U+FFFE", Frame(1, "\xef\xbf\xbe"), "text \xef\xbf\xbe|"},
      {"above U+10FFFF", Frame(1, "\xf4\x90\x80\x80"), "fail 1007: a text message is not UTF-8"},
      {"surrogate", Frame(1, "\xed\xa0\x80"), "fail 1007: a text message is not UTF-8"},
      {"overlong slash", Frame(1, "\xc0\xaf"), "fail 1007: a text message is not UTF-8"},
      {"overlong, three bytes", Frame(1, "\xe0\x80\xaf"), "fail 1007: a text message is not UTF-8"},
      {"overlong, four bytes", Frame(1, "\xf0\x80\x80\xaf"), "fail 1007: a text message is not UTF-8"},
      {"five bytes", Frame(1, "\xf8\x88\x80\x80\x80"), "fail 1007: a text message is not UTF-8"},
      {"lone continuation", Frame(1, "\x80"), "fail 1007: a text message is not UTF-8"},
      {"lead without continuation", Frame(1, "\xce-"), "fail 1007: a text message is not UTF-8"},
      {"ends inside of a character", Frame(1, "\xce"), "fail 1007: a text message ends inside of a character"},
      {"ends inside of a character, in fragments", Frame(1, "\xf0", no) + Frame(0, "\x9f"),
       "fail 1007: a text message ends inside of a character"},
      {"is refused before it ends", Frame(1, "\xff", no), "fail 1007: a text message is not UTF-8"},
      {"is refused before its frame ends", Frame(1, kGreek + "\xff" + std::string(100, 'x')).substr(0, 30),
       "fail 1007: a text message is not UTF-8"},
      {"the second byte says it", Frame(1, "\xf4\x90", no), "fail 1007: a text message is not UTF-8"},
      {"anything goes in binary", Frame(2, "\xff\xc0\xaf"), "binary \xff\xc0\xaf|"},
      // 7: closing
      {"close without a code", Frame(8, ""), "close 1005 "},
      {"close with a code", CloseFrame(1000), "close 1000 "},
      {"close with a reason", CloseFrame(3000, kGreek), StrCat("close 3000 ", kGreek)},
      {"close with the longest reason", CloseFrame(1000, std::string(123, 'r')), StrCat("close 1000 ", std::string(123, 'r'))},
      {"close with a longer reason", CloseFrame(1000, std::string(124, 'r')), "fail 1002: a control frame of more than 125 bytes"},
      {"close of one byte", Frame(8, "\x03"), "fail 1002: a close frame of one byte"},
      {"close with a reason that is not UTF-8", CloseFrame(1000, "\xff"), "fail 1007: the reason of a close is not UTF-8"},
      {"close with half a character", CloseFrame(1000, "\xce"), "fail 1007: the reason of a close is not UTF-8"},
      {"nothing behind a close", CloseFrame(1000) + Frame(1, "a") + Frame(3, ""), "close 1000 "},
      // 9: lengths
      {"126 bytes", Frame(2, std::string(126, 'x')), StrCat("binary ", std::string(126, 'x'), "|")},
      {"65536 bytes", Frame(2, std::string(65536, 'x')), StrCat("binary ", std::string(65536, 'x'), "|")},
      {"as long as may be", Frame(2, std::string(kLimit, 'x')), StrCat("binary ", std::string(kLimit, 'x'), "|")},
      {"too long", Frame(2, std::string(kLimit + 1, 'x')).substr(0, 14), "fail 1009: the message is too large"},
      {"too long in fragments", Frame(2, std::string(kLimit, 'x'), no) + Frame(0, "x"), "fail 1009: the message is too large"},
      {"16 bits for a small length", std::string("\x81\xfe\x00\x7d", 4) + "mask" + std::string(125, 'x'),
       "fail 1002: a length that is not in its shortest form"},
      {"64 bits for a small length", std::string("\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff", 10) + "mask",
       "fail 1002: a length that is not in its shortest form"},
      {"the highest bit of a length", std::string("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00", 10) + "mask",
       "fail 1002: a length with the highest bit set"},
      // masks
      {"not masked", "\x81\x01x", "fail 1002: a client's frame is not masked"},
  };
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    rows.push_back({"reserved opcode", Frame(1, "a") + Frame(opcode, ""), "text a|fail 1002: a reserved opcode"});
  }
  for (const int code : {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999}) {
    rows.push_back({"a code that may be sent", CloseFrame(code), StrCat("close ", code, " ")});
  }
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535}) {
    rows.push_back({"a code that may not be sent", CloseFrame(code), "fail 1002: a close code that may not be sent"});
  }
  return rows;
}

TEST(MessageReader, MakesTheSameOfTheBytesHoweverTheyAreSplit) {
  for (const Row& row : Rows()) {
    EXPECT_EQ(ReadAll(row.bytes), row.says) << row.name;
    EXPECT_EQ(ReadByteByByte(row.bytes), row.says) << row.name << ", byte by byte";
  }
}

TEST(MessageReader, OfAClientWantsNoMasks) {
  EXPECT_EQ(ReadIn({std::string("\x81\x02hi\x89\x00", 6)}, Role::kClient), "text hi|ping |");
  EXPECT_EQ(ReadIn({Frame(1, "hi")}, Role::kClient), "fail 1002: a server's frame is masked");
}

TEST(MessageReader, KnowsHowMuchOfAFrameIsMissing) {
  MessageReader reader(Role::kServer, kLimit);
  const std::string bytes = Frame(2, std::string(1000, 'x'));
  std::string_view input = std::string_view(bytes).substr(0, bytes.size() - 10);
  EXPECT_EQ(reader.Next(input), MessageReader::Step::kNeedMore);
  EXPECT_EQ(reader.frame_bytes_left(), 10u);
}

RC_GTEST_PROP(MessageReader, AnyMessagesInAnyFragmentsAndSplitsComeOutAsTheyWere, ()) {
  std::string bytes;
  std::string expected;
  const auto messages = *rc::gen::inRange(0, 6);
  for (int i = 0; i < messages; ++i) {
    const auto content = *rc::gen::arbitrary<std::string>();
    const auto fragments = *rc::gen::inRange(1, 5);
    for (int k = 0; k < fragments; ++k) {
      const size_t from = content.size() * static_cast<size_t>(k) / static_cast<size_t>(fragments);
      const size_t to = content.size() * static_cast<size_t>(k + 1) / static_cast<size_t>(fragments);
      bytes += Frame(k == 0 ? 2 : 0, content.substr(from, to - from), k + 1 == fragments ? Fin::kYes : Fin::kNo);
      if (*rc::gen::arbitrary<bool>()) {
        bytes += Frame(9, "p");
        expected += "ping p|";
      }
      if (k + 1 < fragments) continue;
      // The message is complete before the ping behind its last fragment.
      const bool ping_behind = expected.ends_with("ping p|") && bytes.ends_with(Frame(9, "p"));
      if (ping_behind) expected.resize(expected.size() - 7);
      expected += StrCat("binary ", content, "|");
      if (ping_behind) expected += "ping p|";
    }
  }
  std::vector<std::string> pieces;
  for (size_t at = 0; at < bytes.size();) {
    const auto n = *rc::gen::inRange<size_t>(1, 40);
    pieces.push_back(bytes.substr(at, n));
    at += n;
  }
  RC_ASSERT(ReadIn(pieces) == expected);
}

}  // namespace
}  // namespace edge::websocket
