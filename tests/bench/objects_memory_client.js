// Makes objects, waits until they are evicted, uses some of them again; prints the server's memory after each step.
//   node objects_memory_client.js PORT PID EDGE STATE OBJECTS LIVE
'use strict';
const {execFileSync} = require('child_process');
const fs = require('fs');
const http = require('http');

const [edge, state] = process.argv.slice(4, 6);
const [port, pid, objects, live] = [2, 3, 6, 7].map((at) => Number(process.argv[at]));
const WRITERS = 256;
const CLIENTS = 32;
const AIM_MB = 1024;

const agent = new http.Agent({keepAlive: true, maxSockets: WRITERS});
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const rssKb = () => Number(/^VmRSS:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
const peakKb = () => Number(/^VmHWM:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
const stats = () => JSON.parse(execFileSync(edge, ['objects', 'stats', '--json', '--state', state], {encoding: 'utf8'}));

function get(target) {
  return new Promise((resolve, reject) => {
    http.get({agent, port, host: '127.0.0.1', path: target}, (response) => {
      let text = '';
      response.on('data', (piece) => (text += piece));
      response.on('end', () => (response.statusCode === 200 ? resolve(text) : reject(new Error(`${target}: ${response.statusCode} ${text.slice(0, 200)}`))));
    }).on('error', reject);
  });
}

// Uses objects first ... last - 1 of them, each once; returns the answers' milliseconds, sorted.
async function use(path, first, last, clients) {
  const times = [];
  let next = first;
  const client = async () => {
    while (next < last) {
      const began = process.hrtime.bigint();
      await get(`/${path}/${next++}`);
      times.push(Number(process.hrtime.bigint() - began) / 1e6);
    }
  };
  await Promise.all(Array.from({length: clients}, client));
  return times.sort((a, b) => a - b);
}

let base = 0;
function report(what, per) {
  const {objects: counts, checkpoints} = stats();
  const kb = rssKb();
  const each = per > 0 ? `, ${(((kb - base) * 1024) / per / 1000).toFixed(2)} KB each of ${per}` : '';
  console.log(`${what}: RSS ${(kb / 1024).toFixed(0)} MB${each} (live ${counts.live}, open databases ${counts.open_databases}, ` +
      `${counts.isolates} isolates with heaps of ${(counts.isolate_bytes / 1e6).toFixed(0)} MB, ${(checkpoints.overlay_bytes / 1e6).toFixed(0)} MB of pages await a checkpoint)`);
  return counts;
}

async function evicted() {
  for (;;) {
    await sleep(2000);
    if (stats().objects.live === 0) return;
  }
}

async function main() {
  await use('fill', 0, 100, WRITERS);
  await evicted();
  base = rssKb();
  report('after a warm-up with 100 objects, evicted', 0);
  const began = Date.now();
  await use('fill', 0, objects, WRITERS);
  console.log(`${objects} objects made and written in ${((Date.now() - began) / 1000).toFixed(0)} s by ${WRITERS} clients`);
  report('just then', objects);
  await evicted();
  report(`${objects} evicted`, objects);
  await sleep(65000);
  report('a checkpoint later', objects);
  const before = rssKb();
  const times = await use('hold', 0, live, CLIENTS);
  const counts = report(`${live} of them live again`, 0);
  const kb = rssKb();
  console.log(`per live object: ${(((kb - before) * 1024) / live / 1000).toFixed(2)} KB; ` +
      `first request to an evicted object: p50 ${times[times.length >> 1].toFixed(2)} ms, p99 ${times[Math.floor(times.length * 0.99)].toFixed(2)} ms with ${CLIENTS} at a time`);
  const again = await use('hold', 0, live, CLIENTS);
  report('used once more', 0);
  console.log(`a request to a live one: p50 ${again[again.length >> 1].toFixed(2)} ms, p99 ${again[Math.floor(again.length * 0.99)].toFixed(2)} ms`);
  console.log(`peak RSS ${(peakKb() / 1024).toFixed(0)} MB; aim: under ${AIM_MB} MB: ${peakKb() / 1024 < AIM_MB ? 'met' : 'MISSED'}${counts.live < live ? `, but only ${counts.live} were live` : ''}`);
  process.exit(0);
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
