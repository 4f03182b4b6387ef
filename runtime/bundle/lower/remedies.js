// Remedies: what to do about the errors of bundling that people meet most.
'use strict';

const REMEDIES = [
  [/^Could not resolve "(\.[^"]*)"/, () => 'The path is relative to the importing file. Check its spelling and upper and lower case.'],
  [/^Could not resolve "((?:@[^/"]+\/)?[^/"]+)/, (m) => `If "${m[1]}" is an npm package, install it: npm install ${m[1]}`],
  [/^No matching export in "([^"]*)" for import "([^"]*)"/, (m) => (m[2] === 'default' ? `"${m[1]}" has no default export: import it with braces, or as * .` : `"${m[1]}" exports nothing of that name.`)],
  [/^No loader is configured for "([^"]*)" files/, () => 'Text is imported from .txt, .html and .sql files, bytes from .bin files, data from .json files.'],
  [/^Cannot assign to "([^"]*)" because it is a constant/, (m) => `Declare "${m[1]}" with let if it is meant to change.`],
  [/JSON/, () => 'JSON has quoted names, no comments and no trailing commas.'],
  [/"await" can only be used inside an "async" function/, () => 'Mark the surrounding function "async".'],
  [/^Top-level await is currently not supported|Top-level await/, () => 'Move the await into a function: a module that is require()d cannot wait.'],
  [/^(?:Unexpected|Expected|Unterminated|Invalid|Syntax error) /, () => 'This is not valid JavaScript or TypeScript; the mark shows where reading it stopped.'],
];

function remedyFor(text) {
  for (const [pattern, remedy] of REMEDIES) {
    const match = pattern.exec(text);
    if (match) return remedy(match);
  }
  return undefined;
}

module.exports = { remedyFor };
