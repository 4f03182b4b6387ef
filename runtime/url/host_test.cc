#include "runtime/url/host.h"

#include <gtest/gtest.h>

#include "runtime/url/idna.h"

namespace edge::url {
namespace {

constexpr char kInvalid[] = "(invalid)";

std::string Domain(std::string_view input) {
  std::string out;
  return AppendHost(input, HostKind::kDomain, &out) ? out : kInvalid;
}

std::string Opaque(std::string_view input) {
  std::string out;
  return AppendHost(input, HostKind::kOpaque, &out) ? out : kInvalid;
}

TEST(Host, AppendsBehindWhatIsThere) {
  std::string out = "http://";
  ASSERT_TRUE(AppendHost("1.2.3.4", HostKind::kDomain, &out));
  EXPECT_EQ(out, "http://1.2.3.4");
}

TEST(Host, LowersAsciiDomainsAndDecodesEscapes) {
  EXPECT_EQ(Domain("EXAMPLE.com"), "example.com");
  EXPECT_EQ(Domain("%65Xample.com"), "example.com");
  EXPECT_EQ(Domain("a_b-.~!$&'()*+,;={}\"`"), "a_b-.~!$&'()*+,;={}\"`");
}

TEST(Host, KeepsAsciiPunycodeEvenWhereItIsInvalid) {
  EXPECT_EQ(Domain("XN--"), "xn--");
  EXPECT_EQ(Domain("a.xn--pokxncvks"), "a.xn--pokxncvks");
}

TEST(Host, RefusesForbiddenCodePointsAlsoAfterDecoding) {
  for (const char* input : {"", "a b", "a%20b", "a%", "a%zz", "a%00b", "a<b", "a|b", "a^b", "a%7Fb", "a\x01", "a@b", "a:b", "[", "[1::"}) {
    EXPECT_EQ(Domain(input), kInvalid) << input;
  }
}

TEST(Host, MapsInternationalNames) {
  EXPECT_EQ(Domain("B\xc3\xbc"
                   "cher.example"),
            "xn--bcher-kva.example");
  EXPECT_EQ(Domain("fa\xc3\x9f.de"), "xn--fa-hia.de");  // not transitional: sharp s stays
  EXPECT_EQ(Domain("%C3%BC"), "xn--tda");
  EXPECT_EQ(Domain("a\xe3\x80\x82"
                   "b"),
            "a.b");                                     // ideographic full stop
  EXPECT_EQ(Domain("\xef\xbc\x90x7f.1"), "127.0.0.1");  // full-width zero
  EXPECT_EQ(Domain("-\xc3\xbc-"), "xn-----xka");        // hyphens are not checked
}

TEST(Host, RefusesInvalidInternationalNames) {
  EXPECT_EQ(Domain("\xc2\xad"), kInvalid);       // soft hyphen alone: nothing is left
  EXPECT_EQ(Domain("a\xef\xbf\xbd"), kInvalid);  // U+FFFD
  EXPECT_EQ(Domain("a\xff.b"), kInvalid);        // not UTF-8
  EXPECT_EQ(Domain("%ff"), kInvalid);
  EXPECT_EQ(Domain("\xef\xbc\x85"
                   "41"),
            kInvalid);  // full-width percent sign
  EXPECT_EQ(Domain("\xd7\x90"
                   "a"),
            kInvalid);  // CheckBidi
  EXPECT_EQ(Domain("a\xe2\x80\x8d"
                   "b"),
            kInvalid);                            // CheckJoiners
  EXPECT_EQ(Domain("\xc3\xbc.xn--a"), kInvalid);  // punycode is checked beside non-ASCII labels
}

TEST(Host, LimitsTheLengthOfInternationalNamesAlone) {
  std::string labels;
  while (labels.size() < IdnaMapper::kDomainBytesMax - 8) labels += "aaaaaaa.";
  const std::string longest = labels + "aaaaaa\xc3\xbc";
  ASSERT_EQ(longest.size(), IdnaMapper::kDomainBytesMax);

  EXPECT_NE(Domain(longest), kInvalid);
  EXPECT_EQ(Domain("a" + longest), kInvalid);
  EXPECT_EQ(Domain(labels + labels), labels + labels);
}

TEST(Host, ReadsIpv4InEveryNotation) {
  EXPECT_EQ(Domain("127.0.0.1"), "127.0.0.1");
  EXPECT_EQ(Domain("127.1"), "127.0.0.1");
  EXPECT_EQ(Domain("127.0.1."), "127.0.0.1");
  EXPECT_EQ(Domain("0x7F.0x0.01"), "127.0.0.1");
  EXPECT_EQ(Domain("0300.0xa8.0xF0"), "192.168.0.240");
  EXPECT_EQ(Domain("4294967295"), "255.255.255.255");
  EXPECT_EQ(Domain("0x"), "0.0.0.0");
}

TEST(Host, RefusesNamesThatEndInANumberAndAreNoIpv4Address) {
  for (const char* input : {"256.1.1.1", "1.2.3.4.5", "1.2.3.256", "09", "1..2", "a.1", "a.0x1", "4294967296", "99999999999999999999999999",
                            "0xffffffffffffffffffffffff.1"}) {
    EXPECT_EQ(Domain(input), kInvalid) << input;
  }
  EXPECT_EQ(Domain("1.a"), "1.a");
  EXPECT_EQ(Domain("a.0xg"), "a.0xg");
  EXPECT_EQ(Domain("1.."), "1..");
  EXPECT_EQ(Domain("."), ".");
}

TEST(Host, ReadsAndCompressesIpv6) {
  EXPECT_EQ(Domain("[::1]"), "[::1]");
  EXPECT_EQ(Domain("[0:0:0:0:0:0:0:0]"), "[::]");
  EXPECT_EQ(Domain("[2001:0DB8::0:1]"), "[2001:db8::1]");
  EXPECT_EQ(Domain("[1:0:0:2:0:0:0:3]"), "[1:0:0:2::3]");
  EXPECT_EQ(Domain("[0:f:0:0:f:f:0:0]"), "[0:f::f:f:0:0]");     // the first of two equal runs
  EXPECT_EQ(Domain("[1:0:2:3:4:5:6:7]"), "[1:0:2:3:4:5:6:7]");  // a single zero stays
  EXPECT_EQ(Domain("[1::]"), "[1::]");
  EXPECT_EQ(Domain("[1:2:3:4:5:6:7::]"), "[1:2:3:4:5:6:7:0]");
  EXPECT_EQ(Domain("[::ffff:192.168.0.1]"), "[::ffff:c0a8:1]");
  EXPECT_EQ(Opaque("[::1]"), "[::1]");
}

TEST(Host, RefusesMalformedIpv6) {
  for (const char* input : {"[]",
                            "[:]",
                            "[:::]",
                            "[1]",
                            "[1:2:3:4:5:6:7:8:9]",
                            "[::1::]",
                            "[12345::]",
                            "[1:]",
                            "[g::]",
                            "[1:2:3:4:5:6:7:8::]",
                            "[::1.2.3]",
                            "[::1.2.3.4.5]",
                            "[::1.2.3.256]",
                            "[::01.2.3.4]",
                            "[::.1.2.3]",
                            "[1:2:3:4:5:6:7:1.2.3.4]",
                            "[::1.2.3.]",
                            "[::1%25eth0]",
                            "[::1]x",
                            "[::127.0.0.1.]"}) {
    EXPECT_EQ(Domain(input), kInvalid) << input;
  }
}

TEST(Host, KeepsOpaqueHostsButForForbiddenAndNonAsciiCodePoints) {
  EXPECT_EQ(Opaque("EXAMPLE%41.1"), "EXAMPLE%41.1");
  EXPECT_EQ(Opaque(""), "");
  EXPECT_EQ(Opaque("\xc3\xbc\x01\x7f"), "%C3%BC%01%7F");
  EXPECT_EQ(Opaque("a b"), kInvalid);
  EXPECT_EQ(Opaque("a|b"), kInvalid);
}

}  // namespace
}  // namespace edge::url
