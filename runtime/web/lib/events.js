// DOMException, Event, EventTarget and AbortController (DOM standard without a tree: no capture phase, no bubbling).
(function(global, native, edge) {
'use strict';
var E = edge.privateKey('event');
var web = edge.web;

function define(target, name, value) {
  Object.defineProperty(target, name, {value: value, writable: true, enumerable: false, configurable: true});
}
function members(constructor, name, methods, accessors) {
  var key;
  for (key in methods)
    Object.defineProperty(constructor.prototype, key, {value: methods[key], writable: true, enumerable: true, configurable: true});
  for (key in accessors) Object.defineProperty(constructor.prototype, key, {get: accessors[key], enumerable: true, configurable: true});
  Object.defineProperty(constructor, 'name', {value: name, configurable: true});
  Object.defineProperty(constructor.prototype, Symbol.toStringTag, {value: name, configurable: true});
  define(global, name, constructor);
  native.uncloneable(constructor.prototype, name);
}
function inherit(constructor, parent) {
  constructor.prototype = Object.create(parent.prototype, {constructor: {value: constructor, writable: true, configurable: true}});
  Object.setPrototypeOf(constructor, parent);
}
function needNew(self, constructor, name) {
  if (!(self instanceof constructor)) throw new TypeError("Class constructor " + name + " cannot be invoked without 'new'");
}
function record(object, name) {
  var r = object === null || object === undefined ? undefined : object[E];
  if (!r) throw new TypeError('Illegal invocation: this is not ' + name);
  return r;
}

// --- DOMException ---
var codes = {
  IndexSizeError: 1,
  HierarchyRequestError: 3,
  WrongDocumentError: 4,
  InvalidCharacterError: 5,
  NoModificationAllowedError: 7,
  NotFoundError: 8,
  NotSupportedError: 9,
  InUseAttributeError: 10,
  InvalidStateError: 11,
  SyntaxError: 12,
  InvalidModificationError: 13,
  NamespaceError: 14,
  InvalidAccessError: 15,
  TypeMismatchError: 17,
  SecurityError: 18,
  NetworkError: 19,
  AbortError: 20,
  URLMismatchError: 21,
  QuotaExceededError: 22,
  TimeoutError: 23,
  InvalidNodeTypeError: 24,
  DataCloneError: 25
};
function DOMException(message, options) {
  needNew(this, DOMException, 'DOMException');
  var name = 'Error';
  if (options !== undefined && options !== null && typeof options === 'object') {
    if (options.name !== undefined) name = String(options.name);
    if ('cause' in options) define(this, 'cause', options.cause);
  } else if (options !== undefined)
    name = String(options);
  Object.defineProperty(this, E, {value: {name: name, message: message === undefined ? '' : String(message)}});
  // An error made here carries the stack of the `new DOMException` call.
  if (Error.captureStackTrace) Error.captureStackTrace(this, DOMException);
}
inherit(DOMException, Error);
members(DOMException, 'DOMException', {}, {
  name: function() { return record(this, 'a DOMException').name; },
  message: function() { return record(this, 'a DOMException').message; },
  code: function() { return codes[record(this, 'a DOMException').name] || 0; }
});
Object.keys(codes).forEach(function(name) {
  // IndexSizeError: INDEX_SIZE_ERR
  for (var constant = '', i = 0; i < name.length - 5; i++) {
    var c = name.charAt(i), upper = c.toUpperCase();
    constant += i > 0 && c === upper && name.charAt(i - 1) !== name.charAt(i - 1).toUpperCase() ? '_' + c : upper;
  }
  constant += '_ERR';
  [DOMException, DOMException.prototype].forEach(function(
      target) { Object.defineProperty(target, constant, {value: codes[name], enumerable: true}); });
});
native.setDomException(DOMException);

// --- Event ---
function Event(type, init) {
  needNew(this, Event, 'Event');
  if (arguments.length < 1) throw new TypeError("Failed to construct 'Event': 1 argument required, but only 0 present.");
  init = init === undefined || init === null ? {} : init;
  Object.defineProperty(this, E, {
    value: {
      type: String(type),
      bubbles: !!init.bubbles,
      cancelable: !!init.cancelable,
      composed: !!init.composed,
      target: null,
      currentTarget: null,
      phase: 0,
      prevented: false,
      stopped: false,
      stoppedNow: false,
      passive: false,
      dispatching: false,
      time: Date.now(),
      trusted: false
    }
  });
}
function event(object) { return record(object, 'an Event'); }
members(
    Event, 'Event', {
      preventDefault: function preventDefault() {
        var e = event(this);
        if (e.cancelable && !e.passive) e.prevented = true;
      },
      stopPropagation: function stopPropagation() { event(this).stopped = true; },
      stopImmediatePropagation: function stopImmediatePropagation() {
        var e = event(this);
        e.stopped = e.stoppedNow = true;
      },
      composedPath: function composedPath() {
        var e = event(this);
        return e.currentTarget ? [e.currentTarget] : [];
      },
      initEvent: function initEvent(type, bubbles, cancelable) {
        var e = event(this);
        if (e.dispatching) return;
        e.type = String(type);
        e.bubbles = !!bubbles;
        e.cancelable = !!cancelable;
        e.prevented = e.stopped = e.stoppedNow = false;
      }
    },
    {
      type: function() { return event(this).type; },
      bubbles: function() { return event(this).bubbles; },
      cancelable: function() { return event(this).cancelable; },
      composed: function() { return event(this).composed; },
      target: function() { return event(this).target; },
      srcElement: function() { return event(this).target; },
      currentTarget: function() { return event(this).currentTarget; },
      eventPhase: function() { return event(this).phase; },
      defaultPrevented: function() { return event(this).prevented; },
      returnValue: function() { return !event(this).prevented; },
      timeStamp: function() { return event(this).time; },
      isTrusted: function() { return event(this).trusted; }
    });
['NONE', 'CAPTURING_PHASE', 'AT_TARGET', 'BUBBLING_PHASE'].forEach(function(name, value) {
  [Event, Event.prototype].forEach(function(target) { Object.defineProperty(target, name, {value: value, enumerable: true}); });
});
Object.defineProperty(Event.prototype, 'cancelBubble', {
  get: function() { return event(this).stopped; },
  set: function(value) {
    if (value) event(this).stopped = true;
  },
  enumerable: true,
  configurable: true
});

// Event classes that add read-only fields with defaults.
function eventClass(name, fields) {
  function Constructor(type, init) {
    needNew(this, Constructor, name);
    if (arguments.length < 1) throw new TypeError("Failed to construct '" + name + "': 1 argument required, but only 0 present.");
    Event.call(this, type, init);
    var r = this[E];
    for (var key in fields) r[key] = init && init[key] !== undefined ? init[key] : fields[key];
  }
  inherit(Constructor, Event);
  var accessors = {};
  Object.keys(fields).forEach(function(key) { accessors[key] = function() { return record(this, 'a ' + name)[key]; }; });
  members(Constructor, name, {}, accessors);
  return Constructor;
}
eventClass('CustomEvent', {detail: null});
var ErrorEvent = eventClass('ErrorEvent', {message: '', filename: '', lineno: 0, colno: 0, error: undefined});
eventClass('MessageEvent', {data: null, origin: '', lastEventId: '', source: null, ports: []});
eventClass('CloseEvent', {wasClean: false, code: 0, reason: ''});
var PromiseRejectionEvent = eventClass('PromiseRejectionEvent', {promise: null, reason: undefined});

// --- EventTarget ---
function EventTarget() {
  needNew(this, EventTarget, 'EventTarget');
  initTarget(this);
}
function initTarget(object) { Object.defineProperty(object, E, {value: {listeners: [], handlers: {}}}); }
// The global object is an event target too.
function target(object) { return record(object === undefined || object === null ? global : object, 'an EventTarget'); }
function flatten(options) { return typeof options === 'boolean' ? options : !!(options && options.capture); }
function find(list, type, callback, capture) {
  for (var i = 0; i < list.length; i++)
    if (list[i].type === type && list[i].callback === callback && list[i].capture === capture) return i;
  return -1;
}
function reportException(error) {
  if (global.reportError)
    global.reportError(error);
  else
    throw error;
}
// Like dispatch, but the first listener that throws is the last one called. -> {error}, which has been reported; undefined: none has
function dispatchToFirstThrow(object, e) {
  var thrown;
  dispatch(object, e, function(error) {
    reportException(error);
    thrown = {error: error};
    e[E].stoppedNow = true;
  });
  return thrown;
}
function dispatch(object, e, onThrow) {
  var list = target(object).listeners.slice(), r = e[E];
  r.target = r.currentTarget = object;
  r.phase = 2;
  r.dispatching = true;
  for (var i = 0; i < list.length && !r.stoppedNow; i++) {
    var listener = list[i];
    if (listener.type !== r.type || listener.removed) continue;
    if (listener.once) remove(target(object).listeners, listener);
    r.passive = listener.passive;
    try {
      if (typeof listener.callback === 'function')
        listener.callback.call(object, e);
      else if (typeof listener.callback.handleEvent === 'function')
        listener.callback.handleEvent(e);
    } catch (error) { (onThrow || reportException)(error); }
    r.passive = false;
  }
  r.phase = 0;
  r.currentTarget = null;
  r.dispatching = r.stopped = r.stoppedNow = false;
  return !r.prevented;
}
function remove(list, listener) {
  listener.removed = true;
  var i = list.indexOf(listener);
  if (i >= 0) list.splice(i, 1);
}
members(
    EventTarget, 'EventTarget', {
      addEventListener: function addEventListener(type, callback, options) {
        var list = target(this).listeners;
        if (callback === null || callback === undefined) return;
        if (typeof callback !== 'function' && typeof callback !== 'object')
          throw new TypeError('addEventListener needs a function or an object with handleEvent');
        var extended = options !== null && typeof options === 'object' ? options : {}, capture = flatten(options), signal = extended.signal;
        type = String(type);
        if (signal !== undefined && !(signal instanceof AbortSignal))
          throw new TypeError('The signal of addEventListener must be an AbortSignal');
        if (signal && signal.aborted) return;
        if (find(list, type, callback, capture) >= 0) return;
        var listener =
            {type: type, callback: callback, capture: capture, once: !!extended.once, passive: !!extended.passive, removed: false};
        list.push(listener);
        if (signal) signal.addEventListener('abort', function() { remove(list, listener); }, {once: true});
      },
      removeEventListener: function removeEventListener(type, callback, options) {
        var list = target(this).listeners, i = find(list, String(type), callback, flatten(options));
        if (i >= 0) remove(list, list[i]);
      },
      dispatchEvent: function dispatchEvent(e) {
        target(this);
        if (!e || !e[E] || e[E].type === undefined) throw new TypeError('dispatchEvent needs an Event');
        if (e[E].dispatching) throw new DOMException('The event is already being dispatched.', 'InvalidStateError');
        return dispatch(this === undefined || this === null ? global : this, e);
      }
    },
    {});
// An `onX` attribute: one listener that assignment replaces.
function handlerAttribute(prototype, type) {
  Object.defineProperty(prototype, 'on' + type, {
    get: function() { return target(this).handlers[type] || null; },
    set: function(callback) {
      var r = target(this), had = r.handlers[type];
      r.handlers[type] = typeof callback === 'function' ? callback : null;
      if (!had && r.handlers[type])
        this.addEventListener(type, r.handlers['#' + type] = function(e) { return r.handlers[type].call(this, e); });
      else if (had && !r.handlers[type])
        this.removeEventListener(type, r.handlers['#' + type]);
    },
    enumerable: true,
    configurable: true
  });
}

// --- AbortController ---
function AbortSignal() { throw new TypeError('Illegal constructor'); }
inherit(AbortSignal, EventTarget);
function newSignal() {
  var s = Object.create(AbortSignal.prototype);
  initTarget(s);
  s[E].aborted = false;
  s[E].reason = undefined;
  s[E].dependents = [];
  s[E].sources = null;
  s[E].algorithms = null;
  return s;
}
// f(reason) runs when the signal is aborted, before any listener hears of it, as long as isOver() is false. The signal may live longer than
// thousands of those who wait for it, so each newcomer sends away those that are over.
function onAbort(signal, f, isOver) {
  var r = signal[E], list = r.sources ? r.sources : [signal], i;
  for (i = 0; i < list.length; i++) {
    var source = list[i][E];
    source.algorithms = (source.algorithms || []).filter(function(entry) { return !entry.isOver(); });
    source.algorithms.push({run: f, isOver: isOver});
  }
}
function abortError() { return new DOMException('The operation was aborted', 'AbortError'); }
function abort(signal, reason) {
  var r = signal[E];
  if (r.aborted) return;
  r.aborted = true;
  r.reason = reason === undefined ? abortError() : reason;
  var dependents = r.dependents, i, fire = [signal];
  r.dependents = [];
  for (i = 0; i < dependents.length; i++) {
    var d = dependents[i][E];
    if (!d.aborted) {
      d.aborted = true;
      d.reason = r.reason;
      fire.push(dependents[i]);
    }
  }
  var algorithms = r.algorithms || [];
  r.algorithms = null;
  for (i = 0; i < algorithms.length; i++) algorithms[i].run(r.reason);
  for (i = 0; i < fire.length; i++) dispatch(fire[i], new Event('abort'));
}
members(
    AbortSignal, 'AbortSignal', {
      throwIfAborted: function throwIfAborted() {
        var r = target(this);
        if (r.aborted) throw r.reason;
      }
    },
    {aborted: function() { return target(this).aborted; }, reason: function() { return target(this).reason; }});
handlerAttribute(AbortSignal.prototype, 'abort');
define(AbortSignal, 'abort', function(reason) {
  var s = newSignal();
  s[E].aborted = true;
  s[E].reason = reason === undefined ? abortError() : reason;
  return s;
});
define(AbortSignal, 'timeout', function(delay) {
  delay = Number(delay);
  if (!(delay >= 0)) throw new TypeError('AbortSignal.timeout needs a number of milliseconds of at least 0');
  var s = newSignal();
  setTimeout(function() { abort(s, new DOMException('The operation was aborted due to timeout', 'TimeoutError')); }, delay);
  return s;
});
define(AbortSignal, 'any', function(signals) {
  var s = newSignal(), list = Array.from(signals), i;
  for (i = 0; i < list.length; i++) {
    if (!(list[i] instanceof AbortSignal))
      throw new TypeError("Incorrect type for array element " + i + ": the provided value is not of type 'AbortSignal'.");
    if (list[i].aborted) {
      s[E].aborted = true;
      s[E].reason = list[i].reason;
      return s;
    }
  }
  // A dependent signal follows the independent sources, so that chains of any() stay one level deep.
  s[E].sources = [];
  for (i = 0; i < list.length; i++) {
    var sources = list[i][E].sources || [list[i]];
    for (var k = 0; k < sources.length; k++) {
      s[E].sources.push(sources[k]);
      sources[k][E].dependents.push(s);
    }
  }
  return s;
});
function AbortController() {
  needNew(this, AbortController, 'AbortController');
  Object.defineProperty(this, E, {value: {signal: newSignal()}});
}
members(
    AbortController, 'AbortController', {abort: function(reason) { abort(record(this, 'an AbortController').signal, reason); }},
    {signal: function() { return record(this, 'an AbortController').signal; }});

// --- the global scope as an event target ---
initTarget(global);
['addEventListener', 'removeEventListener', 'dispatchEvent'].forEach(function(name) { define(global, name, EventTarget.prototype[name]); });

define(global, 'reportError', function reportError(error) {
  var e = new ErrorEvent(
      'error', {message: error && error.message !== undefined ? String(error.message) : String(error), error: error, cancelable: true});
  if (dispatch(global, e)) native.reportException(error);
});

// For C++ -> true if a listener prevented the default, which is to log it.
native.expose('rejectionEvent', function(type, promise, reason) {
  if (!target(global).listeners.some(function(listener) { return listener.type === type; })) return false;
  return !dispatch(global, new PromiseRejectionEvent(type, {promise: promise, reason: reason, cancelable: true}));
});

web.events = {
  newSignal: newSignal,
  abort: abort,
  isAborted: function(signal) { return signal[E].aborted; },
  reasonOf: function(signal) { return signal[E].reason; },
  onAbort: onAbort,
  dispatch: dispatch,
  dispatchToFirstThrow: dispatchToFirstThrow,
  handlerAttribute: handlerAttribute,
  initTarget: initTarget
};
})
