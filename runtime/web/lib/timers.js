// setTimeout, setInterval, setImmediate, scheduler.wait, performance and navigator.
//
// The host knows timers by number only; the callbacks are kept here.
(function(global, native, edge) {
'use strict';
var web = edge.web;
var timers = new Map(), next = 1;

function define(name, value) { Object.defineProperty(global, name, {value: value, writable: true, enumerable: true, configurable: true}); }
// As the platform does: at most 2^31 - 1 ms, less than 1 ms becomes at once.
function delayOf(ms) {
  ms = Number(ms);
  if (!(ms > 0)) return 0;
  return ms > 2147483647 ? 2147483647 : Math.floor(ms);
}
function start(callback, ms, repeat, args) {
  if (typeof callback !== 'function')
    throw new TypeError(
        "Failed to execute '" + (repeat ? 'setInterval' : 'setTimeout') +
        "' on 'ServiceWorkerGlobalScope': parameter 1 is not of type 'function'.");
  var id = next++, gone = native.startTimer(id, ms);
  timers.set(id, {callback: callback, args: args, ms: ms, repeat: repeat});
  if (gone) forget(gone);
  return id;
}
// Timers that ended with their invocation.
function forget(ids) {
  for (var i = 0; i < ids.length; i++) timers['delete'](ids[i]);
}
function stop(id) {
  id = Number(id);
  if (timers['delete'](id)) native.cancelTimer(id);
}
native.expose('fireTimer', function(id) {
  var timer = timers.get(id), gone;
  if (!timer) return;
  if (timer.repeat) {
    if ((gone = native.startTimer(id, timer.ms < 1 ? 1 : timer.ms))) forget(gone);
  } else
    timers['delete'](id);
  timer.callback.apply(undefined, timer.args);
});
function rest(list, from) { return Array.prototype.slice.call(list, from); }

define('setTimeout', function setTimeout(callback, ms) { return start(callback, delayOf(ms), false, rest(arguments, 2)); });
define('setInterval', function setInterval(callback, ms) { return start(callback, delayOf(ms), true, rest(arguments, 2)); });
define('clearTimeout', function clearTimeout(id) { stop(id); });
define('clearInterval', function clearInterval(id) { stop(id); });

function Immediate(id) { Object.defineProperty(this, 'id', {value: id}); }
define('setImmediate', function setImmediate(callback) { return new Immediate(start(callback, 0, false, rest(arguments, 1))); });
define('clearImmediate', function clearImmediate(immediate) {
  if (immediate instanceof Immediate) stop(immediate.id);
});

define('scheduler', {
  wait: function wait(ms, options) {
    var signal = options && options.signal;
    return new Promise(function(resolve, reject) {
      if (signal && signal.aborted) {
        reject(signal.reason);
        return;
      }
      var id = start(resolve, delayOf(ms), false, []);
      if (signal)
        signal.addEventListener('abort', function() {
          stop(id);
          reject(signal.reason);
        });
    });
  }
});

var define2 = web.streams.defineClass;
function Performance() { throw new TypeError('Illegal constructor'); }
define2(
    Performance, 'Performance', {now: function now() { return native.elapsedMs(); }, toJSON: function toJSON() { return {timeOrigin: 0}; }},
    {timeOrigin: function() { return 0; }});
['mark', 'measure', 'clearMarks', 'clearMeasures', 'getEntries', 'getEntriesByName', 'getEntriesByType'].forEach(function(name) {
  Object.defineProperty(Performance.prototype, name, {
    value: function() { throw new Error('performance.' + name + ' is not supported yet by this version of edge.'); },
    writable: true,
    enumerable: true,
    configurable: true
  });
});
Object.defineProperty(
    global, 'performance', {value: Object.create(Performance.prototype), writable: true, enumerable: true, configurable: true});

function Navigator() { throw new TypeError('Illegal constructor'); }
define2(Navigator, 'Navigator', {}, {
  userAgent: function() { return 'Cloudflare-Workers'; },
  hardwareConcurrency: function() { return 1; },
  platform: function() { return ''; },
  language: function() { return 'en'; },
  languages: function() { return ['en']; }
});
Object.defineProperty(
    global, 'navigator', {value: Object.create(Navigator.prototype), writable: false, enumerable: true, configurable: true});
})
