// One draw of a row: the sampler's filters one after the other, each a cut, then its sum of the weights that are left and the place in
// it that the random number names. One block of threads a row.
#pragma once
#include "cut.cuh"

namespace spillway {

/** What is drawn from: a row of logits, or those of its tokens that top-k left, ascending; and what each of them weighs by now. */
struct Candidates {
    const float* x;          // [vocabulary]
    const int* tokens;       // [count], null: all
    const unsigned* maxima;  // orders of blocks of tokens, null: not known
    int count;
    double top;
    double inverse;          // 1 / temperature
    double minP;
    double expected;         // surprise, of typical-p
    Cut typical;
    Cut best;                // top-p
    bool isTypical;

    __device__ __forceinline__ int tokenOf(int i) const {
        return tokens ? tokens[i] : i;
    }

    /** Largest logit - logit. */
    __device__ __forceinline__ double levelOf(int i) const {
        return top - static_cast<double>(x[tokenOf(i)]);
    }

    __device__ __forceinline__ double distanceOf(double level) const {
        return fabs(level * inverse - expected);
    }

    /** 0: dropped */
    __device__ __forceinline__ double weightAt(int i) const {
        const double level = levelOf(i);
        if (!isWithin(best, keyOf(level), i)) {
            return 0;
        }
        const double weight = weightOf(level * -inverse);
        if (!(weight >= minP) || (isTypical && !isWithin(typical, keyOf(distanceOf(level)), i))) {
            return 0;
        }
        return weight;
    }

    /** Whether no token of a block can be among the first by level. */
    __device__ __forceinline__ bool isBlockBeyond(int block, wide key) const {
        return maxima && keyOf(top - static_cast<double>(floatOf(maxima[block]))) > key;
    }

    __device__ __forceinline__ int blocks() const {
        return (count + VOCABULARY_BLOCK - 1) / VOCABULARY_BLOCK;
    }

    __device__ __forceinline__ int blockCount(int block) const {
        const int left = count - block * VOCABULARY_BLOCK;
        return left < 0 ? 0 : left < VOCABULARY_BLOCK ? left : VOCABULARY_BLOCK;
    }

    /** see(i) for every candidate of blocks that may have keys up to that one. A warp takes a block. */
    template <class See> __device__ __forceinline__ void forEach(wide key, const See& see) const {
        const int all = blocks();
        for (int b = static_cast<int>(threadIdx.x) / 32; b < all; b += CHOOSE_THREADS / 32) {
            if (isBlockBeyond(b, key)) {
                continue;
            }
            const int end = b * VOCABULARY_BLOCK + blockCount(b);
            for (int i = b * VOCABULARY_BLOCK + static_cast<int>(threadIdx.x) % 32; i < end; i += 32) {
                see(i);
            }
        }
    }
};

/** By what a cut orders candidates, and what it adds up. */
enum class By { count, level, distance };

template <By BY> __device__ __forceinline__ double orderedBy(const Candidates& of, double level) {
    return BY == By::distance ? of.distanceOf(level) : level;
}

template <By BY> __device__ __forceinline__ int binOf(const Candidates& of, double level) {
    return massBin(BY == By::distance ? of.distanceOf(level) : level * of.inverse);
}

/** What a candidate adds to the sum; negative if it is none any more. */
template <By BY> __device__ __forceinline__ long long amountOf(const Candidates& of, int i) {
    if (BY == By::count) {
        return 1;
    }
    const double weight = of.weightAt(i);
    return weight > 0 ? static_cast<long long>(massOf(weight)) : -1;
}

template <By BY> __device__ __forceinline__ void fillBins(const Candidates& of, wide* bins) {
    for (int i = static_cast<int>(threadIdx.x); i < MASS_BINS; i += CHOOSE_THREADS) {
        bins[i] = 0;
    }
    __syncthreads();
    of.forEach(EVERYTHING, [&](int i) {
        const long long amount = amountOf<BY>(of, i);
        if (amount > 0) {
            atomicAdd(&bins[binOf<BY>(of, of.levelOf(i))], static_cast<wide>(amount));
        }
    });
    __syncthreads();
}

/** The share of what is in the bins, at least 1. */
__device__ __forceinline__ wide targetOf(float share, const CutRoom& room) {
    wide sum = 0;
    for (int i = static_cast<int>(threadIdx.x); i < MASS_BINS; i += CHOOSE_THREADS) {
        sum += room.bins[i];
    }
    for (int lanes = 16; lanes > 0; lanes /= 2) {
        sum += __shfl_xor_sync(FULL_WARP, sum, lanes);
    }
    if (threadIdx.x % 32 == 0) {
        room.digits[threadIdx.x / 32] = sum;
    }
    __syncthreads();
    sum = 0;
    for (int w = 0; w < CHOOSE_THREADS / 32; w++) {
        sum += room.digits[w];
    }
    __syncthreads();
    const wide target = static_cast<wide>(ceil(static_cast<double>(share) * static_cast<double>(sum)));
    return target > 1 ? target : 1;
}

/** The cut at a target, the bins filled. */
template <By BY> __device__ __forceinline__ Cut cutAt(const Candidates& of, wide target, const CutRoom& room) {
    findBin(room.bins, MASS_BINS, target, room.state);
    const int bin = static_cast<int>(room.state[0]);
    const wide left = target - room.state[1];
    clearList(room); // a barrier: everybody has read the state
    if (bin == MASS_BINS) {
        return keepsAll();
    }
    const auto visit = [&](auto see) {
        of.forEach(EVERYTHING, [&](int i) {
            const double level = of.levelOf(i);
            if (binOf<BY>(of, level) == bin) {
                see(keyOf(orderedBy<BY>(of, level)), i, [&]() { return amountOf<BY>(of, i); });
            }
        });
    };
    visit([&](wide key, int place, auto amount) {
        const long long mine = amount();
        if (mine >= 0) {
            addMember(key, place, static_cast<wide>(mine), room);
        }
    });
    __syncthreads();
    const int size = *room.size;
    return size <= LIST_MAX ? cutOfList(size, BY != By::count, left, room) : cutByDigits(visit, left, room);
}

/**
 * The cut behind the k best. The k-th best of the blocks' largest is a bound: few blocks have any token that is better, and only these
 * are read. Where the candidates are listed then, returns true.
 */
__device__ __forceinline__ bool cutBestTokens(const Candidates& of, int k, const CutRoom& room, Cut* cut) {
    const int blocks = of.blocks();
    if (k <= LIST_MAX) {
        wide bound = EVERYTHING;
        if (k <= blocks) {
            for (int b = static_cast<int>(threadIdx.x); b < blocks; b += CHOOSE_THREADS) {
                room.keys[b] = keyOf(of.top - static_cast<double>(floatOf(of.maxima[b])));
                room.places[b] = b;
            }
            __syncthreads();
            bound = cutOfList(blocks, false, k, room).key;
        }
        clearList(room);
        of.forEach(bound, [&](int i) {
            const wide key = keyOf(of.levelOf(i));
            if (key <= bound) {
                addMember(key, i, 1, room);
            }
        });
        __syncthreads();
        const int size = *room.size;
        if (size <= LIST_MAX) {
            *cut = cutOfList(size, false, k, room);
            return true;
        }
    }
    fillBins<By::count>(of, room.bins);
    *cut = cutAt<By::count>(of, k, room);
    return false;
}

/** Writes the tokens within a cut, ascending. members: [as many as there are] */
__device__ __forceinline__ void writeMembers(const Candidates& of, const Cut& cut, bool isListed, int* members, const CutRoom& room) {
    if (isListed) {
        const int size = *room.size;
        for (int i = static_cast<int>(threadIdx.x); i < size; i += CHOOSE_THREADS) {
            if (isWithin(cut, room.keys[i], room.places[i])) {
                int rank = 0;
                for (int j = 0; j < size; j++) {
                    rank += room.places[j] < room.places[i] && isWithin(cut, room.keys[j], room.places[j]);
                }
                members[rank] = room.places[i];
            }
        }
        __syncthreads();
        return;
    }
    int written = 0;
    for (int first = 0; first < of.count; first += CHOOSE_THREADS) {
        const int i = first + static_cast<int>(threadIdx.x);
        const bool keeps = i < of.count && isWithin(cut, keyOf(of.levelOf(i)), i);
        const unsigned ballot = __ballot_sync(FULL_WARP, keeps);
        const int warp = static_cast<int>(threadIdx.x) / 32;
        if (threadIdx.x % 32 == 0) {
            room.counts[warp] = static_cast<unsigned>(__popc(ballot));
        }
        __syncthreads();
        int before = written;
        for (int w = 0; w < CHOOSE_THREADS / 32; w++) {
            before += w < warp ? static_cast<int>(room.counts[w]) : 0;
            written += static_cast<int>(room.counts[w]);
        }
        if (keeps) {
            members[before + __popc(ballot & ((1u << (threadIdx.x % 32)) - 1))] = i;
        }
        __syncthreads();
    }
}

/** sums[b]: the sampler's sum of a block of numbers. All threads; value(i) */
template <class Value> __device__ __forceinline__ void sumBlocks(const Candidates& of, wide key, double* sums, const Value& value) {
    const int blocks = of.blocks();
    for (int first = 0; first < blocks; first += CHOOSE_THREADS / 8) {
        const int b = first + static_cast<int>(threadIdx.x) / 8;
        const bool isEmpty = b >= blocks || of.isBlockBeyond(b, key);
        const double sum = sumOfBlock(isEmpty ? 0 : of.blockCount(b), [&](int i) { return value(b * VOCABULARY_BLOCK + i); });
        if (b < blocks && threadIdx.x % 8 == 0) {
            sums[b] = sum;
        }
    }
    __syncthreads();
}

/** The sampler's sum of the sums of blocks, and all sums on the way, if asked for; for every thread. room: [1] */
__device__ __forceinline__ double sumOfSums(const double* sums, int blocks, double* running, double* room) {
    if (threadIdx.x == 0) {
        double sum = 0;
        for (int b = 0; b < blocks; b++) {
            sum += sums[b];
            if (running) {
                running[b] = sum;
            }
        }
        *room = sum;
    }
    __syncthreads();
    const double sum = *room;
    __syncthreads();
    return sum;
}

/** Locally typical: the surprise that is expected. sums: [blocks] */
__device__ __forceinline__ double expectedOf(const Candidates& of, double* sums, double* room) {
    sumBlocks(of, EVERYTHING, sums, [&](int i) { return of.weightAt(i); });
    const double total = sumOfSums(sums, of.blocks(), nullptr, room);
    sumBlocks(of, EVERYTHING, sums, [&](int i) {
        const double weight = of.weightAt(i);
        return weight > 0 ? weight * of.levelOf(i) * of.inverse : 0.0;
    });
    return sumOfSums(sums, of.blocks(), nullptr, room) / total;
}

/** The candidate at which the running sum of weights exceeds the target; if rounding hides it, the last. Thread 0's is the answer. */
__device__ __forceinline__ int pick(const Candidates& of, const double* sums, const double* running, double target, const CutRoom& room, double* weights) {
    const int blocks = of.blocks();
    // Greatest of the complements: the first block; beside it the last that has any weight.
    unsigned first = 0;
    unsigned last = 0;
    for (int b = static_cast<int>(threadIdx.x); b < blocks; b += CHOOSE_THREADS) {
        if (sums[b] > 0) {
            last = b + 1u;
            if (running[b] > target && first == 0) {
                first = 0x7FFFFFFFu - static_cast<unsigned>(b);
            }
        }
    }
    first = blockLargest(first, room.partial);
    last = blockLargest(last, room.partial);
    const int block = first != 0 ? static_cast<int>(0x7FFFFFFFu - first) : static_cast<int>(last) - 1;
    const int from = block * VOCABULARY_BLOCK;
    const int count = of.blockCount(block);
    for (int i = static_cast<int>(threadIdx.x); i < count; i += CHOOSE_THREADS) {
        weights[i] = of.weightAt(from + i);
    }
    __syncthreads();
    if (threadIdx.x != 0) {
        return 0;
    }
    int end = count - 1;
    while (end > 0 && weights[end] == 0) {
        end--;
    }
    const double within = target - (block > 0 ? running[block - 1] : 0.0);
    double sum = 0;
    for (int i = 0; i < end && first != 0; i++) {
        sum += weights[i];
        if (sum > within) {
            return from + i;
        }
    }
    return from + end;
}

/** What a row has from the passes before, and memory for its choice. */
struct DrawRow {
    SampleRow row;
    const double* sums;    // of weigh_logits
    const wide* bins;
    int* members;          // [vocabulary] in scratch memory, null: none
    int* fewMembers;       // [LIST_MAX], shared
    double* shared;        // [2 * LIST_MAX]: keys and amounts of the list as numbers
    double* sharedSums;    // [VOCABULARY_BLOCKS_MAX]: the bins as numbers
    double* weights;       // [VOCABULARY_BLOCK]
    double* room;          // [1]
};

/** The filters. Changes what candidates weigh. */
__device__ __forceinline__ bool filter(Candidates& of, const DrawRow& draw, const CutRoom& room) {
    const int vocabulary = of.count;
    if (isTopK(draw.row, vocabulary)) {
        const int k = draw.row.topK;
        if (k > LIST_MAX && !draw.members) {
            return false;
        }
        int* const members = k > LIST_MAX ? draw.members : draw.fewMembers;
        Cut cut;
        const bool isListed = cutBestTokens(of, k, room, &cut);
        writeMembers(of, cut, isListed, members, room);
        of.tokens = members;
        of.maxima = nullptr;
        of.count = k;
    }
    of.minP = draw.row.minP;
    if (draw.row.typicalP < 1.0f) {
        of.expected = expectedOf(of, draw.sharedSums, draw.room);
        fillBins<By::distance>(of, room.bins);
        of.typical = cutAt<By::distance>(of, targetOf(draw.row.typicalP, room), room);
        of.isTypical = true;
    }
    if (draw.row.topP < 1.0f) {
        if (usesBins(draw.row, vocabulary)) {
            for (int i = static_cast<int>(threadIdx.x); i < MASS_BINS; i += CHOOSE_THREADS) {
                room.bins[i] = draw.bins[i];
            }
            __syncthreads();
        } else {
            fillBins<By::level>(of, room.bins);
        }
        of.best = cutAt<By::level>(of, targetOf(draw.row.topP, room), room);
    }
    return true;
}

/** The token of a row that draws; thread 0's is the answer. */
__device__ __forceinline__ int drawToken(Candidates& of, const DrawRow& draw, const CutRoom& room) {
    const bool hasSums = usesSums(draw.row, of.count);
    if (!filter(of, draw, room)) {
        return NO_TOKEN;
    }
    const int blocks = of.blocks();
    if (hasSums) {
        for (int b = static_cast<int>(threadIdx.x); b < blocks; b += CHOOSE_THREADS) {
            draw.sharedSums[b] = draw.sums[b];
        }
        __syncthreads();
    } else {
        sumBlocks(of, of.best.key, draw.sharedSums, [&](int i) { return of.weightAt(i); });
    }
    const double total = sumOfSums(draw.sharedSums, blocks, draw.shared, draw.room);
    const double uniform = static_cast<double>(randomBits(static_cast<wide>(draw.row.seed), static_cast<wide>(draw.row.position)) >> 11) * 0x1p-53;
    const int place = pick(of, draw.sharedSums, draw.shared, uniform * total, room, draw.weights);
    return threadIdx.x == 0 ? of.tokenOf(place) : 0;
}

/** The lowest token of the largest order; every thread's is the answer. */
__device__ __forceinline__ int likeliest(const float* x, const unsigned* maxima, unsigned largest, int vocabulary, unsigned* room) {
    const int blocks = (vocabulary + VOCABULARY_BLOCK - 1) / VOCABULARY_BLOCK;
    unsigned first = 0; // complements: the greatest is the lowest
    for (int b = static_cast<int>(threadIdx.x); b < blocks; b += CHOOSE_THREADS) {
        if (maxima[b] == largest && first == 0) {
            first = 0x7FFFFFFFu - static_cast<unsigned>(b);
        }
    }
    const int from = static_cast<int>(0x7FFFFFFFu - blockLargest(first, room)) * VOCABULARY_BLOCK;
    const int token = from + static_cast<int>(threadIdx.x);
    first = threadIdx.x < VOCABULARY_BLOCK && token < vocabulary && orderOf(x[token]) == largest ? 0x7FFFFFFFu - static_cast<unsigned>(token) : 0;
    return static_cast<int>(0x7FFFFFFFu - blockLargest(first, room));
}

} // namespace spillway
