// The methods of a queue, and the batches that its consumers get. Contract: contract sheet 7.1 to 7.3.
(function (global, native, edge) {
  'use strict';
  var COUNT_MAX = 100, DELAY_MAX = 43200;
  // As in C++: storage::MessageFormat, WorkerIsolate::Judgement.
  var JSON_FORMAT = 0, TEXT = 1, BYTES = 2, V8 = 3, ACK = 0, RETRY = 1, ACK_ALL = 2, RETRY_ALL = 3;
  var then = Promise.prototype.then, reject = Promise.reject.bind(Promise), stringify = JSON.stringify, NewDate = Date;
  var floor = Math.floor, ceil = Math.ceil, text = String, isView = ArrayBuffer.isView, listOf = Array.from, iterator = Symbol.iterator;
  var define = Object.defineProperty;

  // A number as the platform's `int`.
  function toInt(value) {
    value = +value;
    if (value !== value || value === Infinity || value === -Infinity) return 0;
    value = value < 0 ? ceil(value) : floor(value);
    if (value < -2147483648 || value > 2147483647) {
      throw new TypeError('Value out of range. Must be between -2147483648 and 2147483647 (inclusive).');
    }
    return value;
  }
  function isObject(value) { return (typeof value === 'object' && value !== null) || typeof value === 'function'; }
  function wrong(name, owner, number, type) {
    throw new TypeError("Failed to execute '" + name + "' on '" + owner + "': parameter " + number + " is not of type '" + type + "'.");
  }
  // The delaySeconds of an object; undefined: it has none.
  function delayOf(options) {
    var delay = options.delaySeconds;
    return delay === undefined ? undefined : toInt(delay);
  }
  function checkDelay(queue, batch, delay, code) {
    if (delay !== undefined && (delay < 0 || delay > DELAY_MAX)) {
      native.refuse(queue, batch, 'a delay of ', delay, ' seconds is out of range: 0 to 43200', code);
    }
    return delay;
  }
  // Appends a message to what native.send wants.
  function add(queue, batch, parts, body, contentType, delay) {
    var format, json;
    if (body === undefined) throw new TypeError('Message body cannot be undefined');
    contentType = contentType === undefined ? 'json' : text(contentType);
    if (contentType === 'json') {
      format = JSON_FORMAT;
      json = stringify(body);
      if (json === undefined) throw new TypeError('Message body of type ' + typeof body + ' cannot be serialized as JSON');
      body = json;
    } else if (contentType === 'text') {
      format = TEXT;
      if (typeof body !== 'string') throw new TypeError('Content Type "text" requires a value of type string, but received: ' + typeof body);
    } else if (contentType === 'bytes') {
      format = BYTES;
      if (!isView(body)) throw new TypeError('Content Type "bytes" requires a value of type ArrayBufferView, but received: ' + typeof body);
    } else if (contentType === 'v8') {
      format = V8;
    } else {
      throw new TypeError('Unsupported queue message content type: ' + contentType);
    }
    parts.formats.push(format);
    parts.bodies.push(body);
    parts.delays.push(checkDelay(queue, batch, delay, 10203));
  }
  function metricsOf(found) {
    var metrics = { backlogCount: found[0], backlogBytes: found[1] };
    if (found[2] !== undefined) metrics.oldestMessageTimestamp = new NewDate(found[2]);
    return metrics;
  }
  function sent(found) { return { metadata: { metrics: metricsOf(found) } }; }

  function method(name, body) {
    native.expose(name, function () {
      try {
        return body.apply(undefined, arguments);
      } catch (error) { return reject(error); }
    });
  }
  // `count`: how many arguments the caller gave.
  method('queueSend', function (self, count, body, options) {
    var parts = { formats: [], bodies: [], delays: [] }, given = options !== undefined && options !== null;
    if (count < 1) wrong('send', 'WorkerQueue', 1, 'JsValue');
    if (given && !isObject(options)) wrong('send', 'WorkerQueue', 2, 'SendOptions');
    add(self, false, parts, body, given ? options.contentType : undefined, given ? delayOf(options) : undefined);
    return then.call(native.send(self, false, parts.formats, parts.bodies, parts.delays), sent);
  });
  method('queueSendBatch', function (self, count, batch, options) {
    var parts = { formats: [], bodies: [], delays: [] }, messages, i, delay, common;
    if (!isObject(batch) || typeof batch[iterator] !== 'function') wrong('sendBatch', 'WorkerQueue', 1, 'Array');
    if (options !== undefined && options !== null) {
      if (!isObject(options)) wrong('sendBatch', 'WorkerQueue', 2, 'SendBatchOptions');
      common = checkDelay(self, true, delayOf(options), 10202);
    }
    messages = listOf(batch);
    if (messages.length === 0) throw new TypeError('sendBatch() requires at least one message');
    if (messages.length > COUNT_MAX) native.refuse(self, true, 'batch message count of ', messages.length, ' exceeds limit of 100', 10206);
    for (i = 0; i < messages.length; i++) {
      if (!isObject(messages[i])) {
        throw new TypeError("Incorrect type for array element " + i + ": the provided value is not of type 'MessageSendRequest'.");
      }
      delay = delayOf(messages[i]);
      add(self, true, parts, messages[i].body, messages[i].contentType, delay === undefined ? common : delay);
    }
    return then.call(native.send(self, true, parts.formats, parts.bodies, parts.delays), sent);
  });
  method('queueMetrics', function (self) { return then.call(native.metrics(self), metricsOf); });

  // --- consumers ---
  var states = new WeakMap(), get = WeakMap.prototype.get, set = WeakMap.prototype.set;
  function own(object, name, value) { define(object, name, { value: value, enumerable: true }); }
  function stateOf(object, owner) {
    var state = isObject(object) ? get.call(states, object) : undefined;
    if (!state || state.owner !== owner) throw new TypeError('Illegal invocation');
    return state;
  }
  function retryDelay(name, owner, options) {
    var delay;
    if (options === undefined || options === null) return undefined;
    if (!isObject(options)) wrong(name, owner, 1, 'QueueRetryOptions');
    delay = delayOf(options);
    if (delay !== undefined && (delay < 0 || delay > DELAY_MAX)) {
      throw new TypeError(name + '(): delaySeconds of ' + delay + ' is out of range: 0 to ' + DELAY_MAX);
    }
    return delay;
  }
  function Message() { throw new TypeError('Illegal constructor'); }
  function MessageBatch() { throw new TypeError('Illegal constructor'); }
  function addMethod(constructor, name, body) {
    define(body, 'name', { value: name });
    define(constructor.prototype, name, { value: body, writable: true, configurable: true, enumerable: true });
  }
  addMethod(Message, 'ack', function () {
    var state = stateOf(this, Message);
    native.judge(state.invocation, ACK, state.index, undefined);
  });
  addMethod(Message, 'retry', function (options) {
    var state = stateOf(this, Message);
    native.judge(state.invocation, RETRY, state.index, retryDelay('retry', 'QueueMessage', options));
  });
  addMethod(MessageBatch, 'ackAll', function () { native.judge(stateOf(this, MessageBatch).invocation, ACK_ALL, 0, undefined); });
  addMethod(MessageBatch, 'retryAll', function (options) {
    native.judge(stateOf(this, MessageBatch).invocation, RETRY_ALL, 0, retryDelay('retryAll', 'MessageBatch', options));
  });
  // `parts`: id, time, attempts and body of each message.
  native.expose('makeBatch', function (queue, invocation, metrics, parts) {
    var batch = Object.create(MessageBatch.prototype), messages = [], i, message;
    for (i = 0; i < parts.length; i += 4) {
      message = Object.create(Message.prototype);
      own(message, 'id', parts[i]);
      own(message, 'timestamp', new NewDate(parts[i + 1]));
      own(message, 'body', parts[i + 3]);
      own(message, 'attempts', parts[i + 2]);
      set.call(states, message, { owner: Message, invocation: invocation, index: i / 4 });
      messages.push(message);
    }
    own(batch, 'messages', messages);
    own(batch, 'queue', queue);
    own(batch, 'metadata', { metrics: metricsOf(metrics) });
    set.call(states, batch, { owner: MessageBatch, invocation: invocation });
    return batch;
  });
})
