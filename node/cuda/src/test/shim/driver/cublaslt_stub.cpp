// cuBLASLt for tests: computes what the descriptors say, column by column, one element after the other, on the fake driver's streams. It
// refuses what the library refuses: wrong leading dimensions, algorithms of other shapes, addresses that are less aligned than promised.
#include "fake.h"
#include <cmath>
#include <cstring>

namespace {
enum { SUCCESS = 0, INVALID_VALUE = 7, NOT_SUPPORTED = 15 };
constexpr uint64_t MAGIC = 0x5350494c4c574159;

struct Library {
    uint64_t magic = MAGIC;
};

struct Product {
    int transposeA = 0;
    int transposeB = 0;
    int compute;
    int scale;
};

struct Layout {
    int type;
    uint64_t rows;
    uint64_t columns;
    int64_t leading;
};

struct Preference {
    uint64_t workspaceBytes = 0;
    uint32_t alignments[4] = {256, 256, 256, 256};
};

struct Algorithm {
    uint64_t magic;
    uint64_t number;
    uint64_t sizes[3];
    uint32_t alignments[4];
    uint64_t unused;
};
static_assert(sizeof(Algorithm) <= 64, "the library's algorithms have 64 bytes");

struct Result {
    uint64_t algorithm[8];
    size_t workspaceBytes;
    int state;
    float waves;
    int reserved[4];
};
static_assert(sizeof(Result) == 96, "as in the library's header");

long live;
long heuristics;
long lastAlgorithm;

size_t sizeOf(int type) {
    return type == 0 ? 4 : 2;
}

float halfToFloat(uint16_t bits) {
    const int exponent = bits >> 10 & 31;
    const float fraction = bits & 1023;
    const float value = exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
    return bits & 0x8000 ? -value : value;
}

/** To the nearest, ties to even. */
uint16_t halfFromFloat(float value) {
    const float size = std::fabs(value);
    const uint16_t sign = std::signbit(value) ? 0x8000 : 0;
    if (!(size < 65520)) {
        return sign | 0x7C00;
    }
    int exponent;
    std::frexp(size, &exponent);
    exponent = exponent - 1 < -14 || size == 0 ? -14 : exponent - 1;
    const auto steps = static_cast<unsigned>(std::nearbyint(std::ldexp(size, 10 - exponent)));
    return static_cast<uint16_t>(sign | (steps + (steps < 1024 ? 0u : static_cast<unsigned>(exponent + 14) << 10)));
}

float read(const void* at, int type, size_t index) {
    if (type == 0) {
        return static_cast<const float*>(at)[index];
    }
    const uint16_t bits = static_cast<const uint16_t*>(at)[index];
    if (type == 2) {
        return halfToFloat(bits);
    }
    const uint32_t wide = static_cast<uint32_t>(bits) << 16;
    float value;
    std::memcpy(&value, &wide, 4);
    return value;
}

void write(void* at, int type, size_t index, float value) {
    if (type == 0) {
        static_cast<float*>(at)[index] = value;
        return;
    }
    if (type == 14) {
        uint32_t wide;
        std::memcpy(&wide, &value, 4);
        static_cast<uint16_t*>(at)[index] = static_cast<uint16_t>((wide + 0x7FFF + (wide >> 16 & 1)) >> 16);
        return;
    }
    static_cast<uint16_t*>(at)[index] = halfFromFloat(value);
}

bool isRight(const Layout* layout) {
    return layout->rows && layout->columns && layout->leading >= static_cast<int64_t>(layout->rows)
        && (layout->type == 0 || layout->type == 2 || layout->type == 14);
}

template <class T, class... A> int make(void** out, A... values) {
    *out = new T{values...};
    live++;
    return SUCCESS;
}

template <class T> int destroy(void* it) {
    delete static_cast<T*>(it);
    live--;
    return SUCCESS;
}
} // namespace

API long stub_live() { return live; }
API long stub_heuristics() { return heuristics; }
API long stub_lastAlgorithm() { return lastAlgorithm; }

API int cublasLtCreate(void** out) { return make<Library>(out); }
API int cublasLtDestroy(void* it) { return destroy<Library>(it); }
API int cublasLtMatmulDescDestroy(void* it) { return destroy<Product>(it); }
API int cublasLtMatrixLayoutDestroy(void* it) { return destroy<Layout>(it); }
API int cublasLtMatmulPreferenceCreate(void** out) { return make<Preference>(out); }
API int cublasLtMatmulPreferenceDestroy(void* it) { return destroy<Preference>(it); }

API int cublasLtMatmulDescCreate(void** out, int compute, int scale) {
    return compute == 68 && scale == 0 ? make<Product>(out, 0, 0, compute, scale) : int{INVALID_VALUE};
}

API int cublasLtMatmulDescSetAttribute(void* it, int attribute, const void* value, size_t bytes) {
    if (bytes != 4 || (attribute != 3 && attribute != 4)) {
        return INVALID_VALUE;
    }
    std::memcpy(attribute == 3 ? &static_cast<Product*>(it)->transposeA : &static_cast<Product*>(it)->transposeB, value, 4);
    return SUCCESS;
}

API int cublasLtMatrixLayoutCreate(void** out, int type, uint64_t rows, uint64_t columns, int64_t leading) {
    return make<Layout>(out, type, rows, columns, leading);
}

API int cublasLtMatmulPreferenceSetAttribute(void* it, int attribute, const void* value, size_t bytes) {
    auto* const preference = static_cast<Preference*>(it);
    if (attribute == 1 && bytes == 8) {
        std::memcpy(&preference->workspaceBytes, value, 8);
        return SUCCESS;
    }
    if (attribute >= 5 && attribute <= 8 && bytes == 4) {
        std::memcpy(&preference->alignments[attribute - 5], value, 4);
        return SUCCESS;
    }
    return INVALID_VALUE;
}

/** Three ways, the last of which wants too much work space; none where the rows of a column are not a multiple of 8. */
API int cublasLtMatmulAlgoGetHeuristic(void*, void* product, void* a, void* b, void* c, void* d, void* preferenceHandle, int most, Result* results, int* count) {
    heuristics++;
    *count = 0;
    const auto* const p = static_cast<Product*>(product);
    const Layout* const layouts[] = {static_cast<Layout*>(a), static_cast<Layout*>(b), static_cast<Layout*>(d)};
    const auto* const preference = static_cast<Preference*>(preferenceHandle);
    const uint64_t outer = p->transposeA ? layouts[0]->columns : layouts[0]->rows;
    const uint64_t inner = p->transposeA ? layouts[0]->rows : layouts[0]->columns;
    const uint64_t across = p->transposeB ? layouts[1]->rows : layouts[1]->columns;
    const bool fits = isRight(layouts[0]) && isRight(layouts[1]) && isRight(layouts[2]) && c == d && layouts[0]->type == layouts[1]->type
        && inner == (p->transposeB ? layouts[1]->columns : layouts[1]->rows) && layouts[2]->rows == outer && layouts[2]->columns == across;
    if (!fits || most < 3) {
        return INVALID_VALUE;
    }
    if (inner % 8) {
        return NOT_SUPPORTED;
    }
    for (uint64_t i = 0; i < 3; i++) {
        Algorithm algorithm = {MAGIC, i, {outer, inner, across}, {}, 0};
        std::memcpy(algorithm.alignments, preference->alignments, sizeof algorithm.alignments);
        std::memset(&results[i], 0, sizeof results[i]);
        std::memcpy(results[i].algorithm, &algorithm, sizeof algorithm);
        results[i].workspaceBytes = i == 2 ? preference->workspaceBytes + 1 : 1024 * i;
    }
    *count = 3;
    return SUCCESS;
}

API int cublasLtMatmul(void* library, void* product, const float* alpha, const void* a, void* aLayout, const void* b, void* bLayout, const float* beta,
        const void* c, void* cLayout, void* d, void* dLayout, const void* algorithmAt, void* workspace, size_t workspaceBytes, void* stream) {
    Algorithm algorithm;
    std::memcpy(&algorithm, algorithmAt, sizeof algorithm);
    const Product p = *static_cast<Product*>(product);
    const Layout la = *static_cast<Layout*>(aLayout);
    const Layout lb = *static_cast<Layout*>(bLayout);
    const Layout ld = *static_cast<Layout*>(dLayout);
    const uint64_t outer = p.transposeA ? la.columns : la.rows;
    const uint64_t inner = p.transposeA ? la.rows : la.columns;
    const void* const addresses[] = {a, b, c, d};
    bool fits = static_cast<Library*>(library)->magic == MAGIC && algorithm.magic == MAGIC && algorithm.sizes[0] == outer && algorithm.sizes[1] == inner
        && algorithm.sizes[2] == ld.columns && *alpha == 1 && *beta == 0 && c == d && cLayout == dLayout && workspaceBytes >= 1024 * algorithm.number
        && (!workspaceBytes || fake::fake_isMemory(workspace, workspaceBytes));
    for (int i = 0; i < 4; i++) {
        fits = fits && reinterpret_cast<uintptr_t>(addresses[i]) % algorithm.alignments[i] == 0;
    }
    fits = fits && fake::fake_isMemory(a, ((la.columns - 1) * la.leading + la.rows) * sizeOf(la.type))
        && fake::fake_isMemory(b, ((lb.columns - 1) * lb.leading + lb.rows) * sizeOf(lb.type))
        && fake::fake_isMemory(d, ((ld.columns - 1) * ld.leading + ld.rows) * sizeOf(ld.type));
    if (!fits) {
        return INVALID_VALUE;
    }
    lastAlgorithm = static_cast<long>(algorithm.number);
    std::function<int()> work = [=] {
        for (uint64_t column = 0; column < ld.columns; column++) {
            for (uint64_t row = 0; row < outer; row++) {
                float sum = 0;
                for (uint64_t k = 0; k < inner; k++) {
                    sum += read(a, la.type, p.transposeA ? row * la.leading + k : k * la.leading + row)
                        * read(b, lb.type, p.transposeB ? k * lb.leading + column : column * lb.leading + k);
                }
                write(d, ld.type, column * ld.leading + row, sum);
            }
        }
        return 0;
    };
    return fake::fake_put(stream, "cublas", &work) ? int{INVALID_VALUE} : int{SUCCESS};
}
