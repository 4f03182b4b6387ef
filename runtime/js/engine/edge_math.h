/* Transcendental functions that give the same bits on every machine: musl's, under names of their own. The system's libm chooses its code
 * by CPU. */
#ifndef EDGE_RUNTIME_JS_ENGINE_EDGE_MATH_H_
#define EDGE_RUNTIME_JS_ENGINE_EDGE_MATH_H_

#ifdef __cplusplus
extern "C" {
#endif

double edge_math_acos(double x);
double edge_math_acosh(double x);
double edge_math_asin(double x);
double edge_math_asinh(double x);
double edge_math_atan(double x);
double edge_math_atan2(double y, double x);
double edge_math_atanh(double x);
double edge_math_cbrt(double x);
double edge_math_cos(double x);
double edge_math_cosh(double x);
double edge_math_exp(double x);
double edge_math_expm1(double x);
double edge_math_hypot(double x, double y);
double edge_math_log(double x);
double edge_math_log10(double x);
double edge_math_log1p(double x);
double edge_math_log2(double x);
double edge_math_pow(double x, double y);
double edge_math_sin(double x);
double edge_math_sinh(double x);
double edge_math_tan(double x);
double edge_math_tanh(double x);

#ifdef __cplusplus
}
#endif

#endif  // EDGE_RUNTIME_JS_ENGINE_EDGE_MATH_H_
