// Streams in the engine. That they follow the standard step by step is the business of a comparison with another implementation (README);
// here is what a worker relies on.
#include "runtime/web/testing/fake_host.h"

namespace edge::web {
namespace {

using Stream = WebTest;

TEST_F(Stream, PullsAsMuchAsTheReaderWants) {
  EXPECT_EQ(Run("var pulls = 0, s = new ReadableStream({pull: function (c) { pulls++; c.enqueue(pulls); }}, {highWaterMark: 2}); "
                "wait(null); wait(null); wait(null); var before = pulls;"
                "var r = s.getReader(), x = wait(r.read()); wait(null); return [before, x, pulls, s.locked]"),
            R"([2,{"value":1,"done":false},3,true])");
}

TEST_F(Stream, ErrorsAndCancelReachTheOtherSide) {
  EXPECT_EQ(Run("var s = new ReadableStream({start: function (c) { c.enqueue(1); c.error(new Error('boom')); }}); var why;"
                "var t = new ReadableStream({cancel: function (r) { why = r; }}); wait(t.cancel('reason'));"
                "return [rejection(s.getReader().read()), why, wait(t.getReader().read()).done]"),
            R"(["Error: boom","reason",true])");
}

TEST_F(Stream, PipesThroughTransforms) {
  EXPECT_EQ(
      Run("var up = new TransformStream({transform: function (x, c) { c.enqueue(x.toUpperCase()); }, flush: function (c) { "
          "c.enqueue('END'); }});"
          "var out = [], sink = new WritableStream({write: function (x) { out.push(x); }, close: function () { out.push('closed'); }});"
          "wait(ReadableStream.from(['a', 'b']).pipeThrough(up).pipeTo(sink)); return out"),
      R"(["A","B","END","closed"])");
}

TEST_F(Stream, PipeStopsBySignal) {
  EXPECT_EQ(
      Run("var ac = new AbortController(), cancelled, aborted; var s = new ReadableStream({cancel: function (r) { cancelled = r.name; }});"
          "var p = s.pipeTo(new WritableStream({abort: function (r) { aborted = r.name; }}), {signal: ac.signal}); ac.abort(); return "
          "[rejection(p), cancelled, aborted]"),
      R"(["AbortError: The operation was aborted","AbortError","AbortError"])");
}

TEST_F(Stream, WriterWaitsForTheReader) {
  EXPECT_EQ(Run("var t = new TransformStream(), w = t.writable.getWriter(), done = []; w.write(1).then(function () { done.push(1); }); "
                "w.write(2).then(function () { done.push(2); });"
                "for (var i = 0; i < 20; i++) wait(null); var before = done.slice(), r = t.readable.getReader(); wait(r.read()); "
                "wait(r.read()); wait(null); wait(null); return [before, done, w.desiredSize]"),
            R"([[],[1,2],1])");
}

TEST_F(Stream, TeeGivesBothEverything) {
  EXPECT_EQ(Run("var b = ReadableStream.from(['1', '2']).tee(), out = [];"
                "out.push(wait(collect(b[0])), wait(collect(b[1]))); function collect(s) { var r = s.getReader(), all = []; function "
                "next() { return r.read().then(function (x) {"
                "if (x.done) return all; all.push(x.value); return next(); }); } return next(); } return out"),
            R"([["1","2"],["1","2"]])");
}

TEST_F(Stream, IteratesAsynchronously) {
  EXPECT_EQ(
      Run("var cancelled, s = new ReadableStream({start: function (c) { c.enqueue(1); c.enqueue(2); }, cancel: function () { cancelled = "
          "true; }}), it = s[Symbol.asyncIterator]();"
          "var first = wait(it.next()); var end = wait(it['return']('r')); return [first, end, cancelled, s.locked, wait(it.next()).done]"),
      R"([{"value":1,"done":false},{"value":"r","done":true},true,false,true])");
}

TEST_F(Stream, ByobReadsFillTheCallersBuffer) {
  EXPECT_EQ(Run("var r = new Response('abcdef').body.getReader({mode: 'byob'}), d = new TextDecoder(); var a = wait(r.read(new "
                "Uint8Array(4))), b = wait(r.read(new Uint8Array(4))), c = wait(r.read(new Uint8Array(4)));"
                "return [d.decode(a.value), a.done, d.decode(b.value), b.done, c.done]"),
            R"(["abcd",false,"ef",false,true])");
}

TEST_F(Stream, TextStreamsCarryCharactersOverChunkBorders) {
  EXPECT_EQ(Run("var bytes = new TextEncoder().encode('h\\u00e9\\ud83d\\ude00'), parts = []; for (var i = 0; i < bytes.length; i++) "
                "parts.push(bytes.subarray(i, i + 1));"
                "var text = '', r = ReadableStream.from(parts).pipeThrough(new TextDecoderStream()).getReader(); for (var x; !(x = "
                "wait(r.read())).done;) text += x.value;"
                "var enc = wait(new Response(ReadableStream.from(['\\ud83d', '\\ude00', '\\ud800']).pipeThrough(new "
                "TextEncoderStream())).bytes());"
                "return [text === 'h\\u00e9\\ud83d\\ude00', Array.from(enc)]"),
            "[true,[240,159,152,128,239,191,189]]");
}

TEST_F(Stream, FixedLengthStreamChecksItsLength) {
  EXPECT_EQ(Run("var f = new FixedLengthStream(2), w = f.writable.getWriter(); f.readable.getReader().read().catch(function () {}); return "
                "rejection(w.write(new Uint8Array(3)))"),
            "\"TypeError: Attempt to write too many bytes through a FixedLengthStream.\"");
}

TEST_F(Stream, ManyQueuedChunksDoNotDeepenTheStack) {
  EXPECT_EQ(Run("var s = new ReadableStream({start: function (c) { for (var i = 0; i < 20000; i++) c.enqueue(new Uint8Array([65])); "
                "c.close(); }}); return wait(new Response(s).text()).length"),
            "20000");
}

}  // namespace
}  // namespace edge::web
