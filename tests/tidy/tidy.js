// The tree's rules. `node tidy.js ROOT` prints one line per finding, "path:line: message", and ends with 1 if there is any.
'use strict';
const {bannedApis, staleExceptions} = require('./banned.js');
const {includesOf, stripCommentsAndStrings} = require('./cpp.js');
const {includeDirection} = require('./layers.js');
const {fileRules, treeRules} = require('./shape.js');
const {readTree} = require('./tree.js');

// A file as the rules take it; `code` and `includes` only of C++.
function asFile(path, text) {
  const file = {path, text, code: '', includes: []};
  if (/\.(h|cc|c)$/.test(path)) {
    file.code = stripCommentsAndStrings(text);
    file.includes = includesOf(file.code);
  }
  return file;
}

const isCpp = (file) => /\.(h|cc|c)$/.test(file.path);

function check(tree) {
  const files = [...tree].map(([path, text]) => asFile(path, text));
  const found = [];
  const perFile = [...Object.values(fileRules)];
  for (const file of files) {
    const rules = isCpp(file) ? [...perFile, bannedApis, includeDirection] : perFile;
    for (const rule of rules) for (const finding of rule(file)) found.push({path: file.path, ...finding});
  }
  for (const rule of [...Object.values(treeRules), staleExceptions]) found.push(...rule(files));
  return {files: files.length, found};
}

if (require.main === module) {
  const root = process.argv[2];
  if (!root) {
    console.error('usage: node tidy.js ROOT');
    process.exit(2);
  }
  const {files, found} = check(readTree(root));
  for (const finding of found) console.log(`${finding.path}:${finding.line}: ${finding.message}`);
  console.log(`${files} files, ${found.length} findings`);
  process.exit(found.length > 0 ? 1 : 0);
}

module.exports = {asFile, check};
