/* Included by edge_engine.c: proxies inside prototype chains, accesses with a receiver, and Reflect on top of them. */

/* ---- Property access along chains with proxies ---- */

/* [ ... key receiver ] -> [ ... value ]. Looks the key up from `start` on. */
DUK_LOCAL duk_bool_t edge_get_from(duk_hthread* thr, duk_hobject* start) {
  duk_idx_t base = duk_get_top(thr) - 2;
  duk_hobject* curr = start;
  duk_hstring* key;
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
      duk_hobject* target;
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
          duk_tval* tv_hook = duk_require_tval(thr, -2);
          duk_tval* tv_targ = duk_require_tval(thr, -1);
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

DUK_LOCAL duk_bool_t edge_has_from(duk_hthread* thr, duk_hobject* start, duk_hstring* key, duk_uint32_t arr_idx) {
  duk_hobject* curr = start;
  duk_uint_t sanity = DUK_HOBJECT_PROTOTYPE_CHAIN_SANITY;
  duk_propdesc desc;

  do {
    if (DUK_UNLIKELY(DUK_HOBJECT_IS_PROXY(curr))) {
      duk_hobject* target;
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
DUK_LOCAL duk_bool_t edge_define_on_receiver(duk_hthread* thr, duk_idx_t base) {
  duk_hobject* receiver = duk_get_hobject(thr, base + 2);
  duk_hstring* key = duk_known_hstring(thr, base);
  duk_propdesc desc;

  if (receiver == NULL) {
    return 0;
  }
  while (DUK_HOBJECT_IS_PROXY(receiver)) {
    duk_hproxy* proxy = (duk_hproxy*)receiver;
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
DUK_LOCAL duk_bool_t edge_set_from(duk_hthread* thr, duk_hobject* start) {
  duk_idx_t base = duk_get_top(thr) - 3;
  duk_hobject* curr = start;
  duk_hstring* key;
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
      duk_hobject* target;
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

int edge_reflect_get(struct duk_hthread* thr) {
  duk_hobject* target;
  duk_bool_t has_receiver = duk_get_top(thr) >= 3;
  duk_set_top(thr, 3);
  target = duk_require_hobject(thr, 0);
  (void)duk_to_property_key_hstring(thr, 1);
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
  (void)edge_get_from(thr, target);
  return 1;
}

int edge_reflect_set(struct duk_hthread* thr) {
  duk_hobject* target;
  duk_bool_t has_receiver = duk_get_top(thr) >= 4;
  duk_bool_t ok;
  duk_set_top(thr, 4);
  target = duk_require_hobject(thr, 0);
  (void)duk_to_property_key_hstring(thr, 1);
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

DUK_LOCAL duk_bool_t edge_is_constructor(duk_hthread* thr, duk_idx_t idx) {
  duk_hobject* h = duk_get_hobject(thr, idx);
  while (h != NULL && DUK_HOBJECT_IS_PROXY(h)) {
    h = ((duk_hproxy*)h)->target;
  }
  return h != NULL && DUK_HOBJECT_HAS_CONSTRUCTABLE(h);
}

/* [ target arguments newTarget? ]. The frame of this function stays below the call, which keeps newTarget alive. */
int edge_reflect_construct(struct duk_hthread* thr) {
  duk_idx_t nargs = duk_get_top(thr);
  duk_hobject* func;
  duk_hobject* proto;
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
  (void)duk_require_hobject(thr, 1);

  /* [ target arguments newTarget func this arg1 ... argN ] */
  duk_dup(thr, 0);
  duk_push_undefined(thr);
  count = duk_unpack_array_like(thr, 1);
  for (;;) {
    func = duk_known_hobject(thr, 3);
    if (DUK_HOBJECT_IS_PROXY(func)) {
      duk_hproxy* proxy = (duk_hproxy*)func;
      duk_push_hobject(thr, proxy->handler);
      if (duk_get_prop_string(thr, -1, "construct") && !duk_is_null_or_undefined(thr, -1)) {
        duk_insert(thr, -2); /* [ trap handler ] */
        duk_push_hobject(thr, proxy->target);
        {
          duk_idx_t i;
          duk_push_array(thr);
          for (i = 0; i < count; i++) {
            duk_dup(thr, 5 + i);
            duk_put_prop_index(thr, -2, (duk_uarridx_t)i);
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
      duk_hboundfunc* bound = (duk_hboundfunc*)(void*)func;
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
                              DUK_CALL_FLAG_CONSTRUCT | DUK_CALL_FLAG_DEFAULT_INSTANCE_UPDATED | (other ? EDGE_CALL_FLAG_NEW_TARGET : 0));

  /* A built-in constructor makes its own object with its own prototype: give it the one that newTarget asks for. */
  if (is_native && other && duk_is_object(thr, -1)) {
    duk_hobject* made = duk_get_hobject(thr, -1);
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

/* ---- Property reads without detours ---- */

/* Where the chain of a string or an object has the named property as an ordinary own one: 1 and the value on the stack. 0 and undefined:
 * no object of the chain has it. -1 and nothing: something on the way is not ordinary, or the name may be special. */
DUK_LOCAL duk_small_int_t edge_get_plain(duk_hthread* thr, duk_tval* base, duk_hstring* key) {
  duk_hobject* curr;
  duk_tval receiver;
  duk_small_uint_t left = 64;
  if (DUK_LIKELY(DUK_TVAL_IS_OBJECT(base))) {
    curr = DUK_TVAL_GET_OBJECT(base);
  } else if (DUK_TVAL_IS_STRING(base) && !DUK_HSTRING_HAS_SYMBOL(DUK_TVAL_GET_STRING(base))) {
    curr = thr->builtins[DUK_BIDX_STRING_PROTOTYPE];
  } else {
    return -1;
  }
  /* What has virtual properties has them under these names; `caller` is guarded. */
  if (DUK_UNLIKELY(DUK_HSTRING_HAS_ARRIDX(key) || key == DUK_HTHREAD_STRING_LENGTH(thr) || key == DUK_HTHREAD_STRING_CALLER(thr))) {
    return -1;
  }
  do {
    duk_int_t entry, hash;
    if (DUK_UNLIKELY(DUK_HEAPHDR_CHECK_FLAG_BITS(&curr->hdr, DUK_HOBJECT_FLAG_EXOTIC_PROXYOBJ | DUK_HOBJECT_FLAG_EXOTIC_ARGUMENTS))) {
      return -1;
    }
    if (duk_hobject_find_entry(thr->heap, curr, key, &entry, &hash)) {
      if (DUK_UNLIKELY(DUK_HOBJECT_E_SLOT_IS_ACCESSOR(thr->heap, curr, entry))) {
        duk_hobject* getter = DUK_HOBJECT_E_GET_VALUE_GETTER(thr->heap, curr, entry);
        if (getter == NULL) {
          duk_push_undefined(thr);
          return 1;
        }
        DUK_TVAL_SET_TVAL(&receiver, base);
        duk_push_hobject(thr, getter);
        duk_push_tval(thr, &receiver);
        duk_push_hstring(thr, key);
        duk_call_method(thr, 1);
        return 1;
      }
      duk_push_tval(thr, DUK_HOBJECT_E_GET_VALUE_TVAL_PTR(thr->heap, curr, entry));
      return 1;
    }
    curr = DUK_HOBJECT_GET_PROTOTYPE(thr->heap, curr);
    if (curr == NULL) {
      duk_push_undefined(thr);
      return 0;
    }
  } while (--left > 0);
  return -1;
}

/* 1: the value at `index` is an object, and neither it nor a prototype of it has the property. 0: one has, or something is not ordinary.
 * Runs nothing, throws nothing. The key is the engine's pointer of a string that is no array index and not `length`.
 * (runtime/js/own_property.h) */
int edge_lacks_property(struct duk_hthread* thr, int32_t index, void* key) {
  duk_hobject* curr = duk_get_hobject(thr, index);
  duk_small_uint_t left = 64;
  if (curr == NULL) {
    return 0;
  }
  while (curr != NULL && left-- > 0) {
    duk_int_t entry, hash;
    if (DUK_HOBJECT_IS_PROXY(curr) || duk_hobject_find_entry(thr->heap, curr, (duk_hstring*)key, &entry, &hash)) {
      return 0;
    }
    curr = DUK_HOBJECT_GET_PROTOTYPE(thr->heap, curr);
  }
  return curr == NULL;
}
