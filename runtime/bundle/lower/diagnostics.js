// Diagnostics: one shape and one format for everything that can be wrong with the user's code.
//
// A diagnostic is {severity, message, file, line, column, source, length, remedy}; line counts from 1, column from 1. It is printed as
//
//   error: Could not resolve "./x"
//     --> src/index.ts:3:20
//      |
//    3 | import { x } from "./x";
//      |                   ^~~~~
//      = help: ...
'use strict';

class BuildError extends Error {
  constructor(diagnostics) {
    super(diagnostics.map((d) => d.message).join('\n'));
    this.diagnostics = diagnostics;
  }
}

function fail(diagnostic) {
  throw new BuildError([{ severity: 'error', ...diagnostic }]);
}

// Spaces that keep tabs, so that the caret stands under its column whatever the terminal's tab width.
function indentation(text) {
  return text.replace(/[^\t]/g, ' ');
}

function format(diagnostic) {
  const { severity, message, file, line, column, source, length, remedy } = diagnostic;
  const lines = [`${severity || 'error'}: ${message}`];
  const width = line ? String(line).length : 1;
  const margin = ' '.repeat(width + 1);
  if (file) {
    lines.push(`${' '.repeat(width)} --> ${file}${line ? `:${line}${column ? `:${column}` : ''}` : ''}`);
  }
  if (source !== undefined && line) {
    const shown = source.length > 200 ? `${source.slice(0, 200)}...` : source;
    lines.push(`${margin} |`, `${line} ${' '}| ${shown}`);
    if (column && column <= shown.length + 1) {
      const squiggle = '~'.repeat(Math.max(0, Math.min(length || 1, shown.length - column + 1) - 1));
      lines.push(`${margin} | ${indentation(shown.slice(0, column - 1))}^${squiggle}`);
    }
  }
  if (remedy) {
    for (const [index, part] of remedy.split('\n').entries()) lines.push(`${margin} ${index === 0 ? '= help:' : '       '} ${part}`);
  }
  return lines.join('\n');
}

function report(diagnostics, stream) {
  const text = diagnostics.map(format).join('\n\n');
  if (text) stream.write(`${text}\n`);
}

module.exports = { BuildError, fail, format, report };
