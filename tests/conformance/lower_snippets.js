// Lowers snippets (name|function body) as applications of their own: node lower_snippets.js OUT.json SNIPPETS.txt...
// OUT.json: {"<file>/<name>": {"code": lowered bundle} or {"error": message}}. A snippet that cannot be bundled hurts itself only.
'use strict';

const fs = require('fs');
const os = require('os');
const path = require('path');
const { bundle } = require('../../runtime/bundle/lower/bundle');
const { lower } = require('../../runtime/bundle/lower/lower');

async function lowerSnippet(folder, body) {
  fs.writeFileSync(path.join(folder, 'snippet.js'), `export default async function () {${body}\n}\n`);
  const options = { root: folder, main: 'snippet.js', compatibilityFlags: [], define: {}, alias: {} };
  const bundled = await bundle(options);
  return lower(bundled.code, bundled.map).code;
}

async function main([out, ...files]) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'edge-snippets-'));
  const result = {};
  for (const file of files) {
    for (const line of fs.readFileSync(file, 'utf8').split('\n').filter(Boolean)) {
      const bar = line.indexOf('|');
      const name = `${path.basename(file, '.txt')}/${line.slice(0, bar)}`;
      try {
        result[name] = { code: await lowerSnippet(folder, line.slice(bar + 1)) };
      } catch (error) {
        result[name] = { error: error.message };
      }
    }
  }
  fs.rmSync(folder, { recursive: true });
  fs.writeFileSync(out, JSON.stringify(result));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
