// Locator: from a position in the bundled module to the user's file, with the source line.
'use strict';

const { TraceMap, originalPositionFor } = require('@jridgewell/trace-mapping');

// Positions are {line from 1, column from 0}; the answer is the part of a diagnostic that says where.
function locator(code, map) {
  let trace = null;
  return ({ line, column }) => {
    trace = trace || new TraceMap(map);
    const found = originalPositionFor(trace, { line, column });
    if (!found.source) {
      return { file: 'bundled code', line, column: column + 1, source: code.split('\n')[line - 1] };
    }
    const text = (trace.sourcesContent || [])[trace.sources.indexOf(found.source)];
    const source = text === undefined || text === null ? undefined : text.split(/\r\n|\n|\r/)[found.line - 1];
    return { file: found.source, line: found.line, column: found.column + 1, source };
  };
}

module.exports = { locator };
