// What a cached bundle is checked against, and the writing of bundles.
'use strict';

const assert = require('assert');
const fs = require('fs');
const path = require('path');
const { test } = require('node:test');
const { build } = require('./build');
const { makeApplication, optionsFor } = require('./testing');

function read(directory) {
  return JSON.parse(fs.readFileSync(path.join(directory, 'bundle.json'), 'utf8'));
}

const FILES = {
  'src/index.ts': 'import { a } from "./a"; import p from "p"; export default [a, p]',
  'src/a.js': 'export const a = 1',
  'tsconfig.json': '{ "extends": "./base.json" }',
  'base.json': '{}',
  'node_modules/p/package.json': '{"name":"p","main":"i.js"}',
  'node_modules/p/i.js': 'export default 1',
};

test('inputs are the modules, the files that steer resolution, and what must stay absent', async () => {
  const root = makeApplication(FILES);

  const { directory } = await build({ ...optionsFor(root, 'src/index.ts'), cache: path.join(root, 'cache') });

  const inputs = new Map(read(directory).inputs.map((input) => [input.path, input.sha256]));
  for (const name of Object.keys(FILES)) assert.match(inputs.get(name) || '', /^[0-9a-f]{64}$/, name);
  for (const name of ['src/a', 'src/a.ts', 'src/a.tsx', 'src/tsconfig.json', 'package.json']) assert.strictEqual(inputs.get(name), null, name);
  assert.strictEqual(inputs.get('src/a.cjs'), undefined);
});

test('the same sources give the same bundle wherever they are', async () => {
  const build1 = await build({ ...optionsFor(makeApplication(FILES), 'src/index.ts'), cache: makeApplication({}) });
  const build2 = await build({ ...optionsFor(makeApplication(FILES), 'src/index.ts'), cache: makeApplication({}) });

  assert.strictEqual(path.basename(build1.directory), path.basename(build2.directory));
  assert.strictEqual(read(build1.directory).content_hash, path.basename(build1.directory));
});

test('flags change the hash', async () => {
  const root = makeApplication(FILES);
  const cache = makeApplication({});
  const plain = await build({ ...optionsFor(root, 'src/index.ts'), cache });
  const flagged = await build({ ...optionsFor(root, 'src/index.ts', { compatibilityFlags: ['nodejs_compat'] }), cache });

  assert.notStrictEqual(plain.directory, flagged.directory);
});

test('a failed build leaves the old bundle and nothing else', async () => {
  const root = makeApplication(FILES);
  const out = path.join(root, 'out', 'bundle');
  await build({ ...optionsFor(root, 'src/index.ts'), out });
  const before = read(out).content_hash;
  fs.writeFileSync(path.join(root, 'src/a.js'), 'export const a = ;');

  await assert.rejects(build({ ...optionsFor(root, 'src/index.ts'), out }));

  assert.strictEqual(read(out).content_hash, before);
  assert.deepStrictEqual(fs.readdirSync(path.dirname(out)), ['bundle']);
});
