/* The functions that the Java side calls: the first argument chooses the instruction set. */
#include "kernels.h"

#include <stddef.h>

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

/* The numbers are shared with InstructionSet.java. */
enum instruction_set { SET_PLAIN, SET_AVX2, SET_AVX512 };

static const struct kernel_set *set_of(const int32_t set) {
#if defined(SPILLWAY_X86)
    return set == SET_AVX512 ? &kernels_avx512 : set == SET_AVX2 ? &kernels_avx2 : &kernels_plain;
#else
    (void) set;
    return &kernels_plain;
#endif
}

/* One bit per set that this machine can run. */
EXPORT int32_t spillway_instruction_sets(void) {
    int32_t sets = 1 << SET_PLAIN;
#if defined(SPILLWAY_X86)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        sets |= 1 << SET_AVX2;
    }
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
            && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("fma")) {
        sets |= 1 << SET_AVX512;
    }
#endif
    return sets;
}

EXPORT int64_t spillway_project_scratch_bytes(void) {
    return PROJECT_SCRATCH_BYTES;
}

EXPORT int32_t spillway_tile_rows(const int32_t set, const int32_t format) {
    return set_of(set)->tile_rows(format);
}

EXPORT int64_t spillway_tile_bytes(const int32_t set, const int32_t format, const int32_t rows, const int32_t columns) {
    return set_of(set)->tile_bytes(format, rows, columns);
}

EXPORT void spillway_prepare(const int32_t set, const int32_t format, const float *in, const int32_t rows, const int32_t columns,
        void *tile) {
    set_of(set)->prepare(format, in, rows, columns, tile);
}

EXPORT void spillway_project(const int32_t set, const int32_t format, const uint8_t *panels, const int32_t panel_count,
        const int32_t columns, const void *prepared, const int32_t rows, float *out, const int64_t out_stride, void *scratch) {
    const struct projection p = {panels, prepared, out, scratch, out_stride, panel_count, columns, rows};
    set_of(set)->project(format, &p);
}
