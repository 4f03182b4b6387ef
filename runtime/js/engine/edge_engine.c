/* Compiled as the last part of duktape.c: additions that need the engine's internals. Interface: edge_engine.h. */

/* The tables of built-ins name these although they are switched off; the objects that hold them are removed at start. */
DUK_LOCAL duk_ret_t edge_removed_builtin(duk_hthread* thr) {
  DUK_ERROR_UNSUPPORTED(thr);
  DUK_WO_NORETURN(return 0;);
}
DUK_INTERNAL duk_ret_t duk_bi_duktape_object_fin(duk_hthread* thr) { return edge_removed_builtin(thr); }
DUK_INTERNAL duk_ret_t duk_bi_cbor_encode(duk_hthread* thr) { return edge_removed_builtin(thr); }
DUK_INTERNAL duk_ret_t duk_bi_cbor_decode(duk_hthread* thr) { return edge_removed_builtin(thr); }

/* ---- Instructions ---- */

DUK_LOCAL duk_int_t* edge_counter_of(duk_heap* heap) {
  return heap->curr_thread != NULL ? &heap->curr_thread->interrupt_counter : &heap->edge.counter;
}

/* Charges from a place that can neither throw nor suspend: what the stretch does not cover is charged at its end. */
DUK_LOCAL void edge_charge_later(duk_heap* heap, int64_t instructions) {
  duk_int_t* counter = edge_counter_of(heap);
  if (instructions > *counter) {
    heap->edge.debt += instructions - *counter;
    instructions = *counter;
  }
  *counter -= (duk_int_t)instructions;
}

void edge_charge_quietly(struct duk_hthread* thr, int64_t instructions) { edge_charge_later(thr->heap, instructions); }

/* A collection costs about this many instructions per object that it keeps. */
#define EDGE_COLLECTION_COST 12

/* The current stretch is used up: asks the host for the next one. */
DUK_LOCAL duk_int_t edge_next_period(duk_heap* heap) {
  struct edge_host* host = (struct edge_host*)heap->heap_udata;
  int64_t extra = heap->edge.debt;
  int64_t next;
  if (heap->edge.terminating) {
    return 0;
  }
  heap->edge.debt = 0;
  next = host->interrupt(host, extra);
  if (next <= 0 || heap->edge.terminating) {
    heap->edge.terminating = 1;
    return 0;
  }
  return (duk_int_t)(next > 0x7fffffff ? 0x7fffffff : next);
}

DUK_LOCAL void edge_charge_collection(duk_heap* heap) {
  edge_charge_later(heap, (int64_t)heap->edge.gc_visited * EDGE_COLLECTION_COST);
  heap->edge.gc_visited = 0;
}

void edge_charge(struct duk_hthread* thr, int64_t instructions) {
  duk_heap* heap = thr->heap;
  duk_int_t* counter = edge_counter_of(heap);
  while (instructions > *counter) {
    duk_int_t next;
    instructions -= *counter;
    *counter = 0;
    next = edge_next_period(heap);
    if (next <= 0) {
      DUK_ERROR_RANGE(thr, EDGE_CPU_LIMIT_MESSAGE);
      DUK_WO_NORETURN(return;);
    }
    *counter = next;
  }
  *counter -= (duk_int_t)instructions;
}

struct edge_host* edge_host_of(struct duk_hthread* thr) {
  return (struct edge_host*)thr->heap->heap_udata;
}

int32_t edge_get_counter(struct duk_hthread* thr) { return *edge_counter_of(thr->heap); }

void edge_set_counter(struct duk_hthread* thr, int32_t instructions) { *edge_counter_of(thr->heap) = instructions; }

int edge_is_terminating(struct duk_hthread* thr) { return thr->heap->edge.terminating != 0; }

void edge_terminate(struct duk_hthread* thr) {
  thr->heap->edge.terminating = 1;
  edge_set_counter(thr, 0);
}

void edge_require_native_stack(struct duk_hthread* thr, size_t bytes) {
  char* here = (char*)__builtin_frame_address(0);
  char* limit = ((struct edge_host*)thr->heap->heap_udata)->stack_limit;
  if (here < limit || (size_t)(here - limit) < bytes) {
    DUK_ERROR_RANGE(thr, DUK_STR_NATIVE_STACK_LIMIT);
    DUK_WO_NORETURN(return;);
  }
}

DUK_LOCAL void* edge_out_of_memory(duk_heap* heap, void* old, duk_size_t size) {
  struct edge_host* host = (struct edge_host*)heap->heap_udata;
  if (heap->ms_prevent_count != 0 || !host->out_of_memory(host, size)) {
    return NULL;
  }
  return heap->realloc_func(heap->heap_udata, old, size);
}

void edge_collect_garbage(struct duk_hthread* thr) { duk_heap_mark_and_sweep(thr->heap, 0); }

void edge_forbid_codegen(struct duk_hthread* thr) { thr->heap->edge.codegen_forbidden = 1; }

DUK_LOCAL void edge_check_codegen(duk_hthread* thr) {
  if (thr->heap->edge.codegen_forbidden) {
    DUK_ERROR_RAW(thr, DUK_FILE_MACRO, (duk_int_t)DUK_LINE_MACRO, DUK_ERR_EVAL_ERROR,
                  "Code generation from strings disallowed for this context");
    DUK_WO_NORETURN(return;);
  }
}

/* Index in characters (which are bytes: the text is ASCII) of the first occurrence at or after `from`, or -1. */
DUK_LOCAL duk_int_t edge_find_bytes(const duk_uint8_t* start, const duk_uint8_t* from, const duk_uint8_t* end, const duk_uint8_t* what,
                                    duk_size_t size) {
  const void* found = from <= end ? memmem(from, (size_t)(end - from), what, size) : NULL;
  return found != NULL ? (duk_int_t)((const duk_uint8_t*)found - start) : -1;
}

DUK_LOCAL duk_bool_t edge_push_parsed_date(duk_hthread* thr, const char* text) {
  duk_push_number(thr, edge_parse_date(text));
  return 1;
}

/* ---- Native objects ---- */

DUK_LOCAL void edge_native_free(duk_heap* heap, edge_native* h) {
  void* pointer = h->pointer;
  if (h->slots != h->inline_slots) {
    DUK_FREE(heap, h->slots);
  }
  if (pointer != NULL && h->type->release != NULL) {
    h->pointer = NULL;
    h->type->release(pointer);
  }
}

void edge_release_natives(struct duk_hthread* thr) {
  duk_heaphdr* curr;
  for (curr = thr->heap->heap_allocated; curr != NULL; curr = DUK_HEAPHDR_GET_NEXT(thr->heap, curr)) {
    if (DUK_HEAPHDR_IS_OBJECT(curr) && EDGE_IS_NATIVE((duk_hobject*)curr)) {
      edge_native* h = (edge_native*)curr;
      void* pointer = h->pointer;
      h->pointer = NULL;
      if (pointer != NULL && h->type->release != NULL) {
        h->type->release(pointer);
      }
    }
  }
}

void edge_for_each_native(struct duk_hthread* thr,
                          void (*callback)(void* data, void* object, const struct edge_native_type* type, void* pointer), void* data) {
  duk_heaphdr* curr;
  for (curr = thr->heap->heap_allocated; curr != NULL; curr = DUK_HEAPHDR_GET_NEXT(thr->heap, curr)) {
    if (DUK_HEAPHDR_IS_OBJECT(curr) && EDGE_IS_NATIVE((duk_hobject*)curr)) {
      edge_native* h = (edge_native*)curr;
      if (h->pointer != NULL) {
        callback(data, h, h->type, h->pointer);
      }
    }
  }
}

void edge_put_native_pointer(void* object, void* pointer) { ((edge_native*)object)->pointer = pointer; }

void edge_native_push(struct duk_hthread* thr, const struct edge_native_type* type, void* pointer, void* prototype) {
  edge_native* h = NULL;
  uint32_t capacity = type->slots > 0 ? type->slots : 1;
  uint32_t i;
  if (DUK_LIKELY(thr->valstack_top < thr->valstack_end)) {
    /* A failed allocation has run collections, which do not move `prototype`. */
    h = (edge_native*)DUK_ALLOC(thr->heap, offsetof(edge_native, inline_slots) + capacity * sizeof(duk_tval));
  }
  if (DUK_UNLIKELY(h == NULL)) {
    if (pointer != NULL && type->release != NULL) {
      type->release(pointer);
    }
    DUK_ERROR_ALLOC_FAILED(thr);
    DUK_WO_NORETURN(return;);
  }
  duk_memzero(h, offsetof(edge_native, inline_slots));
  h->type = type;
  h->pointer = pointer;
  h->slots = h->inline_slots;
  h->slot_count = type->slots;
  h->slot_capacity = capacity;
  for (i = 0; i < capacity; i++) {
    DUK_TVAL_SET_UNDEFINED(h->inline_slots + i);
  }
  duk__init_object_parts(thr->heap, DUK_HOBJECT_FLAG_EXTENSIBLE | DUK_HOBJECT_CLASS_AS_FLAGS(DUK_HOBJECT_CLASS_EDGE_NATIVE), &h->obj);
  DUK_HOBJECT_SET_PROTOTYPE_INIT_INCREF(thr, &h->obj, (duk_hobject*)prototype);
  duk_push_hobject(thr, &h->obj);
}

DUK_LOCAL edge_native* edge_native_in(duk_tval* tv) {
  if (tv != NULL && DUK_TVAL_IS_OBJECT(tv)) {
    duk_hobject* h = DUK_TVAL_GET_OBJECT(tv);
    if (EDGE_IS_NATIVE(h)) {
      return (edge_native*)h;
    }
  }
  return NULL;
}

const struct edge_native_type* edge_native_type_at(struct duk_hthread* thr, int32_t index, void** pointer) {
  edge_native* h = edge_native_in(duk_get_tval(thr, index));
  if (h == NULL) {
    return NULL;
  }
  *pointer = h->pointer;
  return h->type;
}

const struct edge_native_type* edge_native_type_of_this(struct duk_hthread* thr, void** pointer) {
  edge_native* h;
  if (thr->callstack_top == 0) {
    return NULL;
  }
  h = edge_native_in(thr->valstack_bottom - 1);
  if (h == NULL) {
    return NULL;
  }
  *pointer = h->pointer;
  return h->type;
}

int edge_native_set_slot(struct duk_hthread* thr, int32_t index, uint32_t slot) {
  edge_native* h = edge_native_in(duk_get_tval(thr, index));
  duk_tval* value = duk_require_tval(thr, -1);
  if (h == NULL || slot >= h->slot_count) {
    return 0;
  }
  DUK_TVAL_SET_TVAL_UPDREF(thr, h->slots + slot, value);
  duk_pop_unsafe(thr);
  return 1;
}

int edge_native_push_slot(struct duk_hthread* thr, int32_t index, uint32_t slot) {
  edge_native* h = edge_native_in(duk_get_tval(thr, index));
  if (h == NULL || slot >= h->slot_count) {
    return 0;
  }
  duk_push_tval(thr, h->slots + slot);
  return 1;
}

int edge_native_resize(struct duk_hthread* thr, int32_t index, uint32_t slots) {
  edge_native* h = edge_native_in(duk_get_tval(thr, index));
  uint32_t i;
  if (h == NULL) {
    return 0;
  }
  if (slots > h->slot_capacity) {
    duk_tval* grown;
    /* The host keeps one allocation below 2^32 bytes, which bounds `slots`. */
    if (slots > 0x7fffffffUL / sizeof(duk_tval)) {
      DUK_ERROR_ALLOC_FAILED(thr);
      DUK_WO_NORETURN(return 0;);
    }
    grown = (duk_tval*)DUK_ALLOC_CHECKED(thr, slots * sizeof(duk_tval));
    duk_memcpy((void*)grown, (const void*)h->slots, h->slot_count * sizeof(duk_tval));
    if (h->slots != h->inline_slots) {
      DUK_FREE_CHECKED(thr, h->slots);
    }
    h->slots = grown;
    h->slot_capacity = slots;
  }
  for (i = h->slot_count; i < slots; i++) {
    DUK_TVAL_SET_UNDEFINED(h->slots + i);
  }
  if (slots < h->slot_count) {
    /* Dropping a value may free objects, whose release() may not look at this one: the count goes first. */
    uint32_t old = h->slot_count;
    duk_push_hobject(thr, &h->obj);
    for (i = slots; i < old; i++) {
      DUK_TVAL_SET_UNDEFINED_UPDREF(thr, h->slots + i);
    }
    h->slot_count = slots;
    duk_pop(thr);
    return 1;
  }
  h->slot_count = slots;
  return 1;
}

int edge_native_slot_count(struct duk_hthread* thr, int32_t index, uint32_t* count) {
  edge_native* h = edge_native_in(duk_get_tval(thr, index));
  if (h == NULL) {
    return 0;
  }
  *count = h->slot_count;
  return 1;
}

void* edge_constructing(struct duk_hthread* thr, void** new_target) {
  duk_activation* act = thr->callstack_curr;
  if (act == NULL || !(act->flags & DUK_ACT_FLAG_CONSTRUCT)) {
    return NULL;
  }
  *new_target = act->edge_new_target;
  return act->func;
}

/* ---- Numbers ---- */

/* [ number ] -> [ string ] and 1, or nothing and 0. */
DUK_LOCAL duk_bool_t edge_number_to_string(duk_hthread* thr) {
  char text[EDGE_NUMBER_CHARS_MAX];
  double value = duk_require_number(thr, -1);
  if (!DUK_ISFINITE(value)) {
    return 0;
  }
  duk_push_lstring(thr, text, edge_format_number(value, text));
  duk_remove_m2(thr);
  return 1;
}

/* [ string ] -> [ number ] and 1, or nothing and 0. */
DUK_LOCAL duk_bool_t edge_string_to_number(duk_hthread* thr, duk_small_uint_t flags) {
  duk_hstring* text = duk_get_hstring(thr, -1);
  unsigned accept = 0;
  double value;
  if (text == NULL) {
    return 0;
  }
  if (flags & DUK_S2N_FLAG_ALLOW_FRAC) {
    accept |= EDGE_NUMBER_FRACTION;
  }
  if (flags & DUK_S2N_FLAG_ALLOW_EXP) {
    accept |= EDGE_NUMBER_EXPONENT;
  }
  if (flags & DUK_S2N_FLAG_ALLOW_MINUS) {
    accept |= EDGE_NUMBER_MINUS;
  }
  if (flags & DUK_S2N_FLAG_ALLOW_GARBAGE) {
    accept |= EDGE_NUMBER_PREFIX;
  }
  if (!edge_parse_number((const char*)DUK_HSTRING_GET_DATA(text), DUK_HSTRING_GET_BYTELEN(text), accept, &value)) {
    return 0;
  }
  duk_pop(thr);
  duk_push_number(thr, value);
  return 1;
}

const char* edge_class_name(duk_hthread* thr, int32_t index) {
  duk_hobject* object = duk_get_hobject(thr, index);
  if (object == NULL) {
    return NULL;
  }
  return (const char*)DUK_HSTRING_GET_DATA(DUK_HOBJECT_GET_CLASS_STRING(thr->heap, object));
}

/* ---- Properties (runtime/js/own_property.h) ---- */

void edge_reserve_properties(struct duk_hthread* thr, int32_t index, uint32_t count) {
  duk_hobject* h = duk_require_hobject(thr, index);
  if (count > DUK_HOBJECT_GET_ESIZE(h)) {
    duk_hobject_resize_entrypart(thr, h, count);
  }
}

void edge_define_property(struct duk_hthread* thr, int32_t index, uint32_t attributes) {
  duk_hobject* h = duk_hobject_resolve_proxy_target(duk_require_hobject(thr, index));
  duk_hstring* key = duk_require_hstring(thr, -2);
  duk_hobject_define_property_internal(thr, h, key, (duk_small_uint_t)attributes); /* [ key value ] -> [ key ] */
  duk_pop_unsafe(thr);
}

#include "edge_errors.c"
#include "edge_property.c"
