// Timers, console, crypto, forms, and what the global scope has and lacks.
#include "runtime/web/testing/fake_host.h"

namespace edge::web {
namespace {

using Globals = WebTest;
using ::testing::ElementsAre;

TEST_F(Globals, TimersFireInTheOrderOfTheirTime) {
  EXPECT_EQ(Run("var out = []; setTimeout(function (a, b) { out.push('late', a + b); }, 20, 1, 2); var gone = setTimeout(function () { "
                "out.push('never'); }, 5); clearTimeout(gone);"
                "setTimeout(function () { out.push('soon'); }, 0); var n = 0, i = setInterval(function () { out.push('i' + "
                "performance.now()); if (++n === 2) clearInterval(i); }, 8);"
                "queueMicrotask(function () { out.push('micro'); }); wait(scheduler.wait(40)); return out"),
            R"(["micro","soon","i8","i16","late",3])");
  EXPECT_EQ(
      Run("return [thrown(function () { setTimeout('x', 1); }), typeof setTimeout(function () {}, 1), rejection(scheduler.wait(5, {signal: "
          "AbortSignal.abort('q')}).catch(function (e) { throw new Error(e); }))]"),
      R"(["TypeError: Failed to execute 'setTimeout' on 'ServiceWorkerGlobalScope': parameter 1 is not of type )"
      R"('function'.","number","Error: q"])");
}

TEST_F(Globals, TimersThatTheHostDropsLetGoOfTheirCallbacks) {
  Enter([](duk_context* ctx) {
    duk_eval_string_noresult(ctx,
                             "var held = new WeakRef({}); (function (big) { setTimeout(function () { big.x = 1; }, 5); })(held.deref());");
  });
  ASSERT_EQ(host_.timers.size(), 1u);
  ForgetTimer(isolate_->context(), host_.timers.begin()->second);
  host_.timers.clear();
  Enter([](duk_context* ctx) { duk_eval_string_noresult(ctx, "setTimeout(function () {}, 1)"); });
  Settle();
  isolate_->CollectGarbage();
  EXPECT_EQ(Run("return held.deref() === undefined"), "true");
}

TEST_F(Globals, ErrorsOfTimersLeaveTheirCallback) {
  EXPECT_EQ(Run("setTimeout(function () { throw new TypeError('in a timer'); }, 1); wait(scheduler.wait(5)); return 'on'"), "\"on\"");
  EXPECT_THAT(uncaught_, ElementsAre("TypeError: in a timer"));
}

TEST_F(Globals, GlobalScopeHasNeitherTimeNorRandomness) {
  auto* head = new FakeHead("POST", "http://h/", {});
  Receive("r", head, {"x"});
  host_.in_invocation = false;
  EXPECT_EQ(
      Run("return [thrown(function () { setTimeout(function () {}, 1); }), thrown(function () { crypto.randomUUID(); }).slice(0, 29), "
          "thrown(function () { crypto.getRandomValues(new Uint8Array(1)); }).slice(0, 29),"
          "thrown(function () { AbortSignal.timeout(1); }).slice(0, 29), thrown(function () { r.text(); }).slice(0, 29)]"),
      R"(["Error: Disallowed operation called within global scope. Asynchronous I/O (ex: fetch() or connect()), setting )"
      R"(a timeout, and generating random values are not )"
      R"(allowed within global scope. To fix this error, perform this operation within a handler. )"
      R"(https://developers.cloudflare.com/workers/runtime-apis/handlers/",)"
      R"("Error: Disallowed operation c","Error: Disallowed operation c","Error: Disallowed operation c","Error: )"
      R"(Disallowed operation c"])");
  head->Unref();
}

TEST_F(Globals, ConsoleShowsValues) {
  Run("console.log('a', 1, true, null, undefined, -0, {b: [1, 'x', {c: 2}], 'd-e': function f() {}}, [], {}); console.warn('%s is %d %o %% "
      "%j', 'x', '5', {a: 1}, [1], 'rest');"
      "var c = {}; c.self = c; console.error(c); console.debug(new Map([['k', new Set([1])]])); console.info(new Headers({a: 'b'}), new "
      "Date(0), Symbol('s'), new Uint8Array([1, 2]));"
      "console.group('g'); console.log('in\\nside'); console.groupEnd(); console.assert(1 === 2, 'why'); console.count(); console.count(); "
      "console.log(); console.log(Promise.resolve(1));");
  EXPECT_THAT(host_.log,
              ElementsAre("I a 1 true null undefined -0 { b: [ 1, 'x', { c: 2 } ], 'd-e': [Function: f] } [] {}",
                          "W x is 5 { a: 1 } % [1] rest", "E { self: [Circular *1] }", "D Map(1) { 'k' => Set(1) { 1 } }",
                          "I Headers { a: 'b' } 1970-01-01T00:00:00.000Z Symbol(s) Uint8Array(2) [ 1, 2 ]", "I g", "I   in\n  side",
                          "E Assertion failed: why", "I default: 1", "I default: 2", "I ", "I Promise { <fulfilled> }"));
}

TEST_F(Globals, ConsoleShowsErrorsWithTheirCause) {
  Run("console.log(new Error('outer', {cause: new TypeError('inner')}))");
  ASSERT_EQ(host_.log.size(), 1u);
  EXPECT_THAT(host_.log[0], ::testing::AllOf(::testing::HasSubstr("Error: outer"), ::testing::HasSubstr("[cause]: [TypeError: inner")));
}

TEST_F(Globals, CryptoDigestsMatchTheirVectors) {
  EXPECT_EQ(
      Run("function hex(b) { return Array.from(new Uint8Array(b)).map(function (x) { return (x < 16 ? '0' : '') + x.toString(16); "
          "}).join(''); } var abc = new TextEncoder().encode('abc');"
          "return [hex(wait(crypto.subtle.digest('SHA-1', abc))), hex(wait(crypto.subtle.digest({name: 'sha-256'}, abc.buffer))), "
          "hex(wait(crypto.subtle.digest('MD5', abc))),"
          "hex(wait(crypto.subtle.digest('SHA-384', abc))).slice(0, 16), hex(wait(crypto.subtle.digest('SHA-512', abc))).slice(0, 16)]"),
      R"(["a9993e364706816aba3e25717850c26c9cd0d89d","ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",)"
      R"("900150983cd24fb0d6963f7d28e17f72","cb00753f45a35e8b","ddaf35a193617aba"])");
}

TEST_F(Globals, HmacKeysSignAndVerify) {
  EXPECT_EQ(Run(R"js(
    function hex(b) { return Array.from(new Uint8Array(b)).map(function (x) { return (x < 16 ? '0' : '') + x.toString(16) }).join('') }
    var text = new TextEncoder().encode('The quick brown fox jumps over the lazy dog'), algorithm = {name: 'HMAC', hash: 'SHA-256'};
    var key = wait(crypto.subtle.importKey('raw', new TextEncoder().encode('key'), algorithm, true, ['verify', 'sign']));
    var code = wait(crypto.subtle.sign('HMAC', key, text)), jwk = wait(crypto.subtle.exportKey('jwk', key));
    var again = wait(crypto.subtle.importKey('jwk', jwk, algorithm, false, ['verify']));
    return [hex(code), jwk.k, jwk.alg, wait(crypto.subtle.verify('HMAC', again, code, text)), wait(crypto.subtle.verify('HMAC', again, code, new Uint8Array(1))),
            key instanceof CryptoKey, key.usages.join(), JSON.stringify(key.algorithm), rejection(crypto.subtle.sign('HMAC', again, text)), rejection(crypto.subtle.exportKey('raw', again)),
            rejection(crypto.subtle.importKey('raw', text, 'AES-GCM', false, ['encrypt'])), rejection(crypto.subtle.importKey('raw', new Uint8Array(0), algorithm, false, ['sign']))];
  )js"),
            R"(["f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8","a2V5","HS256",true,false,true,"sign,verify",)"
            R"("{\"name\":\"HMAC\",\"hash\":{\"name\":\"SHA-256\"},\"length\":24}",)"
            R"("InvalidAccessError: Requested key usage \"sign\" does not match any usage listed in this CryptoKey.",)"
            R"("InvalidAccessError: Attempt to export non-extractable HMAC key.",)"
            R"("NotSupportedError: crypto.subtle.importKey with AES-GCM is not supported yet by this version of edge.",)"
            R"("DataError: A zero-length HMAC key is not supported."])");
}

TEST_F(Globals, CryptoRefusesByName) {
  EXPECT_EQ(Run("return [rejection(crypto.subtle.digest('foo', new Uint8Array(1))), rejection(crypto.subtle.digest('SHA-1', 'text')), "
                "thrown(function () { crypto.getRandomValues(new Uint8Array(70000)); }),"
                "thrown(function () { crypto.getRandomValues(new Float32Array(1)); }), rejection(crypto.subtle.encrypt()), "
                "crypto.subtle.timingSafeEqual(new Uint8Array(2), new Uint8Array(2)),"
                "thrown(function () { crypto.subtle.timingSafeEqual(new Uint8Array(1), new Uint8Array(2)); })]"),
            R"(["NotSupportedError: Unrecognized or unimplemented digest algorithm requested.","TypeError: Failed to execute )"
            R"('digest' on 'SubtleCrypto': parameter 2 is not of type 'BufferSource'.",)"
            R"("QuotaExceededError: getRandomValues() only accepts buffers of size <= 64K but provided 70000 bytes.",)"
            R"("TypeMismatchError: ArrayBufferView argument to getRandomValues() must be an integer-typed view.",)"
            R"("NotSupportedError: crypto.subtle.encrypt is not supported yet by this version of edge.",true,"TypeError: Input )"
            R"(buffers must have the same byte length."])");
}

TEST_F(Globals, RandomnessComesFromTheHost) {
  EXPECT_EQ(Run("return [crypto.randomUUID(), Array.from(crypto.getRandomValues(new Uint8Array(2)))]"),
            R"(["070e151c-232a-4138-bf46-4d545b626970",[119,126]])");
}

TEST_F(Globals, FormDataMakesTheRoundTrip) {
  EXPECT_EQ(
      Run("var f = new FormData(); f.append('a', 'b'); f.append('a\"\\r\\n\\u00fc', 'x'); f.append('f', new File(['xyz'], 'n\\u00e4.txt', "
          "{type: 'text/plain'})); f.append('bl', new Blob([new Uint8Array([0, 13, 10])]));"
          "var r = new Response(f), type = r.headers.get('content-type'), g = wait(r.formData()), out = [];"
          "Array.from(g).forEach(function (e) { out.push(e[0], typeof e[1] === 'string' ? e[1] : [e[1].name, e[1].type, e[1].size, e[1] "
          "instanceof File]); }); return [type.slice(0, 30), out, wait(g.get('bl').bytes())[1]]"),
      R"(["multipart/form-data; boundary=",["a","b","a\"\r\nü","x","f",["nä.txt","text/plain",3,true],"bl",["bl",)"
      R"("application/octet-stream",3,true]],13])");
}

TEST_F(Globals, FormDataRefusesWhatItCannotParse) {
  EXPECT_EQ(
      Run("function form(body, type) { return rejection(new Response(body, {headers: {'content-type': type}}).formData()); }"
          "return [form('x', 'text/plain').slice(0, 55), form('x', 'multipart/form-data').slice(0, 55), form('x', 'multipart/form-data; "
          "boundary=q'), rejection(new Response(null).formData()),"
          "form('--q\\r\\nno colon\\r\\n\\r\\nx\\r\\n--q--', 'multipart/form-data; boundary=q'), form('--q\\r\\nContent-Disposition: "
          "form-data; name=a\\r\\n\\r\\nx', 'multipart/form-data; boundary=q')]"),
      R"(["TypeError: Unrecognized Content-Type header value. Form","TypeError: No boundary string in Content-Type )"
      R"(header. T","TypeError: No initial boundary string (or you have a truncated message).",)"
      R"("TypeError: Parsing a Body as FormData requires a Content-Type header.","TypeError: The body is not valid )"
      R"(multipart/form-data: a part has no Content-Disposition with a name.",)"
      R"("TypeError: The body is not valid multipart/form-data: a part does not end with the boundary."])");
}

TEST_F(Globals, BlobsSliceAndRead) {
  EXPECT_EQ(Run("var b = new Blob(['abc', new TextEncoder().encode('def'), new Blob(['g'])], {type: 'A/B'});"
                "return [b.size, b.type, wait(b.text()), wait(b.slice(1, 3).text()), wait(b.slice(-2).text()), b.slice(0, 1, 'x/y').type, "
                "wait(new Response(b.stream()).text())]"),
            R"([7,"a/b","abcdefg","bc","fg","x/y","abcdefg"])");
}

TEST_F(Globals, PlatformObjectsAreNotCloned) {
  EXPECT_EQ(Run("return [new Headers(), new URL('http://a'), new EventTarget(), new ReadableStream(), new Blob([])].map(function (x) { "
                "return thrown(function () { structuredClone(x); }); })"),
            R"(["DataCloneError: Could not serialize object of type \"Headers\". This type does not support serialization.",)"
            R"("DataCloneError: Could not serialize object of type \"URL\". This type does not support serialization.",)"
            R"("DataCloneError: Could not serialize object of type \"EventTarget\". This type does not support serialization.",)"
            R"("DataCloneError: Could not serialize object of type \"ReadableStream\". This type does not support serialization.",)"
            R"("DataCloneError: Could not serialize object of type \"Blob\". This type does not support serialization."])");
}

TEST_F(Globals, WhatIsMissingSaysSo) {
  EXPECT_EQ(Run("return [thrown(function () { new EventSource(); }), thrown(function () { caches['default']; }), "
                "rejection(caches.open('x')), thrown(function () { new HTMLRewriter(); }),"
                "thrown(function () { performance.mark('x'); }), thrown(function () { new crypto.DigestStream('SHA-1'); })]"),
            R"(["Error: EventSource is not )"
            R"(supported yet by this version of edge.",)"
            R"("Error: The Cache API (caches.default) is not supported yet by this version of edge.","Error: The Cache API )"
            R"((caches.open) is not supported yet by this version of edge.",)"
            R"("Error: HTMLRewriter is not supported yet by this version of edge.","Error: performance.mark is not supported )"
            R"(yet by this version of edge.",)"
            R"("Error: crypto.DigestStream is not supported yet by this version of edge."])");
}

}  // namespace
}  // namespace edge::web
