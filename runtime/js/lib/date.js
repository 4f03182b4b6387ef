// Date as text: the formats of the language (toString, toUTCString), of en-US in UTC (toLocale*), and the parser for what Date.parse must read besides ISO.
// The time zone is UTC, as on Workers.
(function (global, native, edge) {
  'use strict';
  var Date = global.Date, prototype = Date.prototype, isoParse = Date.parse, TypeError = global.TypeError, RangeError = global.RangeError;
  var DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
  var MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  var LONG_MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
  var LONG_DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
  var getTime = prototype.getTime;

  function two(n) {
    return n < 10 ? '0' + n : String(n);
  }
  function yearText(year) {
    var text = String(Math.abs(year));
    while (text.length < 4) text = '0' + text;
    return year < 0 ? '-0' + text : text;
  }
  function valid(date) {
    return getTime.call(date) === getTime.call(date);
  }
  function dateText(date) {
    return DAYS[date.getUTCDay()] + ' ' + MONTHS[date.getUTCMonth()] + ' ' + two(date.getUTCDate()) + ' ' + yearText(date.getUTCFullYear());
  }
  function clockText(date) {
    return two(date.getUTCHours()) + ':' + two(date.getUTCMinutes()) + ':' + two(date.getUTCSeconds());
  }
  // With the methods of Date itself, whatever a subclass does.
  function plain(date) {
    return new Date(getTime.call(date));
  }

  native.methods(prototype, {
    toString() {
      if (!valid(this)) return 'Invalid Date';
      var date = plain(this);
      return dateText(date) + ' ' + clockText(date) + ' GMT+0000 (Coordinated Universal Time)';
    },
    toDateString() {
      return valid(this) ? dateText(plain(this)) : 'Invalid Date';
    },
    toTimeString() {
      return valid(this) ? clockText(plain(this)) + ' GMT+0000 (Coordinated Universal Time)' : 'Invalid Date';
    },
    toUTCString() {
      if (!valid(this)) return 'Invalid Date';
      var date = plain(this);
      return DAYS[date.getUTCDay()] + ', ' + two(date.getUTCDate()) + ' ' + MONTHS[date.getUTCMonth()] + ' ' + yearText(date.getUTCFullYear()) + ' ' +
        clockText(date) + ' GMT';
    }
  });
  native.hide(prototype, 'toGMTString', prototype.toUTCString);

  // ---- en-US ----

  var FIELDS = ['weekday', 'year', 'month', 'day', 'hour', 'minute', 'second'];

  function requireEnglish(locales) {
    var list = locales === undefined ? [] : typeof locales === 'string' ? [locales] : native.toArray(locales), i;
    for (i = 0; i < list.length; i++) {
      if (String(list[i]).slice(0, 2) !== 'en') throw new RangeError("locale '" + list[i] + "' is not supported by this runtime: only en-US is");
    }
  }
  function readOptions(options, needed) {
    var result = {}, key, any = false, i;
    options = options === undefined ? {} : Object(options);
    for (key in options) {
      if (options[key] === undefined) continue;
      if (key === 'timeZone') {
        if (String(options[key]).toUpperCase() !== 'UTC' && String(options[key]) !== 'Etc/UTC' && String(options[key]) !== 'GMT') {
          throw new RangeError("time zone '" + options[key] + "' is not supported by this runtime: only UTC is");
        }
      } else if (FIELDS.indexOf(key) >= 0 || key === 'hour12' || key === 'timeZoneName' || key === 'dateStyle' || key === 'timeStyle' || key === 'hourCycle') {
        result[key] = options[key];
        if (key !== 'hour12' && key !== 'hourCycle' && key !== 'timeZoneName') any = true;
      } else {
        throw new RangeError("date format option '" + key + "' is not supported by this runtime");
      }
    }
    if (!any) {
      for (i = 0; i < needed.length; i++) result[needed[i]] = needed[i] === 'minute' || needed[i] === 'second' ? '2-digit' : 'numeric';
    }
    return result;
  }
  function numeric(value, style) {
    return style === '2-digit' ? two(value % 100) : String(value);
  }
  function applyStyles(options) {
    var dates = {
      full: { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric' }, long: { year: 'numeric', month: 'long', day: 'numeric' },
      medium: { year: 'numeric', month: 'short', day: 'numeric' }, short: { year: '2-digit', month: 'numeric', day: 'numeric' }
    };
    var times = {
      full: { hour: 'numeric', minute: '2-digit', second: '2-digit', timeZoneName: 'long' }, long: { hour: 'numeric', minute: '2-digit', second: '2-digit', timeZoneName: 'short' },
      medium: { hour: 'numeric', minute: '2-digit', second: '2-digit' }, short: { hour: 'numeric', minute: '2-digit' }
    };
    var key, from;
    from = options.dateStyle === undefined ? {} : dates[options.dateStyle];
    if (from === undefined) throw new RangeError("Value " + options.dateStyle + " out of range for dateStyle");
    for (key in from) options[key] = from[key];
    from = options.timeStyle === undefined ? {} : times[options.timeStyle];
    if (from === undefined) throw new RangeError("Value " + options.timeStyle + " out of range for timeStyle");
    for (key in from) options[key] = from[key];
    return options;
  }
  function formatDate(date, locales, options, needed) {
    var day = '', clock = '', parts, hour, twelve, joiner = ', ';
    requireEnglish(locales);
    options = applyStyles(readOptions(options, needed));
    if (!valid(date)) return 'Invalid Date';
    date = plain(date);
    if (options.month === 'long' || options.month === 'short' || options.month === 'narrow') {
      day = options.month === 'long' ? LONG_MONTHS[date.getUTCMonth()] : options.month === 'short' ? MONTHS[date.getUTCMonth()] : MONTHS[date.getUTCMonth()].charAt(0);
      if (options.day) day += ' ' + numeric(date.getUTCDate(), options.day);
      if (options.year) day += (options.day ? ', ' : ' ') + numeric(date.getUTCFullYear(), options.year);
      if (options.month === 'long' && options.dateStyle) joiner = ' at ';
    } else {
      parts = [];
      if (options.month) parts.push(numeric(date.getUTCMonth() + 1, options.month));
      if (options.day) parts.push(numeric(date.getUTCDate(), options.day));
      if (options.year) parts.push(numeric(date.getUTCFullYear(), options.year));
      day = parts.join('/');
    }
    if (options.weekday) {
      parts = options.weekday === 'long' ? LONG_DAYS[date.getUTCDay()] : options.weekday === 'short' ? DAYS[date.getUTCDay()] : DAYS[date.getUTCDay()].charAt(0);
      day = day ? parts + ', ' + day : parts;
    }
    if (options.hour) {
      twelve = options.hour12 !== undefined ? !!options.hour12 : !(options.hourCycle === 'h23' || options.hourCycle === 'h24');
      hour = date.getUTCHours();
      clock = twelve ? (options.hour === '2-digit' ? two(hour % 12 || 12) : String(hour % 12 || 12)) : two(hour);
      if (options.minute) clock += ':' + two(date.getUTCMinutes());
      if (options.second) clock += ':' + two(date.getUTCSeconds());
      if (twelve) clock += hour < 12 ? ' AM' : ' PM';
    } else if (options.minute || options.second) {
      parts = [];
      if (options.minute) parts.push(options.second ? two(date.getUTCMinutes()) : String(date.getUTCMinutes()));
      if (options.second) parts.push(options.minute ? two(date.getUTCSeconds()) : String(date.getUTCSeconds()));
      clock = parts.join(':');
    }
    if (options.timeZoneName) clock += (clock ? ' ' : '') + (options.timeZoneName === 'long' ? 'Coordinated Universal Time' : 'UTC');
    return day && clock ? day + joiner + clock : day || clock;
  }
  var DATE = ['year', 'month', 'day'], TIME = ['hour', 'minute', 'second'];

  native.methods(prototype, {
    toLocaleString() {
      return formatDate(this, arguments[0], arguments[1], DATE.concat(TIME));
    },
    toLocaleDateString() {
      return formatDate(this, arguments[0], arguments[1], DATE);
    },
    toLocaleTimeString() {
      return formatDate(this, arguments[0], arguments[1], TIME);
    }
  });

  // ---- Intl, as much of it as is honest: en-US numbers and dates ----

  function Intl_() {}
  var Intl = new Intl_();
  Object.setPrototypeOf(Intl, Object.prototype);
  native.hide(Intl, Symbol.toStringTag, 'Intl', 'c');

  function formatter(name, format, resolved) {
    var constructor = function (locales, options) {
      if (new.target === undefined) return new constructor(locales, options);
      requireEnglish(locales);
      format(name === 'NumberFormat' ? 0 : new Date(0), options);
      native.hide(this, 'format', function (value) {
        return format(value, options);
      });
      native.hide(this, 'resolvedOptions', function () {
        return resolved();
      });
    };
    native.hide(constructor, 'name', name, 'c');
    native.setLength(constructor, 0);
    native.hide(constructor.prototype, Symbol.toStringTag, 'Intl.' + name, 'c');
    native.methods(constructor, {
      supportedLocalesOf(locales) {
        return (typeof locales === 'string' ? [locales] : native.toArray(locales)).filter(function (locale) {
          return String(locale).slice(0, 2) === 'en';
        });
      }
    });
    native.hide(Intl, name, constructor);
  }
  formatter('NumberFormat', function (value, options) {
    return native.formatNumber(+value, options);
  }, function () {
    return { locale: 'en-US', numberingSystem: 'latn', style: 'decimal' };
  });
  formatter('DateTimeFormat', function (value, options) {
    return formatDate(value === undefined ? new Date() : new Date(+value), undefined, options, DATE);
  }, function () {
    return { locale: 'en-US', calendar: 'gregory', numberingSystem: 'latn', timeZone: 'UTC' };
  });

  // ---- Collation: the number that native.collate takes ----

  var SENSITIVITIES = ['base', 'accent', 'case', 'variant'];
  native.collationOptions = function (locales, options) {
    requireEnglish(locales);
    if (options === undefined) return 3;
    var sensitivity = options.sensitivity === undefined ? 3 : SENSITIVITIES.indexOf(String(options.sensitivity));
    if (sensitivity < 0) throw new RangeError('Value ' + String(options.sensitivity) + ' out of range for Intl.Collator options property sensitivity');
    if (options.caseFirst !== undefined && options.caseFirst !== 'false') throw new RangeError('the collation option caseFirst is not supported by this runtime');
    return sensitivity + (options.numeric ? 4 : 0) + (options.ignorePunctuation ? 8 : 0);
  };
  function Collator(locales, options) {
    if (new.target === undefined) return new Collator(locales, options);
    var number = native.collationOptions(locales, options);
    native.hide(this, 'compare', function (a, b) {
      return native.collate(String(a), String(b), number);
    });
    native.hide(this, 'resolvedOptions', function () {
      return {
        locale: 'en-US', usage: 'sort', sensitivity: SENSITIVITIES[number & 3], ignorePunctuation: (number & 8) !== 0, collation: 'default', numeric: (number & 4) !== 0, caseFirst: 'false'
      };
    });
  }
  native.setLength(Collator, 0);
  native.hide(Collator.prototype, Symbol.toStringTag, 'Intl.Collator', 'c');
  native.hide(Collator, 'supportedLocalesOf', Intl.NumberFormat.supportedLocalesOf);
  native.hide(Intl, 'Collator', Collator);
  native.hide(global, 'Intl', Intl);
})
