// The iteration of URLSearchParams, which is live: a change while iterating shows.
(function(global, native, edge) {
'use strict';
var P = edge.privateKey('params');
var Prototype = Object.create(edge.iteratorPrototype || Object.prototype);
Object.defineProperty(Prototype, Symbol.toStringTag, {value: 'URLSearchParams Iterator', configurable: true});
Object.defineProperty(Prototype, 'next', {
  value: function next() {
    var state = this[P];
    if (!state) throw new TypeError('Illegal invocation');
    var pair = native.searchParamsAt(state.params, state.at);
    if (!pair) return {value: undefined, done: true};
    state.at++;
    return {value: state.part < 0 ? pair : pair[state.part], done: false};
  },
  writable: true,
  enumerable: true,
  configurable: true
});
function iteratorOf(part) {
  return function() {
    native.searchParamsAt(this, 0);
    var iterator = Object.create(Prototype);
    Object.defineProperty(iterator, P, {value: {params: this, at: 0, part: part}});
    return iterator;
  };
}
function method(name, f) {
  Object.defineProperty(f, 'name', {value: typeof name === 'symbol' ? 'entries' : name, configurable: true});
  Object.defineProperty(
      URLSearchParams.prototype, name, {value: f, writable: true, enumerable: typeof name !== 'symbol', configurable: true});
}
method('entries', iteratorOf(-1));
method('keys', iteratorOf(0));
method('values', iteratorOf(1));
method(Symbol.iterator, URLSearchParams.prototype.entries);
method('forEach', function forEach(callback, self) {
  if (typeof callback !== 'function') throw new TypeError('forEach needs a function');
  for (var i = 0, pair; (pair = native.searchParamsAt(this, i)); i++) callback.call(self, pair[1], pair[0], this);
});
// An array of pairs if the initializer is iterable, else undefined: it is a record then.
native.expose('pairsOf', function(init) {
  if (typeof init[Symbol.iterator] !== 'function') return undefined;
  return Array.from(init, function(pair) { return Array.isArray(pair) ? pair : Array.from(pair); });
});
})
