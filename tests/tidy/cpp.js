// C++ as the rules see it: the same lines with comments, and with string contents, blanked out, so that a rule about code never reads prose.
'use strict';

// Returns `text` with comments removed and the insides of string and character literals dropped; line breaks stay where they are.
function stripCommentsAndStrings(text) {
  let out = '';
  let at = 0;
  const lineBreaksOf = (piece) => piece.replace(/[^\n]/g, '');
  while (at < text.length) {
    const two = text.slice(at, at + 2);
    const c = text[at];
    if (two === '//') {
      const end = text.indexOf('\n', at);
      at = end < 0 ? text.length : end;
    } else if (two === '/*') {
      const end = text.indexOf('*/', at + 2);
      const next = end < 0 ? text.length : end + 2;
      out += ' ' + lineBreaksOf(text.slice(at, next));
      at = next;
    } else if (c === 'R' && text[at + 1] === '"' && !/\w/.test(text[at - 1] || '')) {
      const open = text.indexOf('(', at);
      const close = `)${text.slice(at + 2, open)}"`;
      const end = text.indexOf(close, open);
      const next = end < 0 ? text.length : end + close.length;
      out += '""' + lineBreaksOf(text.slice(at, next));
      at = next;
    } else if (c === '"' || (c === "'" && !/[0-9a-fA-F]/.test(text[at - 1] || ''))) {
      let end = at + 1;
      while (end < text.length && text[end] !== c && text[end] !== '\n') end += text[end] === '\\' ? 2 : 1;
      // An include's path is code: rules look at it.
      const lineStart = text.lastIndexOf('\n', at) + 1;
      out += /^\s*#\s*include\s*$/.test(text.slice(lineStart, at)) ? text.slice(at, end + 1) : c + c;
      at = end + 1;
    } else {
      out += c;
      at++;
    }
  }
  return out;
}

// [{line, path, angled}] of a file whose text went through stripCommentsAndStrings.
function includesOf(code) {
  const found = [];
  code.split('\n').forEach((line, index) => {
    const match = /^\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)")/.exec(line);
    if (match) found.push({line: index + 1, path: match[1] || match[2], angled: match[1] !== undefined});
  });
  return found;
}

module.exports = {stripCommentsAndStrings, includesOf};
