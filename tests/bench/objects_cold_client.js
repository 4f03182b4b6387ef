// The first requests to objects, one after the other on one connection: prints "p50 p99" in milliseconds.
//   node objects_cold_client.js PORT PATH FIRST COUNT     PATH/FIRST, PATH/(FIRST + 1) ...
'use strict';
const http = require('http');

const [port, path, first, count] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4]), Number(process.argv[5])];
const agent = new http.Agent({keepAlive: true, maxSockets: 1});

function get(target) {
  return new Promise((resolve, reject) => {
    http.get({agent, port, host: '127.0.0.1', path: target}, (response) => {
      response.resume();
      response.on('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(`${target}: ${response.statusCode}`))));
    }).on('error', reject);
  });
}

async function main() {
  // The connection, the client's own code, and the isolates are there before.
  for (let i = 0; i < 50; ++i) await get('/memory/warm');
  const times = [];
  for (let i = first; i < first + count; ++i) {
    const began = process.hrtime.bigint();
    await get(`${path}/${i}`);
    times.push(Number(process.hrtime.bigint() - began) / 1e6);
  }
  times.sort((a, b) => a - b);
  console.log(`${times[count >> 1].toFixed(2)} ${times[Math.floor(count * 0.99)].toFixed(2)}`);
  process.exit(0);
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
