// Hopper's products of warpgroups and counting barriers, for the CPU. A product reads shared memory when it is waited for: where that was
// overwritten too early, the result shows it. Addresses begin with the block's dynamic shared memory.
#include "shim.h"
#include <limits>
#include <vector>

namespace shim {
int threadNumber();
void forgetProducts(int thread);

namespace {
struct WideProduct {
    bool isBf16;
    int n;
    float* sums;
    uint64_t left;
    uint64_t right;
    bool adds;
    int group;
};

struct Products {
    std::vector<WideProduct> underWay;
    std::vector<float> sums; // as they will be
    int groups;              // closed so far
};

Products products[1024];

/** Inner index k of a row of an operand, as the hardware finds it by its descriptor. */
float element(uint64_t operand, int row, int k, bool isBf16) {
    const uint64_t start = (operand & 0x3FFF) << 4;
    const uint64_t eightRows = (operand >> 32 & 0x3FFF) << 4;
    const uint64_t at = start + row / 8 * eightRows + row % 8 * 128 + k * 2;
    const uint64_t swapped = at ^ ((at >> 7 & 7) << 4);
    uint16_t bits;
    std::memcpy(&bits, static_cast<const char*>(dynamicShared()) + swapped, 2);
    return isBf16 ? __bfloat162float({bits}) : __half2float({bits});
}

void run(const WideProduct& p, float* sums, int thread) {
    const int warp = thread % 128 / 32;
    const int g = thread % 32 / 4;
    const int t = thread % 4;
    float a[2][16];
    for (int k = 0; k < 16; k++) {
        a[0][k] = element(p.left, 16 * warp + g, k, p.isBf16);
        a[1][k] = element(p.left, 16 * warp + g + 8, k, p.isBf16);
    }
    for (int j = 0; j < p.n / 8; j++) {
        for (int column = 0; column < 2; column++) {
            double both[2];
            for (int i = 0; i < 2; i++) {
                both[i] = p.adds ? sums[4 * j + 2 * i + column] : 0;
            }
            for (int k = 0; k < 16; k++) {
                const double b = element(p.right, 8 * j + 2 * t + column, k, p.isBf16);
                both[0] += a[0][k] * b;
                both[1] += a[1][k] * b;
            }
            for (int i = 0; i < 2; i++) {
                sums[4 * j + 2 * i + column] = static_cast<float>(both[i]);
            }
        }
    }
}
} // namespace

void multiplyWide(bool isBf16, int n, float* sums, uint64_t left, uint64_t right, bool adds) {
    if (left >> 62 != 1 || right >> 62 != 1 || (left & 0x38) || (right & 0x38)) {
        fault("an operand of a warpgroup has no 128-byte swizzle, or does not begin at a multiple of 1024 bytes");
    }
    Products& mine = products[threadNumber()];
    if (mine.underWay.empty()) {
        mine.sums.assign(sums, sums + n / 2);
        for (int i = 0; i < n / 2; i++) {
            sums[i] = std::numeric_limits<float>::quiet_NaN();
        }
    }
    mine.underWay.push_back({isBf16, n, sums, left, right, adds, mine.groups});
}

void closeProducts() {
    products[threadNumber()].groups++;
}

void awaitProducts(int groups) {
    Products& mine = products[threadNumber()];
    size_t done = 0;
    while (done < mine.underWay.size() && mine.underWay[done].group < mine.groups - groups) {
        run(mine.underWay[done++], mine.sums.data(), threadNumber());
    }
    if (done > 0 && done == mine.underWay.size()) {
        std::memcpy(mine.underWay[0].sums, mine.sums.data(), mine.sums.size() * sizeof(float));
    }
    mine.underWay.erase(mine.underWay.begin(), mine.underWay.begin() + static_cast<long>(done));
}

void forgetProducts(int thread) {
    products[thread].underWay.clear();
    products[thread].groups = 0;
}

/** A barrier: arrivals that are missing, arrivals of a phase, and in the highest bit the parity of the phase under way. */
void beginArrivals(unsigned long long* barrier, int count) {
    *barrier = static_cast<unsigned long long>(count) << 16 | static_cast<unsigned>(count);
}

void arrive(unsigned long long* barrier) {
    const unsigned long long count = *barrier >> 16 & 0xFFFF;
    const unsigned long long missing = *barrier & 0xFFFF;
    if (count == 0xFFFF || missing == 0) {
        fault("an arrival at a barrier that was not begun");
    }
    const unsigned long long parity = *barrier >> 63;
    *barrier = missing > 1 ? *barrier - 1 : (parity ^ 1) << 63 | count << 16 | count;
}
} // namespace shim
