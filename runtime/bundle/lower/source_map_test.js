// Every line of worker.js that throws must lead to the line of the user's file that does: stack traces know lines only.
'use strict';

const assert = require('assert');
const { test } = require('node:test');
const { TraceMap, originalPositionFor } = require('@jridgewell/trace-mapping');
const { lowerApplication } = require('./testing');

const INDEX = `import { helper } from "./lib/helper";
interface Shape { readonly size: number }
enum Color { Red, Green }
abstract class Base<T extends Shape> {
  #hidden = 1;
  constructor(protected readonly shape: T) { if (shape.size > 9) throw new Error("marker-constructor"); }
  async method(n: number, { deep = n } = {}): Promise<number> {
    for await (const item of [n, deep]) {
      if (item > 100)
        throw new Error("marker-for-await");
    }
    try {
      await helper(n);
    } catch (error) {
      throw new Error("marker-catch", { cause: error });
    }
    return this.#hidden + deep;
  }
  static *generate(limit: number) {
    while (true) {
      yield limit--;
      if (limit < 0) throw new Error("marker-generator");
    }
  }
  get value(): number { throw new Error("marker-getter"); }
}
class Derived extends Base<Shape> {
  field = () => {
    throw new Error("marker-field-arrow");
  };
}
export default {
  async fetch(request: Request) {
    const text = \`\${request.url}
      \${Color.Green}\`;
    const answer = request.headers?.get("x") ?? (() => { throw new Error("marker-nullish") })();
    [1, 2].forEach((n) => { if (n > text.length)
      throw new Error("marker-callback"); });
    const { a, ...rest } = { a: 1, ...new Derived({ size: 1 }) };
    for (const [k, v] of Object.entries(rest)) {
      setTimeout(() => { throw new Error("marker-closure" + k + v); });
    }
    if (a) throw new Error("marker-plain");
    return new Response(answer);
  },
};
`;

const HELPER = `export async function helper(n: number): Promise<void> {

  if (n === 3) throw new Error("marker-helper");
}
`;

// What the engine's line number gives: the first mapping of the line (SourceMap::Lookup in source_map.cc).
function lookup(trace, line) {
  for (let column = 0; column < 400; column++) {
    const found = originalPositionFor(trace, { line, column });
    if (found.source) return found;
  }
  return null;
}

test('a line that throws leads to the line of the source', async () => {
  const { code, map } = await lowerApplication({ 'src/index.ts': INDEX, 'src/lib/helper.ts': HELPER });

  const trace = new TraceMap(map);
  const markers = [...`${INDEX}${HELPER}`.matchAll(/"(marker-[\w-]+)"/g)].map((m) => m[1]);
  assert.ok(markers.length >= 11);
  const lines = code.split('\n');
  for (const marker of markers) {
    const index = lines.findIndex((line) => line.includes(`"${marker}"`));
    assert.ok(index >= 0, `${marker} is not in the lowered code`);
    const found = lookup(trace, index + 1);
    assert.ok(found, `${marker} has no mapping`);
    const source = found.source.endsWith('helper.ts') ? HELPER : INDEX;
    const expected = source.split('\n').findIndex((line) => line.includes(`"${marker}"`)) + 1;
    assert.deepStrictEqual([marker, found.line], [marker, expected]);
  }
});

test('sources are named relative to the application', async () => {
  const { map } = await lowerApplication({ 'src/index.ts': INDEX, 'src/lib/helper.ts': HELPER });

  assert.deepStrictEqual(map.sources.slice().sort(), ['src/index.ts', 'src/lib/helper.ts']);
});
