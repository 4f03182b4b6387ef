const message = (run) => {
  try {
    return run();
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
};
const rows = (s, query, ...bindings) => s.sql.exec(query, ...bindings).toArray();
const people = (s) => {
  s.sql.exec('CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT UNIQUE, age INTEGER)');
  s.sql.exec("INSERT INTO people (name, age) VALUES ('ann', 30), ('bob', 25), ('cyd', NULL)");
};

export const sql = {
  select: (s) => (people(s), rows(s, 'SELECT * FROM people ORDER BY id')),
  raw: (s) => (people(s), [...s.sql.exec('SELECT name, age FROM people ORDER BY id').raw()]),
  columnNames: (s) => (people(s), s.sql.exec('SELECT id AS "a b", name, age + 1 FROM people').columnNames),
  duplicateColumns: (s) => [rows(s, 'SELECT 1 AS a, 2 AS a'), [...s.sql.exec('SELECT 1 AS a, 2 AS a').raw()]],
  iterate: (s) => {
    people(s);
    const names = [];
    for (const row of s.sql.exec('SELECT name FROM people ORDER BY name DESC')) names.push(row.name);
    return names;
  },
  next: (s) => {
    people(s);
    const cursor = s.sql.exec('SELECT id FROM people ORDER BY id LIMIT 2');
    return [cursor.next(), cursor.next(), cursor.next(), cursor.next()];
  },
  one: (s) => s.sql.exec('SELECT 1 AS x').one(),
  oneOfNone: (s) => (people(s), message(() => s.sql.exec('SELECT * FROM people WHERE id = 9').one())),
  oneOfMany: (s) => (people(s), message(() => s.sql.exec('SELECT * FROM people').one())),
  rest: (s) => {
    people(s);
    const cursor = s.sql.exec('SELECT id FROM people ORDER BY id');
    cursor.next();
    return cursor.toArray();
  },
  bindings: (s) => rows(s, 'SELECT ? AS a, ? AS b, ? AS c, ? AS d', 1.5, 'text', null, new Uint8Array([1, 2, 3])),
  bindNumbers: (s) => rows(s, 'SELECT typeof(?) AS a, typeof(?) AS b, ? AS c, ? AS d', 5, 5.5, 2 ** 53, -0),
  bindUndefined: (s) => message(() => rows(s, 'SELECT ? AS a, typeof(?1) AS t', undefined)),
  bindBoolean: (s) => message(() => rows(s, 'SELECT ? AS a, typeof(?1) AS t', true)),
  bindDate: (s) => message(() => rows(s, 'SELECT typeof(?) AS t', new Date(0))),
  bindObject: (s) => message(() => rows(s, 'SELECT ? AS a', { x: 1 })),
  bindArray: (s) => message(() => rows(s, 'SELECT ? AS a', [1, 2])),
  bindBigInt: (s) => message(() => rows(s, 'SELECT ? AS a', 5n)),
  bindBuffer: (s) => rows(s, 'SELECT typeof(?) AS t, length(?1) AS n', new ArrayBuffer(4)),
  bindNumbered: (s) => rows(s, 'SELECT ?2 AS a, ?1 AS b', 'one', 'two'),
  bindNamed: (s) => message(() => rows(s, 'SELECT :a AS a', 1)),
  tooFew: (s) => message(() => rows(s, 'SELECT ?, ?', 1)),
  tooMany: (s) => message(() => rows(s, 'SELECT ?', 1, 2)),
  integers: (s) => rows(s, 'SELECT 9007199254740993 AS a, -1 AS b, 1 << 40 AS c'),
  blob: (s) => rows(s, "SELECT x'00ff' AS a, x'' AS b"),
  unicode: (s) => rows(s, "SELECT ? AS a, length(?1) AS n", 'aü😀'),
  syntax: (s) => message(() => rows(s, 'SELEC 1')),
  noTable: (s) => message(() => rows(s, 'SELECT * FROM nothing')),
  noColumn: (s) => (people(s), message(() => rows(s, 'SELECT wrong FROM people'))),
  unique: (s) => (people(s), message(() => s.sql.exec("INSERT INTO people (name) VALUES ('ann')"))),
  notNull: (s) => (s.sql.exec('CREATE TABLE t (a TEXT NOT NULL)'), message(() => s.sql.exec('INSERT INTO t VALUES (NULL)'))),
  check: (s) => (s.sql.exec('CREATE TABLE t (a INTEGER CHECK (a > 0))'), message(() => s.sql.exec('INSERT INTO t VALUES (0)'))),
  foreignKey: (s) => {
    s.sql.exec('CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INTEGER REFERENCES p(id))');
    return message(() => s.sql.exec('INSERT INTO c VALUES (5)'));
  },
  several: (s) => rows(s, "CREATE TABLE t (a); INSERT INTO t VALUES (1); INSERT INTO t VALUES (?); SELECT * FROM t", 2),
  empty: (s) => message(() => rows(s, '')),
  comment: (s) => message(() => rows(s, '-- nothing')),
  trailingComment: (s) => rows(s, 'SELECT 1 AS a; -- the end'),
  returning: (s) => (people(s), rows(s, "UPDATE people SET age = 31 WHERE name = 'ann' RETURNING id, age")),
  begin: (s) => message(() => s.sql.exec('BEGIN TRANSACTION')),
  savepoint: (s) => message(() => s.sql.exec('SAVEPOINT x')),
  commit: (s) => message(() => s.sql.exec('COMMIT')),
  attach: (s) => message(() => s.sql.exec("ATTACH ':memory:' AS x")),
  vacuum: (s) => message(() => s.sql.exec('VACUUM')),
  pragmaForbidden: (s) => message(() => s.sql.exec('PRAGMA journal_mode = WAL')),
  pragmaTableInfo: (s) => (people(s), rows(s, 'PRAGMA table_info(people)')),
  pragmaTableList: (s) => (people(s), rows(s, 'PRAGMA table_list').map((row) => row.name).filter((name) => !name.startsWith('_cf_')).sort()),
  schema: async (s) => (await s.put('a', 1), people(s), rows(s, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").map((row) => row.name)),
  hiddenTable: async (s) => (await s.put('a', 1), message(() => rows(s, 'SELECT * FROM _cf_KV'))),
  hiddenName: (s) => message(() => s.sql.exec('CREATE TABLE _cf_mine (a)')),
  temp: (s) => message(() => s.sql.exec('CREATE TEMP TABLE t (a)')),
  json: (s) => rows(s, `SELECT json_extract('{"a":[1,2]}', '$.a[1]') AS a, json('[1, 2]') AS b`),
  jsonArrow: (s) => rows(s, `SELECT '{"a":{"b":2}}' -> '$.a' AS a, '{"a":{"b":2}}' ->> '$.a.b' AS b`),
  math: (s) => rows(s, 'SELECT sqrt(16) AS a, pow(2, 10) AS b, round(2.567, 2) AS c, floor(2.7) AS d'),
  fts: (s) => {
    s.sql.exec('CREATE VIRTUAL TABLE docs USING fts5(body)');
    s.sql.exec("INSERT INTO docs VALUES ('the quick brown fox'), ('a lazy dog')");
    return rows(s, "SELECT body FROM docs WHERE docs MATCH 'quick'");
  },
  cte: (s) => rows(s, 'WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4) SELECT i FROM n'),
  window: (s) => (people(s), rows(s, 'SELECT name, row_number() OVER (ORDER BY name DESC) AS n FROM people')),
  upsert: (s) => (people(s), s.sql.exec("INSERT INTO people (name, age) VALUES ('ann', 1) ON CONFLICT (name) DO UPDATE SET age = excluded.age + 100"), rows(s, "SELECT age FROM people WHERE name = 'ann'")),
  rowsWritten: (s) => {
    people(s);
    const cursor = s.sql.exec("UPDATE people SET age = 1 WHERE id < 3");
    return [typeof cursor.rowsRead, typeof cursor.rowsWritten, cursor.rowsWritten > 0];
  },
  rowCounts: (s) => [
    'CREATE TABLE IF NOT EXISTS p (id INTEGER PRIMARY KEY, name TEXT, age INTEGER)',
    'CREATE INDEX IF NOT EXISTS p_age ON p (age)',
    'CREATE TABLE IF NOT EXISTS u (id INTEGER PRIMARY KEY, email TEXT UNIQUE, age INTEGER)',
    "INSERT INTO p (name, age) VALUES ('ann', 1), ('bob', 2), ('cid', 3), ('dan', 3), ('eve', 5)",
    "INSERT INTO u (email, age) VALUES ('a@x', 1), ('b@x', 2), ('c@x', 3)",
    'SELECT 1',
    'SELECT * FROM p',
    'SELECT * FROM p LIMIT 2',
    'SELECT * FROM p WHERE id = 2',
    "SELECT * FROM p WHERE name = 'bob'",
    'SELECT * FROM p WHERE age = 3',
    'SELECT MAX(age) FROM p',
    'SELECT SUM(age) FROM p',
    'SELECT * FROM p ORDER BY name',
    'SELECT * FROM p ORDER BY id DESC LIMIT 1',
    'SELECT age, COUNT(*) FROM p GROUP BY age',
    "SELECT * FROM u WHERE email = 'b@x'",
    "UPDATE p SET name = 'x' WHERE id = 1",
    'UPDATE p SET age = age + 1',
    "UPDATE u SET age = 4 WHERE email = 'a@x'",
    "UPDATE u SET email = 'q@x' WHERE id = 2",
    "INSERT INTO p (name, age) VALUES ('gus', 1) RETURNING id",
    'DELETE FROM p WHERE id = 1',
    'DELETE FROM u',
  ].map((text) => {
    const cursor = s.sql.exec(text);
    cursor.toArray();
    return text.startsWith('CREATE') ? text : [text, cursor.rowsRead, cursor.rowsWritten];
  }),
  rowCountsOfSeeks: (s) => (people(s), ['SELECT COUNT(*) FROM people', 'SELECT * FROM people WHERE id = 99', 'SELECT * FROM people WHERE id IN (1, 3)', 'SELECT * FROM people AS a JOIN people AS b ON b.id = a.id'].map((text) => {
    const cursor = s.sql.exec(text);
    cursor.toArray();
    return [text, cursor.rowsRead];
  })),
  transactionSync: (s) => {
    people(s);
    const value = s.transactionSync(() => {
      s.sql.exec("DELETE FROM people WHERE name = 'bob'");
      return 7;
    });
    return [value, rows(s, 'SELECT COUNT(*) AS n FROM people')];
  },
  transactionSyncThrows: (s) => {
    people(s);
    const thrown = message(() => s.transactionSync(() => {
      s.sql.exec('DELETE FROM people');
      throw new RangeError('no');
    }));
    return [thrown, rows(s, 'SELECT COUNT(*) AS n FROM people')];
  },
  transactionSyncNested: (s) => {
    people(s);
    s.transactionSync(() => {
      s.sql.exec('DELETE FROM people WHERE id = 1');
      message(() => s.transactionSync(() => {
        s.sql.exec('DELETE FROM people WHERE id = 2');
        throw new Error('inner');
      }));
    });
    return rows(s, 'SELECT id FROM people ORDER BY id');
  },
  reexecuted: (s) => {
    people(s);
    const query = 'SELECT id FROM people ORDER BY id';
    const first = s.sql.exec(query);
    first.next();
    s.sql.exec(query).toArray();
    return message(() => first.next());
  },
  cursorOverWrite: (s) => {
    people(s);
    const cursor = s.sql.exec('SELECT id FROM people ORDER BY id');
    const seen = [cursor.next().value.id];
    s.sql.exec("INSERT INTO people (name) VALUES ('dan')");
    return [...seen, ...cursor.toArray().map((row) => row.id)];
  },
  databaseSizeOfNothing: (s) => s.sql.databaseSize,
  databaseSize: (s) => (people(s), s.sql.databaseSize > 0 && s.sql.databaseSize % 4096 === 0),
  syncKv: (s) => [s.kv.put('a', { x: 1 }), s.kv.get('a'), s.kv.get('b'), [...s.kv.list()], s.kv.delete('a'), s.kv.delete('a')],
  syncKvList: (s) => {
    for (const key of ['c', 'a', 'b', 'aa']) s.kv.put(key, key.toUpperCase());
    return [[...s.kv.list({ prefix: 'a' })], [...s.kv.list({ start: 'b', reverse: true })], [...s.kv.list({ limit: 1 })]];
  },
  syncKvAndAsync: async (s) => (s.kv.put('a', 1), await s.put('b', 2), [await s.get('a'), s.kv.get('b')]),
  longStatement: (s) => message(() => rows(s, `SELECT 1 ${' '.repeat(101000)}`)),
  manyParameters: (s) => message(() => rows(s, `SELECT ${Array.from({ length: 101 }, () => '?').join(', ')}`, ...Array.from({ length: 101 }, (_, i) => i))),
  likePattern: (s) => message(() => rows(s, 'SELECT 1 WHERE ? LIKE ?', 'a', '%'.repeat(60))),
  deepExpression: (s) => message(() => rows(s, `SELECT ${'('.repeat(120)}1${')'.repeat(120)} AS a`)),
  deepAnd: (s) => message(() => rows(s, `SELECT 1 AS a WHERE ${Array.from({ length: 120 }, () => '1').join(' AND ')}`)),
  compound: (s) => message(() => rows(s, Array.from({ length: 6 }, (_, i) => `SELECT ${i} AS a`).join(' UNION ALL '))),
  noSql: (s) => message(() => s.sql.exec()),
  notText: (s) => message(() => s.sql.exec({})),
  dropAll: async (s) => (people(s), await s.put('k', 1), await s.deleteAll(), rows(s, "SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'")),
  randomblob: (s) => rows(s, 'SELECT length(randomblob(8)) AS n, typeof(random()) AS t'),
  dateNow: (s) => rows(s, "SELECT length(date('now')) AS n"),
};
