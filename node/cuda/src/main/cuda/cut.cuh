// Cuts: the fewest of the best that reach a sum of amounts. Nothing is sorted: bins by level tell roughly where the cut runs, the
// members of the bin it runs through are gathered, and divided by the digits of their keys. Amounts are whole numbers, so nothing
// depends on the order in which threads add. One block of threads a row.
#pragma once
#include "choice.cuh"

#define CHOOSE_THREADS 512
/** Most members that are gathered; of more, the row is read again for every digit. */
#define LIST_MAX 1024
/** Most members of which each is compared with all others, at most CHOOSE_THREADS. */
#define LIST_FEW 256
#define EVERYTHING 0xFFFFFFFFFFFFFFFFull

namespace spillway {

/** Shared memory of a cut. */
struct CutRoom {
    wide* bins;           // [MASS_BINS]
    wide* keys;           // [LIST_MAX]
    wide* amounts;        // [LIST_MAX]
    int* places;          // [LIST_MAX]
    wide* digits;         // [256] amounts by digit
    unsigned* counts;     // [256]
    wide* state;          // [4]
    unsigned* partial;    // [32]
    int* size;            // [1] of the list
};

/** Kept are keys below this one, and of equal ones the places up to this one. */
struct Cut {
    wide key;
    int place;
};

__device__ __forceinline__ Cut keepsAll() {
    return {EVERYTHING, 0x7FFFFFFF};
}

__device__ __forceinline__ bool isWithin(const Cut& cut, wide key, int place) {
    return key < cut.key || (key == cut.key && place <= cut.place);
}

/**
 * Finds the first bin with which the sum reaches the target: state[0] = the bin, or count if there is none; state[1] = the sum before it.
 * All threads; bins are written and a barrier passed before. count: a multiple of 32
 */
__device__ __forceinline__ void findBin(const wide* bins, int count, wide target, wide* state) {
    if (threadIdx.x < 32) {
        const int each = count / 32;
        const int first = static_cast<int>(threadIdx.x) * each;
        wide mine = 0;
        for (int i = first; i < first + each; i++) {
            mine += bins[i];
        }
        wide sum = mine;
        for (int lanes = 1; lanes < 32; lanes *= 2) {
            const wide other = __shfl_up_sync(FULL_WARP, sum, lanes);
            sum += static_cast<int>(threadIdx.x) >= lanes ? other : 0;
        }
        const unsigned reached = __ballot_sync(FULL_WARP, sum >= target);
        const int lane = __ffs(static_cast<int>(reached)) - 1;
        if (static_cast<int>(threadIdx.x) == lane) {
            wide before = sum - mine;
            int bin = first;
            while (before + bins[bin] < target) {
                before += bins[bin++];
            }
            state[0] = bin;
            state[1] = before;
        } else if (lane < 0 && threadIdx.x == 0) {
            state[0] = count;
            state[1] = sum;
        }
    }
    __syncthreads();
}

/** The smallest and the largest key that visit names, over all threads. */
template <class Visit> __device__ __forceinline__ void keyRange(const Visit& visit, const CutRoom& room, wide* low, wide* high) {
    wide least = EVERYTHING;
    wide most = 0;
    visit([&](wide key, int, auto) {
        least = key < least ? key : least;
        most = key > most ? key : most;
    });
    for (int lanes = 16; lanes > 0; lanes /= 2) {
        const wide otherLeast = __shfl_xor_sync(FULL_WARP, least, lanes);
        const wide otherMost = __shfl_xor_sync(FULL_WARP, most, lanes);
        least = otherLeast < least ? otherLeast : least;
        most = otherMost > most ? otherMost : most;
    }
    if (threadIdx.x % 32 == 0) {
        room.digits[threadIdx.x / 32] = least;
        room.digits[32 + threadIdx.x / 32] = most;
    }
    __syncthreads();
    for (unsigned w = 0; w < blockDim.x / 32; w++) {
        least = room.digits[w] < least ? room.digits[w] : least;
        most = room.digits[32 + w] > most ? room.digits[32 + w] : most;
    }
    __syncthreads();
    *low = least;
    *high = most;
}

/**
 * One digit: adds up the amounts of those that belong by their digit, finds the digit the cut runs through, and takes what is before
 * it off the target. Returns the digit, 256 if all together do not reach the target. belongs(key, place, &digit)
 */
template <class Visit, class Belongs> __device__ __forceinline__ int divideDigit(const Visit& visit, const Belongs& belongs, const CutRoom& room,
    wide* target, unsigned* count) {
    for (unsigned i = threadIdx.x; i < 256; i += blockDim.x) {
        room.digits[i] = 0;
        room.counts[i] = 0;
    }
    __syncthreads();
    visit([&](wide key, int place, auto amountOf) {
        int digit = 0;
        if (belongs(key, place, &digit)) {
            const long long amount = amountOf(); // negative: none of the candidates
            if (amount >= 0) {
                atomicAdd(&room.digits[digit], static_cast<wide>(amount));
                atomicAdd(&room.counts[digit], 1u);
            }
        }
    });
    __syncthreads();
    findBin(room.digits, 256, *target, room.state);
    const int digit = static_cast<int>(room.state[0]);
    *target -= room.state[1];
    *count = digit < 256 ? room.counts[digit] : 0;
    __syncthreads();
    return digit;
}

/** The cut among what visit names: keys by eight bits from the highest that differs, then places. */
template <class Visit> __device__ __forceinline__ Cut cutByDigits(const Visit& visit, wide target, const CutRoom& room) {
    wide low = 0;
    wide high = 0;
    keyRange(visit, room, &low, &high);
    if (low > high) {
        return keepsAll(); // there is nobody
    }
    int shift = 56;
    while (shift > 0 && low >> shift == high >> shift) {
        shift -= 8;
    }
    wide key = high >> shift >> 8 << 8 << shift;
    unsigned count = 0;
    for (; shift >= 0; shift -= 8) {
        const int digit = divideDigit(visit, [=](wide k, int, int* d) {
            *d = static_cast<int>(k >> shift & 255);
            return k >> shift >> 8 == key >> shift >> 8;
        }, room, &target, &count);
        if (digit == 256) {
            return keepsAll();
        }
        key |= static_cast<wide>(digit) << shift;
        if (count == 1) {
            return {key | ((1ull << shift) - 1), 0x7FFFFFFF};
        }
    }
    unsigned place = 0;
    for (shift = 16; shift >= 0; shift -= 8) {
        const int digit = divideDigit(visit, [=](wide k, int p, int* d) {
            *d = p >> shift & 255;
            return k == key && static_cast<unsigned>(p) >> shift >> 8 == place >> shift >> 8;
        }, room, &target, &count);
        if (digit == 256) {
            return keepsAll();
        }
        place |= static_cast<unsigned>(digit) << shift;
        if (count == 1) {
            return {key, static_cast<int>(place | ((1u << shift) - 1))};
        }
    }
    return {key, static_cast<int>(place)};
}

/** The cut among few members: the one with which those better than it reach the target. */
__device__ __forceinline__ Cut cutOfFew(int count, bool byMass, wide target, const CutRoom& room) {
    const int i = static_cast<int>(threadIdx.x);
    if (i == 0) {
        room.state[2] = 0;
    }
    __syncthreads();
    if (i < count) {
        const wide key = room.keys[i];
        const int place = room.places[i];
        wide before = 0;
        for (int j = 0; j < count; j++) {
            const bool isBefore = room.keys[j] < key || (room.keys[j] == key && room.places[j] < place);
            before += isBefore ? byMass ? room.amounts[j] : 1 : 0;
        }
        if (before < target && before + (byMass ? room.amounts[i] : 1) >= target) { // one at most
            room.state[0] = key;
            room.state[1] = static_cast<wide>(place);
            room.state[2] = 1;
        }
    }
    __syncthreads();
    const Cut cut = {room.state[0], static_cast<int>(room.state[1])};
    const bool isFound = room.state[2] != 0;
    __syncthreads();
    return isFound ? cut : keepsAll();
}

/** The cut among the list's members. */
__device__ __forceinline__ Cut cutOfList(int count, bool byMass, wide target, const CutRoom& room) {
    if (count <= LIST_FEW) {
        return cutOfFew(count, byMass, target, room);
    }
    const auto visit = [&](auto see) {
        for (int i = static_cast<int>(threadIdx.x); i < count; i += CHOOSE_THREADS) {
            see(room.keys[i], room.places[i], [&]() { return byMass ? static_cast<long long>(room.amounts[i]) : 1LL; });
        }
    };
    return cutByDigits(visit, target, room);
}

/** Adds a member to the list, if there is room; the list's size counts all. */
__device__ __forceinline__ void addMember(wide key, int place, wide amount, const CutRoom& room) {
    const int slot = atomicAdd(room.size, 1);
    if (slot < LIST_MAX) {
        room.keys[slot] = key;
        room.places[slot] = place;
        room.amounts[slot] = amount;
    }
}

/** All threads: an empty list. */
__device__ __forceinline__ void clearList(const CutRoom& room) {
    if (threadIdx.x == 0) {
        *room.size = 0;
    }
    __syncthreads();
}

} // namespace spillway
