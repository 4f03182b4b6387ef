// Build: from options to a bundle directory on disk.
'use strict';

const { bundle } = require('./bundle');
const { lower } = require('./lower');
const { writeBundle } = require('./output');

async function build(options) {
  const bundled = await bundle(options);
  const lowered = lower(bundled.code, bundled.map);
  const directory = writeBundle(options, bundled, lowered);
  return { directory, warnings: [...bundled.warnings, ...lowered.warnings] };
}

module.exports = { build };
