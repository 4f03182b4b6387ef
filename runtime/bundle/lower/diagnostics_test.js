// What the user reads when something is wrong: testdata/errors/<case>/ holds the application and expected.txt, the whole text.
// UPDATE_EXPECTED=1 writes the files anew.
'use strict';

const assert = require('assert');
const fs = require('fs');
const path = require('path');
const { test } = require('node:test');
const { diagnosticsOf } = require('./testing');

const CASES = path.join(__dirname, 'testdata', 'errors');

function readFiles(folder, prefix = '') {
  const files = {};
  const names = fs.readdirSync(folder).sort((a, b) => Number(b.startsWith('index.')) - Number(a.startsWith('index.')));
  for (const name of names) {
    const file = path.join(folder, name);
    if (fs.statSync(file).isDirectory()) Object.assign(files, readFiles(file, `${prefix}${name}/`));
    else if (name !== 'expected.txt' && name !== 'options.json') files[prefix + name] = fs.readFileSync(file, 'utf8');
  }
  return files;
}

for (const name of fs.readdirSync(CASES)) {
  test(`diagnostics: ${name}`, async () => {
    const folder = path.join(CASES, name);
    const optionsFile = path.join(folder, 'options.json');
    const options = fs.existsSync(optionsFile) ? JSON.parse(fs.readFileSync(optionsFile, 'utf8')) : {};

    const text = `${await diagnosticsOf(readFiles(folder), options)}\n`;

    const expectedFile = path.join(folder, 'expected.txt');
    if (process.env.UPDATE_EXPECTED) fs.writeFileSync(expectedFile, text);
    assert.strictEqual(text, fs.readFileSync(expectedFile, 'utf8'));
  });
}
