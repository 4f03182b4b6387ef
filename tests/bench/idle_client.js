// Opens connections that stay idle after one request and reads the server's memory before and after.
//   node idle_client.js SERVER PORT PID CONNECTIONS
'use strict';
const fs = require('fs');
const net = require('net');

const [server, portText, pid, countText] = process.argv.slice(2);
const port = Number(portText);
const count = Number(countText);
const REQUEST = 'GET / HTTP/1.1\r\nHost: bench\r\n\r\n';
const AT_ONCE = 100;

const privateKb = () => [...fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8').matchAll(/^Private_(?:Clean|Dirty):\s+(\d+)/gm)].reduce((sum, match) => sum + Number(match[1]), 0);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Resolves when the answer has begun; answers of this benchmark are one piece.
function ask(socket) {
  return new Promise((resolve, reject) => {
    socket.once('data', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
    socket.write(REQUEST);
  });
}

function open() {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(socket));
    socket.setMaxListeners(0);
    socket.once('error', reject);
  });
}

async function main() {
  // As many requests as later, on few connections: what the application itself keeps is in the "before".
  const few = await Promise.all(Array.from({length: 16}, open));
  await Promise.all(few.map(async (socket) => {
    for (let index = 0; index < count / few.length; index++) {
      await ask(socket);
      socket.removeAllListeners('close');
      socket.removeAllListeners('error');
    }
  }));
  for (const socket of few) socket.destroy();
  await sleep(500);
  const before = privateKb();

  const idle = [];
  while (idle.length < count) {
    const batch = await Promise.all(Array.from({length: Math.min(AT_ONCE, count - idle.length)}, open));
    await Promise.all(batch.map(ask));
    idle.push(...batch);
  }
  let closed = 0;
  for (const socket of idle) {
    socket.removeAllListeners('close');
    socket.on('close', () => closed++);
    socket.on('error', () => {});
  }
  await sleep(1000);
  const after = privateKb();
  const sample = idle.filter((socket, index) => index % Math.ceil(count / 100) === 0 && !socket.destroyed);
  await Promise.all(sample.map(ask));
  const row = [server.padEnd(8), (before / 1024).toFixed(1).padStart(12), (after / 1024).toFixed(1).padStart(12), (((after - before) * 1024) / count).toFixed(0).padStart(18), `${sample.length} of ${sample.length}`.padStart(16)];
  console.log(row.join(' ') + (closed > 0 ? `  (${closed} were closed by the server)` : ''));
  process.exit(0);
}

main().catch((error) => {
  console.error(`${server}: ${error.message}`);
  process.exit(1);
});
