// A disk that goes wrong under the real binary: os/disk_trouble.cc, preloaded, and the file that says what fails.
'use strict';
const fs = require('fs');
const path = require('path');
const {freshFolder, until} = require('./harness.js');

const LIBRARY = path.resolve(process.env.EDGE_DISK_TROUBLE || path.join(__dirname, '../../bazel-bin/tests/e2e/os/libdisk_trouble.so'));
const ALWAYS = 1e9;

// {env: for serve and run, fail, stop, hits, hit}
function diskTrouble() {
  if (!fs.existsSync(LIBRARY)) throw new Error(`${LIBRARY} is missing: bazel build //tests/e2e/os:libdisk_trouble.so`);
  const file = path.join(freshFolder(), 'trouble');
  const write = (rule) => {
    fs.writeFileSync(`${file}.new`, rule);
    fs.renameSync(`${file}.new`, file);
  };
  const hits = () => (fs.existsSync(`${file}.hits`) ? fs.readFileSync(`${file}.hits`, 'utf8').trim().split('\n') : []);
  return {
    env: {LD_PRELOAD: LIBRARY, EDGE_TROUBLE_FILE: file},
    // `call`: sync, write, grow or open, of files whose path contains `part`.
    fail: (call, error, part, {skip = 0, count = ALWAYS} = {}) => write(`${call} ${error} ${skip} ${count} ${part}\n`),
    stop: () => write(''),
    hits,
    hit: (count = 1) => until(() => hits().length >= count, `${count} failures of the disk`),
  };
}

module.exports = {diskTrouble};
