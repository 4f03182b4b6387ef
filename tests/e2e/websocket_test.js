// WebSockets with clients of other projects (ws, undici) and by hand: a Worker's, an object's, and those that a Worker opens.
'use strict';
const assert = require('assert');
const crypto = require('crypto');
const net = require('net');
const undici = require('undici');
const WebSocket = require('ws');
const {copyApp, get, residentKb, runTests, serve, sleep, test, until} = require('./harness.js');

const folder = copyApp('sockets');
let server;
const withServer = (body) => async () => {
  server = await serve([folder], {cwd: folder});
  try {
    await body(server.port);
    assert.ok(server.running());
  } finally {
    await server.stop('SIGKILL');
  }
};

// A client of the package ws with a queue of what came.
function open(target, options = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}${target}`, options.protocols, {perMessageDeflate: false, ...options});
  const queue = [];
  const waiting = [];
  const push = (item) => (waiting.length > 0 ? waiting.shift()(item) : queue.push(item));
  socket.on('message', (data, binary) => push(binary ? data : data.toString()));
  socket.on('close', (code, reason) => push({code, reason: reason.toString()}));
  socket.on('unexpected-response', (request, response) => push({status: response.statusCode, headers: response.headers}));
  socket.on('error', (error) => push({error: error.message}));
  socket.next = (ms = 10000) => queue.length > 0 ? Promise.resolve(queue.shift()) : new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`nothing within ${ms} ms`)), ms);
    waiting.push((item) => (clearTimeout(timer), resolve(item)));
  });
  socket.quiet = () => queue.length === 0;
  socket.ready = new Promise((resolve, reject) => {
    socket.on('open', () => resolve(socket));
    socket.on('close', () => reject(new Error('closed before it was open')));
    socket.on('unexpected-response', (request, response) => reject(new Error(`answered ${response.statusCode}: ${server.log()}`)));
  });
  socket.ready.catch(() => {});
  return socket;
}
const json = async (target) => JSON.parse((await get(server.port, target)).body);

// A WebSocket server of the package ws: what the Worker's own clients talk to.
async function echoServer(options = {}) {
  const theirs = new WebSocket.Server({port: 0, ...options});
  await new Promise((resolve) => theirs.on('listening', resolve));
  theirs.requests = [];
  theirs.on('connection', (socket, request) => {
    theirs.requests.push(request);
    socket.on('message', (data, binary) => socket.send(data, {binary}));
  });
  theirs.url = `127.0.0.1:${theirs.address().port}`;
  return theirs;
}

test('an echo Worker talks to ws: texts, bytes, large and empty messages', withServer(async () => {
  const socket = await open('/echo').ready;
  for (const message of ['hello', '', 'grüße 😀', 'x'.repeat(1000), 'y'.repeat(70000)]) {
    socket.send(message);
    assert.strictEqual(await socket.next(), message);
  }
  for (const size of [0, 1, 125, 126, 65535, 65536, 5 << 20]) {
    const bytes = crypto.randomBytes(size);
    socket.send(bytes);
    assert.ok(bytes.equals(await socket.next()), `${size} bytes`);
  }
  socket.close(1000, 'bye');
  assert.deepStrictEqual(await socket.next(), {code: 1000, reason: 'bye'});
  assert.deepStrictEqual(await json('/heard'), ['close 1000 bye true']);
}));

test('many messages at once come back in order', withServer(async () => {
  const socket = await open('/echo').ready;
  for (let i = 0; i < 2000; i++) socket.send(`message ${i}`);
  for (let i = 0; i < 2000; i++) assert.strictEqual(await socket.next(), `message ${i}`);
  socket.terminate();
}));

test('fragments are one message; bytes are an ArrayBuffer', withServer(async () => {
  const socket = await open('/describe').ready;
  socket.send('ab', {fin: false});
  socket.send('cd', {fin: false});
  socket.ping('in between');
  socket.send('ef', {fin: true});
  assert.strictEqual(await socket.next(), 'text 6');
  socket.send(Buffer.alloc(10), {fin: false});
  socket.send(Buffer.alloc(10));
  assert.strictEqual(await socket.next(), 'ArrayBuffer 20');
  socket.terminate();
}));

test('pings are answered', withServer(async () => {
  const socket = await open('/echo').ready;
  const pong = new Promise((resolve) => socket.on('pong', (data) => resolve(data.toString())));
  socket.ping('are you there?');
  assert.strictEqual(await pong, 'are you there?');
  socket.terminate();
}));

test('the Worker closes: code, reason, nothing', withServer(async () => {
  for (const [target, code, reason] of [['/close?code=4321&reason=because', 4321, 'because'], ['/close?code=1000', 1000, ''], ['/close', 1005, '']]) {
    const socket = open(target);
    assert.strictEqual(await socket.next(), 'last');
    assert.deepStrictEqual(await socket.next(), {code, reason});
  }
}));

test('codes and orders that may not be are errors with the platform\'s texts', withServer(async () => {
  assert.deepStrictEqual(await json('/wrong-close'), [
    'InvalidAccessError: Invalid WebSocket close code: 999.', 'InvalidAccessError: Invalid WebSocket close code: 5000.', 'InvalidAccessError: Invalid WebSocket close code: 1005.',
    'InvalidAccessError: Invalid WebSocket close code: 1006.', 'InvalidAccessError: Invalid WebSocket close code: 1015.',
    'InvalidAccessError: If you specify a WebSocket close reason, you must also specify a code.',
    'SyntaxError: WebSocket close reason must not be longer than 123 bytes when UTF-8 encoded.',
    "TypeError: Can't call WebSocket send() after close().", 2,
  ]);
  const notAccepted = 'TypeError: You must call one of accept() or state.acceptWebSocket() on this WebSocket before sending messages.';
  assert.deepStrictEqual(await json('/misuse'), [
    notAccepted, notAccepted, 'RangeError: Responses with a WebSocket must have status code 101.',
    'RangeError: Responses may only be constructed with status codes in the range 200 to 599, inclusive.',
    "TypeError: Incorrect type for the 'webSocket' field on 'ResponseInitializerDict': the provided value is not of type 'WebSocket'.",
    'TypeError: Response with null body status (101, 204, 205, or 304) cannot have a body.',
    'SyntaxError: WebSocket Constructor: The url is invalid.', 'SyntaxError: WebSocket Constructor: The url scheme must be ws or wss.',
    'SyntaxError: WebSocket Constructor: The url fragment must be empty.',
    'SyntaxError: WebSocket Constructor: The protocols header cannot have repeating values.', 'fine', 'fine',
    'TypeError: Cannot clone a response to a WebSocket handshake.',
  ]);
}));

test('a protocol that the Worker chooses is the connection\'s', withServer(async () => {
  const socket = await open('/echo', {protocols: ['chat', 'superchat']}).ready;
  assert.strictEqual(socket.protocol, 'chat');
  assert.strictEqual(socket.extensions, '');
  socket.terminate();
}));

test('permessage-deflate is not negotiated', withServer(async () => {
  const socket = await open('/echo', {perMessageDeflate: true}).ready;
  assert.strictEqual(socket.extensions, '');
  socket.send('x'.repeat(5000));
  assert.strictEqual(await socket.next(), 'x'.repeat(5000));
  socket.terminate();
}));

test('bad handshakes are refused', withServer(async (port) => {
  const good = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n';
  const ask = (headers, method = 'GET') => get(port, '/echo', {method, headers: headers + 'X: y\r\n', ms: 1000});
  assert.strictEqual((await ask(good)).status, 101);
  assert.match((await ask(good)).head, /Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/);
  const version = await ask(good.replace('Version: 13', 'Version: 8'));
  assert.strictEqual(version.status, 426);
  assert.match(version.head, /Sec-WebSocket-Version: 13/);
  assert.strictEqual((await ask(good.replace(/Sec-WebSocket-Key.*\r\n/, ''))).status, 400);
  assert.strictEqual((await ask(good.replace(/Sec-WebSocket-Key.*\r\n/, 'Sec-WebSocket-Key: short\r\n'))).status, 400);
  assert.strictEqual((await ask(good, 'POST')).status, 400);
  assert.strictEqual((await ask('')).status, 500, 'not asked for');
  assert.match(server.log(), /Worker tried to return a WebSocket in a response to a request which did not contain the header "Upgrade: websocket"/);
  assert.strictEqual((await get(port, '/accepted-in-response', {headers: good, ms: 1000})).status, 500);
  assert.match(server.log(), /Can't return WebSocket in a Response after calling accept\(\)/);
}));

test('a client that breaks the protocol is told how, and the Worker hears of an error', withServer(async () => {
  const socket = await open('/echo').ready;
  socket._socket.write(Buffer.from([0xc1, 0x80, 0, 0, 0, 0]));
  assert.deepStrictEqual(await socket.next(), {code: 1002, reason: 'a reserved bit is set'});
  await until(async () => (await json('/heard')).some((line) => line.startsWith('error ')), 'the Worker hears of it');
  assert.deepStrictEqual(await json('/heard'), ['error Uncaught Error: WebSocket protocol error: a reserved bit is set']);
  const bad = await open('/echo').ready;
  bad._socket.write(Buffer.from([0x81, 0x81, 0, 0, 0, 0, 0xff]));
  assert.strictEqual((await bad.next()).code, 1007);
  const large = await open('/echo').ready;
  large._socket.write(Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0x02, 0, 0, 1, 1, 2, 3, 4]));
  assert.strictEqual((await large.next()).code, 1009);
}));

test('a connection that goes is a close with 1006, and the invocation ends with it', withServer(async () => {
  const socket = await open('/ticks').ready;
  assert.strictEqual(await socket.next(), 'tick 1');
  socket.terminate();
  await sleep(300);
  const before = (await json('/heard')).length;
  await sleep(300);
  assert.strictEqual((await json('/heard')).length, before, 'no more ticks');
  const echo = await open('/echo').ready;
  echo.terminate();
  await until(async () => (await json('/heard')).some((line) => line.startsWith('close 1006')), 'the Worker hears of it');
  assert.ok((await json('/heard')).includes('close 1006 WebSocket disconnected without sending Close frame. false'));
}));

test('both ends in one Worker', withServer(async () => {
  assert.deepStrictEqual(await json('/pair'), [['one!', 'two!'], 4001, 'done', true, 3, 3]);
}));

test('undici talks to it', withServer(async (port) => {
  const socket = new undici.WebSocket(`ws://127.0.0.1:${port}/echo`, ['one']);
  const seen = [];
  await new Promise((resolve, reject) => {
    socket.onopen = () => (socket.send('hello'), socket.send(new Uint8Array([1, 2, 3])), socket.send('z'.repeat(100000)));
    socket.onmessage = async ({data}) => {
      seen.push(typeof data === 'string' ? data.length : data.size);
      if (seen.length === 3) socket.close(3000, 'enough');
    };
    socket.onclose = ({code, reason, wasClean}) => resolve(seen.push(code, reason, wasClean));
    socket.onerror = reject;
  });
  assert.deepStrictEqual(seen, [5, 3, 100000, 3000, 'enough', true]);
  assert.strictEqual(socket.protocol, 'one');
}));

test('back-pressure: a client that does not read holds its Worker\'s memory within bounds, others are served', withServer(async (port) => {
  const slow = await open('/echo').ready;
  slow._socket.pause();
  const piece = Buffer.alloc(1 << 20);
  for (let i = 0; i < 300; i++) slow.send(piece);
  await sleep(2000);
  assert.ok(residentKb(server.pid) < 500 * 1024, `${residentKb(server.pid)} KiB`);
  const other = await open('/echo').ready;
  other.send('still there?');
  assert.strictEqual(await other.next(), 'still there?');
  slow.terminate();
  other.terminate();
}));

test('a stop says 1001', withServer(async () => {
  const socket = await open('/echo').ready;
  socket.send('x');
  await socket.next();
  const ended = server.stop('SIGTERM');
  assert.strictEqual((await socket.next()).code, 1001);
  assert.strictEqual((await ended).code, 0);
  server.running = () => true;
}));

test('a Worker is a client: fetch() with Upgrade, and a proxy that passes the socket on', withServer(async () => {
  const theirs = await echoServer();
  assert.deepStrictEqual(await json(`/client?to=http://${theirs.url}/`), ['hello', '70000 bytes', 1000, 'enough', true]);
  const socket = await open(`/proxy?to=http://${theirs.url}/x`).ready;
  socket.send('through');
  assert.strictEqual(await socket.next(), 'through');
  assert.strictEqual(theirs.requests.at(-1).headers['x-from'], 'edge');
  socket.close(4444, 'far');
  assert.deepStrictEqual(await socket.next(), {code: 4444, reason: 'far'});
  const plain = await open(`/proxy?to=http://127.0.0.1:${server.port}/heard`);
  assert.strictEqual((await plain.next()).status, 200, 'the other server does not want to');
  theirs.close();
}));

test('new WebSocket() opens, talks and fails', withServer(async () => {
  const theirs = await echoServer({handleProtocols: (offered) => [...offered][0]});
  assert.deepStrictEqual(await json(`/constructed?to=ws://${theirs.url}/&protocol=p&protocol=q`), {
    events: ['open p', 'hi'],
    states: [0, 1, 3],
    close: [1000, '', true],
    url: `ws://${theirs.url}/`,
  });
  const refused = await json('/constructed?to=ws://127.0.0.1:1/');
  assert.deepStrictEqual(refused.close, [1006, 'Failed to establish websocket connection', false]);
  assert.deepStrictEqual(refused.events, ['error Uncaught Error: Network connection lost.']);
  const ordinary = await json(`/constructed?to=ws://127.0.0.1:${server.port}/heard`);
  assert.match(ordinary.events[0], /expected server to reply with HTTP status code 101 \(switching protocols\), but received 200 instead/);
  theirs.close();
}));

// --- hibernation ---

test('an object\'s sockets: broadcast, tags, attachments, auto-response, closing', withServer(async () => {
  const ann = await open('/room?name=r&who=ann&tag=x&tag=y&tag=x').ready;
  const bob = await open('/room?name=r&who=bob').ready;
  ann.send('hello');
  assert.strictEqual(await ann.next(), 'ann: hello');
  assert.strictEqual(await bob.next(), 'ann: hello');
  bob.send(Buffer.alloc(7));
  assert.strictEqual(await ann.next(), 'bob: 7 bytes');
  await bob.next();
  ann.send('who');
  const {instance, ...me} = JSON.parse(await ann.next());
  assert.deepStrictEqual(me, {who: 'ann', seen: 2, tags: ['x', 'y'], same: true});
  ann.send('stamp');
  assert.strictEqual(await ann.next(), 'null');
  ann.send('ping');
  assert.strictEqual(await ann.next(), 'pong');
  assert.ok(bob.quiet());
  ann.send('stamp');
  assert.match(await ann.next(), /20\d\d/);
  assert.deepStrictEqual(await json('/room?name=r'), {instance, sockets: 2, tagged: 1});
  bob.send('throw');
  bob.send('after');
  assert.strictEqual(await bob.next(), 'bob: after');
  await ann.next();
  assert.match(server.log(), /from the handler/);
  bob.close(4010, 'home');
  assert.deepStrictEqual(await bob.next(), {code: 4010, reason: 'home'});
  assert.strictEqual(await ann.next(), 'bob left: 4010 home true');
  const eve = await open('/room?name=r&who=eve').ready;
  eve.terminate();
  assert.strictEqual(await ann.next(), 'eve left: 1006 WebSocket disconnected without sending Close frame. false');
  const mal = await open('/room?name=r&who=mal').ready;
  mal._socket.write(Buffer.from([0xc1, 0x80, 0, 0, 0, 0]));
  assert.strictEqual(await ann.next(), 'mal failed: WebSocket protocol error: a reserved bit is set');
  ann.send('close');
  assert.deepStrictEqual(await ann.next(), {code: 4000, reason: 'as asked'});
  await until(async () => (await json('/room?name=r')).sockets === 0, 'the object forgets them');
}));

test('an object that hibernates keeps its sockets; its next instance finds them with tags and attachments', withServer(async () => {
  const ann = await open('/room?name=h&who=ann&tag=x').ready;
  ann.send('who');
  const first = JSON.parse(await ann.next());
  await sleep(12000);
  ann.send('ping');
  assert.strictEqual(await ann.next(), 'pong', 'without waking it');
  ann.send('who');
  const second = JSON.parse(await ann.next());
  assert.deepStrictEqual(second, {...first, seen: 2, instance: second.instance});
  assert.notStrictEqual(second.instance, first.instance);
  ann.terminate();
}));

test('a reset drops an object\'s sockets', withServer(async () => {
  const ann = await open('/room?name=b&who=ann').ready;
  const bob = await open('/room?name=b&who=bob').ready;
  ann.send('reset');
  assert.strictEqual((await ann.next()).code, 1006);
  assert.strictEqual((await bob.next()).code, 1006);
  assert.strictEqual((await json('/room?name=b')).sockets, 0);
}));

test('an object\'s standard socket', withServer(async () => {
  const ann = await open('/room?name=s&standard=1').ready;
  ann.send('x');
  assert.strictEqual(await ann.next(), 'standard x');
  ann.terminate();
}));

runTests();
