// Computes what the snippets give in Node, by hand when a snippet is added (Node 22 or newer):
//   node tests/conformance/expected_values.js tests/conformance/testdata/js-lowering.txt
// writes js-lowering.expected.json beside it.
'use strict';

const fs = require('fs');
const { transformSync } = require('esbuild');

const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor;

function encode(value) {
  return JSON.stringify(value, (key, v) => (v === undefined ? '__undefined__' : v));
}

async function evaluate(body) {
  // `using` is younger than Node; esbuild lowers it.
  const code = transformSync(`async function snippet() {"use strict";${body}\n}`, { target: 'es2022', supported: { using: false } }).code;
  return encode(await new AsyncFunction(`"use strict";${/\busing\b/.test(body) ? `${code};return snippet()` : body}`)());
}

async function main(files) {
  process.on('unhandledRejection', () => {});
  for (const file of files) {
    const expected = {};
    for (const line of fs.readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
      const bar = line.indexOf('|');
      expected[line.slice(0, bar)] = await evaluate(line.slice(bar + 1));
    }
    fs.writeFileSync(file.replace(/\.txt$/, '.expected.json'), `${JSON.stringify(expected, null, 1)}\n`);
  }
}

main(process.argv.slice(2));
