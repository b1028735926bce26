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

EXPORT int64_t spillway_attend_scratch_bytes(const int32_t set, const struct attention *a, const int32_t rows) {
    return set_of(set)->attend_scratch_bytes(a, rows);
}

EXPORT int64_t spillway_attend_part_bytes(const int32_t set, const struct attention *a, const int32_t rows) {
    return set_of(set)->attend_part_bytes(a, rows);
}

EXPORT void spillway_attend(const int32_t set, const struct attention *a, const int64_t *blocks, const int32_t *positions,
        const int32_t rows, const int32_t kv_head, const float *queries, void *scratch, float *out) {
    const struct attend_piece p = {a, blocks, positions, queries, scratch, rows, kv_head};
    set_of(set)->attend(&p, out);
}

EXPORT void spillway_attend_part(const int32_t set, const struct attention *a, const int64_t *blocks, const int32_t *positions,
        const int32_t rows, const int32_t kv_head, const float *queries, void *scratch, const int32_t range, void *part) {
    const struct attend_piece p = {a, blocks, positions, queries, scratch, rows, kv_head};
    set_of(set)->attend_part(&p, range, part);
}

EXPORT void spillway_attend_merge(const int32_t set, const struct attention *a, const int32_t *positions, const int32_t rows,
        const int32_t kv_head, void *scratch, const int32_t first_range, const int32_t ranges, const void *parts, float *out) {
    const struct attend_piece p = {a, NULL, positions, NULL, scratch, rows, kv_head};
    set_of(set)->attend_merge(&p, first_range, ranges, parts, out);
}
