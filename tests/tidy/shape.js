// How files and folders look: size, guards, every source in a target, a README where there is code.
'use strict';

const LINE_LENGTH_MAX = 140;
const FILE_LINES_MAX = 800;

const isCpp = (path) => /\.(h|cc|c)$/.test(path);
const isData = (path) => /(^|\/)testdata\//.test(path) || path === 'package-lock.json' || path.endsWith('.patch');
const isLicence = (path) => path === 'LICENSE';

const eachLine = (file, visit) => {
  const found = [];
  file.text.split('\n').forEach((line, index) => {
    const message = visit(line);
    if (message) found.push({line: index + 1, message});
  });
  return found;
};

// The lines of a raw string literal are text of another language; clang-format leaves them alone too.
function lineLength(file) {
  if (!isCpp(file.path)) return [];
  let delimiter = null;
  return eachLine(file, (line) => {
    const inside = delimiter !== null || /R"\w*\(/.test(line);
    for (const match of line.matchAll(/R"(\w*)\(|\)(\w*)"/g)) {
      if (delimiter === null && match[1] !== undefined) delimiter = match[1];
      else if (match[2] !== undefined && match[2] === delimiter) delimiter = null;
    }
    return !inside && [...line].length > LINE_LENGTH_MAX && `${[...line].length} columns: at most ${LINE_LENGTH_MAX} (tools/dev format)`;
  });
}

function fileLength(file) {
  if (!/\.(h|cc|c|js|ts|sh|bzl|md)$/.test(file.path) || isData(file.path)) return [];
  const lines = file.text.split('\n').length - 1;
  return lines > FILE_LINES_MAX ? [{line: lines, message: `${lines} lines: at most ${FILE_LINES_MAX}; a file that needs a table of contents is two files`}] : [];
}

function headerGuard(file) {
  if (!file.path.endsWith('.h')) return [];
  const guard = `EDGE_${file.path.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_`;
  const match = /^#ifndef (\S+)\n#define (\S+)$/m.exec(file.text);
  if (match && match[1] === guard && match[2] === guard && file.text.trimEnd().endsWith(`#endif  // ${guard}`)) return [];
  return [{line: 1, message: `the header guard must be ${guard} (#ifndef, #define, #endif  // ${guard})`}];
}

function trailingSpace(file) {
  if (isData(file.path)) return [];
  const found = eachLine(file, (line) => /[ \t\r]$/.test(line) && 'ends in spaces: remove them');
  if (file.text !== '' && !file.text.endsWith('\n')) found.push({line: file.text.split('\n').length, message: 'does not end in a line break: add one'});
  return found;
}

// Spelled in pieces, since this file is read too.
const LATER = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`);
function laterMarks(file) {
  if (isData(file.path)) return [];
  return eachLine(file, (line) => {
    const match = LATER.exec(line);
    return match && `${match[1]}: do it, or write an issue and say here what holds now`;
  });
}

const HOSTS = new RegExp(`\\b(${['registry\\.' + 'npmjs', 'registry\\.' + 'yarnpkg', 'py' + 'pi\\.org', 'files\\.python' + 'hosted', 'index\\.' + 'crates\\.io', 'deb\\.' + 'debian\\.org', 'mirror\\.' + 'bazel\\.build'].join('|')})`);
const MACHINE_PATHS = new RegExp(`(^|[\\s"'\`(=:])(/${'work'}/|/${'root'}/)`);
function machineNames(file) {
  if (isLicence(file.path)) return [];
  return eachLine(file, (line) => {
    if (HOSTS.test(line)) return `${HOSTS.exec(line)[0]}: package tools know their registries; name the package instead`;
    if (isData(file.path)) return null;
    const path = MACHINE_PATHS.exec(line);
    return path && `${path[2]}: a path of one machine; make it relative`;
  });
}

const folderOf = (path) => (path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '');

// Does the text of a BUILD file name `relative`, literally or by a glob? (Tests are often listed without their ending.)
function names(build, relative) {
  for (const match of build.matchAll(/"([^"\n]+)"/g)) {
    const label = match[1].replace(/^:/, '');
    if (label === relative || (relative.endsWith('_test.cc') && label === relative.slice(0, -3))) return true;
    if (!label.includes('*')) continue;
    const pattern = label.split(/(\*\*\/|\*)/).map((part) => (part === '**/' ? '(?:.*/)?' : part === '*' ? '[^/]*' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')));
    if (new RegExp(`^${pattern.join('')}$`).test(relative)) return true;
  }
  return false;
}

// Every C++ source and every script of runtime/ belongs to a target of the nearest BUILD file above it.
function inTarget(files) {
  const builds = new Map(files.filter((file) => /(^|\/)BUILD\.bazel$/.test(file.path)).map((file) => [folderOf(file.path), file.text]));
  const found = [];
  for (const file of files) {
    if (isData(file.path) || !(isCpp(file.path) || (/^runtime\/.*\.js$/.test(file.path) && !file.path.endsWith('_test.js')))) continue;
    let folder = folderOf(file.path);
    while (folder && !builds.has(folder)) folder = folderOf(folder);
    const relative = folder ? file.path.slice(folder.length + 1) : file.path;
    if (!builds.has(folder)) {
      found.push({path: file.path, line: 1, message: 'is in no target: there is no BUILD.bazel in its folder or above'});
    } else if (!names(builds.get(folder), relative)) {
      found.push({path: file.path, line: 1, message: `is in no target: name it in ${folder ? folder + '/' : ''}BUILD.bazel`});
    }
  }
  return found;
}

// A folder with sources has a README.md, or a line with `name/` in the README.md above it. What `testing` is for needs no words.
function hasReadme(files) {
  const text = new Map(files.map((file) => [file.path, file.text]));
  const folders = new Set(files.filter((file) => /\.(h|cc|c|js|ts|sh)$/.test(file.path) && !isData(file.path)).map((file) => folderOf(file.path)));
  const found = [];
  for (const folder of [...folders].sort()) {
    if (folder === '' || folder.endsWith('/testing') || text.has(`${folder}/README.md`)) continue;
    let above = folderOf(folder);
    while (above && !text.has(`${above}/README.md`)) above = folderOf(above);
    const readme = text.get(above ? `${above}/README.md` : 'README.md') || '';
    const name = folder.slice(above ? above.length + 1 : 0);
    const top = name.split('/')[0];
    if (above && (readme.includes(`${name}/`) || new RegExp(`^\\|\\s*${top}/?\\s*\\|`, 'm').test(readme) || readme.includes(`${top}/`))) continue;
    found.push({path: `${folder}/README.md`, line: 1, message: 'is missing: a folder with sources says what it is for (or the README.md above it has a row for it)'});
  }
  return found;
}

module.exports = {fileRules: {lineLength, fileLength, headerGuard, trailingSpace, laterMarks, machineNames}, treeRules: {inTarget, hasReadme}};
