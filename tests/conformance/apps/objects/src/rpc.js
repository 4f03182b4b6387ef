import { RpcTarget } from 'cloudflare:workers';

const message = async (run) => {
  try {
    return await run();
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};
class Target extends RpcTarget {
  count = 0;
  #secret = 1;
  increment(by = 1) {
    return (this.count += by);
  }
  get value() {
    return this.count;
  }
}

export const rpc = {
  call: (env, stub) => stub.add(1, 2),
  values: (env, stub) => stub.echo(1, 'two', null, undefined, [3], { a: new Date(1) }, new Map([[1, 2]]), new Uint8Array([9]), 5n),
  nothing: (env, stub) => stub.nothing(),
  getter: (env, stub) => stub.getter,
  instanceField: (env, stub) => message(() => stub.label),
  arrowField: (env, stub) => message(() => stub.arrow()),
  missing: (env, stub) => message(() => stub.missing()),
  missingProperty: (env, stub) => message(() => stub.missing),
  constructorCall: (env, stub) => message(() => stub.constructor()),
  alarm: (env, stub) => message(() => stub.alarm()),
  throwError: (env, stub) => stub.fail(),
  throwType: (env, stub) => stub.fail('type'),
  throwCustom: (env, stub) => stub.fail('custom'),
  throwString: (env, stub) => message(() => stub.fail('string')),
  throwObject: async (env, stub) => {
    try {
      await stub.fail('object');
    } catch (error) {
      return [typeof error, error];
    }
  },
  errorKinds: async (env, stub) => {
    try {
      await stub.fail('type');
    } catch (error) {
      return [error instanceof TypeError, error.remote, error.cause === undefined];
    }
  },
  callback: (env, stub) => stub.callBack((x) => `called with ${x}`, 5),
  callbackThrows: (env, stub) => message(() => stub.callBack(() => { throw new RangeError('in the callback'); })),
  target: async (env, stub) => {
    const target = new Target();
    return [await stub.useCounter(target), target.count];
  },
  returnedTarget: async (env, stub) => {
    using counter = await stub.counter(5);
    return [await counter.increment(), await counter.increment(4), await counter.value];
  },
  targetField: async (env, stub) => {
    using counter = await stub.counter(5);
    return message(() => counter.field);
  },
  pipelined: (env, stub) => stub.counter(10).increment(5),
  pipelinedProperty: (env, stub) => stub.counter(10).value,
  pipelinedDeep: async (env, stub) => [await stub.nested().list, await stub.nested().say('you'), await stub.nested().counter.increment()],
  pipelinedError: (env, stub) => message(() => stub.fail().more().still),
  pipelinedMissing: (env, stub) => message(() => stub.add(1, 2).nothing()),
  nestedResult: async (env, stub) => {
    using result = await stub.nested();
    return [result.list, await result.say('me'), typeof result.counter];
  },
  disposed: async (env, stub) => {
    const counter = await stub.counter(1);
    counter[Symbol.dispose]();
    return message(() => counter.increment());
  },
  classInstance: (env, stub) => message(() => stub.classInstance()),
  classArgument: (env, stub) => message(() => stub.echo(new (class Mine {})())),
  symbolArgument: (env, stub) => message(() => stub.echo(Symbol('x'))),
  stream: async (env, stub) => new Response(await stub.stream()).text(),
  streamArgument: (env, stub) => stub.readStream(new Blob(['from the caller']).stream()),
  response: async (env, stub) => {
    const response = await stub.response();
    return [response.status, response.headers.get('X-A'), await response.text()];
  },
  request: (env, stub) => stub.readRequest(new Request('https://example.com/a?b', { method: 'POST', body: 'text' })),
  order: async (env, stub) => {
    await Promise.all([1, 2, 3, 4, 5].map((n) => stub.note(n)));
    return stub.notes();
  },
  stubArgument: async (env, stub) => message(() => stub.echo(1).then((values) => values.length)),
  thenCatchFinally: async (env, stub) => {
    const steps = [];
    await stub.fail().then(() => steps.push('then')).catch((error) => steps.push(error.message)).finally(() => steps.push('finally'));
    return steps;
  },
  typeofs: (env, stub) => [typeof stub.add, typeof stub.anything, typeof stub.add(1, 2), stub.add(1, 2) instanceof Promise],
  deepPath: (env, stub) => message(() => {
    let at = stub;
    for (let i = 0; i < 100; i++) at = at.next;
    return at;
  }),
  large: async (env, stub) => (await stub.echo('x'.repeat(1_000_000)))[0].length,
};
