// Options: the command line of the lowering tool.
'use strict';

const USAGE = `usage: node lower.cjs --root DIR --main FILE --out DIR [option...]
  --root DIR                 the application's folder; paths in messages are relative to it
  --main FILE                the entry module, relative to the root
  --out DIR                  the bundle directory to write; replaced as a whole, or untouched if anything fails
  --cache DIR                instead of --out: write to DIR/<content hash>; its path is printed on standard output
  --compatibility-date DATE  recorded in the bundle
  --compatibility-flag NAME  recorded in the bundle; may be repeated. nodejs_compat allows node: imports that exist
  --define NAME=EXPRESSION   replaces a global name by a JSON value or an identifier; may be repeated
  --alias NAME=MODULE        replaces an import; may be repeated
  --rule TYPE=GLOB           files matched by the glob (relative to the root) are imported as Text or Data; may be repeated
  --tsconfig FILE            instead of the tsconfig.json beside the sources
`;

class UsageError extends Error {}

const SINGLE = {
  '--root': 'root',
  '--main': 'main',
  '--out': 'out',
  '--cache': 'cache',
  '--compatibility-date': 'compatibilityDate',
  '--tsconfig': 'tsconfig',
};
const PAIRS = { '--define': 'define', '--alias': 'alias' };

function parse(argv) {
  const options = { compatibilityFlags: [], define: {}, alias: {}, rules: [], compatibilityDate: '' };
  for (let i = 0; i < argv.length; i++) {
    const name = argv[i];
    const value = argv[++i];
    if (value === undefined) throw new UsageError(`${name} needs a value`);
    if (SINGLE[name]) {
      options[SINGLE[name]] = value;
    } else if (name === '--compatibility-flag') {
      options.compatibilityFlags.push(value);
    } else if (name === '--rule') {
      const match = /^(Text|Data)=(.+)$/.exec(value);
      if (!match) throw new UsageError(`--rule wants Text=GLOB or Data=GLOB, not "${value}"`);
      options.rules.push({ type: match[1], glob: match[2] });
    } else if (PAIRS[name]) {
      const equals = value.indexOf('=');
      if (equals <= 0) throw new UsageError(`${name} wants NAME=VALUE, not "${value}"`);
      options[PAIRS[name]][value.slice(0, equals)] = value.slice(equals + 1);
    } else {
      throw new UsageError(`unknown option ${name}`);
    }
  }
  for (const required of ['root', 'main']) {
    if (!options[required]) throw new UsageError(`--${required} is missing`);
  }
  if (!options.out === !options.cache) throw new UsageError('exactly one of --out and --cache is needed');
  return options;
}

module.exports = { USAGE, UsageError, parse };
