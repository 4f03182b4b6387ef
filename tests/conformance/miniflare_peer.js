// One application under miniflare, as a process of its own: node miniflare_peer.js OPTIONS.json. Prints the port it listens on; ends on SIGTERM.
'use strict';
const fs = require('fs');

async function main() {
  const {root, workerd, options} = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
  process.env.MINIFLARE_WORKERD_PATH = workerd;
  const {Miniflare} = require(require.resolve('miniflare', {paths: [root]}));
  const server = new Miniflare({port: 0, ...options, host: '127.0.0.1'});
  const {port} = await server.ready;
  process.on('SIGTERM', () => server.dispose().then(() => process.exit(0)));
  console.log(`port ${port}`);
}

main().catch((error) => {
  console.error(error.stack);
  process.exit(1);
});
