// What the fake driver is made of, for it and for the stub libraries that put work on its streams.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#define API extern "C" __attribute__((visibility("default")))

namespace fake {
enum Result {
    OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_INITIALIZED = 3, INVALID_DEVICE = 101, INVALID_IMAGE = 200, INVALID_CONTEXT = 201,
    PEER_ACCESS_UNSUPPORTED = 217, INVALID_HANDLE = 400, NOT_FOUND = 500, NOT_READY = 600, ILLEGAL_ADDRESS = 700, PEER_ACCESS_ALREADY_ENABLED = 704,
    HOST_MEMORY_ALREADY_REGISTERED = 712, HOST_MEMORY_NOT_REGISTERED = 713, LAUNCH_FAILED = 719, CAPTURE_UNSUPPORTED = 900,
    CAPTURE_INVALIDATED = 901, CAPTURE_UNJOINED = 904, GRAPH_EXEC_UPDATE_FAILURE = 910
};

/** A piece of work. It returns a result: anything but OK kills the context. */
struct Work {
    std::string kind;
    std::function<int()> run;
};

struct Graph {
    std::vector<Work> nodes;
};

struct Context {
    int device = 0;
    int retains = 0;
    int sticky = 0;
    size_t usedBytes = 0;
    std::set<int> peers;
};

/** What one capture knows: streams in it, and whether each was joined again. */
struct Capture {
    void* origin = nullptr;
    bool broken = false;
    std::map<void*, bool> unjoined;
    std::unique_ptr<Graph> graph = std::make_unique<Graph>();
};

/** In order, and late: nothing runs before somebody waits for it. */
struct Stream {
    Context* context = nullptr;
    std::deque<Work> queue;
    uint64_t put = 0;
    uint64_t done = 0;
    std::shared_ptr<Capture> capture;
};

struct Event {
    Context* context = nullptr;
    bool timed = false;
    bool recorded = false;
    std::shared_ptr<Stream> stream;
    uint64_t at = 0;
    std::shared_ptr<double> seconds = std::make_shared<double>(0.0);
    std::shared_ptr<Capture> capture;
    void* capturedIn = nullptr;
};

std::recursive_mutex& door();
/** Runs what is before that point of a stream. */
int runTo(Stream& stream, uint64_t point);
/** Puts work on a stream, or into the graph that is captured there. For stub libraries. */
API int fake_put(void* stream, const char* kind, std::function<int()>* work);
/** Runs the next piece of work of a stream. Returns its result, or -1: there is none. */
API int fake_step(void* stream);
/** Whether that is memory of one allocation of the device, or of pinned host memory. */
API bool fake_isMemory(const void* at, size_t bytes);
} // namespace fake
