// SqlMath: SQL's transcendental functions, with the same bits on every machine.
//
// SQLite's call the system's libm, which chooses its code by CPU: a seed, or a row that was computed on another machine, could differ in
// the last digit. These call the mathematics that JavaScript has here too (musl's, runtime/js/engine). What is exact anyway (sqrt, floor,
// mod, degrees) stays SQLite's; so does bm25() of full-text search, whose numbers are for ordering.
#ifndef EDGE_STORAGE_IMAGE_SQL_MATH_H_
#define EDGE_STORAGE_IMAGE_SQL_MATH_H_

#include "sqlite3.h"

namespace edge::storage {

// Gives the connection these functions instead of SQLite's own.
void InstallSqlMath(sqlite3* connection);

}  // namespace edge::storage

#endif  // EDGE_STORAGE_IMAGE_SQL_MATH_H_
