#include "runtime/web/testing/fake_host.h"

namespace edge::web {
namespace {

using TextEncoding = WebTest;

TEST_F(TextEncoding, EncodesUtf8) {
  EXPECT_EQ(Run("return [Array.from(new TextEncoder().encode('a\\u00fc\\u20ac\\ud83d\\ude00\\ud800')), new TextEncoder().encode().length, "
                "new TextEncoder().encoding,"
                "new TextEncoder().encodeInto('a\\u00fc\\u20ac\\ud83d\\ude00', new Uint8Array(9)), new TextEncoder().encode('x') "
                "instanceof Uint8Array]"),
            R"([[97,195,188,226,130,172,240,159,152,128,239,191,189],0,"utf-8",{"read":3,"written":6},true])");
}

TEST_F(TextEncoding, DecodesWithReplacementUnlessFatal) {
  EXPECT_EQ(Run("var b = new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0xff, 0xe2, 0x82]);"
                "return [new TextDecoder().decode(b), thrown(function () { new TextDecoder('utf-8', {fatal: true}).decode(b); }), new "
                "TextDecoder('utf8', {ignoreBOM: true}).decode(b).length,"
                "new TextDecoder().decode(), new TextDecoder().decode(new Uint8Array([104, 105]).buffer), new TextDecoder().decode(new "
                "Uint8Array([1, 104, 105]).subarray(1)).length]"),
            "[\"a\xef\xbf\xbd\xef\xbf\xbd\",\"TypeError: Failed to decode input.\",4,\"\",\"hi\",2]");
}

TEST_F(TextEncoding, DecodesAStreamByteByByte) {
  EXPECT_EQ(Run("var bytes = new TextEncoder().encode('\\ufeffa\\u00fc\\u20ac\\ud83d\\ude00!'), d = new TextDecoder(), out = '';"
                "for (var i = 0; i < bytes.length; i++) out += d.decode(bytes.subarray(i, i + 1), {stream: true}); out += d.decode();"
                "var le = new TextDecoder('utf-16le'), text = le.decode(new Uint8Array([0x61, 0, 0x3d]), {stream: true}) + le.decode(new "
                "Uint8Array([0xd8, 0xa9, 0xdc]), {stream: true}) + le.decode();"
                "return [out === 'a\\u00fc\\u20ac\\ud83d\\ude00!', text === 'a\\ud83d\\udca9']"),
            "[true,true]");
}

TEST_F(TextEncoding, KnowsItsLabels) {
  EXPECT_EQ(Run("return [new TextDecoder(' Latin1 ').encoding, new TextDecoder('utf-16').encoding, new TextDecoder('latin1').decode(new "
                "Uint8Array([0x80, 0xe9])),"
                "thrown(function () { new TextDecoder('nope'); }).slice(0, 44)]"),
            R"(["windows-1252","utf-16le","€é","RangeError: \"nope\" is not a valid encoding, "])");
}

TEST_F(TextEncoding, Base64BothWays) {
  EXPECT_EQ(
      Run("return [btoa('a\\u00e9'), atob('YWI='), atob('YWI'), atob(' Y W I= '), btoa(null), atob('/+8=').charCodeAt(0), thrown(function "
          "() { btoa('\\u20ac'); }),"
          "thrown(function () { atob('a'); }).slice(0, 60), thrown(function () { atob('Y=I='); }).slice(0, 22)]"),
      R"(["Yek=","ab","ab","ab","bnVsbA==",255,"InvalidCharacterError: btoa() can only operate on characters in the )"
      R"(Latin1 (ISO/IEC 8859-1) range.",)"
      R"("InvalidCharacterError: atob() called with invalid base64-enc","InvalidCharacterError:"])");
}

}  // namespace
}  // namespace edge::web
