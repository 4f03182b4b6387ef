// A worker that asks other servers, over real sockets; and clients that leave while it waits.
'use strict';
const assert = require('assert');
const http = require('http');
const net = require('net');
const {copyApp, get, raw, residentKb, runTests, serve, sleep, test, until} = require('./harness.js');

const folder = copyApp('fetcher');

// The other server: what it was asked, and what was waiting when.
async function startOrigin() {
  const seen = {requests: [], waiting: 0, waitingMax: 0, hung: 0, dropped: 0, connections: 0};
  const server = http.createServer((request, response) => {
    seen.requests.push(`${request.method} ${request.url}`);
    const url = new URL(request.url, 'http://origin');
    if (url.pathname === '/hang') {
      seen.hung++;
      response.on('close', () => seen.dropped++);
    } else if (url.pathname === '/slow') {
      seen.waitingMax = Math.max(seen.waitingMax, ++seen.waiting);
      setTimeout(() => {
        seen.waiting--;
        response.end('x');
      }, Number(url.searchParams.get('ms')));
    } else if (url.pathname === '/big') {
      response.on('close', () => seen.dropped++);
      const piece = Buffer.alloc(65536, 98);
      let left = Number(url.searchParams.get('mib')) * 16;
      const more = () => {
        while (left-- > 0) if (!response.write(piece)) return response.once('drain', more);
        response.end();
      };
      more();
    } else if (url.pathname === '/trickle') {
      response.write('first\n');
      setTimeout(() => response.end('second\n'), 400);
    } else if (url.pathname === '/redirect') {
      response.writeHead(302, {Location: '/echo'}).end();
    } else {
      const pieces = [];
      request.on('data', (piece) => pieces.push(piece));
      request.on('end', () => response.end(`${request.method} ${request.url} ${Buffer.concat(pieces)}`));
    }
  });
  server.on('connection', () => seen.connections++);
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {seen, port: server.address().port, stop: () => (server.closeAllConnections(), server.close())};
}

const withBoth = (body) => async () => {
  const origin = await startOrigin();
  const server = await serve([folder]);
  try {
    await body(server, origin);
    assert.ok(server.running());
  } finally {
    origin.stop();
    await server.stop('SIGKILL');
  }
};
const target = (origin, path) => `${path}${path.includes('?') ? '&' : '?'}origin=${origin.port}`;

// A client that asks and leaves after the worker has begun to wait.
async function askAndLeave(server, origin, path, how) {
  const socket = net.connect(server.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(`GET ${target(origin, path)} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await until(() => origin.seen.hung === 1, 'the worker waits for the other server');
  if (how === 'reset') socket.resetAndDestroy();
  else socket.destroy();
}

test('a request and its answer pass through', withBoth(async (server, origin) => {
  const answer = await get(server.port, target(origin, '/pass?path=/echo'), {method: 'POST', body: 'hello'});
  assert.strictEqual(answer.status, 200);
  assert.strictEqual(answer.body, 'POST /echo hello');
}));

test('redirects are followed', withBoth(async (server, origin) => {
  assert.strictEqual((await get(server.port, target(origin, '/read?path=/redirect'))).body, '200 10');
  // A client's request that is passed on leaves them to the client.
  const passed = await get(server.port, target(origin, '/pass?path=/redirect'));
  assert.strictEqual(passed.status, 302);
  assert.match(passed.head, /\r\nlocation: \/echo/i);
}));

test('connections to the other server are used again', withBoth(async (server, origin) => {
  for (let index = 0; index < 10; index++) await get(server.port, target(origin, '/read?path=/echo'));
  assert.strictEqual(origin.seen.requests.length, 10);
  assert.strictEqual(origin.seen.connections, 1);
}));

test('what has come is sent on while the rest is awaited', withBoth(async (server, origin) => {
  const early = await raw(server.port, `GET ${target(origin, '/pass?path=/trickle')} HTTP/1.1\r\nHost: a\r\n\r\n`, {ms: 300});
  assert.match(early.text, /first\n/);
  assert.ok(!early.text.includes('second'));
}));

test('a large body passes through at the reader\'s pace in little memory', withBoth(async (server, origin) => {
  const before = residentKb(server.pid);
  const answer = await get(server.port, target(origin, '/pass?path=/big?mib=64'));
  assert.strictEqual(answer.body.length, 64 << 20);
  assert.ok(residentKb(server.pid) - before < 32 << 10, `${residentKb(server.pid) - before} KB more`);
}));

test('six wait for headers at a time', withBoth(async (server, origin) => {
  assert.strictEqual((await get(server.port, target(origin, '/many'))).body, 'x'.repeat(20));
  assert.strictEqual(origin.seen.waitingMax, 6);
}));

test('AbortSignal.timeout ends a fetch and its connection', withBoth(async (server, origin) => {
  assert.strictEqual((await get(server.port, target(origin, '/timeout'))).body, 'TimeoutError: The operation was aborted due to timeout');
  await until(() => origin.seen.dropped === 1, 'the other server sees the connection end');
}));

for (const how of ['close', 'reset']) {
  test(`a client's ${how} cancels the handler and what it waits for`, withBoth(async (server, origin) => {
    await askAndLeave(server, origin, '/leave', how);
    await until(() => origin.seen.dropped === 1, 'the other server sees the connection end');
    await until(() => server.log().includes('the signal fired'), 'request.signal fires');
    assert.ok(!server.log().includes('the handler went on'));
  }));

  test(`waitUntil outlives a client's ${how}`, withBoth(async (server, origin) => {
    await askAndLeave(server, origin, '/leave?late', how);
    await until(() => server.log().includes('late work got 200'), 'the work given to waitUntil');
    await until(() => origin.seen.dropped === 1, 'what the handler waited for ends with it');
  }));

  test(`a client's ${how} ends a body that is passed through`, withBoth(async (server, origin) => {
    const socket = net.connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(`GET ${target(origin, '/pass?path=/big?mib=1000')} HTTP/1.1\r\nHost: a\r\n\r\n`);
    await new Promise((resolve) => socket.once('data', resolve));
    socket.pause();
    await sleep(200);
    if (how === 'reset') socket.resetAndDestroy();
    else socket.destroy();
    await until(() => origin.seen.dropped === 1, 'the other server sees the connection end');
  }));
}

test('a client that pipelines has not left', withBoth(async (server, origin) => {
  const request = (path) => `GET ${target(origin, path)} HTTP/1.1\r\nHost: a\r\n\r\n`;
  const twice = raw(server.port, [request('/pass?path=/slow?ms=400'), request('/read?path=/echo')], {enough: (text) => text.includes('200 10')});
  assert.match((await twice).text, /\r\n\r\nx?[^]*200 10/);
}));

runTests();
