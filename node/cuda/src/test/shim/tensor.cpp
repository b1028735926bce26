// Tensor cores and asynchronous copies, for the CPU: plain arithmetic on the fragments that tensor.cuh describes.
#include "shim.h"
#include <vector>

namespace shim {
int threadNumber();
void forgetCopies(int thread);

namespace {
struct Product {
    bool isBf16;
    float* sums;
    const unsigned* a;
    unsigned b[2];
};

struct ByteProduct {
    int* sums;
    const unsigned* a;
    unsigned b[2];
    int words; // of an operand: 2 with 32 inner indices, 1 with 16
};

struct Load {
    unsigned* pairs;
    const void* row;
    bool transposed;
};

struct Copy {
    void* to;
    const void* from;
    bool exists;
    int group;
};

struct Copies {
    std::vector<Copy> underWay;
    int groups; // closed so far
};

Copies copies[1024];

float half(unsigned pair, int which, bool isBf16) {
    const auto bits = static_cast<unsigned short>(pair >> (16 * which));
    return isBf16 ? __bfloat162float({bits}) : __half2float({bits});
}

/** Products and their sum are exact before one rounding: hardware rounds otherwise. */
__attribute__((optimize("O3"))) void multiply(void** lanes) {
    double a[16][16];
    double b[16][8];
    double sums[16][8];
    for (int l = 0; l < 32; l++) {
        const Product& p = *static_cast<Product*>(lanes[l]);
        const int g = l / 4;
        const int t = l % 4;
        for (int i = 0; i < 4; i++) {
            for (int h = 0; h < 2; h++) {
                a[g + i % 2 * 8][2 * t + h + i / 2 * 8] = half(p.a[i], h, p.isBf16);
            }
            sums[g + i / 2 * 8][2 * t + i % 2] = p.sums[i];
        }
        for (int i = 0; i < 2; i++) {
            for (int h = 0; h < 2; h++) {
                b[2 * t + h + i * 8][g] = half(p.b[i], h, p.isBf16);
            }
        }
    }
    for (int row = 0; row < 16; row++) {
        for (int k = 0; k < 16; k++) {
            for (int column = 0; column < 8; column++) {
                sums[row][column] += a[row][k] * b[k][column];
            }
        }
    }
    for (int l = 0; l < 32; l++) {
        const Product& p = *static_cast<Product*>(lanes[l]);
        for (int i = 0; i < 4; i++) {
            p.sums[i] = static_cast<float>(sums[l / 4 + i / 2 * 8][l % 4 * 2 + i % 2]);
        }
    }
}

void multiplyIntegers(void** lanes) {
    int a[16][32];
    int b[32][8];
    const int words = static_cast<ByteProduct*>(lanes[0])->words;
    for (int l = 0; l < 32; l++) {
        const ByteProduct& p = *static_cast<ByteProduct*>(lanes[l]);
        for (int w = 0; w < words; w++) {
            for (int i = 0; i < 4; i++) {
                const int inner = w * 16 + l % 4 * 4 + i;
                a[l / 4][inner] = static_cast<signed char>(p.a[2 * w] >> (8 * i));
                a[l / 4 + 8][inner] = static_cast<signed char>(p.a[2 * w + 1] >> (8 * i));
                b[inner][l / 4] = static_cast<signed char>(p.b[w] >> (8 * i));
            }
        }
    }
    for (int l = 0; l < 32; l++) {
        for (int i = 0; i < 4; i++) {
            int sum = 0;
            for (int k = 0; k < 16 * words; k++) {
                sum += a[l / 4 + i / 2 * 8][k] * b[k][l % 4 * 2 + i % 2];
            }
            static_cast<ByteProduct*>(lanes[l])->sums[i] = sum;
        }
    }
}

void load(void** lanes) {
    unsigned short matrices[4][8][8];
    for (int l = 0; l < 32; l++) {
        std::memcpy(matrices[l / 8][l % 8], static_cast<Load*>(lanes[l])->row, 16);
    }
    for (int l = 0; l < 32; l++) {
        const Load& into = *static_cast<Load*>(lanes[l]);
        const int g = l / 4;
        const int t = l % 4;
        for (int m = 0; m < 4; m++) {
            const unsigned low = into.transposed ? matrices[m][2 * t][g] : matrices[m][g][2 * t];
            const unsigned high = into.transposed ? matrices[m][2 * t + 1][g] : matrices[m][g][2 * t + 1];
            into.pairs[m] = low | high << 16;
        }
    }
}
} // namespace

void multiplyHalves(bool isBf16, float* sums, const unsigned* a, unsigned b0, unsigned b1, int line) {
    Product mine = {isBf16, sums, a, {b0, b1}};
    together(multiply, &mine, line);
}

void multiplyBytes(int* sums, const unsigned* a, unsigned b0, unsigned b1, bool isWide, int line) {
    ByteProduct mine = {sums, a, {b0, b1}, isWide ? 2 : 1};
    together(multiplyIntegers, &mine, line);
}

void loadMatrices(unsigned* pairs, const void* row, bool transposed, int line) {
    if (reinterpret_cast<uintptr_t>(row) % 16) {
        fault("a row of a matrix does not begin at a multiple of 16 bytes");
    }
    Load mine = {pairs, row, transposed};
    together(load, &mine, line);
}

void copyLater(void* shared, const void* from, bool exists) {
    if ((reinterpret_cast<uintptr_t>(shared) | reinterpret_cast<uintptr_t>(from)) % 16) {
        fault("an asynchronous copy does not begin at a multiple of 16 bytes");
    }
    std::memset(shared, 0xFF, 16);
    Copies& mine = copies[threadNumber()];
    mine.underWay.push_back({shared, from, exists, mine.groups});
}

void closeCopies() {
    copies[threadNumber()].groups++;
}

void awaitCopies(int groups) {
    Copies& mine = copies[threadNumber()];
    size_t kept = 0;
    for (const Copy& copy : mine.underWay) {
        if (copy.group >= mine.groups - groups) {
            mine.underWay[kept++] = copy;
        } else if (copy.exists) {
            std::memcpy(copy.to, copy.from, 16);
        } else {
            std::memset(copy.to, 0, 16);
        }
    }
    mine.underWay.resize(kept);
}

void forgetCopies(int thread) {
    copies[thread].underWay.clear();
    copies[thread].groups = 0;
}
} // namespace shim
