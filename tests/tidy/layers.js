// Who may include whom. Includes point downwards: a file may include its own group and every group below it. A folder that is not listed
// has no place yet: give it one here, as low as it can be.
'use strict';

// From the bottom up. Folders of one group may include each other; groups of one layer may not.
const LAYERS = [
  [['runtime/base']],
  [['runtime/seam'], ['runtime/url'], ['runtime/regexp'], ['runtime/cron']],
  [['runtime/fiber']],
  [['net'], ['storage', 'storage/testing']],
  [
    ['net/http', 'net/http/testing'],
    ['net/tls'],
    ['storage/image'],
    ['runtime/js', 'runtime/js/engine', 'runtime/js/language', 'runtime/js/lib', 'runtime/js/tool'],
    ['runtime/bundle'],
    ['runtime/config'],
    ['runtime/gate'],
    ['runtime/os'],
  ],
  [['runtime/web', 'runtime/web/lib', 'runtime/web/testing'], ['net/os'], ['net/websocket'], ['storage/os'], ['storage/log', 'storage/log/testing']],
  [['storage/store', 'storage/store/testing']],
  [['storage/system']],
  [['storage/queue'], ['storage/kv']],
  [['runtime/durable', 'runtime/durable/lib', 'runtime/durable/testing'], ['runtime/rpc', 'runtime/rpc/lib'], ['runtime/websocket', 'runtime/websocket/lib']],
  [['runtime/worker', 'runtime/worker/lib', 'runtime/worker/testing']],
  [['runtime/node'], ['runtime/application'], ['runtime/terminal'], ['runtime/operate']],
  [['sim/record']],
  [['sim/oracle']],
  [['sim/fault']],
  [['sim']],
  [['sim/network'], ['sim/disk']],
  [['sim/machine']],
  [['sim/report', 'sim/report/testing'], ['sim/shrink']],
  [['sim/scenario'], ['properties', 'properties/check', 'properties/model', 'properties/js']],
  [['sim/main']],
  [['runtime/main']],
  [['properties/bench'], ['properties/canary'], ['properties/objects'], ['tests/conformance', 'tests/e2e', 'tests/e2e/os', 'tests/bench', 'tests/tidy', 'tests/parity', 'tests/regression', 'tests/smoke', 'tests/determinism', 'tests/storage']],
];

// Who may see a library's headers. Anything not named here (Abseil, gtest, rapidcheck, the standard library) is for everybody.
const LIBRARIES = [
  {prefix: /^duktape\.h$|^duk_/, folders: /^runtime\/(js|web|durable|rpc|websocket|worker)(\/|$)/, instead: 'use runtime/js/isolate.h'},
  {prefix: /^boost\/context\//, folders: /^runtime\/fiber$/, instead: 'use runtime/fiber'},
  {prefix: /^boost\/(beast|asio)/, folders: /^net\/(http|websocket|tls)$/, instead: 'use net/http'},
  {prefix: /^boost\/json/, folders: /^runtime\/(application|config|bundle|js|node|worker)$|^(sim|properties|tests)(\/|$)/, instead: 'parse JSON in the package that owns the format'},
  {prefix: /^toml\+\+/, folders: /^runtime\/config$/, instead: 'use runtime/config/document.h'},
  {prefix: /^sqlite3/, folders: /^storage(\/|$)/, instead: 'SQLite is behind storage/image'},
  {prefix: /^unicode\//, folders: /^runtime\/(url|regexp|js|web)(\/|$)/, instead: 'ask the package that owns the text operation'},
  {prefix: /^openssl\//, folders: /^runtime\/(bundle|web)(\/|$)|^net\/(tls|websocket)$/, instead: 'use runtime/bundle/sha256.h or the web platform\'s crypto'},
];

const folderOf = (path) => path.slice(0, path.lastIndexOf('/'));
const isOs = (folder) => /(^|\/)os$/.test(folder);
const isTest = (path) => /_(test|bench)\.cc$/.test(path);
const isTesting = (folder) => /(^|\/)testing$/.test(folder);
// Only these wire the machine's own versions of the seams.
const MAY_SEE_OS = /^(runtime\/main|tests\/parity|tests\/bench)$/;

function placeOf(folder) {
  for (let layer = 0; layer < LAYERS.length; layer++) {
    for (const group of LAYERS[layer]) if (group.includes(folder)) return {layer, group};
  }
  return null;
}

function includeDirection(file) {
  const folder = folderOf(file.path);
  const from = placeOf(folder);
  if (!from) return [{line: 1, message: `the folder ${folder} has no place in the layers: add it to tests/tidy/layers.js`}];
  const found = [];
  const complain = (include, text) => found.push({line: include.line, message: `includes ${include.path}: ${text}`});
  for (const include of file.includes) {
    for (const library of LIBRARIES) {
      if (library.prefix.test(include.path) && !library.folders.test(folder)) complain(include, `not for ${folder}: ${library.instead}`);
    }
    if (!/^(runtime|net|storage|sim|properties|tests)\//.test(include.path) || include.angled) continue;
    const target = folderOf(include.path);
    if (target === folder) continue;
    const to = placeOf(target);
    if (!to) {
      complain(include, `the folder ${target} has no place in the layers: add it to tests/tidy/layers.js`);
    } else if (isOs(target) && !isOs(folder) && !MAY_SEE_OS.test(folder)) {
      complain(include, 'only mains and tests/parity see */os: take the seam in the constructor');
    } else if (isTesting(target) && !isTesting(folder) && !isTest(file.path)) {
      complain(include, 'a testing folder is for tests');
    } else if (to.group !== from.group && to.layer >= from.layer) {
      complain(include, `${folder} may include only what is below it (tests/tidy/layers.js)`);
    }
  }
  return found;
}

module.exports = {includeDirection, LAYERS};
