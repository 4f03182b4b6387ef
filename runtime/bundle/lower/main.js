// The lowering tool: bundles, lowers and writes one application. See options.js for its command line.
//
// Exit codes: 0 done, 2 the user's code or configuration is wrong (diagnostics on standard error), 3 a fault of this tool.
'use strict';

const { UsageError, USAGE, parse } = require('./options');
const { BuildError, report } = require('./diagnostics');

async function main(argv) {
  let options;
  try {
    options = parse(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`error: ${error.message}\n${USAGE}`);
    return 2;
  }
  try {
    const { build } = require('./build');
    const { directory, warnings } = await build(options);
    report(warnings, process.stderr);
    process.stdout.write(`${directory}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof BuildError)) throw error;
    report(error.diagnostics, process.stderr);
    return 2;
  }
}

main(process.argv.slice(2)).then(
  (code) => { process.exitCode = code; },
  (error) => {
    process.stderr.write(`internal error of the lowering tool: ${error && error.stack ? error.stack : error}\n`);
    process.exitCode = 3;
  },
);
