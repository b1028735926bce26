/* The body of an instruction set: included after kernels.h and its lanes, with KERNEL_SET naming the table it fills. */
#include "project_ints.h"
#include "project_floats.h"
#include "attend.h"

static int32_t tile_rows(const int format) {
    return format >= W_Q8_0 ? INT_TILE_ROWS : FLOAT_TILE_ROWS;
}

static int64_t tile_bytes(const int format, const int32_t rows, const int32_t columns) {
    return format >= W_Q8_0 ? (int64_t) (columns / BLOCK) * int_block_bytes(format, rows) : (int64_t) columns * rows * 4;
}

static void prepare(const int format, const float *in, const int32_t rows, const int32_t columns, void *tile) {
    if (format >= W_Q8_0) {
        prepare_ints(format, in, rows, columns, tile);
    } else {
        prepare_floats(in, rows, columns, tile);
    }
}

static void project(const int format, const struct projection *p) {
    static void (*const by_format[])(const struct projection *) = {
        project_f32, project_f16, project_bf16, project_f8, project_q8_0, project_q4_0, project_q4_k, project_q4_m, project_q8_g,
        project_q8_m, project_q6_k
    };
    by_format[format](p);
}

const struct kernel_set KERNEL_SET = {
    tile_rows, tile_bytes, prepare, project, attend_scratch_bytes, attend_part_bytes, attend, attend_part, attend_merge
};
