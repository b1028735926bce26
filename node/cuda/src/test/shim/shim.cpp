// Runs the blocks of a launch one after the other and the threads of a block as fibers of one system thread.
#include "shim.h"
#include <csetjmp>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

#if defined(__x86_64__)
extern "C" void shim_switch(void** save, void* load);
asm(".text\n.globl shim_switch\n.hidden shim_switch\n.type shim_switch,@function\nshim_switch:\n"
    "pushq %rbp\npushq %rbx\npushq %r12\npushq %r13\npushq %r14\npushq %r15\n"
    "movq %rsp, (%rdi)\nmovq %rsi, %rsp\n"
    "popq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rbx\npopq %rbp\nret\n");
#endif

namespace shim {
void forgetCopies(int thread);
void forgetProducts(int thread);
uint3 blockIndex, threadIndex, blockExtent, gridExtent;

namespace {
constexpr int THREADS_MAX = 1024;
constexpr size_t STACK_BYTES = 64 << 10;
constexpr size_t STATIC_SHARED_MAX_BYTES = 48 << 10;
constexpr size_t SHARED_BYTES = 320 << 10;
constexpr size_t ZONE_BYTES = 16;
constexpr unsigned char ZONE = 0xA5;

enum class State { ready, barrier, warp, arrivals, done };

struct Fiber {
    State state;
    uint3 index;
    size_t sharedAt; // bytes of shared arrays this thread has named
    int line;        // of the barrier or warp operation it waits at
    Op op;
    unsigned mask;
    uint64_t value;
    int source;
    uint64_t result;
    void (*work)(void**);
    const unsigned long long* counted; // the barrier whose arrivals it waits for
    unsigned parity;
#if defined(__x86_64__)
    void* stackPointer;
#else
    ucontext_t context;
#endif
};

std::mutex launches;
Fiber fibers[THREADS_MAX];
Fiber* current;
int threadCount;
char* stacks;
char* sharedBegin;
size_t dynamicBytes;
size_t zones[64];
int zoneCount;
void (*kernel)(void**);
void** kernelParameters;
char message[512];
bool faulted;
bool reversed;
volatile bool running;
pthread_t runner;
sigjmp_buf escape;
struct sigaction earlierSegv, earlierBus;

#if defined(__x86_64__)
void* schedulerStack;
void toScheduler() { shim_switch(&current->stackPointer, schedulerStack); }
void toFiber(Fiber& fiber) { shim_switch(&schedulerStack, fiber.stackPointer); }
#else
ucontext_t scheduler;
void toScheduler() { swapcontext(&current->context, &scheduler); }
void toFiber(Fiber& fiber) { swapcontext(&scheduler, &fiber.context); }
#endif

void describe(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    faulted = true;
}

void body() {
    kernel(kernelParameters);
    current->state = State::done;
    toScheduler();
}

void prepare(Fiber& fiber, int i) {
    char* const stack = stacks + i * STACK_BYTES;
#if defined(__x86_64__)
    void** top = reinterpret_cast<void**>(stack + STACK_BYTES - 64); // a multiple of 16
    *top = reinterpret_cast<void*>(&body);
    std::memset(top - 6, 0, 6 * sizeof(void*));
    fiber.stackPointer = top - 6;
#else
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = stack + 4096;
    fiber.context.uc_stack.ss_size = STACK_BYTES - 4096;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, body, 0);
#endif
    fiber.state = State::ready;
    fiber.sharedAt = 0;
    fiber.work = nullptr;
    forgetCopies(i);
    forgetProducts(i);
    fiber.index = {i % blockExtent.x, i / blockExtent.x % blockExtent.y, i / (blockExtent.x * blockExtent.y)};
}

void run(Fiber& fiber) {
    current = &fiber;
    threadIndex = fiber.index;
    toFiber(fiber);
}

/** Lets lanes of a warp go on when all that their operation names are there. Returns whether any does. */
bool releaseWarp(int first) {
    for (int i = first; i < first + 32 && i < threadCount; i++) {
        const Fiber& leader = fibers[i];
        if (leader.state != State::warp) {
            continue;
        }
        unsigned there = 0;
        unsigned ballot = 0;
        for (int l = 0; l < 32 && first + l < threadCount; l++) {
            const Fiber& f = fibers[first + l];
            if (f.state == State::warp && f.mask == leader.mask && f.line == leader.line && f.op == leader.op && f.work == leader.work) {
                there |= 1u << l;
                ballot |= f.value ? 1u << l : 0;
            }
        }
        if (there != leader.mask) {
            continue;
        }
        if (leader.op == Op::together) {
            void* lanes[32];
            for (int l = 0; l < 32; l++) {
                lanes[l] = reinterpret_cast<void*>(fibers[first + l].value);
            }
            leader.work(lanes);
        }
        for (int l = 0; l < 32; l++) {
            if (there >> l & 1) {
                Fiber& f = fibers[first + l];
                f.result = f.op == Op::ballot ? ballot : f.op == Op::shuffle ? fibers[first + f.source].value : 0;
            }
        }
        for (int l = 0; l < 32; l++) {
            if (there >> l & 1) {
                fibers[first + l].state = State::ready;
            }
        }
        return true;
    }
    return false;
}

bool releaseBarrier() {
    int waiting = 0;
    for (int i = 0; i < threadCount; i++) {
        waiting += fibers[i].state == State::barrier;
    }
    if (waiting != threadCount) {
        return false;
    }
    for (int i = 1; i < threadCount; i++) {
        if (fibers[i].line != fibers[0].line) {
            describe("threads meet at different barriers: thread 0 at line %d, thread %d at line %d", fibers[0].line, i, fibers[i].line);
            return false;
        }
    }
    for (int i = 0; i < threadCount; i++) {
        fibers[i].state = State::ready;
    }
    return true;
}

/** Lets threads go on whose barrier has counted what they wait for. */
bool releaseArrivals() {
    bool released = false;
    for (int i = 0; i < threadCount; i++) {
        Fiber& fiber = fibers[i];
        if (fiber.state == State::arrivals && (*fiber.counted >> 63) != fiber.parity) {
            fiber.state = State::ready;
            released = true;
        }
    }
    return released;
}

void describeDeadlock() {
    int waits = -1;
    int other = -1;
    for (int i = 0; i < threadCount; i++) {
        const State state = fibers[i].state;
        if (state != State::done && waits < 0) {
            waits = i;
        }
    }
    for (int i = 0; i < threadCount; i++) {
        if (fibers[i].state != fibers[waits].state || fibers[i].line != fibers[waits].line) {
            other = i;
        }
    }
    const char* const names[] = {"is ready", "waits at the barrier", "waits at the warp operation", "waits for the arrivals", "has ended"};
    const Fiber& a = fibers[waits];
    if (other < 0) {
        describe("deadlock: thread %d %s of line %d for lanes that do not exist", waits, names[static_cast<int>(a.state)], a.line);
        return;
    }
    const Fiber& b = fibers[other];
    describe("deadlock: thread %d %s of line %d, thread %d %s (line %d)", waits, names[static_cast<int>(a.state)], a.line, other,
        names[static_cast<int>(b.state)], b.line);
}

void checkZones() {
    for (int z = 0; z < zoneCount && !faulted; z++) {
        for (size_t i = 0; i < ZONE_BYTES; i++) {
            if (static_cast<unsigned char>(sharedBegin[zones[z] + i]) != ZONE) {
                describe("written behind shared array %d", z);
            }
        }
    }
}

void runBlock() {
    zoneCount = 0;
    std::memset(sharedBegin, 0xFF, STATIC_SHARED_MAX_BYTES + 64 * 2 * ZONE_BYTES);
    std::memset(sharedBegin + SHARED_BYTES - ((dynamicBytes + 15) & ~size_t{15}), 0xFF, (dynamicBytes + 15) & ~size_t{15});
    for (int i = 0; i < threadCount; i++) {
        prepare(fibers[i], i);
    }
    while (!faulted) {
        int done = 0;
        for (int i = 0; i < threadCount && !faulted; i++) {
            Fiber& fiber = fibers[reversed ? threadCount - 1 - i : i];
            if (fiber.state == State::ready) {
                run(fiber);
            }
            done += fiber.state == State::done;
        }
        if (faulted || done == threadCount) {
            break;
        }
        bool released = false;
        for (int first = 0; first < threadCount; first += 32) {
            while (releaseWarp(first)) {
                released = true;
            }
        }
        released = releaseArrivals() || released || releaseBarrier();
        if (!released && !faulted) {
            describeDeadlock();
        }
    }
    checkZones();
}

/** An access to memory that is not there, by a kernel: the launch ends. By anybody else: as before. */
void onSignal(int signal, siginfo_t* info, void* context) {
    if (running && pthread_equal(pthread_self(), runner)) {
        describe("access to memory that is not the kernel's, or misaligned, at %p", info->si_addr);
        siglongjmp(escape, 1);
    }
    const struct sigaction& earlier = signal == SIGSEGV ? earlierSegv : earlierBus;
    if (earlier.sa_flags & SA_SIGINFO) {
        earlier.sa_sigaction(signal, info, context);
    } else {
        sigaction(signal, &earlier, nullptr);
    }
}

void* pages(size_t bytes) {
    void* const at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return at == MAP_FAILED ? nullptr : at;
}

bool begin() {
    if (stacks) {
        return true;
    }
    sharedBegin = static_cast<char*>(pages(SHARED_BYTES + 4096));
    char* const memory = static_cast<char*>(pages(THREADS_MAX * STACK_BYTES));
    if (!sharedBegin || !memory || mprotect(sharedBegin + SHARED_BYTES, 4096, PROT_NONE)) {
        return false;
    }
    for (int i = 0; i < THREADS_MAX; i++) {
        mprotect(memory + i * STACK_BYTES, 4096, PROT_NONE);
    }
    stacks = memory;
    struct sigaction action = {};
    action.sa_sigaction = onSignal;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(SIGSEGV, &action, &earlierSegv);
    sigaction(SIGBUS, &action, &earlierBus);
    return true;
}

void runGrid() {
    const long blocks = static_cast<long>(gridExtent.x) * gridExtent.y * gridExtent.z;
    for (long i = 0; i < blocks && !faulted; i++) {
        const long b = reversed ? blocks - 1 - i : i;
        blockIndex = {static_cast<unsigned>(b % gridExtent.x), static_cast<unsigned>(b / gridExtent.x % gridExtent.y),
            static_cast<unsigned>(b / gridExtent.x / gridExtent.y)};
        runBlock();
    }
}
} // namespace

void fault(const char* what) {
    describe("%s", what);
    toScheduler();
    __builtin_unreachable();
}

void barrier(int line) {
    current->state = State::barrier;
    current->line = line;
    toScheduler();
}

uint64_t meet(Op op, unsigned mask, uint64_t value, int source, int line) {
    if (!(mask >> lane() & 1)) {
        fault("a warp operation is called by a lane that its mask leaves out");
    }
    if (op == Op::shuffle && !(mask >> source & 1)) {
        fault("a shuffle reads a lane that its mask leaves out");
    }
    Fiber& fiber = *current;
    fiber.op = op;
    fiber.mask = mask;
    fiber.value = value;
    fiber.source = source;
    fiber.line = line;
    fiber.work = nullptr;
    fiber.state = State::warp;
    toScheduler();
    return fiber.result;
}

void together(void (*work)(void**), void* operands, int line) {
    Fiber& fiber = *current;
    fiber.op = Op::together;
    fiber.mask = 0xFFFFFFFFu;
    fiber.value = reinterpret_cast<uint64_t>(operands);
    fiber.line = line;
    fiber.work = work;
    fiber.state = State::warp;
    toScheduler();
}

void awaitArrivals(const unsigned long long* barrier, unsigned parity, int line) {
    Fiber& fiber = *current;
    fiber.counted = barrier;
    fiber.parity = parity;
    fiber.line = line;
    fiber.state = State::arrivals;
    toScheduler();
}

unsigned sharedOffset(const void* shared) {
    const char* const begin = static_cast<const char*>(dynamicShared());
    const char* const at = static_cast<const char*>(shared);
    if (at < begin || at >= begin + dynamicBytes) {
        fault("an operand does not stand in dynamic shared memory");
    }
    return static_cast<unsigned>(at - begin);
}

int threadNumber() {
    return static_cast<int>(current - fibers);
}

void* sharedArray(size_t bytes) {
    const size_t at = (current->sharedAt + 15) & ~size_t{15};
    current->sharedAt = at + bytes + ZONE_BYTES;
    if (current->sharedAt > STATIC_SHARED_MAX_BYTES) {
        fault("more than 48 KiB of static shared memory");
    }
    const size_t zone = at + bytes;
    if (zoneCount == 0 || zones[zoneCount - 1] < zone) {
        zones[zoneCount++] = zone;
        std::memset(sharedBegin + zone, ZONE, ZONE_BYTES);
    }
    return sharedBegin + at;
}

void* dynamicShared() {
    return sharedBegin + SHARED_BYTES - ((dynamicBytes + 15) & ~size_t{15});
}
} // namespace shim

/** extents: grid x y z, block x y z, bytes of dynamic shared memory, 1: blocks and threads in reverse. Returns what went wrong, or null. */
extern "C" const char* shim_launch(void (*kernel)(void**), const int* extents, void** parameters) {
    using namespace shim;
    const std::lock_guard<std::mutex> one(launches);
    gridExtent = {unsigned(extents[0]), unsigned(extents[1]), unsigned(extents[2])};
    blockExtent = {unsigned(extents[3]), unsigned(extents[4]), unsigned(extents[5])};
    threadCount = extents[3] * extents[4] * extents[5];
    dynamicBytes = extents[6];
    reversed = extents[7];
    faulted = false;
    if (threadCount < 1 || threadCount > THREADS_MAX || extents[0] < 1 || extents[1] < 1 || extents[2] < 1 || extents[1] > 65535
        || extents[2] > 65535 || dynamicBytes > SHARED_BYTES - STATIC_SHARED_MAX_BYTES - 4096) {
        return "the launch's extents or shared bytes are beyond the limits";
    }
    if (!begin()) {
        return "no memory for the threads";
    }
    shim::kernel = kernel;
    kernelParameters = parameters;
    runner = pthread_self();
    running = true;
    if (sigsetjmp(escape, 1) == 0) {
        runGrid();
    }
    running = false;
    if (!faulted) {
        return nullptr;
    }
    static char report[700];
    std::snprintf(report, sizeof report, "%s; block (%u, %u, %u), last thread (%u, %u, %u)", message, blockIndex.x, blockIndex.y,
        blockIndex.z, threadIndex.x, threadIndex.y, threadIndex.z);
    return report;
}

/** Zeroed memory between two pages that nobody may touch; its end is at most 15 bytes before the second. */
extern "C" void* shim_allocate(long bytes) {
    const size_t body = (size_t(bytes) + 4095) / 4096 * 4096;
    char* const at = static_cast<char*>(shim::pages(body + 8192));
    if (!at) {
        return nullptr;
    }
    mprotect(at, 4096, PROT_NONE);
    mprotect(at + 4096 + body, 4096, PROT_NONE);
    return at + 4096 + ((body - size_t(bytes)) & ~size_t{15});
}

extern "C" void shim_free(void* memory, long bytes) {
    const size_t body = (size_t(bytes) + 4095) / 4096 * 4096;
    char* const at = static_cast<char*>(memory) - ((body - size_t(bytes)) & ~size_t{15}) - 4096;
    munmap(at, body + 8192);
}
