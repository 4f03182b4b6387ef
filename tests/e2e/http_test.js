// HTTP/1.1 on real sockets: what a good client may do, what a bad one gets, and how a server stops.
'use strict';
const assert = require('assert');
const net = require('net');
const {copyApp, cpuMs, get, peakKb, raw, residentKb, runTests, serve, sleep, test, unchunk, until} = require('./harness.js');

const HOST = 'Host: e2e.example\r\n';
const folder = copyApp('plain');
let server;
let slowHead;

test('starts', async () => {
  server = await serve([folder]);
  // Judged at the end: the limit is 15 seconds.
  const began = Date.now();
  slowHead = raw(server.port, `GET / HTTP/1.1\r\n${HOST}X-Slow: `, {ms: 40000}).then((answer) => ({...answer, after: Date.now() - began}));
});

const statuses = (text) => [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));

test('keep-alive: many requests, one connection', async () => {
  const request = `GET / HTTP/1.1\r\n${HOST}\r\n`;
  await new Promise((resolve, reject) => {
    const socket = net.connect(server.port, '127.0.0.1', () => socket.write(request));
    let answered = 0;
    socket.on('data', (piece) => {
      if (!piece.toString().endsWith('hello')) return;
      if (++answered === 10) {
        socket.destroy();
        resolve();
      } else {
        socket.write(request);
      }
    });
    socket.on('error', reject);
    socket.on('end', () => reject(new Error(`closed after ${answered}`)));
  });
});

test('pipelined requests are answered in order', async () => {
  const requests = ['/slow?ms=60', '/', '/nothing', '/slow?ms=1', '/'].map((target) => `GET ${target} HTTP/1.1\r\n${HOST}\r\n`).join('');
  const answer = await raw(server.port, requests, {ms: 5000, enough: (text) => statuses(text).length === 5 && text.endsWith('hello')});
  assert.deepStrictEqual(statuses(answer.text), [200, 200, 404, 200, 200]);
  assert.match(answer.text, /slow but sure[^]*hello[^]*nothing here[^]*slow but sure[^]*hello$/);
});

test('a request in pieces of one byte is a request', async () => {
  const text = `POST /text HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n0\r\n\r\n`;
  const socket = net.connect(server.port, '127.0.0.1');
  socket.setNoDelay(true);
  let received = '';
  socket.on('data', (piece) => (received += piece));
  const closed = new Promise((resolve) => socket.on('end', resolve));
  for (const byte of text) {
    socket.write(byte);
    await sleep(1);
  }
  await closed;
  assert.match(received, /200[^]*got 3/);
});

test('HEAD has the head of GET and no body', async () => {
  const head = await raw(server.port, `HEAD / HTTP/1.1\r\n${HOST}\r\nGET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`, {ms: 5000});
  const [first, second] = head.text.split(/(?=HTTP\/1\.1)/);
  assert.match(first, /content-length: 5/i);
  assert.ok(first.endsWith('\r\n\r\n'));
  assert.ok(second.endsWith('hello'));
});

test('Connection: close is obeyed, HTTP/1.0 is served', async () => {
  const one = await raw(server.port, `GET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`, {ms: 3000});
  assert.ok(one.closed);
  const old = await raw(server.port, 'GET / HTTP/1.0\r\n\r\n', {ms: 3000});
  assert.ok(old.closed);
  assert.match(old.text, /200[^]*hello$/);
});

test('chunked bodies with extensions and trailers', async () => {
  const answer = await raw(server.port, `POST /text HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5;a=b\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-Trailer: t\r\n\r\n`);
  assert.match(answer.text, /got 15/);
});

test('Expect: 100-continue is answered before the body', async () => {
  const socket = net.connect(server.port, '127.0.0.1');
  let received = '';
  socket.on('data', (piece) => (received += piece));
  socket.write(`POST /text HTTP/1.1\r\n${HOST}Content-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`);
  await until(() => received.includes('100 Continue'), '100 Continue');
  assert.strictEqual(received, 'HTTP/1.1 100 Continue\r\n\r\n');
  socket.write('body');
  await until(() => received.includes('got 4'), 'the answer');
  socket.destroy();
});

test('a handler that leaves the body unread keeps the connection usable', async () => {
  const body = 'x'.repeat(10000);
  const answer = await raw(server.port, `POST /ignore-body HTTP/1.1\r\n${HOST}Content-Length: ${body.length}\r\n\r\n${body}GET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
  assert.deepStrictEqual(statuses(answer.text), [200, 200]);
  assert.match(answer.text, /hello$/);
});

test('a stream reaches the client piece by piece', async () => {
  const socket = net.connect(server.port, '127.0.0.1');
  const times = [];
  socket.on('data', () => times.push(Date.now()));
  const closed = new Promise((resolve) => socket.on('end', resolve));
  socket.write(`GET /trickle HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
  await closed;
  assert.ok(times[times.length - 1] - times[0] >= 150, `${times.length} pieces within ${times[times.length - 1] - times[0]} ms`);
});

// Sends `total` bytes while it reads, and resolves to the number of bytes of the echoed body.
function echo(target, total) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(server.port, '127.0.0.1');
    const piece = Buffer.alloc(65536, 'e');
    let sent = 0;
    const received = [];
    const pump = () => {
      while (sent < total) {
        sent += piece.length;
        if (!socket.write(piece)) return;
      }
    };
    socket.on('drain', pump);
    socket.on('data', (data) => received.push(data));
    socket.on('error', reject);
    socket.on('end', () => {
      const text = Buffer.concat(received).toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      const body = text.slice(end + 4);
      resolve(/transfer-encoding: chunked/i.test(text.slice(0, end)) ? unchunk(body).length : body.length);
    });
    socket.write(`POST ${target} HTTP/1.1\r\n${HOST}Content-Length: ${total}\r\nConnection: close\r\n\r\n`);
    pump();
  });
}

const TOTAL = 20 * 1024 * 1024;
for (const [target, boundKb] of [['/echo', 12 * 1024], ['/echo-through-js', 16 * 1024]]) {
  test(`20 MB through ${target} need little memory`, async () => {
    await echo(target, 65536);
    const before = residentKb(server.pid);
    assert.strictEqual(await echo(target, TOTAL), TOTAL);
    const growth = peakKb(server.pid) - before;
    console.log(`        peak ${growth} kB above the ${before} kB before`);
    assert.ok(growth < boundKb, `grew by ${growth} kB`);
  });
}

test('a client that stops reading stops the stream, and one that goes away ends it', async () => {
  const before = residentKb(server.pid);
  const socket = net.connect(server.port, '127.0.0.1');
  let received = 0;
  socket.on('data', (piece) => {
    received += piece.length;
    if (received > 200000) socket.pause();
  });
  socket.write(`GET /endless HTTP/1.1\r\n${HOST}\r\n`);
  await until(() => received > 200000, 'a first part of the stream');
  await sleep(300);
  const busy = cpuMs(server.pid);
  await sleep(500);
  assert.ok(cpuMs(server.pid) - busy < 100, 'the server waits for the client');
  assert.ok(residentKb(server.pid) - before < 16 * 1024, 'nothing piles up');
  socket.destroy();
  await sleep(300);
  const after = cpuMs(server.pid);
  await sleep(500);
  assert.ok(cpuMs(server.pid) - after < 100, 'the stream is over');
  assert.strictEqual((await get(server.port, '/')).body, 'hello');
});

const post = (fields, body) => `POST /text HTTP/1.1\r\n${HOST}${fields}\r\n${body}`;
const MALFORMED = [
  ['two different lengths', post('Content-Length: 3\r\nContent-Length: 4\r\n', 'abcd'), 400],
  ['length and chunked', post('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'), 400],
  ['chunked and length', post('Transfer-Encoding: chunked\r\nContent-Length: 3\r\n', '0\r\n\r\n'), 400],
  ['chunked twice', post('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n'), 400],
  ['chunked not last', post('Transfer-Encoding: chunked, gzip\r\n', '0\r\n\r\n'), 400],
  ['an unknown coding', post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'), [400, 501]],
  ['chunked in HTTP/1.0', `POST /text HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ['a length with a sign', post('Content-Length: +3\r\n', 'abc'), 400],
  ['a negative length', post('Content-Length: -3\r\n', 'abc'), 400],
  ['a length with letters', post('Content-Length: 3x\r\n', 'abc'), 400],
  ['an empty length', post('Content-Length: \r\n', ''), 400],
  ['a length list', post('Content-Length: 3, 4\r\n', 'abc'), 400],
  ['a length beyond 64 bits', post('Content-Length: 99999999999999999999999\r\n', ''), [400, 413]],
  ['a chunk size of letters', post('Transfer-Encoding: chunked\r\n', 'zz\r\nabc\r\n0\r\n\r\n'), 400],
  ['a chunk size with a sign', post('Transfer-Encoding: chunked\r\n', '-3\r\nabc\r\n0\r\n\r\n'), 400],
  ['a chunk size with 0x', post('Transfer-Encoding: chunked\r\n', '0x3\r\nabc\r\n0\r\n\r\n'), 400],
  ['a chunk size beyond 64 bits', post('Transfer-Encoding: chunked\r\n', 'fffffffffffffffff\r\nabc'), [400, 413]],
  ['a chunk longer than its size', post('Transfer-Encoding: chunked\r\n', '3\r\nabcd\r\n0\r\n\r\n'), 400],
  ['a chunk size line without end', post('Transfer-Encoding: chunked\r\n', `3;${'x'.repeat(5000)}`), 400],
  ['NUL in a value', `GET / HTTP/1.1\r\n${HOST}X: a\0b\r\n\r\n`, 400],
  ['NUL in a name', `GET / HTTP/1.1\r\n${HOST}X\0: a\r\n\r\n`, 400],
  ['NUL in the target', `GET /\0 HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a bare CR in a value', `GET / HTTP/1.1\r\n${HOST}X: a\rb\r\n\r\n`, 400],
  ['a folded line', `GET / HTTP/1.1\r\n${HOST}X: a\r\n b\r\n\r\n`, 400],
  ['space before the colon', `GET / HTTP/1.1\r\n${HOST}X : a\r\n\r\n`, 400],
  ['no colon', `GET / HTTP/1.1\r\n${HOST}nonsense\r\n\r\n`, 400],
  ['an empty name', `GET / HTTP/1.1\r\n${HOST}: a\r\n\r\n`, 400],
  ['no host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['two hosts', `GET / HTTP/1.1\r\n${HOST}Host: b\r\n\r\n`, 400],
  ['a bad host', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n', 400],
  ['a method that is none', `G<T / HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['no target', `GET HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a space in the target', `GET /a b HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['an unknown version', `GET / HTTP/3.0\r\n${HOST}\r\n`, [400, 505]],
  ['not HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 400],
  ['a target of 20 KB', `GET /${'t'.repeat(20000)} HTTP/1.1\r\n${HOST}\r\n`, [414, 431]],
  ['300 fields', `GET / HTTP/1.1\r\n${HOST}${'X: y\r\n'.repeat(300)}\r\n`, 431],
  ['a header line of 10 MB', `GET / HTTP/1.1\r\n${HOST}X: ${'v'.repeat(10 * 1024 * 1024)}\r\n\r\n`, 431],
  ['a method of 10 MB', 'G'.repeat(10 * 1024 * 1024), [400, 414, 431]],
  ['a body announced too large', post('Content-Length: 200000000\r\n', 'x'), 413],
];
for (const [name, bytes, expected] of MALFORMED) {
  test(`refused: ${name}`, async () => {
    const before = server.log().length;
    const answer = await raw(server.port, Buffer.from(bytes, 'latin1'), {ms: 8000});
    const status = Number(answer.text.slice(9, 12));
    assert.ok([expected].flat().includes(status), `answered ${JSON.stringify(answer.text.slice(0, 120))}, expected ${expected}`);
    assert.strictEqual(statuses(answer.text).length, 1, 'one answer only');
    assert.ok(answer.closed, 'the connection is closed');
    assert.strictEqual((await get(server.port, '/')).body, 'hello', `still answers\n${server.log().slice(before)}`);
  });
}

test('nothing after a refused request is taken for a request', async () => {
  const answer = await raw(server.port, `${post('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n')}GET / HTTP/1.1\r\n${HOST}\r\n`, {ms: 8000});
  assert.deepStrictEqual(statuses(answer.text), [400]);
});

test('a head that does not end gets 408 after 15 seconds', async () => {
  const answer = await slowHead;
  assert.match(answer.text, /^HTTP\/1\.1 408/);
  assert.ok(answer.closed);
  assert.ok(answer.after > 13000 && answer.after < 30000, `after ${answer.after} ms`);
});

test('SIGTERM: what runs is finished, nothing new is taken, the exit code is 0', async () => {
  const running = get(server.port, '/slow?ms=700');
  const idle = raw(server.port, `GET / HTTP/1.1\r\n${HOST}\r\n`, {ms: 10000});
  await sleep(200);
  const began = Date.now();
  const ended = server.stop('SIGTERM');
  await sleep(150);
  const late = await raw(server.port, `GET / HTTP/1.1\r\n${HOST}\r\n`, {ms: 1000});
  const answer = await running;
  const {code} = await ended;
  assert.strictEqual(answer.body, 'slow but sure');
  assert.strictEqual(late.text, '');
  assert.ok((await idle).closed, 'idle connections are closed');
  assert.strictEqual(code, 0);
  assert.ok(Date.now() - began < 10000, `stopped after ${Date.now() - began} ms`);
});

test('SIGTERM waits for waitUntil', async () => {
  server = await serve([folder]);
  assert.strictEqual((await get(server.port, '/wait-until')).body, 'early');
  const {code} = await server.stop('SIGTERM');
  assert.match(server.log(), /waitUntil finished/);
  assert.strictEqual(code, 0);
});

runTests();
