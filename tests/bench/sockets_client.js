// Opens WebSockets of one object, waits until it hibernates, reads the server's memory, then has it send one message to all of them.
//   node sockets_client.js PORT PID CONNECTIONS
'use strict';
const fs = require('fs');
const net = require('net');

const [port, pid, count] = process.argv.slice(2).map(Number);
const REQUEST = (who) => `GET /room?name=bench&who=${who} HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
const AT_ONCE = 50;
const HIBERNATES_AFTER_MS = 13000;

const privateKb = () => [...fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').matchAll(/^Private_(?:Clean|Dirty):\s+(\d+)/gm)].reduce((sum, match) => sum + Number(match[1]), 0);
const cpuMs = () => fs.readdirSync(`/proc/${pid}/task`).reduce((sum, task) => sum + Number(fs.readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6, 0);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function open(who) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(REQUEST(who)));
    socket.once('error', reject);
    socket.once('data', (head) => head.toString('latin1').startsWith('HTTP/1.1 101') ? resolve(socket) : reject(new Error(head.toString('latin1').slice(0, 200))));
  });
}

// A text of fewer than 126 bytes, masked with zeros.
const frame = (text) => Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);

// Sends one message and waits until everybody has it: {ms, cpu}.
function broadcast(sockets, text) {
  return new Promise((resolve) => {
    const bytes = `${0}: ${text}`.length + 2;
    let missing = sockets.length;
    const started = process.hrtime.bigint();
    const cpu = cpuMs();
    for (const socket of sockets) {
      let got = 0;
      const onData = (piece) => {
        got += piece.length;
        if (got < bytes) return;
        socket.off('data', onData);
        if (--missing === 0) resolve({ms: Number(process.hrtime.bigint() - started) / 1e6, cpu: cpuMs() - cpu});
      };
      socket.on('data', onData);
    }
    sockets[0].write(frame(text));
  });
}

async function main() {
  for (let tries = 0;; tries++) {
    try {
      (await open('probe')).destroy();
      break;
    } catch (error) {
      if (tries > 200) throw error;
      await sleep(100);
    }
  }
  const sockets = [];
  const openUntil = async (total) => {
    while (sockets.length < total) sockets.push(...await Promise.all(Array.from({length: Math.min(AT_ONCE, total - sockets.length)}, () => open(0))));
    const awake = privateKb();
    await sleep(HIBERNATES_AFTER_MS);
    return {awake, asleep: privateKb()};
  };
  // In two halves: what the JavaScript heap has grown to for the first is there for the second.
  const half = Math.floor(count / 2);
  const first = await openUntil(half);
  const second = await openUntil(count);
  console.log(`${count} sockets; private memory (kernel buffers not counted): ${Math.round(second.awake / 1024)} MB while the object is awake, ${Math.round(second.asleep / 1024)} MB while it hibernates`);
  console.log(`per hibernating socket: ${Math.round((second.asleep - first.asleep) * 1024 / (count - half))} bytes, by the second half of them`);
  for (const name of ['waking the object up', 'again', 'again']) {
    const {ms, cpu} = await broadcast(sockets, 'hello to all of you');
    console.log(`one message to all, ${name}: ${ms.toFixed(0)} ms until everybody has it, ${cpu.toFixed(0)} ms of the server's processor time`);
  }
  console.log(`private memory afterwards: ${Math.round(privateKb() / 1024)} MB`);
  process.exit(0);
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
