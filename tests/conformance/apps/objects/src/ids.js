const message = (run) => {
  try {
    return run();
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};

// What does not depend on how ids are derived.
export const ids = {
  length: (env) => [env.SQL.idFromName('a').toString().length, env.SQL.newUniqueId().toString().length, /^[0-9a-f]+$/.test(env.SQL.idFromName('a').toString())],
  deterministic: (env) => [env.SQL.idFromName('a').equals(env.SQL.idFromName('a')), env.SQL.idFromName('a').equals(env.SQL.idFromName('b')), env.SQL.idFromName('a').toString() === env.SQL.idFromName('a').toString()],
  perNamespace: (env) => env.SQL.idFromName('a').toString() === env.OTHER.idFromName('a').toString(),
  unique: (env) => env.SQL.newUniqueId().equals(env.SQL.newUniqueId()),
  name: (env) => [env.SQL.idFromName('a').name, env.SQL.newUniqueId().name, env.SQL.idFromString(env.SQL.idFromName('a').toString()).name],
  fromString: (env) => env.SQL.idFromString(env.SQL.idFromName('a').toString()).equals(env.SQL.idFromName('a')),
  upperCase: (env) => message(() => env.SQL.idFromString(env.SQL.idFromName('a').toString().toUpperCase()).equals(env.SQL.idFromName('a'))),
  short: (env) => message(() => env.SQL.idFromString('abc')),
  notHex: (env) => message(() => env.SQL.idFromString('z'.repeat(64))),
  zeros: (env) => message(() => env.SQL.idFromString('0'.repeat(64))),
  otherNamespace: (env) => message(() => env.SQL.idFromString(env.OTHER.idFromName('a').toString())),
  getOther: (env) => message(() => env.SQL.get(env.OTHER.idFromName('a'))),
  getString: (env) => message(() => env.SQL.get('a')),
  nameCoerced: (env) => env.SQL.idFromName(12).equals(env.SQL.idFromName('12')),
  noName: (env) => message(() => env.SQL.idFromName()),
  stub: (env) => {
    const stub = env.SQL.getByName('a');
    return [stub.name, stub.id.equals(env.SQL.idFromName('a')), env.SQL.get(env.SQL.newUniqueId()).name, typeof stub.fetch, typeof stub.anything];
  },
  constructors: (env) => [env.SQL.constructor.name, env.SQL.idFromName('a').constructor.name, env.SQL.getByName('a').constructor.name, String(env.SQL), String(env.SQL.idFromName('a')).length],
  illegal: (env) => message(() => new env.SQL.constructor()),
  json: (env) => JSON.stringify({ id: env.SQL.idFromName('a') }),
};
