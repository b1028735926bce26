// Tokens of rows, and what goes on from them: log probabilities, the history of penalties, the next step's input.
#pragma once
#include "draw.cuh"

#define LOGPROB_THREADS 256
#define TOP_LOGPROBS_MAX 20
#define NOTE_THREADS 512

namespace spillway {

/** Where what a row chose goes; see choose_tokens. One thread. */
struct Onward {
    int* inputTokens;
    int* inputPositions;
    unsigned* lastSeen;
    unsigned short* outputCounts;
    int vocabulary;

    __device__ __forceinline__ void note(int slot, int token, unsigned place, bool isOutput) const {
        const size_t at = static_cast<size_t>(slot) * vocabulary + token;
        lastSeen[at] = place;
        if (isOutput && outputCounts[at] < 0xFFFF) {
            outputCounts[at]++;
        }
    }

    __device__ __forceinline__ void go(SampleRow& row, int token) const {
        const bool isInput = inputTokens && row.inputRow >= 0;
        if (token == NO_TOKEN) {
            row.isActive = 0;
            if (isInput) {
                inputPositions[row.inputRow] = -1;
            }
            return;
        }
        row.position++;
        if (isInput) {
            inputTokens[row.inputRow] = token;
            inputPositions[row.inputRow]++;
        }
        if (row.slot >= 0) {
            row.historyTokens++;
            note(row.slot, token, static_cast<unsigned>(row.historyTokens), true);
        }
    }
};

} // namespace spillway

/**
 * Chooses the token of every row, and prepares the next step: writes the token to its input, moves position and history on. A row whose
 * logits hold a NaN, or whose largest is infinite, gets NO_TOKEN and is a row that only fills a bucket from then on: the model's failure.
 * Grid: x rows. Behind scan_logits and weigh_logits.
 *
 * members: [scratch rows][vocabulary]; tokens: [rows], left as they are where a row only fills a bucket; inputTokens, inputPositions: of the
 * next step, or null; two rows have no slot in common
 */
extern "C" __global__ void __launch_bounds__(CHOOSE_THREADS) choose_tokens(const float* logits, spillway::SampleRow* rows, const float* adjusted,
    int* members, const unsigned* maxima, const unsigned* rawMaxima, const double* sums, const unsigned long long* bins, int* tokens, int* inputTokens,
    int* inputPositions, unsigned* lastSeen, unsigned short* outputCounts, int vocabulary) {
    SHARED(unsigned long long, massBins, MASS_BINS);
    SHARED(unsigned long long, list, 2 * LIST_MAX);
    SHARED(int, places, LIST_MAX);
    SHARED(int, fewMembers, LIST_MAX);
    SHARED(unsigned long long, digits, 256);
    SHARED(unsigned, counts, 256);
    SHARED(double, weights, VOCABULARY_BLOCK);
    SHARED(unsigned long long, state, 4);
    SHARED(unsigned, partial, 32);
    SHARED(double, room, 1);
    SHARED(int, size, 1);
    spillway::awaitPrevious();
    spillway::launchDependents();
    const size_t r = blockIdx.x;
    const spillway::SampleRow row = rows[r];
    if (!row.isActive) {
        return;
    }
    const int blocks = (vocabulary + VOCABULARY_BLOCK - 1) / VOCABULARY_BLOCK;
    const unsigned* const mine = maxima + r * blocks;
    const unsigned largest = spillway::largestOf(mine, blocks, partial);
    const bool isSound = row.topLogprobs < 0 || spillway::isChoosable(spillway::largestOf(rawMaxima + r * blocks, blocks, partial));
    const float* const x = spillway::isAdjusted(row) ? adjusted + static_cast<size_t>(row.scratch) * vocabulary : logits + r * vocabulary;
    int token = NO_TOKEN;
    if (isSound && spillway::isChoosable(largest)) {
        if (spillway::isGreedy(row)) {
            token = spillway::likeliest(x, mine, largest, vocabulary, partial);
        } else {
            const spillway::CutRoom cutRoom = {massBins, list, list + LIST_MAX, places, digits, counts, state, partial, size};
            const spillway::DrawRow draw = {row, sums + r * blocks, bins + r * MASS_BINS,
                row.scratch < 0 ? nullptr : members + static_cast<size_t>(row.scratch) * vocabulary, fewMembers, reinterpret_cast<double*>(list),
                reinterpret_cast<double*>(massBins), weights, room};
            spillway::Candidates of = {x, nullptr, mine, vocabulary, spillway::floatOf(largest), 1.0 / static_cast<double>(row.temperature), 0.0, 0.0,
                spillway::keepsAll(), spillway::keepsAll(), false};
            token = spillway::drawToken(of, draw, cutRoom);
        }
    }
    if (threadIdx.x == 0) {
        tokens[r] = token;
        const spillway::Onward onward = {inputTokens, inputPositions, lastSeen, outputCounts, vocabulary};
        onward.go(rows[r], token);
    }
}
KERNEL(choose_tokens)

/**
 * Log probabilities of the logits as they came: the chosen token's and the likeliest tokens'. Behind choose_tokens. Grid: x rows
 * rawSums: of weigh_logits; chosen: [rows]; topCounts: [rows]; topTokens, topLogprobs: [rows][TOP_LOGPROBS_MAX], the likeliest first
 */
extern "C" __global__ void __launch_bounds__(LOGPROB_THREADS) list_logprobs(const float* logits, const spillway::SampleRow* rows, const int* tokens,
    const unsigned* rawMaxima, const double* rawSums, float* chosen, int* topCounts, int* topTokens, float* topLogprobs, int vocabulary) {
    SHARED(unsigned, left, VOCABULARY_BLOCKS_MAX); // largest of a block that is not listed yet
    SHARED(unsigned, room, 32);
    SHARED(double, logTotal, 1);
    spillway::awaitPrevious();
    spillway::launchDependents();
    const size_t r = blockIdx.x;
    const spillway::SampleRow row = rows[r];
    if (!row.isActive || row.topLogprobs < 0) {
        return;
    }
    const int blocks = (vocabulary + VOCABULARY_BLOCK - 1) / VOCABULARY_BLOCK;
    const float* const x = logits + r * vocabulary;
    for (int b = static_cast<int>(threadIdx.x); b < blocks; b += LOGPROB_THREADS) {
        left[b] = rawMaxima[r * blocks + b];
    }
    __syncthreads();
    unsigned best = spillway::largestOf(left, blocks, room);
    if (threadIdx.x == 0) {
        double sum = 0;
        for (int b = 0; b < blocks; b++) {
            sum += rawSums[r * blocks + b];
        }
        *logTotal = static_cast<double>(spillway::floatOf(best)) + log(sum);
        chosen[r] = static_cast<float>(static_cast<double>(x[tokens[r]]) - *logTotal);
    }
    __syncthreads();
    int listed = 0;
    unsigned lastOrder = ORDER_NAN;
    int last = -1;
    while (listed < row.topLogprobs && listed < TOP_LOGPROBS_MAX && best > ORDER_FORBIDDEN) {
        unsigned first = 0; // complements: the greatest is the lowest
        for (int b = static_cast<int>(threadIdx.x); b < blocks; b += LOGPROB_THREADS) {
            if (left[b] == best && first == 0) {
                first = 0x7FFFFFFFu - static_cast<unsigned>(b);
            }
        }
        const int block = static_cast<int>(0x7FFFFFFFu - spillway::blockLargest(first, room));
        const int token = block * VOCABULARY_BLOCK + static_cast<int>(threadIdx.x);
        const unsigned order = token < vocabulary ? spillway::orderOf(x[token]) : 0;
        const bool isNew = token < vocabulary && spillway::isBetter(lastOrder, last, order, token);
        first = isNew && order == best ? 0x7FFFFFFFu - static_cast<unsigned>(token) : 0;
        last = static_cast<int>(0x7FFFFFFFu - spillway::blockLargest(first, room));
        lastOrder = best;
        const unsigned rest = spillway::blockLargest(isNew && token != last ? order : 0, room);
        if (threadIdx.x == 0) {
            left[block] = rest;
            topTokens[r * TOP_LOGPROBS_MAX + listed] = last;
            topLogprobs[r * TOP_LOGPROBS_MAX + listed] = static_cast<float>(static_cast<double>(x[last]) - *logTotal);
        }
        __syncthreads();
        listed++;
        best = spillway::largestOf(left, blocks, room);
    }
    if (threadIdx.x == 0) {
        topCounts[r] = listed;
    }
}
KERNEL(list_logprobs)

/**
 * Tells the histories of slots what their sequences hold already: prompts, and outputs that were begun elsewhere. Grid: x shares of
 * the vocabulary, y lists. A thread takes the tokens that are its own, in order.
 * tokens: all lists, one behind the other; lists: [][5]: slot, first of tokens, tokens, how many of the first are no output, tokens that the
 * slot knows already; where it knows none, it is cleared first
 */
extern "C" __global__ void __launch_bounds__(NOTE_THREADS) note_tokens(const int* tokens, const int* lists, unsigned* lastSeen,
    unsigned short* outputCounts, int vocabulary) {
    spillway::awaitPrevious();
    spillway::launchDependents();
    const int* const list = lists + static_cast<size_t>(blockIdx.y) * 5;
    const int slot = list[0];
    const int known = list[4];
    const int threads = static_cast<int>(gridDim.x) * NOTE_THREADS;
    const int thread = static_cast<int>(blockIdx.x) * NOTE_THREADS + static_cast<int>(threadIdx.x);
    const spillway::Onward onward = {nullptr, nullptr, lastSeen, outputCounts, vocabulary};
    for (int token = thread; known == 0 && token < vocabulary; token += threads) {
        lastSeen[static_cast<size_t>(slot) * vocabulary + token] = 0;
        outputCounts[static_cast<size_t>(slot) * vocabulary + token] = 0;
    }
    for (int i = 0; i < list[2]; i++) {
        const int token = tokens[list[1] + i];
        if (token % threads == thread) {
            onward.note(slot, token, static_cast<unsigned>(known + i + 1), i >= list[3]);
        }
    }
}
KERNEL(note_tokens)
