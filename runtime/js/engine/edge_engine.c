/* Compiled as the last part of duktape.c: additions that need the engine's internals. Interface: edge_engine.h. */

/* The tables of built-ins name these although they are switched off; the objects that hold them are removed at start. */
DUK_LOCAL duk_ret_t edge_removed_builtin(duk_hthread *thr) {
	DUK_ERROR_UNSUPPORTED(thr);
	DUK_WO_NORETURN(return 0;);
}
DUK_INTERNAL duk_ret_t duk_bi_duktape_object_fin(duk_hthread *thr) {
	return edge_removed_builtin(thr);
}
DUK_INTERNAL duk_ret_t duk_bi_cbor_encode(duk_hthread *thr) {
	return edge_removed_builtin(thr);
}
DUK_INTERNAL duk_ret_t duk_bi_cbor_decode(duk_hthread *thr) {
	return edge_removed_builtin(thr);
}

/* ---- Instructions ---- */

DUK_LOCAL duk_int_t *edge_counter_of(duk_heap *heap) {
	return heap->curr_thread != NULL ? &heap->curr_thread->interrupt_counter : &heap->edge.counter;
}

/* Charges from a place that can neither throw nor suspend: what the stretch does not cover is charged at its end. */
DUK_LOCAL void edge_charge_later(duk_heap *heap, int64_t instructions) {
	duk_int_t *counter = edge_counter_of(heap);
	if (instructions > *counter) {
		heap->edge.debt += instructions - *counter;
		instructions = *counter;
	}
	*counter -= (duk_int_t) instructions;
}

void edge_charge_quietly(struct duk_hthread *thr, int64_t instructions) {
	edge_charge_later(thr->heap, instructions);
}

/* A collection costs about this many instructions per object that it keeps. */
#define EDGE_COLLECTION_COST 12

/* The current stretch is used up: asks the host for the next one. */
DUK_LOCAL duk_int_t edge_next_period(duk_heap *heap) {
	struct edge_host *host = (struct edge_host *) heap->heap_udata;
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
	return (duk_int_t) (next > 0x7fffffff ? 0x7fffffff : next);
}

DUK_LOCAL void edge_charge_collection(duk_heap *heap) {
	edge_charge_later(heap, (int64_t) heap->edge.gc_visited * EDGE_COLLECTION_COST);
	heap->edge.gc_visited = 0;
}

void edge_charge(struct duk_hthread *thr, int64_t instructions) {
	duk_heap *heap = thr->heap;
	duk_int_t *counter = edge_counter_of(heap);
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
	*counter -= (duk_int_t) instructions;
}

struct edge_host *edge_host_of(struct duk_hthread *thr) {
	return (struct edge_host *) thr->heap->heap_udata;
}

int32_t edge_get_counter(struct duk_hthread *thr) {
	return *edge_counter_of(thr->heap);
}

void edge_set_counter(struct duk_hthread *thr, int32_t instructions) {
	*edge_counter_of(thr->heap) = instructions;
}

int edge_is_terminating(struct duk_hthread *thr) {
	return thr->heap->edge.terminating != 0;
}

void edge_terminate(struct duk_hthread *thr) {
	thr->heap->edge.terminating = 1;
	edge_set_counter(thr, 0);
}

void edge_require_native_stack(struct duk_hthread *thr, size_t bytes) {
	char *here = (char *) __builtin_frame_address(0);
	char *limit = ((struct edge_host *) thr->heap->heap_udata)->stack_limit;
	if (here < limit || (size_t) (here - limit) < bytes) {
		DUK_ERROR_RANGE(thr, DUK_STR_NATIVE_STACK_LIMIT);
		DUK_WO_NORETURN(return;);
	}
}

DUK_LOCAL void *edge_out_of_memory(duk_heap *heap, void *old, duk_size_t size) {
	struct edge_host *host = (struct edge_host *) heap->heap_udata;
	if (heap->ms_prevent_count != 0 || !host->out_of_memory(host, size)) {
		return NULL;
	}
	return heap->realloc_func(heap->heap_udata, old, size);
}

void edge_collect_garbage(struct duk_hthread *thr) {
	duk_heap_mark_and_sweep(thr->heap, 0);
}

void edge_forbid_codegen(struct duk_hthread *thr) {
	thr->heap->edge.codegen_forbidden = 1;
}

DUK_LOCAL void edge_check_codegen(duk_hthread *thr) {
	if (thr->heap->edge.codegen_forbidden) {
		DUK_ERROR_RAW(thr, DUK_FILE_MACRO, (duk_int_t) DUK_LINE_MACRO, DUK_ERR_EVAL_ERROR, "Code generation from strings disallowed for this context");
		DUK_WO_NORETURN(return;);
	}
}

/* Index in characters (which are bytes: the text is ASCII) of the first occurrence at or after `from`, or -1. */
DUK_LOCAL duk_int_t edge_find_bytes(const duk_uint8_t *start, const duk_uint8_t *from, const duk_uint8_t *end, const duk_uint8_t *what, duk_size_t size) {
	const void *found = from <= end ? memmem(from, (size_t) (end - from), what, size) : NULL;
	return found != NULL ? (duk_int_t) ((const duk_uint8_t *) found - start) : -1;
}

DUK_LOCAL duk_bool_t edge_push_parsed_date(duk_hthread *thr, const char *text) {
	duk_push_number(thr, edge_parse_date(text));
	return 1;
}

/* ---- Stack traces ---- */

void edge_set_native_arguments(struct duk_hthread *thr, int32_t index, int32_t count) {
	duk_hnatfunc *func = duk_require_hnatfunc(thr, index);
	func->nargs = (duk_int16_t) count;
}

/* [ message options error ]: `new Error(message, {cause})`. */
DUK_LOCAL void edge_add_error_cause(duk_hthread *thr) {
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
DUK_LOCAL duk_activation *edge_next_activation(duk_hthread **thr, duk_activation *act) {
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

DUK_LOCAL duk_int_t edge_traceback_depth(duk_hthread *thr, duk_int_t depth_max) {
	duk_int_t depth = 0;
	for (; thr != NULL && depth < depth_max; thr = thr->resumer) {
		depth += (duk_int_t) thr->callstack_top;
	}
	return depth < depth_max ? depth : depth_max;
}

/* Runs no JavaScript and throws only for want of memory: names are read from own data properties. */
int edge_for_each_frame(struct duk_hthread *thr, int32_t index, void (*callback)(void *data, const struct edge_frame *frame), void *data) {
	duk_hobject *error = duk_get_hobject(thr, index);
	duk_harray *trace;
	duk_tval *tv;
	duk_uint32_t i;
	if (error == NULL || DUK_HOBJECT_IS_PROXY(error)) {
		return 0;
	}
	tv = duk_hobject_find_entry_tval_ptr_stridx(thr->heap, error, DUK_STRIDX_INT_TRACEDATA);
	if (tv == NULL || !DUK_TVAL_IS_OBJECT(tv) || !DUK_HOBJECT_IS_ARRAY(DUK_TVAL_GET_OBJECT(tv))) {
		return 0;
	}
	trace = (duk_harray *) DUK_TVAL_GET_OBJECT(tv);
	for (i = 0; i + 1 < trace->length && i + 1 < DUK_HOBJECT_GET_ASIZE((duk_hobject *) trace); i += 2) {
		duk_tval *tv_what = DUK_HOBJECT_A_GET_BASE(thr->heap, (duk_hobject *) trace) + i;
		duk_double_t number = DUK_TVAL_IS_NUMBER(tv_what + 1) ? DUK_TVAL_GET_NUMBER(tv_what + 1) : 0.0;
		duk_uint_t low = (duk_uint_t) DUK_FMOD(number, DUK_DOUBLE_2TO32);
		duk_uint_t flags = (duk_uint_t) DUK_FLOOR(number / DUK_DOUBLE_2TO32);
		struct edge_frame frame = {"", "", 0, 0, 0};
		if (DUK_TVAL_IS_OBJECT(tv_what)) {
			duk_hobject *func = DUK_TVAL_GET_OBJECT(tv_what);
			duk_tval *tv_name = duk_hobject_find_entry_tval_ptr_stridx(thr->heap, func, DUK_STRIDX_NAME);
			duk_tval *tv_file = duk_hobject_find_entry_tval_ptr_stridx(thr->heap, func, DUK_STRIDX_FILE_NAME);
			if (tv_name != NULL && DUK_TVAL_IS_STRING(tv_name) && !DUK_HSTRING_HAS_SYMBOL(DUK_TVAL_GET_STRING(tv_name))) {
				frame.function = (const char *) DUK_HSTRING_GET_DATA(DUK_TVAL_GET_STRING(tv_name));
			}
			if (tv_file != NULL && DUK_TVAL_IS_STRING(tv_file) && !DUK_HSTRING_HAS_SYMBOL(DUK_TVAL_GET_STRING(tv_file))) {
				frame.file = (const char *) DUK_HSTRING_GET_DATA(DUK_TVAL_GET_STRING(tv_file));
			}
			frame.is_native = DUK_HOBJECT_HAS_NATFUNC(func) ? 1 : 0;
			frame.is_construct = (flags & DUK_ACT_FLAG_CONSTRUCT) ? 1 : 0;
			if (!frame.is_native) {
				duk_push_hobject(thr, func);
				frame.line = (uint32_t) duk_hobject_pc2line_query(thr, -1, low);
				duk_pop(thr);
			}
		} else if (DUK_TVAL_IS_STRING(tv_what)) {
			/* A file that is being compiled, or the engine's own source. */
			if (flags & DUK_TB_FLAG_NOBLAME_FILELINE) {
				continue;
			}
			frame.file = (const char *) DUK_HSTRING_GET_DATA(DUK_TVAL_GET_STRING(tv_what));
			frame.line = low;
		} else {
			continue;
		}
		callback(data, &frame);
	}
	return 1;
}

typedef struct {
	duk_hthread *thr;
	duk_idx_t pushed;
} edge_frame_lines;

DUK_LOCAL void edge_push_frame_line(void *data, const struct edge_frame *frame) {
	edge_frame_lines *lines = (edge_frame_lines *) data;
	struct edge_host *host = (struct edge_host *) lines->thr->heap->heap_udata;
	char text[512];
	size_t size = host->format_frame(host, frame, text, sizeof text);
	if (size > 0) {
		duk_require_stack(lines->thr, 4);
		duk_push_lstring(lines->thr, text, size);
		lines->pushed++;
	}
}

/* "Name: message\n    at ...", as V8 has it; undefined for what has no trace. */
DUK_LOCAL duk_ret_t edge_error_stack_getter(duk_hthread *thr) {
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
int edge_capture_stack_trace(struct duk_hthread *thr) {
	duk_hobject *object;
	duk_set_top(thr, 2);
	object = duk_require_hobject(thr, 0);
	if (!DUK_HOBJECT_HAS_EXTENSIBLE(object)) {
		DUK_ERROR_TYPE(thr, DUK_STR_NOT_EXTENSIBLE);
		DUK_WO_NORETURN(return 0;);
	}
	duk_dup(thr, 0);
	duk__add_traceback(thr, thr, NULL, 0, DUK_AUGMENT_FLAG_SKIP_ONE);
	if (duk_get_hobject(thr, 1) != NULL) {
		duk_tval *tv = duk_hobject_find_entry_tval_ptr_stridx(thr->heap, object, DUK_STRIDX_INT_TRACEDATA);
		if (tv != NULL && DUK_TVAL_IS_OBJECT(tv) && DUK_HOBJECT_IS_ARRAY(DUK_TVAL_GET_OBJECT(tv))) {
			duk_harray *trace = (duk_harray *) DUK_TVAL_GET_OBJECT(tv);
			duk_tval *base = DUK_HOBJECT_A_GET_BASE(thr->heap, (duk_hobject *) trace);
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

/* ---- Native objects ---- */

DUK_LOCAL void edge_native_free(duk_heap *heap, edge_native *h) {
	void *pointer = h->pointer;
	if (h->slots != h->inline_slots) {
		DUK_FREE(heap, h->slots);
	}
	if (pointer != NULL && h->type->release != NULL) {
		h->pointer = NULL;
		h->type->release(pointer);
	}
}

void edge_release_natives(struct duk_hthread *thr) {
	duk_heaphdr *curr;
	for (curr = thr->heap->heap_allocated; curr != NULL; curr = DUK_HEAPHDR_GET_NEXT(thr->heap, curr)) {
		if (DUK_HEAPHDR_IS_OBJECT(curr) && EDGE_IS_NATIVE((duk_hobject *) curr)) {
			edge_native *h = (edge_native *) curr;
			void *pointer = h->pointer;
			h->pointer = NULL;
			if (pointer != NULL && h->type->release != NULL) {
				h->type->release(pointer);
			}
		}
	}
}

void edge_native_push(struct duk_hthread *thr, const struct edge_native_type *type, void *pointer, void *prototype) {
	edge_native *h = NULL;
	uint32_t capacity = type->slots > 0 ? type->slots : 1;
	uint32_t i;
	if (DUK_LIKELY(thr->valstack_top < thr->valstack_end)) {
		/* A failed allocation has run collections, which do not move `prototype`. */
		h = (edge_native *) DUK_ALLOC(thr->heap, offsetof(edge_native, inline_slots) + capacity * sizeof(duk_tval));
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
	DUK_HOBJECT_SET_PROTOTYPE_INIT_INCREF(thr, &h->obj, (duk_hobject *) prototype);
	duk_push_hobject(thr, &h->obj);
}

DUK_LOCAL edge_native *edge_native_in(duk_tval *tv) {
	if (tv != NULL && DUK_TVAL_IS_OBJECT(tv)) {
		duk_hobject *h = DUK_TVAL_GET_OBJECT(tv);
		if (EDGE_IS_NATIVE(h)) {
			return (edge_native *) h;
		}
	}
	return NULL;
}

const struct edge_native_type *edge_native_type_at(struct duk_hthread *thr, int32_t index, void **pointer) {
	edge_native *h = edge_native_in(duk_get_tval(thr, index));
	if (h == NULL) {
		return NULL;
	}
	*pointer = h->pointer;
	return h->type;
}

const struct edge_native_type *edge_native_type_of_this(struct duk_hthread *thr, void **pointer) {
	edge_native *h;
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

int edge_native_set_slot(struct duk_hthread *thr, int32_t index, uint32_t slot) {
	edge_native *h = edge_native_in(duk_get_tval(thr, index));
	duk_tval *value = duk_require_tval(thr, -1);
	if (h == NULL || slot >= h->slot_count) {
		return 0;
	}
	DUK_TVAL_SET_TVAL_UPDREF(thr, h->slots + slot, value);
	duk_pop_unsafe(thr);
	return 1;
}

int edge_native_push_slot(struct duk_hthread *thr, int32_t index, uint32_t slot) {
	edge_native *h = edge_native_in(duk_get_tval(thr, index));
	if (h == NULL || slot >= h->slot_count) {
		return 0;
	}
	duk_push_tval(thr, h->slots + slot);
	return 1;
}

int edge_native_resize(struct duk_hthread *thr, int32_t index, uint32_t slots) {
	edge_native *h = edge_native_in(duk_get_tval(thr, index));
	uint32_t i;
	if (h == NULL) {
		return 0;
	}
	if (slots > h->slot_capacity) {
		duk_tval *grown;
		/* The host keeps one allocation below 2^32 bytes, which bounds `slots`. */
		if (slots > 0x7fffffffUL / sizeof(duk_tval)) {
			DUK_ERROR_ALLOC_FAILED(thr);
			DUK_WO_NORETURN(return 0;);
		}
		grown = (duk_tval *) DUK_ALLOC_CHECKED(thr, slots * sizeof(duk_tval));
		duk_memcpy((void *) grown, (const void *) h->slots, h->slot_count * sizeof(duk_tval));
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

int edge_native_slot_count(struct duk_hthread *thr, int32_t index, uint32_t *count) {
	edge_native *h = edge_native_in(duk_get_tval(thr, index));
	if (h == NULL) {
		return 0;
	}
	*count = h->slot_count;
	return 1;
}

void *edge_constructing(struct duk_hthread *thr, void **new_target) {
	duk_activation *act = thr->callstack_curr;
	if (act == NULL || !(act->flags & DUK_ACT_FLAG_CONSTRUCT)) {
		return NULL;
	}
	*new_target = act->edge_new_target;
	return act->func;
}

/* ---- Property access along chains with proxies ---- */

/* [ ... key receiver ] -> [ ... value ]. Looks the key up from `start` on. */
DUK_LOCAL duk_bool_t edge_get_from(duk_hthread *thr, duk_hobject *start) {
	duk_idx_t base = duk_get_top(thr) - 2;
	duk_hobject *curr = start;
	duk_hstring *key;
	duk_uint32_t arr_idx;
	duk_uint_t sanity = DUK_HOBJECT_PROTOTYPE_CHAIN_SANITY;
	duk_propdesc desc;

	duk_native_stack_check(thr);
	duk_require_stack(thr, 10);
	key = duk_known_hstring(thr, base);
	arr_idx = DUK_HSTRING_GET_ARRIDX_FAST(key);
	duk_push_hobject(thr, start); /* anchor: keeps `curr` alive while user code runs */
	do {
		if (DUK_HOBJECT_IS_PROXY(curr)) {
			duk_hobject *target;
			duk_tval tv_key;
			duk_push_hobject(thr, curr);
			duk_replace(thr, base + 2);
			DUK_TVAL_SET_STRING(&tv_key, key);
			if (duk__proxy_check_prop(thr, curr, DUK_STRIDX_GET, &tv_key, &target)) {
				/* [ key receiver anchor trap handler ] */
				duk_push_hobject(thr, target);
				duk_dup(thr, base);
				duk_dup(thr, base + 1);
				duk_call_method(thr, 3);
				if (duk__get_own_propdesc_raw(thr, target, key, arr_idx, &desc, DUK_GETDESC_FLAG_PUSH_VALUE)) {
					duk_tval *tv_hook = duk_require_tval(thr, -2);
					duk_tval *tv_targ = duk_require_tval(thr, -1);
					duk_bool_t data = !(desc.flags & DUK_PROPDESC_FLAG_ACCESSOR) && !(desc.flags & DUK_PROPDESC_FLAG_CONFIGURABLE) &&
					                  !(desc.flags & DUK_PROPDESC_FLAG_WRITABLE) && !duk_js_samevalue(tv_hook, tv_targ);
					duk_bool_t accessor = (desc.flags & DUK_PROPDESC_FLAG_ACCESSOR) && !(desc.flags & DUK_PROPDESC_FLAG_CONFIGURABLE) &&
					                      desc.get == NULL && !DUK_TVAL_IS_UNDEFINED(tv_hook);
					if (data || accessor) {
						DUK_ERROR_TYPE(thr, DUK_STR_PROXY_REJECTED);
						DUK_WO_NORETURN(return 0;);
					}
					duk_pop_unsafe(thr);
				}
				duk_replace(thr, base);
				duk_set_top(thr, base + 1);
				return 1;
			}
			curr = target;
		} else {
			if (duk__get_own_propdesc_raw(thr, curr, key, arr_idx, &desc, DUK_GETDESC_FLAG_PUSH_VALUE)) {
				if (desc.get != NULL) {
					duk_pop_unsafe(thr);
					duk_push_hobject(thr, desc.get);
					duk_dup(thr, base + 1);
					duk_call_method(thr, 0);
				}
				duk_replace(thr, base);
				duk_set_top(thr, base + 1);
				return 1;
			}
			curr = DUK_HOBJECT_GET_PROTOTYPE(thr->heap, curr);
		}
		if (DUK_UNLIKELY(sanity-- == 0)) {
			DUK_ERROR_RANGE(thr, DUK_STR_PROTOTYPE_CHAIN_LIMIT);
			DUK_WO_NORETURN(return 0;);
		}
	} while (curr != NULL);

	duk_set_top(thr, base);
	duk_push_undefined(thr);
	return 0;
}

DUK_LOCAL duk_bool_t edge_has_from(duk_hthread *thr, duk_hobject *start, duk_hstring *key, duk_uint32_t arr_idx) {
	duk_hobject *curr = start;
	duk_uint_t sanity = DUK_HOBJECT_PROTOTYPE_CHAIN_SANITY;
	duk_propdesc desc;

	do {
		if (DUK_UNLIKELY(DUK_HOBJECT_IS_PROXY(curr))) {
			duk_hobject *target;
			duk_tval tv_key;
			duk_native_stack_check(thr);
			duk_require_stack(thr, 10);
			DUK_TVAL_SET_STRING(&tv_key, key);
			duk_push_hobject(thr, curr);
			if (duk__proxy_check_prop(thr, curr, DUK_STRIDX_HAS, &tv_key, &target)) {
				duk_bool_t found;
				duk_push_hobject(thr, target);
				duk_push_hstring(thr, key);
				duk_call_method(thr, 2);
				found = duk_to_boolean_top_pop(thr);
				if (!found && duk__get_own_propdesc_raw(thr, target, key, arr_idx, &desc, 0 /*flags*/) &&
				    !((desc.flags & DUK_PROPDESC_FLAG_CONFIGURABLE) && DUK_HOBJECT_HAS_EXTENSIBLE(target))) {
					DUK_ERROR_TYPE(thr, DUK_STR_PROXY_REJECTED);
					DUK_WO_NORETURN(return 0;);
				}
				duk_pop_unsafe(thr);
				return found;
			}
			duk_pop_unsafe(thr);
			curr = target;
		} else {
			if (duk__get_own_propdesc_raw(thr, curr, key, arr_idx, &desc, 0 /*flags*/)) {
				return 1;
			}
			curr = DUK_HOBJECT_GET_PROTOTYPE(thr->heap, curr);
		}
		if (DUK_UNLIKELY(sanity-- == 0)) {
			DUK_ERROR_RANGE(thr, DUK_STR_PROTOTYPE_CHAIN_LIMIT);
			DUK_WO_NORETURN(return 0;);
		}
	} while (curr != NULL);
	return 0;
}

/* [ ... key value receiver ] with the receiver an object: OrdinarySet's last steps. Leaves the stack as it is. */
DUK_LOCAL duk_bool_t edge_define_on_receiver(duk_hthread *thr, duk_idx_t base) {
	duk_hobject *receiver = duk_get_hobject(thr, base + 2);
	duk_hstring *key = duk_known_hstring(thr, base);
	duk_propdesc desc;

	if (receiver == NULL) {
		return 0;
	}
	while (DUK_HOBJECT_IS_PROXY(receiver)) {
		duk_hproxy *proxy = (duk_hproxy *) receiver;
		duk_push_hobject(thr, proxy->handler);
		if (!DUK_HSTRING_HAS_HIDDEN(key) && duk_get_prop_string(thr, -1, "defineProperty")) {
			duk_insert(thr, -2); /* [ trap handler ] */
			duk_push_hobject(thr, proxy->target);
			duk_dup(thr, base);
			duk_push_object(thr);
			duk_dup(thr, base + 1);
			duk_put_prop_string(thr, -2, "value");
			if (!duk__get_own_propdesc_raw(thr, proxy->target, key, DUK_HSTRING_GET_ARRIDX_FAST(key), &desc, 0 /*flags*/)) {
				duk_push_true(thr);
				duk_put_prop_string(thr, -2, "writable");
				duk_push_true(thr);
				duk_put_prop_string(thr, -2, "enumerable");
				duk_push_true(thr);
				duk_put_prop_string(thr, -2, "configurable");
			}
			duk_call_method(thr, 3);
			return duk_to_boolean_top_pop(thr);
		}
		duk_set_top(thr, base + 4);
		receiver = proxy->target;
	}
	if (duk__get_own_propdesc_raw(thr, receiver, key, DUK_HSTRING_GET_ARRIDX_FAST(key), &desc, 0 /*flags*/)) {
		if ((desc.flags & DUK_PROPDESC_FLAG_ACCESSOR) || !(desc.flags & DUK_PROPDESC_FLAG_WRITABLE)) {
			return 0;
		}
	} else {
		if (!DUK_HOBJECT_HAS_EXTENSIBLE(receiver)) {
			return 0;
		}
		if (!DUK_HOBJECT_IS_BUFOBJ(receiver)) {
			duk_push_hobject(thr, receiver);
			duk_dup(thr, base);
			duk_dup(thr, base + 1);
			duk_def_prop(thr, -3, DUK_DEFPROP_HAVE_VALUE | DUK_DEFPROP_SET_WEC);
			duk_pop(thr);
			return 1;
		}
	}
	{
		duk_tval tv_receiver;
		duk_tval tv_key;
		DUK_TVAL_SET_OBJECT(&tv_receiver, receiver);
		DUK_TVAL_SET_STRING(&tv_key, key);
		return duk_hobject_putprop(thr, &tv_receiver, &tv_key, duk_require_tval(thr, base + 1), 0 /*throw_flag*/);
	}
}

/* [ ... key value receiver ] -> [ ... ]. Sets the key as if the access had reached `start`. Returns 0 where strict code throws. */
DUK_LOCAL duk_bool_t edge_set_from(duk_hthread *thr, duk_hobject *start) {
	duk_idx_t base = duk_get_top(thr) - 3;
	duk_hobject *curr = start;
	duk_hstring *key;
	duk_uint32_t arr_idx;
	duk_uint_t sanity = DUK_HOBJECT_PROTOTYPE_CHAIN_SANITY;
	duk_bool_t ok = 0;
	duk_propdesc desc;

	duk_native_stack_check(thr);
	duk_require_stack(thr, 12);
	key = duk_known_hstring(thr, base);
	arr_idx = DUK_HSTRING_GET_ARRIDX_FAST(key);
	duk_push_hobject(thr, start); /* anchor */
	do {
		if (DUK_HOBJECT_IS_PROXY(curr)) {
			duk_hobject *target;
			duk_tval tv_key;
			duk_push_hobject(thr, curr);
			duk_replace(thr, base + 3);
			DUK_TVAL_SET_STRING(&tv_key, key);
			if (duk__proxy_check_prop(thr, curr, DUK_STRIDX_SET, &tv_key, &target)) {
				duk_push_hobject(thr, target);
				duk_dup(thr, base);
				duk_dup(thr, base + 1);
				duk_dup(thr, base + 2);
				duk_call_method(thr, 4);
				ok = duk_to_boolean_top_pop(thr);
				if (ok && duk__get_own_propdesc_raw(thr, target, key, arr_idx, &desc, DUK_GETDESC_FLAG_PUSH_VALUE)) {
					duk_bool_t data = !(desc.flags & DUK_PROPDESC_FLAG_ACCESSOR) && !(desc.flags & DUK_PROPDESC_FLAG_CONFIGURABLE) &&
					                  !(desc.flags & DUK_PROPDESC_FLAG_WRITABLE) &&
					                  !duk_js_samevalue(duk_require_tval(thr, base + 1), duk_require_tval(thr, -1));
					duk_bool_t accessor =
					    (desc.flags & DUK_PROPDESC_FLAG_ACCESSOR) && !(desc.flags & DUK_PROPDESC_FLAG_CONFIGURABLE) && desc.set == NULL;
					if (data || accessor) {
						DUK_ERROR_TYPE(thr, DUK_STR_PROXY_REJECTED);
						DUK_WO_NORETURN(return 0;);
					}
				}
				goto done;
			}
			curr = target;
		} else {
			if (duk__get_own_propdesc_raw(thr, curr, key, arr_idx, &desc, 0 /*flags*/)) {
				if (desc.flags & DUK_PROPDESC_FLAG_ACCESSOR) {
					if (desc.set == NULL) {
						goto done;
					}
					duk_push_hobject(thr, desc.set);
					duk_dup(thr, base + 2);
					duk_dup(thr, base + 1);
					duk_call_method(thr, 1);
					ok = 1;
					goto done;
				}
				if (!(desc.flags & DUK_PROPDESC_FLAG_WRITABLE)) {
					goto done;
				}
				break;
			}
			curr = DUK_HOBJECT_GET_PROTOTYPE(thr->heap, curr);
		}
		if (DUK_UNLIKELY(sanity-- == 0)) {
			DUK_ERROR_RANGE(thr, DUK_STR_PROTOTYPE_CHAIN_LIMIT);
			DUK_WO_NORETURN(return 0;);
		}
	} while (curr != NULL);
	ok = edge_define_on_receiver(thr, base);

done:
	duk_set_top(thr, base);
	return ok;
}

/* ---- Reflect ---- */

int edge_reflect_get(struct duk_hthread *thr) {
	duk_hobject *target;
	duk_bool_t has_receiver = duk_get_top(thr) >= 3;
	duk_set_top(thr, 3);
	target = duk_require_hobject(thr, 0);
	(void) duk_to_property_key_hstring(thr, 1);
	if (!has_receiver) {
		duk_dup(thr, 0);
		duk_replace(thr, 2);
	}
	if (duk_strict_equals(thr, 0, 2)) {
		/* The plain access also knows arguments objects. */
		duk_dup(thr, 1);
		duk_get_prop(thr, 0);
		return 1;
	}
	(void) edge_get_from(thr, target);
	return 1;
}

int edge_reflect_set(struct duk_hthread *thr) {
	duk_hobject *target;
	duk_bool_t has_receiver = duk_get_top(thr) >= 4;
	duk_bool_t ok;
	duk_set_top(thr, 4);
	target = duk_require_hobject(thr, 0);
	(void) duk_to_property_key_hstring(thr, 1);
	if (!has_receiver) {
		duk_dup(thr, 0);
		duk_replace(thr, 3);
	}
	if (duk_strict_equals(thr, 0, 3)) {
		ok = duk_hobject_putprop(thr, DUK_GET_TVAL_POSIDX(thr, 0), DUK_GET_TVAL_POSIDX(thr, 1), DUK_GET_TVAL_POSIDX(thr, 2), 0);
	} else {
		ok = edge_set_from(thr, target);
	}
	duk_push_boolean(thr, ok);
	return 1;
}

DUK_LOCAL duk_bool_t edge_is_constructor(duk_hthread *thr, duk_idx_t idx) {
	duk_hobject *h = duk_get_hobject(thr, idx);
	while (h != NULL && DUK_HOBJECT_IS_PROXY(h)) {
		h = ((duk_hproxy *) h)->target;
	}
	return h != NULL && DUK_HOBJECT_HAS_CONSTRUCTABLE(h);
}

/* [ target arguments newTarget? ]. The frame of this function stays below the call, which keeps newTarget alive. */
int edge_reflect_construct(struct duk_hthread *thr) {
	duk_idx_t nargs = duk_get_top(thr);
	duk_hobject *func;
	duk_hobject *proto;
	duk_idx_t count;
	duk_bool_t is_native;
	duk_bool_t other;

	duk_native_stack_check(thr);
	if (!edge_is_constructor(thr, 0)) {
		DUK_ERROR_TYPE(thr, DUK_STR_NOT_CONSTRUCTABLE);
		DUK_WO_NORETURN(return 0;);
	}
	if (nargs < 3) {
		duk_set_top(thr, 2);
		duk_dup(thr, 0);
	} else {
		duk_set_top(thr, 3);
		if (!edge_is_constructor(thr, 2)) {
			DUK_ERROR_TYPE(thr, DUK_STR_NOT_CONSTRUCTABLE);
			DUK_WO_NORETURN(return 0;);
		}
	}
	(void) duk_require_hobject(thr, 1);

	/* [ target arguments newTarget func this arg1 ... argN ] */
	duk_dup(thr, 0);
	duk_push_undefined(thr);
	count = duk_unpack_array_like(thr, 1);
	for (;;) {
		func = duk_known_hobject(thr, 3);
		if (DUK_HOBJECT_IS_PROXY(func)) {
			duk_hproxy *proxy = (duk_hproxy *) func;
			duk_push_hobject(thr, proxy->handler);
			if (duk_get_prop_string(thr, -1, "construct") && !duk_is_null_or_undefined(thr, -1)) {
				duk_insert(thr, -2); /* [ trap handler ] */
				duk_push_hobject(thr, proxy->target);
				{
					duk_idx_t i;
					duk_push_array(thr);
					for (i = 0; i < count; i++) {
						duk_dup(thr, 5 + i);
						duk_put_prop_index(thr, -2, (duk_uarridx_t) i);
					}
				}
				duk_dup(thr, 2);
				duk_call_method(thr, 3);
				if (!duk_check_type_mask(thr, -1, DUK_TYPE_MASK_OBJECT | DUK_TYPE_MASK_BUFFER | DUK_TYPE_MASK_LIGHTFUNC)) {
					DUK_ERROR_TYPE_INVALID_TRAP_RESULT(thr);
					DUK_WO_NORETURN(return 0;);
				}
				return 1;
			}
			duk_pop_2(thr);
			if (duk_strict_equals(thr, 2, 3)) {
				/* `prototype` is looked up on the proxy, so newTarget stays. */
			}
			duk_push_hobject(thr, proxy->target);
			duk_replace(thr, 3);
			continue;
		}
		if (DUK_HOBJECT_HAS_BOUNDFUNC(func)) {
			duk_hboundfunc *bound = (duk_hboundfunc *) (void *) func;
			duk_idx_t i;
			duk_bool_t same = duk_strict_equals(thr, 2, 3);
			duk_require_stack(thr, bound->nargs + 4);
			for (i = 0; i < bound->nargs; i++) {
				duk_push_tval(thr, bound->args + i);
				duk_insert(thr, 5 + i);
			}
			count += bound->nargs;
			duk_push_tval(thr, &bound->target);
			if (same) {
				duk_dup_top(thr);
				duk_replace(thr, 2);
			}
			duk_replace(thr, 3);
			continue;
		}
		break;
	}
	other = !duk_strict_equals(thr, 2, 3);

	/* The default instance has newTarget's prototype. */
	duk_get_prop_stridx_short(thr, 2, DUK_STRIDX_PROTOTYPE);
	proto = duk_get_hobject(thr, -1);
	duk_push_object(thr);
	if (proto != NULL) {
		DUK_HOBJECT_SET_PROTOTYPE_UPDREF(thr, duk_known_hobject(thr, -1), proto);
	}
	duk_replace(thr, 4);
	duk_pop(thr);

	func = duk_known_hobject(thr, 3);
	is_native = DUK_HOBJECT_IS_NATFUNC(func);
	thr->heap->edge.new_target = duk_known_hobject(thr, 2);
	duk_handle_call_unprotected(thr, 3,
	                            DUK_CALL_FLAG_CONSTRUCT | DUK_CALL_FLAG_DEFAULT_INSTANCE_UPDATED |
	                                (other ? EDGE_CALL_FLAG_NEW_TARGET : 0));

	/* A built-in constructor makes its own object with its own prototype: give it the one that newTarget asks for. */
	if (is_native && other && duk_is_object(thr, -1)) {
		duk_hobject *made = duk_get_hobject(thr, -1);
		duk_get_prop_stridx_short(thr, 0, DUK_STRIDX_PROTOTYPE);
		if (made != NULL && duk_get_hobject(thr, -1) != NULL && DUK_HOBJECT_GET_PROTOTYPE(thr->heap, made) == duk_get_hobject(thr, -1)) {
			duk_get_prop_stridx_short(thr, 2, DUK_STRIDX_PROTOTYPE);
			if (duk_get_hobject(thr, -1) != NULL) {
				DUK_HOBJECT_SET_PROTOTYPE_UPDREF(thr, made, duk_get_hobject(thr, -1));
			}
			duk_pop(thr);
		}
		duk_pop(thr);
	}
	return 1;
}

/* ---- Numbers ---- */

/* [ number ] -> [ string ] and 1, or nothing and 0. */
DUK_LOCAL duk_bool_t edge_number_to_string(duk_hthread *thr) {
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
DUK_LOCAL duk_bool_t edge_string_to_number(duk_hthread *thr, duk_small_uint_t flags) {
	duk_hstring *text = duk_get_hstring(thr, -1);
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
	if (!edge_parse_number((const char *) DUK_HSTRING_GET_DATA(text), DUK_HSTRING_GET_BYTELEN(text), accept, &value)) {
		return 0;
	}
	duk_pop(thr);
	duk_push_number(thr, value);
	return 1;
}

const char *edge_class_name(duk_hthread *thr, int32_t index) {
	duk_hobject *object = duk_get_hobject(thr, index);
	if (object == NULL) {
		return NULL;
	}
	return (const char *) DUK_HSTRING_GET_DATA(DUK_HOBJECT_GET_CLASS_STRING(thr->heap, object));
}
