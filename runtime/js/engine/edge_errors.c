/* Included by edge_engine.c: stack traces, error.stack, Error.captureStackTrace and the cause of errors. */

void edge_set_native_arguments(struct duk_hthread* thr, int32_t index, int32_t count) {
  duk_hnatfunc* func = duk_require_hnatfunc(thr, index);
  func->nargs = (duk_int16_t)count;
}

/* [ message options error ]: `new Error(message, {cause})`. */
DUK_LOCAL void edge_add_error_cause(duk_hthread* thr) {
  if (duk_is_object(thr, 1)) {
    duk_push_literal(thr, "cause");
    if (duk_has_prop(thr, 1)) {
      duk_push_literal(thr, "cause");
      duk_get_prop_literal(thr, 1, "cause");
      duk_def_prop(thr, 2, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WRITABLE | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_CLEAR_ENUMERABLE);
    }
  }
}

/* The activation below, which for a coroutine's first is the one that resumed it. */
DUK_LOCAL duk_activation* edge_next_activation(duk_hthread** thr, duk_activation* act) {
  if (act->parent != NULL) {
    return act->parent;
  }
  while ((*thr)->resumer != NULL) {
    *thr = (*thr)->resumer;
    if ((*thr)->callstack_curr != NULL) {
      return (*thr)->callstack_curr;
    }
  }
  return NULL;
}

DUK_LOCAL duk_int_t edge_traceback_depth(duk_hthread* thr, duk_int_t depth_max) {
  duk_int_t depth = 0;
  for (; thr != NULL && depth < depth_max; thr = thr->resumer) {
    depth += (duk_int_t)thr->callstack_top;
  }
  return depth < depth_max ? depth : depth_max;
}

/* Runs no JavaScript and throws only for want of memory: names are read from own data properties. */
int edge_for_each_frame(struct duk_hthread* thr, int32_t index, void (*callback)(void* data, const struct edge_frame* frame), void* data) {
  duk_hobject* error = duk_get_hobject(thr, index);
  duk_harray* trace;
  duk_tval* tv;
  duk_uint32_t i;
  if (error == NULL || DUK_HOBJECT_IS_PROXY(error)) {
    return 0;
  }
  tv = duk_hobject_find_entry_tval_ptr_stridx(thr->heap, error, DUK_STRIDX_INT_TRACEDATA);
  if (tv == NULL || !DUK_TVAL_IS_OBJECT(tv) || !DUK_HOBJECT_IS_ARRAY(DUK_TVAL_GET_OBJECT(tv))) {
    return 0;
  }
  trace = (duk_harray*)DUK_TVAL_GET_OBJECT(tv);
  for (i = 0; i + 1 < trace->length && i + 1 < DUK_HOBJECT_GET_ASIZE((duk_hobject*)trace); i += 2) {
    duk_tval* tv_what = DUK_HOBJECT_A_GET_BASE(thr->heap, (duk_hobject*)trace) + i;
    duk_double_t number = DUK_TVAL_IS_NUMBER(tv_what + 1) ? DUK_TVAL_GET_NUMBER(tv_what + 1) : 0.0;
    duk_uint_t low = (duk_uint_t)DUK_FMOD(number, DUK_DOUBLE_2TO32);
    duk_uint_t flags = (duk_uint_t)DUK_FLOOR(number / DUK_DOUBLE_2TO32);
    struct edge_frame frame = {"", "", 0, 0, 0};
    if (DUK_TVAL_IS_OBJECT(tv_what)) {
      duk_hobject* func = DUK_TVAL_GET_OBJECT(tv_what);
      duk_tval* tv_name = duk_hobject_find_entry_tval_ptr_stridx(thr->heap, func, DUK_STRIDX_NAME);
      duk_tval* tv_file = duk_hobject_find_entry_tval_ptr_stridx(thr->heap, func, DUK_STRIDX_FILE_NAME);
      if (tv_name != NULL && DUK_TVAL_IS_STRING(tv_name) && !DUK_HSTRING_HAS_SYMBOL(DUK_TVAL_GET_STRING(tv_name))) {
        frame.function = (const char*)DUK_HSTRING_GET_DATA(DUK_TVAL_GET_STRING(tv_name));
      }
      if (tv_file != NULL && DUK_TVAL_IS_STRING(tv_file) && !DUK_HSTRING_HAS_SYMBOL(DUK_TVAL_GET_STRING(tv_file))) {
        frame.file = (const char*)DUK_HSTRING_GET_DATA(DUK_TVAL_GET_STRING(tv_file));
      }
      frame.is_native = DUK_HOBJECT_HAS_NATFUNC(func) ? 1 : 0;
      frame.is_construct = (flags & DUK_ACT_FLAG_CONSTRUCT) ? 1 : 0;
      if (!frame.is_native) {
        duk_push_hobject(thr, func);
        frame.line = (uint32_t)duk_hobject_pc2line_query(thr, -1, low);
        duk_pop(thr);
      }
    } else if (DUK_TVAL_IS_STRING(tv_what)) {
      /* A file that is being compiled, or the engine's own source. */
      if (flags & DUK_TB_FLAG_NOBLAME_FILELINE) {
        continue;
      }
      frame.file = (const char*)DUK_HSTRING_GET_DATA(DUK_TVAL_GET_STRING(tv_what));
      frame.line = low;
    } else {
      continue;
    }
    callback(data, &frame);
  }
  return 1;
}

typedef struct {
  duk_hthread* thr;
  duk_idx_t pushed;
} edge_frame_lines;

DUK_LOCAL void edge_push_frame_line(void* data, const struct edge_frame* frame) {
  edge_frame_lines* lines = (edge_frame_lines*)data;
  struct edge_host* host = (struct edge_host*)lines->thr->heap->heap_udata;
  char text[512];
  size_t size = host->format_frame(host, frame, text, sizeof text);
  if (size > 0) {
    duk_require_stack(lines->thr, 4);
    duk_push_lstring(lines->thr, text, size);
    lines->pushed++;
  }
}

/* "Name: message\n    at ...", as V8 has it; undefined for what has no trace. */
DUK_LOCAL duk_ret_t edge_error_stack_getter(duk_hthread* thr) {
  edge_frame_lines lines;
  lines.thr = thr;
  lines.pushed = 0;
  duk_set_top(thr, 0);
  duk_push_this(thr);
  if (duk_get_hobject(thr, 0) == NULL) {
    return 0;
  }
  duk_get_prop_stridx_short(thr, 0, DUK_STRIDX_NAME);
  if (duk_is_undefined(thr, -1)) {
    duk_push_literal(thr, "Error");
    duk_replace(thr, -2);
  }
  duk_to_string(thr, -1);
  duk_get_prop_stridx_short(thr, 0, DUK_STRIDX_MESSAGE);
  if (duk_is_undefined(thr, -1)) {
    duk_push_hstring_empty(thr);
    duk_replace(thr, -2);
  }
  duk_to_string(thr, -1); /* [ this name message ] */
  if (duk_get_length(thr, 1) > 0 && duk_get_length(thr, 2) > 0) {
    duk_push_literal(thr, ": ");
    duk_insert(thr, 2);
    duk_concat(thr, 3);
  } else {
    duk_concat(thr, 2);
  }
  if (!edge_for_each_frame(thr, 0, edge_push_frame_line, &lines)) {
    return 0;
  }
  duk_concat(thr, lines.pushed + 1);
  return 1;
}

/* (object, function?): gives the object the present trace, from below `function` on, and a stack property. */
int edge_capture_stack_trace(struct duk_hthread* thr) {
  duk_hobject* object;
  duk_set_top(thr, 2);
  object = duk_require_hobject(thr, 0);
  if (!DUK_HOBJECT_HAS_EXTENSIBLE(object)) {
    DUK_ERROR_TYPE(thr, DUK_STR_NOT_EXTENSIBLE);
    DUK_WO_NORETURN(return 0;);
  }
  duk_dup(thr, 0);
  duk__add_traceback(thr, thr, NULL, 0, DUK_AUGMENT_FLAG_SKIP_ONE);
  if (duk_get_hobject(thr, 1) != NULL) {
    duk_tval* tv = duk_hobject_find_entry_tval_ptr_stridx(thr->heap, object, DUK_STRIDX_INT_TRACEDATA);
    if (tv != NULL && DUK_TVAL_IS_OBJECT(tv) && DUK_HOBJECT_IS_ARRAY(DUK_TVAL_GET_OBJECT(tv))) {
      duk_harray* trace = (duk_harray*)DUK_TVAL_GET_OBJECT(tv);
      duk_tval* base = DUK_HOBJECT_A_GET_BASE(thr->heap, (duk_hobject*)trace);
      duk_uint32_t count = trace->length;
      duk_uint32_t i;
      for (i = 0; i + 1 < count; i += 2) {
        if (DUK_TVAL_IS_OBJECT(base + i) && DUK_TVAL_GET_OBJECT(base + i) == duk_get_hobject(thr, 1)) {
          /* What is dropped is overwritten by undefined at the end, which readers skip. */
          duk_uint32_t from = i + 2;
          duk_uint32_t to;
          for (to = 0; from < count; to++, from++) {
            duk_tval swapped = base[to];
            base[to] = base[from];
            base[from] = swapped;
          }
          for (; to < count; to++) {
            DUK_TVAL_SET_UNDEFINED_UPDREF(thr, base + to);
          }
          break;
        }
      }
    }
  }
  if (!duk_hobject_prototype_chain_contains(thr, object, thr->builtins[DUK_BIDX_ERROR_PROTOTYPE], 1 /*ignore_loop*/)) {
    duk_push_literal(thr, "stack");
    duk_push_c_function(thr, edge_error_stack_getter, 0);
    duk_push_c_function(thr, duk_bi_error_prototype_stack_setter, 1);
    duk_def_prop(thr, 0, DUK_DEFPROP_HAVE_GETTER | DUK_DEFPROP_HAVE_SETTER | DUK_DEFPROP_SET_CONFIGURABLE | DUK_DEFPROP_CLEAR_ENUMERABLE);
  }
  return 0;
}
