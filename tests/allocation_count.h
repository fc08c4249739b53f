#ifndef ROTA_TESTS_ALLOCATION_COUNT_H_
#define ROTA_TESTS_ALLOCATION_COUNT_H_

#include <cstdint>

namespace rota {

// How often the calling thread has taken memory by operator new, whose global form a program that links this replaces. What calls
// malloc() itself, such as a library of C, is not counted.
uint64_t AllocationCount();

}  // namespace rota

#endif  // ROTA_TESTS_ALLOCATION_COUNT_H_
