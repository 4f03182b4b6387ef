// Starts a server again and again and measures from just before the spawn to the first byte of a 200.
//   node first_answer.js APP SERVER RUNS PORT COMMAND [ARG...]
'use strict';
const {spawn} = require('child_process');
const net = require('net');

const [app, server, runs, port, command, ...args] = process.argv.slice(2);
const LIMIT_MS = 10000;

// Connects without a pause until it works: a refused connection on loopback costs some 50 us.
function firstAnswer(since) {
  return new Promise((resolve, reject) => {
    const attempt = () => {
      if (Number(process.hrtime.bigint() - since) / 1e6 > LIMIT_MS) return reject(new Error(`${server} did not answer ${app} within ${LIMIT_MS} ms`));
      const socket = net.connect(Number(port), '127.0.0.1');
      let over = false;
      socket.setNoDelay(true);
      socket.on('connect', () => socket.write('GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n'));
      socket.on('data', (piece) => {
        const ms = Number(process.hrtime.bigint() - since) / 1e6;
        over = true;
        socket.destroy();
        if (piece.toString('latin1').startsWith('HTTP/1.1 200')) resolve(ms);
        else reject(new Error(`${server}: ${piece.toString('latin1', 0, 40)}`));
      });
      const again = () => {
        if (!over) setImmediate(attempt);
        over = true;
      };
      socket.on('error', again);
      socket.on('end', again);
    };
    attempt();
  });
}

async function main() {
  const times = [];
  // The first run warms the page cache and does not count.
  for (let run = 0; run <= Number(runs); run++) {
    const since = process.hrtime.bigint();
    const child = spawn(command, args, {stdio: ['ignore', 'ignore', 'pipe']});
    let log = '';
    child.stderr.on('data', (piece) => (log += piece));
    const ended = new Promise((resolve) => child.on('exit', resolve));
    try {
      const ms = await firstAnswer(since);
      if (run > 0) times.push(ms);
    } catch (error) {
      throw new Error(`${error.message}\n${log}`);
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  }
  times.sort((a, b) => a - b);
  const median = (times[Math.floor((times.length - 1) / 2)] + times[Math.ceil((times.length - 1) / 2)]) / 2;
  console.log(`${app.padEnd(7)} ${server.padEnd(8)} ${[median, times[0], times[times.length - 1]].map((ms) => ms.toFixed(1).padStart(10)).join(' ')}`);
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
