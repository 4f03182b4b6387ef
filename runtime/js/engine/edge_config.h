/* edge's settings, appended to the packaged duk_config.h. The reasons are in runtime/js/engine/README.md. */
#ifndef EDGE_RUNTIME_JS_ENGINE_EDGE_CONFIG_H_
#define EDGE_RUNTIME_JS_ENGINE_EDGE_CONFIG_H_

#include <string.h>

#include "edge_engine.h"
#include "edge_math.h"

/* Part of the engine's heap structure; zero at the start. */
struct duk_heaphdr;
struct duk_hobject;
struct edge_heap {
  int32_t counter;          /* instructions left while no thread runs; else it is in the running thread */
  int32_t terminating;      /* nothing runs any more */
  int64_t debt;             /* instructions charged by collections beyond the counter */
  struct duk_heaphdr* gray; /* objects to mark, linked through h_prev */
  uint64_t gc_visited;
  int32_t codegen_forbidden;
  struct duk_hobject* new_target; /* between a Reflect.construct and the activation it makes */
};

/* CPU limits and yielding count instructions. */
#define DUK_USE_INTERRUPT_COUNTER
#define DUK_USE_EXEC_TIMEOUT_CHECK(udata) 0 /* replaced by a patch, but switches the code on */
#define EDGE_CPU_LIMIT_MESSAGE "CPU time limit exceeded"

/* How much nearer an allocation brings the next collection. An array that grows is resized often: each time counts less. */
#define EDGE_COLLECTION_UNITS(size) ((duk_int_t)((size) < 4096 ? 1 : (size) >> 4))
#define EDGE_COLLECTION_UNITS_OF_RESIZE(size) ((duk_int_t)((size) < 4096 ? 1 : (size) >> 7))

/* Determinism. */
#define EDGE_HASH_SEED 0x65646765UL
#undef DUK_USE_DATE_NOW_GETTIMEOFDAY
#undef DUK_USE_DATE_NOW_TIME
#undef DUK_USE_DATE_TZO_GMTIME_R
#undef DUK_USE_DATE_TZO_GMTIME
#undef DUK_USE_DATE_PRS_STRPTIME
#undef DUK_USE_DATE_FMT_STRFTIME
#undef DUK_USE_GET_MONOTONIC_TIME_CLOCK_GETTIME
#undef DUK_USE_DATE_GET_NOW
#undef DUK_USE_DATE_GET_LOCAL_TZOFFSET
#undef DUK_USE_DATE_PARSE_STRING
#undef DUK_USE_DATE_FORMAT_STRING
#undef DUK_USE_GET_MONOTONIC_TIME
#undef DUK_USE_GET_RANDOM_DOUBLE
#define EDGE_HOST_OF_UDATA(udata) ((struct edge_host*)(udata))
#define DUK_USE_DATE_GET_NOW(ctx) EDGE_HOST_OF_UDATA((ctx)->heap->heap_udata)->now_ms(EDGE_HOST_OF_UDATA((ctx)->heap->heap_udata))
#define DUK_USE_GET_MONOTONIC_TIME(ctx) DUK_USE_DATE_GET_NOW(ctx)
#define DUK_USE_DATE_GET_LOCAL_TZOFFSET(time) 0
#define DUK_USE_DATE_PARSE_STRING(ctx, text) edge_push_parsed_date((ctx), (text))
#define DUK_USE_GET_RANDOM_DOUBLE(udata) EDGE_HOST_OF_UDATA(udata)->random(EDGE_HOST_OF_UDATA(udata))

#undef DUK_ACOS
#undef DUK_ASIN
#undef DUK_ATAN
#undef DUK_ATAN2
#undef DUK_CBRT
#undef DUK_COS
#undef DUK_EXP
#undef DUK_LOG
#undef DUK_LOG2
#undef DUK_POW
#undef DUK_SIN
#undef DUK_TAN
#define DUK_ACOS edge_math_acos
#define DUK_ASIN edge_math_asin
#define DUK_ATAN edge_math_atan
#define DUK_ATAN2 edge_math_atan2
#define DUK_CBRT edge_math_cbrt
#define DUK_COS edge_math_cos
#define DUK_EXP edge_math_exp
#define DUK_LOG edge_math_log
#define DUK_LOG2 edge_math_log2
#define DUK_POW edge_math_pow
#define DUK_SIN edge_math_sin
#define DUK_TAN edge_math_tan

/* Fibers have small stacks. Used in one place, where `thr` is the thread. */
#define DUK_USE_NATIVE_STACK_CHECK() ((char*)__builtin_frame_address(0) < EDGE_HOST_OF_UDATA(thr->heap->heap_udata)->stack_limit)
#undef DUK_USE_COMPILER_RECLIMIT
#define DUK_USE_COMPILER_RECLIMIT 1000

/* Frames of edge's own library are left out of error.stack, so more are recorded than shown. */
#undef DUK_USE_TRACEBACK_DEPTH
#define DUK_USE_TRACEBACK_DEPTH 24

/* A call in return position keeps its caller's frame: traces show it, and endless recursion ends. */
#undef DUK_USE_TAILCALL

/* Speed. */
#define DUK_USE_FASTINT
#define DUK_USE_JSON_STRINGIFY_FASTPATH

/* What scripts must not see or that JavaScript engines do not have. */
#undef DUK_USE_NONSTD_JSON_ESC_U2028_U2029
#undef DUK_USE_FINALIZER_SUPPORT /* native objects have release(); without finalizers no object is rescued or visited twice */
#define DUK_HEAP_REMOVE_FROM_FINALIZE_LIST(heap, object) ((void)0) /* one dead use is left */
#undef DUK_USE_CBOR_SUPPORT
#undef DUK_USE_CBOR_BUILTIN
#undef DUK_USE_FILE_IO
#undef DUK_USE_NONSTD_FUNC_CALLER_PROPERTY

#endif  // EDGE_RUNTIME_JS_ENGINE_EDGE_CONFIG_H_
