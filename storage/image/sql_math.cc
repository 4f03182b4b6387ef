#include "storage/image/sql_math.h"

#include <optional>

#include "runtime/base/check.h"

// Of libedge_math (runtime/js/engine/duktape.bzl).
extern "C" {
double edge_math_acos(double x);
double edge_math_acosh(double x);
double edge_math_asin(double x);
double edge_math_asinh(double x);
double edge_math_atan(double x);
double edge_math_atan2(double y, double x);
double edge_math_atanh(double x);
double edge_math_cos(double x);
double edge_math_cosh(double x);
double edge_math_exp(double x);
double edge_math_log(double x);
double edge_math_log10(double x);
double edge_math_log2(double x);
double edge_math_pow(double x, double y);
double edge_math_sin(double x);
double edge_math_sinh(double x);
double edge_math_tan(double x);
double edge_math_tanh(double x);
}

namespace edge::storage {
namespace {

// None: it is no number, and the result is NULL.
std::optional<double> Number(sqlite3_value* value) {
  const int type = sqlite3_value_numeric_type(value);
  if (type != SQLITE_INTEGER && type != SQLITE_FLOAT) return std::nullopt;
  return sqlite3_value_double(value);
}

// SQLite makes NULL of a NaN.
template <double (*function)(double)>
void Of(sqlite3_context* context, int, sqlite3_value** arguments) {
  const std::optional<double> x = Number(arguments[0]);
  if (x.has_value()) sqlite3_result_double(context, function(*x));
}

template <double (*function)(double, double)>
void OfTwo(sqlite3_context* context, int, sqlite3_value** arguments) {
  const std::optional<double> x = Number(arguments[0]);
  const std::optional<double> y = Number(arguments[1]);
  if (x.has_value() && y.has_value()) sqlite3_result_double(context, function(*x, *y));
}

template <double (*function)(double)>
void LogOf(sqlite3_context* context, int, sqlite3_value** arguments) {
  const std::optional<double> x = Number(arguments[0]);
  if (x.has_value() && *x > 0) sqlite3_result_double(context, function(*x));
}

// log(base, x)
void LogToBase(sqlite3_context* context, int, sqlite3_value** arguments) {
  const std::optional<double> base = Number(arguments[0]);
  const std::optional<double> x = Number(arguments[1]);
  if (!base.has_value() || *base <= 0 || !x.has_value() || *x <= 0) return;
  const double divisor = edge_math_log(*base);
  if (divisor > 0) sqlite3_result_double(context, edge_math_log(*x) / divisor);
}

}  // namespace

void InstallSqlMath(sqlite3* connection) {
  constexpr struct {
    const char* name;
    int arguments;
    void (*function)(sqlite3_context*, int, sqlite3_value**);
  } kFunctions[] = {
      {"acos", 1, Of<edge_math_acos>},
      {"acosh", 1, Of<edge_math_acosh>},
      {"asin", 1, Of<edge_math_asin>},
      {"asinh", 1, Of<edge_math_asinh>},
      {"atan", 1, Of<edge_math_atan>},
      {"atan2", 2, OfTwo<edge_math_atan2>},
      {"atanh", 1, Of<edge_math_atanh>},
      {"cos", 1, Of<edge_math_cos>},
      {"cosh", 1, Of<edge_math_cosh>},
      {"exp", 1, Of<edge_math_exp>},
      {"ln", 1, LogOf<edge_math_log>},
      {"log", 1, LogOf<edge_math_log10>},
      {"log", 2, LogToBase},
      {"log10", 1, LogOf<edge_math_log10>},
      {"log2", 1, LogOf<edge_math_log2>},
      {"pow", 2, OfTwo<edge_math_pow>},
      {"power", 2, OfTwo<edge_math_pow>},
      {"sin", 1, Of<edge_math_sin>},
      {"sinh", 1, Of<edge_math_sinh>},
      {"tan", 1, Of<edge_math_tan>},
      {"tanh", 1, Of<edge_math_tanh>},
  };
  constexpr int kFlags = SQLITE_UTF8 | SQLITE_INNOCUOUS | SQLITE_DETERMINISTIC;
  for (const auto& [name, arguments, function] : kFunctions) {
    EDGE_CHECK(sqlite3_create_function_v2(connection, name, arguments, kFlags, nullptr, function, nullptr, nullptr, nullptr) == SQLITE_OK)
        << name;
  }
}

}  // namespace edge::storage
